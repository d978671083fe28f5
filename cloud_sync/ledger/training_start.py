"""Begins a scripted case: a constructed patient with papers and readings, for the real pages."""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, insert, select

from cloud_sync.contract import observation as contract
from cloud_sync.contract.observation import Frame, Received
from cloud_sync.contract.readings import BloodPressure
from cloud_sync.ledger import (
    derive,
    device_details,
    devices,
    observations,
    people,
    staff_details,
    training,
)
from cloud_sync.ledger.care_entries import entries
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import care_time, care_time_review, envelope
from cloud_sync.ledger.training import HUB, StartedCase
from cloud_sync.rules.calendar import ONE_DAY
from cloud_sync.rules.tables import BUNDLED
from cloud_sync.rules.training.review import Logged, Verdict, review
from cloud_sync.rules.training.scenario import Scenario, ScriptedReading, load

if TYPE_CHECKING:
    from cloud_sync.rules.shape import Role

HOUR_MS = 3_600_000
PROFILE = "training/cuff"


@cache
def scenarios() -> dict[str, Scenario]:
    """Every scripted case that ships, by id, in the order of the ids."""
    directory = files("cloud_sync.rules.training") / "cases"
    found = [load(one.read_text()) for one in directory.iterdir() if one.name.endswith(".toml")]
    return {one.id: one for one in sorted(found, key=lambda one: one.id)}


def scenario_of(case: StartedCase) -> Scenario:
    """The script of a case; an older one may be of a script that ships no more."""
    found = scenarios().get(case.scenario)
    if found is None:
        raise Refused("The script of this case is not part of this version any more.")
    return found


def start(  # noqa: PLR0913 - named columns
    db: Connection, store: Store, scenario_id: str, *, trainee: str, zone: str, at_ms: int
) -> str:
    """A new patient of the trainee's own, as the script has it; the id of the case."""
    script = scenarios().get(scenario_id)
    if script is None:
        raise Refused("There is no such training case.")
    if not training.is_training(db):
        raise Refused(
            "This is no training practice: make one with `vitals-clinic init --training`."
        )
    patient_id = people.add_patient(
        db,
        name=script.patient.name,
        zone=zone,
        birth_date=script.patient.birth_date,
        record_number="TRAINING",
        payer="training",
        author=trainee,
        at_ms=at_ms,
    )
    _papers(db, patient_id, script, trainee=trainee, zone=zone, at_ms=at_ms)
    _readings(db, store, patient_id, script, trainee=trainee, at_ms=at_ms)
    return training.record_case(
        db, scenario=scenario_id, patient_id=patient_id, trainee=trainee, at_ms=at_ms
    )


def _papers(  # noqa: PLR0913 - named columns
    db: Connection, patient_id: str, script: Scenario, *, trainee: str, zone: str, at_ms: int
) -> None:
    """All that days and minutes need to count, of the programs that the script says."""
    today = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date()
    on = (today - 60 * ONE_DAY).isoformat()
    bodies: list[tuple[str, dict[str, object]]] = [("patient", {"established_on": on})]
    for program in script.patient.programs:
        consent = {"program": program, "given_on": on, "mode": "written", "documented": True}
        bodies.append(("consents", consent))
    if "RPM" in script.patient.programs:
        bodies.append(("orders", {"program": "RPM", "ordered_on": on}))
    if "CCM" in script.patient.programs:
        bodies.append(("initiating_visits", {"on": on, "discussed": ["CCM"]}))
        bodies.append(("care_plans", {"on": on, "shared_with_patient": True}))
    if script.readings:
        bodies.append(("episodes", {"program": "RPM", "start": on, "set_up_on": on}))
    for kind, body in bodies:
        people.record_fact(
            db, patient_id=patient_id, kind=kind, body=body, author=trainee, at_ms=at_ms
        )


def _readings(  # noqa: PLR0913 - named columns
    db: Connection, store: Store, patient_id: str, script: Scenario, *, trainee: str, at_ms: int
) -> None:
    if not script.readings:
        return
    device = f"training:{patient_id[:12]}"
    zone = ZoneInfo(people.find(db, patient_id).zone)
    for number, one in enumerate(script.readings):
        _observe(db, store, device, one, trainee=trainee, zone=zone, number=number, at_ms=at_ms)
    device_details.record(
        db,
        device,
        {"label": "Training cuff"},
        effective_from=datetime.fromtimestamp(at_ms / 1000, zone).date(),
        reason="Constructed for a practice case",
        author=trainee,
        at_ms=at_ms,
    )
    devices.assign(
        db,
        device_id=device,
        user_slot=None,
        patient_id=patient_id,
        from_ms=at_ms - 60 * 24 * HOUR_MS,
        author=trainee,
        at_ms=at_ms,
    )


def _observe(  # noqa: PLR0913 - named columns
    db: Connection,
    store: Store,
    device: str,
    one: ScriptedReading,
    *,
    trainee: str,
    zone: ZoneInfo,
    number: int,
    at_ms: int,
) -> None:
    """One constructed observation; its envelope is none, for no hub ever sent it."""
    wall_ms = at_ms - one.hours_ago * HOUR_MS
    shown = datetime.fromtimestamp(wall_ms / 1000, zone).replace(tzinfo=None)
    outcome = BloodPressure(
        systolic=Decimal(one.systolic),
        diastolic=Decimal(one.diastolic),
        unit="mmHg",
        flags=(),
        pulse_bpm=Decimal(one.pulse_bpm),
        device_time=shown,
    )
    received = Received(wall_ms=wall_ms, boot="training", monotonic_ms=0, synchronised=True)
    frame = Frame(
        device=device,
        profile=PROFILE,
        channel="2A35",
        raw=f"{device} {number}".encode(),
        received=received,
        arrival=number + 1,
    )
    said = contract.observe(HUB, frame, outcome, "training")
    body = f"{training.STAMP} {said.id}".encode()
    sealed = sha256(body).digest()
    taken = db.scalar(select(func.max(envelope.c.seq)).where(envelope.c.hub_id == HUB))
    db.execute(
        insert(envelope).values(
            id=sealed,
            hub_id=HUB,
            epoch=1,
            seq=1 + (-1 if taken is None else taken),
            suite=1,
            key_id=1,
            body=body,
            committed_at_ms=wall_ms,
        )
    )
    observations.register_device(db, store, said, at_ms, author=trainee)
    record = observations.Record(
        said=said,
        plaintext=contract.encode(said),
        envelope_id=sealed,
        hub_id=HUB,
        committed_at_ms=wall_ms,
    )
    known = derive.holders(db, device)
    assert observations.add(db, store, record, known, at_ms=at_ms), "a patient's own device"


def verdict(db: Connection, case: StartedCase) -> Verdict:
    """What is good about the trainee's log of this case as it stands, and what is missing."""
    since = case.recorded_at_ms
    papers = [
        (fact.kind, fact.body)
        for fact in people.facts(db, case.patient_id)
        if fact.recorded_at_ms > since
    ]
    words = BUNDLED.notes_on(datetime.fromtimestamp(since / 1000, ZoneInfo("UTC")).date())
    return review(scenario_of(case), log_of(db, case), papers, words)


def log_of(db: Connection, case: StartedCase) -> list[Logged]:
    """The entries in force that somebody wrote for the case's patient, oldest first."""
    linked = (
        select(func.count())
        .where(care_time_review.c.care_time_id == care_time.c.id)
        .scalar_subquery()
    )
    roles = staff_details.roster(db)
    rows = db.execute(
        entries()
        .add_columns(linked.label("linked"))
        .where(care_time.c.patient_id == case.patient_id)
        .order_by(care_time.c.start_ms, care_time.c.entered_at_ms)
    ).mappings()
    return [
        Logged(
            id=row["id"],
            program=row["program"],
            start=_instant(row["start_ms"]),
            end=_instant(row["end_ms"]),
            note=row["note"],
            mode=row["mode"],
            interactive=row["interactive"],
            direction=row["direction"],
            party=row["party"],
            measured=row["measured"],
            role=cast("Role", roles.role(row["staff_id"], staff_details.utc_day(row["start_ms"]))),
            readings=row["linked"],
        )
        for row in rows
        if not row["corrected"] and row["voided_at_ms"] is None
    ]


def _instant(at_ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(milliseconds=at_ms)
