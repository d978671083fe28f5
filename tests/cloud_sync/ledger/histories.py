"""Random histories of a practice: facts arrive early, late, out of order, and are corrected.

Everything goes through the doors that the pages use, at the history's own clock.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from cloud_sync.contract.readings import BloodPressure, FailedMeasurement
from cloud_sync.ledger import (
    care_entries,
    care_time,
    devices,
    people,
    practice_settings,
    tables,
)
from cloud_sync.ledger.care_entries import Work
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.refused import Refused
from tests.cloud_sync.ledger.copies import HUB, NURSE, START, WORKERS, staff_and_hub, take_in
from tests.spec.second_cases import NOTES, Draw
from tests.support.readings import cuff

ZONES = ("America/New_York", "America/New_York", "America/Denver", "Asia/Tokyo", "Europe/London")
MINUTE_MS, DAY_MS = 60_000, 86_400_000
Happening = Callable[[Connection, str], None]


class History:
    """A practice with some patients, whose days pass event by event."""

    def __init__(self, store: Store, seed: int, patients: int, days: int = 100) -> None:
        self.store = store
        self.days = days
        self.random = Random(seed)
        self.now_ms = int(START.timestamp() * 1000)
        self.sent = 0
        self.patients: list[str] = []
        self.zones: dict[str, str] = {}  # where each patient's device keeps its time
        with store.write() as db:
            staff_and_hub(db)
            for number in range(patients):
                zone = self.random.choice(ZONES)
                identity = people.add_patient(
                    db, name=f"Patient {number}", zone=zone, author=NURSE, at_ms=self.now_ms
                )
                self.patients.append(identity)
                self.zones[identity] = zone
        for number, patient in enumerate(self.patients):
            self._enrol(number, patient)

    def run(self, events: int) -> None:
        """So many events, spread over the days of the history."""
        pause = self.days * DAY_MS // events
        for _ in range(events):
            self.now_ms += self.random.randint(0, 2 * pause)
            self.event()

    def months(self) -> list[str]:
        """Every month the history has reached, as `YYYY-MM`."""
        now = datetime.fromtimestamp(self.now_ms / 1000, UTC)
        count = (now.year - START.year) * 12 + now.month - START.month + 1
        numbers = [START.year * 12 + START.month - 1 + n for n in range(count)]
        return [f"{number // 12}-{number % 12 + 1:02}" for number in numbers]

    def event(self) -> tuple[str, str]:
        """What kind of thing happened at `now_ms`, `refused` where a door said no; and to whom."""
        kinds: list[tuple[int, Happening]] = [
            (50, self._reading),
            (22, self._work),
            (5, self._correct_work),
            (3, self._void_work),
            (8, self._fact),
            (4, self._correct_fact),
            (7, self._assign),
            (7, self._take_back),
            (2, self._move),
            (1, self._setting),
        ]
        weights = [weight for weight, _ in kinds]
        [(_, happen)] = self.random.choices(kinds, weights)
        patient = self.random.choice(self.patients)
        try:
            with self.store.write() as db:
                happen(db, patient)
        except Refused:
            return "refused", patient
        return happen.__name__.strip("_"), patient

    def device(self, patient: str) -> str:
        """Mostly the patient's own; one of three is passed around."""
        own = f"ble:{self.patients.index(patient):012x}"
        return own if self.random.randrange(8) else f"ble:ff{self.random.randrange(3):010x}"

    def _ago_ms(self, *days: float) -> int:
        return self.now_ms - int(self.random.choice(days) * DAY_MS)

    def _enrol(self, number: int, patient: str) -> None:
        def record(db: Connection, kind: str, body: dict[str, Any]) -> None:
            self.now_ms += 1  # ids are random: the order of the facts is not
            people.record_fact(
                db, patient_id=patient, kind=kind, body=body, author=NURSE, at_ms=self.now_ms
            )

        with self.store.write() as db:
            record(db, "patient", {"established_on": "2020-01-01", "conditions": _ill()})
            record(db, "consents", {"program": "RPM", "given_on": "2025-12-01"})
            record(db, "consents", {"program": "CCM", "given_on": "2025-12-01"})
            record(db, "orders", {"program": "RPM", "ordered_on": "2025-12-01"})
            record(db, "initiating_visits", {"on": "2025-12-01", "discussed": ["CCM"]})
            record(db, "care_plans", {"on": "2025-12-02"})
            if number % 3:
                record(db, "billing_practitioner", {"staff": _practitioners()[0]})
            done = dict.fromkeys(("start", "set_up_on", "educated_on"), "2025-12-05")
            record(db, "episodes", {"program": "RPM"} | done)
            self._send(db, patient, f"ble:{number:012x}", self.now_ms)
            self._lend(db, patient, f"ble:{number:012x}", self.now_ms - 4 * DAY_MS)

    def _reading(self, db: Connection, patient: str) -> None:
        taken_ms = self._ago_ms(0, 0, 0, 0, 0, 0.002, 0.4, 1, 3, 25)
        self._send(db, patient, self.device(patient), taken_ms)

    def _send(self, db: Connection, patient: str, device: str, taken_ms: int) -> None:
        self.sent += 1
        local = datetime.fromtimestamp(taken_ms / 1000, ZoneInfo(self.zones[patient]))
        shown = local.replace(tzinfo=None, second=0, microsecond=0)
        if self.random.randrange(12):
            outcome: BloodPressure | FailedMeasurement = BloodPressure(
                systolic=Decimal(120),
                diastolic=Decimal(80),
                unit="mmHg",
                flags=(),
                device_time=shown,
            )
        else:
            outcome = FailedMeasurement(of="blood_pressure", flags=(), device_time=shown)
        said = cuff(HUB, self.sent, device=device, wall_ms=self.now_ms, outcome=outcome)
        envelope = {"id": self.sent.to_bytes(32, "big"), "hub_id": HUB, "epoch": 1}
        db.execute(
            tables.envelope.insert(),
            envelope
            | {"seq": self.sent, "suite": 2, "key_id": 1, "body": b""}
            | {"committed_at_ms": self.now_ms},
        )
        take_in(db, self.store, said, envelope["id"], self.now_ms)

    def _lend(self, db: Connection, patient: str, device: str, from_ms: int) -> None:
        devices.assign(
            db,
            device_id=device,
            user_slot=None,
            patient_id=patient,
            from_ms=from_ms,
            author=NURSE,
            at_ms=self.now_ms,
        )

    def _assign(self, db: Connection, patient: str) -> None:
        self._lend(db, patient, self.device(patient), self._ago_ms(0, 0.5, 5, 20))

    def _take_back(self, db: Connection, patient: str) -> None:
        held = [d for d in devices.of_patient(db, patient) if d.assigned_to_ms is None]
        if held:
            one = self.random.choice(held)
            devices.end_assignment(
                db,
                one.id,
                patient_id=patient,
                to_ms=self._ago_ms(0, 0.5, 10),
                author=NURSE,
                at_ms=self.now_ms,
            )

    def _move(self, db: Connection, patient: str) -> None:
        zone = {"zone": self.random.choice(ZONES)}
        people.change_patient(db, patient, zone, author=NURSE, at_ms=self.now_ms)

    def _setting(self, db: Connection, _patient: str) -> None:
        name, value = self.random.choice(
            [
                ("day_rule", "received"),
                ("day_rule", "measured"),
                ("period_start", "calendar_month"),
                ("period_start", "first_reading"),
                ("late_receipt_days", 10),
                ("ccm_consent", "written"),
            ]
        )
        change = practice_settings.Change(
            name=name,
            value=value,
            effective_from_ms=self._ago_ms(0, 10, 40),
            reason="Decided by the partners",
            recorded_at_ms=self.now_ms,
            author=NURSE,
        )
        practice_settings.record(db, change)

    def _draw(self) -> Draw:
        drawn = Draw(self.random)
        drawn.first, drawn.span = START.date(), self.days
        drawn.busy = [timedelta(days=day) for day in range(0, self.days, 7)]
        return drawn

    def _fact(self, db: Connection, patient: str) -> None:
        self._record(db, patient, None)

    def _correct_fact(self, db: Connection, patient: str) -> None:
        self._record(db, patient, self.random.choice(people.facts(db, patient)))

    def _record(self, db: Connection, patient: str, old: people.Fact | None) -> None:
        drawn = self._draw()
        makers: dict[str, Callable[[], dict[str, Any]]] = {
            "consents": drawn.consent,
            "orders": drawn.order,
            "initiating_visits": drawn.visit,
            "care_plans": drawn.plan,
            "decision_making": drawn.decision,
            "stays": drawn.stay,
            "other_claims": drawn.claim,
            "patient": drawn.patient,
            "lane_choices": lambda: {"month": drawn.month(), "lane": "staff"},
        }
        kind = self.random.choice(sorted(makers)) if old is None else old.kind
        if kind not in makers:  # an episode stays, as does who bills
            return
        people.record_fact(
            db,
            patient_id=patient,
            kind=kind,
            body={} if old is not None and drawn.chance(30) else makers[kind](),
            author=NURSE,
            at_ms=self.now_ms,
            corrects=None if old is None else old.id,
        )

    def _work(self, db: Connection, patient: str) -> None:
        self._enter(db, patient, self.random.choice(list(WORKERS)), None)

    def _enter(self, db: Connection, patient: str, worker: str, corrects: str | None) -> None:
        end_ms = self._ago_ms(0, 0, 0, 0.1, 1, 4, 20)
        length = self.random.choice((5, 9, 10, 12, 20, 25, 30, 31, 45)) * MINUTE_MS
        live = self.random.randrange(3) > 0
        care_time.enter(
            db,
            staff_id=worker,
            span=care_entries.Span(
                patient_id=patient,
                program=self.random.choice(("RPM", "RPM", "CCM", "CCM", "other")),
                start_ms=end_ms - length,
                end_ms=end_ms,
            ),
            work=Work(
                activity="review",
                note=self.random.choice(NOTES) or "called",
                mode="phone" if live else "none",
                interactive=live,
            ),
            at_ms=self.now_ms,
            corrects=corrects,
        )

    def _own_entry(self, db: Connection, patient: str) -> care_entries.Entry | None:
        entries = care_entries.of_patient(db, patient, 0, self.now_ms)
        standing = [entry for entry in entries if entry.in_force]
        return self.random.choice(standing) if standing else None

    def _correct_work(self, db: Connection, patient: str) -> None:
        old = self._own_entry(db, patient)
        if old is not None:
            self._enter(db, patient, old.staff_id, old.id)

    def _void_work(self, db: Connection, patient: str) -> None:
        old = self._own_entry(db, patient)
        if old is not None:
            care_time.void(
                db,
                care_time_id=old.id,
                patient_id=patient,
                staff_id=old.staff_id,
                reason="Entered for the wrong patient",
                at_ms=self.now_ms,
            )


def _practitioners() -> list[str]:
    return [worker for worker, role in WORKERS.items() if role == "practitioner"]


def _ill() -> list[dict[str, Any]]:
    return [
        {"icd10": code, "expected_months": 12, "risk": True} for code in ("I10", "E11.9", "N18.3")
    ]
