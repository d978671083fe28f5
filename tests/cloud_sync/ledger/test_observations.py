from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import select

from cloud_sync.contract.observation import ClockError, Observation
from cloud_sync.contract.readings import (
    ControlSolution,
    FailedMeasurement,
    Glucose,
    Outcome,
    Refusal,
)
from cloud_sync.ledger import observations
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.registrations import OPENER
from cloud_sync.ledger.tables import device
from tests.support.readings import WALL_MS, cuff

HUB = "0f" * 16
CONTROL = ControlSolution(value=Decimal(98), unit="mg/dL", flags=())


def test_an_ordinary_observation_fits() -> None:
    assert observations.fits(cuff(HUB))


def _with(said: Observation, **frame: object) -> Observation:
    return msgspec.structs.replace(said, frame=msgspec.structs.replace(said.frame, **frame))


def _received(**changes: object) -> Observation:
    said = cuff(HUB)
    return _with(said, received=msgspec.structs.replace(said.frame.received, **changes))


def _outcome(**changes: object) -> Observation:
    said = cuff(HUB)
    return msgspec.structs.replace(said, outcome=msgspec.structs.replace(said.outcome, **changes))


ZONED = datetime(2026, 3, 4, tzinfo=UTC)
HOSTILE = {
    "an id of other letters": msgspec.structs.replace(cuff(HUB), id="G" * 64),
    "a short id": msgspec.structs.replace(cuff(HUB), id="00"),
    "a zero byte in the device": _with(cuff(HUB), device="ble:\0"),
    "a line end in the device": _with(cuff(HUB), device="ble:00\n"),
    "a zero byte in the profile": _with(cuff(HUB), profile="\0"),
    "a time before all time": _received(wall_ms=-1),
    "a time no column holds": _received(wall_ms=2**63),
    "a negative error": _received(error_ms=-5),
    "a huge user": _outcome(user=2**31),
    "a huge sequence": _outcome(sequence=2**63),
    "a device time with a zone": _outcome(device_time=ZONED),
    "a device clock with a zone": _with(cuff(HUB), clock=ClockError(device_time=ZONED, wall_ms=1)),
}


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_the_ledger_cannot_hold_does_not_fit(said: Observation) -> None:
    assert not observations.fits(said)


@pytest.mark.parametrize(
    ("first", "then", "kind"),
    [
        (cuff(HUB).outcome, None, "blood_pressure"),
        (CONTROL, None, "glucose"),
        (FailedMeasurement(of="blood_pressure", flags=()), None, "blood_pressure"),
        (Refusal(reason="length"), None, "unknown"),
        (Refusal(reason="length"), cuff(HUB).outcome, "blood_pressure"),
        (cuff(HUB).outcome, Glucose(value=None, unit="mg/dL", flags=()), "blood_pressure"),
    ],
)
def test_a_device_is_known_by_the_first_thing_it_measured(
    store: Store, first: Outcome, then: Outcome | None, kind: str
) -> None:
    with store.write() as db:
        for outcome in (first, then):
            if outcome is not None:
                said = cuff(HUB, outcome=outcome)
                observations.register_device(db, store, said, WALL_MS, author=OPENER)
        row = db.execute(select(device)).one()
    assert (row.kind, row.profile, row.test) == (kind, "acme/bp-100", False)
