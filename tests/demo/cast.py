"""The people of the demo: a patient with everything on file, and whose devices are whose."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from cloud_sync import config, stores
from cloud_sync.ledger import devices, people, staff, tables
from cloud_sync.ledger.engine import Store
from tests.demo.stage import Radio, Stage
from tests.support.processes import wait_until

PATIENT = "Ada Example"


@contextmanager
def visiting(stage: Stage) -> Iterator[Store]:
    """The clinic's database, beside the running server, as its commands open it."""
    store = stores.visit(config.load(stage.clinic))
    try:
        yield store
    finally:
        store.close()


def admit_patient(stage: Stage, days: int) -> str:
    """A patient whose papers are in order since before the first reading."""
    since = datetime.now(ZoneInfo(stage.zone)).date() - timedelta(days=days + 3)
    now_ms = int(time.time() * 1000)
    with visiting(stage) as store, store.write() as db:
        nurse = staff.by_username(db, "nurse").id
        patient = people.add_patient(
            db,
            name=PATIENT,
            zone=stage.zone,
            author=nurse,
            at_ms=now_ms,
            birth_date=date(1948, 5, 17),
            record_number="DEMO-1",
        )
        for kind, body in _papers(since):
            people.record_fact(
                db, patient_id=patient, kind=kind, body=body, author=nurse, at_ms=now_ms
            )
    return patient


def the_patient(stage: Stage) -> str | None:
    with visiting(stage) as store, store.read() as db:
        return next((p.id for p in people.everyone(db) if p.name == PATIENT), None)


def assign_devices(stage: Stage, radio: Radio, patient: str, days: int) -> bool:
    """Give both devices to the patient, from before their first reading."""
    since_ms = int((time.time() - (days + 1) * 86_400) * 1000)
    wanted = {radio.cuff, radio.meter}
    with visiting(stage) as store:

        def known() -> bool:
            with store.read() as db:
                return wanted <= {device.id for device in devices.everything(db)}

        if not wait_until(known, 60, every=0.25):
            return False
        with store.write() as db:
            nurse = staff.by_username(db, "nurse").id
            for device in sorted(wanted):
                if not devices.of_device(db, device):
                    devices.assign(
                        db,
                        device_id=device,
                        user_slot=None,
                        patient_id=patient,
                        from_ms=since_ms,
                        author=nurse,
                        at_ms=int(time.time() * 1000),
                    )
    return True


def counts(stage: Stage) -> tuple[int, int]:
    """Observations at the clinic, and the days they make for their patients."""
    days = select(tables.observation.c.patient_id, tables.observation.c.local_day).where(
        tables.observation.c.local_day.is_not(None), tables.observation.c.patient_id.is_not(None)
    )
    with visiting(stage) as store, store.read() as db:
        observations = db.scalar(select(func.count()).select_from(tables.observation))
        distinct = db.scalar(select(func.count()).select_from(days.distinct().subquery()))
    return int(observations or 0), int(distinct or 0)


def _papers(since: date) -> list[tuple[str, dict[str, object]]]:
    """What rules for RPM and CCM want on file, as the case file has it."""
    on = since.isoformat()
    return [
        ("patient", {
            "established_on": "2020-02-03",
            "conditions": [
                {"icd10": "I10", "expected_months": 12, "risk": True},
                {"icd10": "E11.9", "expected_months": 12, "risk": True},
            ],
        }),
        ("consents", {"program": "RPM", "given_on": on, "mode": "verbal", "documented": True}),
        ("consents", {"program": "CCM", "given_on": on, "mode": "written", "documented": True}),
        ("orders", {"program": "RPM", "ordered_on": on}),
        ("initiating_visits", {"on": on, "discussed": ["CCM"]}),
        ("care_plans", {"on": on, "shared_with_patient": True}),
        ("episodes", {"program": "RPM", "start": on, "set_up_on": on, "educated_on": on}),
        ("episodes", {"program": "CCM", "start": on}),
    ]  # fmt: skip
