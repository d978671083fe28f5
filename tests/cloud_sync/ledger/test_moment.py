from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from cloud_sync.contract.observation import ClockError, Received
from cloud_sync.ledger import moment
from cloud_sync.ledger.moment import Clocks, Moment

NEW_YORK = ZoneInfo("America/New_York")
MINUTE, HOUR = 60_000, 3_600_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def at(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def clocks(
    device: str | None,
    received: str,
    *,
    shown: str | None = None,
    written: bool = False,
    synchronised: bool = True,
    flags: tuple[str, ...] = (),
    committed: str | None = None,
) -> Clocks:
    """`shown` is what the device's clock said at `received`, if the hub asked."""
    wall_ms = ms(received)
    compared = ClockError(device_time=at(shown), wall_ms=wall_ms, written=written)
    return Clocks(
        device_time=at(device),
        flags=flags,
        received=Received(wall_ms=wall_ms, boot="b", monotonic_ms=1, synchronised=synchronised),
        compared=compared if shown else None,
        committed_at_ms=ms(committed or received),
    )


# 2026: New York is UTC-5 until 8 March 02:00 local, then UTC-4 until 1 November 02:00 local.
TABLE = [
    # why, device says, hub received, device's clock showed then, measured, method
    (
        "the clock agrees: the device's word, in the patient's zone",
        clocks("2026-03-04T09:31", "2026-03-04T14:32:00Z", shown="2026-03-04T09:32:05"),
        "2026-03-04T14:31:00Z",
        "device",
    ),
    (
        "stored in winter time, fetched in summer time from a clock that followed",
        clocks("2026-03-07T22:00", "2026-03-09T12:00:00Z", shown="2026-03-09T08:00:00"),
        "2026-03-08T03:00:00Z",
        "device",
    ),
    (
        "stored in winter time, fetched in summer time from a clock that did not follow",
        clocks("2026-03-07T22:00", "2026-03-09T12:00:00Z", shown="2026-03-09T07:00:00"),
        "2026-03-08T03:00:00Z",
        "corrected",
    ),
    (
        "three hours slow: the difference is taken off",
        clocks("2026-03-04T06:20", "2026-03-04T14:32:00Z", shown="2026-03-04T06:32:00"),
        "2026-03-04T14:20:00Z",
        "corrected",
    ),
    (
        "four years behind after a change of battery, but running",
        clocks("2022-01-01T00:10", "2026-03-04T14:32:00Z", shown="2022-01-01T00:12:00"),
        "2026-03-04T14:30:00Z",
        "corrected",
    ),
    (
        "eighteen years ahead, but running",
        clocks("2044-05-05T05:00", "2026-03-04T14:32:00Z", shown="2044-05-05T05:02:00"),
        "2026-03-04T14:30:00Z",
        "corrected",
    ),
    (
        "the hub set the clock first, then the patient measured",
        clocks(
            "2026-03-04T09:32",
            "2026-03-04T14:32:00Z",
            shown="2026-03-04T12:32:00",
            written=True,
        ),
        "2026-03-04T14:32:00Z",
        "device",
    ),
    (
        "never compared: the device's word with more doubt",
        clocks("2026-03-04T09:31", "2026-03-04T14:32:00Z"),
        "2026-03-04T14:31:00Z",
        "device",
    ),
    (
        "an unsynchronised hub cannot correct, but the device's word stands",
        clocks(
            "2026-03-04T09:31",
            "1970-01-01T00:02:00Z",
            shown="2026-03-04T09:32:00",
            synchronised=False,
            committed="2026-03-04T14:40:00Z",
        ),
        "2026-03-04T14:31:00Z",
        "device",
    ),
    (
        "no time in the frame: the time of receipt",
        clocks(None, "2026-03-04T14:32:00Z"),
        "2026-03-04T14:32:00Z",
        "estimate",
    ),
]


@pytest.mark.parametrize(("why", "given", "measured", "method"), TABLE, ids=[r[0] for r in TABLE])
def test_a_moment_that_can_be_told(why: str, given: Clocks, measured: str, method: str) -> None:
    found = moment.resolve(given, NEW_YORK)
    assert (found.at_ms, found.method) == (ms(measured), method), why
    assert found.uncertainty_ms is not None
    assert moment.local_day(found, NEW_YORK) is not None


UNKNOWN = [
    (
        "the device says its clock is not set",
        clocks("2026-03-04T09:31", "2026-03-04T14:32:00Z", flags=("clock_not_set",)),
    ),
    (
        "the meter reports a fault of its clock",
        clocks("2026-03-04T09:31", "2026-03-04T14:32:00Z", flags=("time_fault",)),
    ),
    ("a date after the receipt", clocks("2026-03-04T19:31", "2026-03-04T14:32:00Z")),
    ("a date before the device was made", clocks("1970-01-01T00:00", "2026-03-04T14:32:00Z")),
    ("the first year there is", clocks("0001-01-01T00:00", "2026-03-04T14:32:00Z")),
    ("the last year there is", clocks("9999-12-31T23:59", "2026-03-04T14:32:00Z")),
    (
        "stamped later than its own clock: reset since",
        clocks("2026-02-01T08:00", "2026-03-04T14:32:00Z", shown="2022-01-01T00:12:00"),
    ),
    ("no time, out of a memory", clocks(None, "2026-03-04T14:32:00Z", flags=("from_storage",))),
    (
        "no time, and the hub has none either",
        clocks(None, "1970-01-01T00:02:00Z", synchronised=False, committed="2026-03-04T14:40:00Z"),
    ),
]


@pytest.mark.parametrize(("why", "given"), UNKNOWN, ids=[row[0] for row in UNKNOWN])
def test_a_moment_that_nobody_can_tell_is_kept_as_an_estimate_without_a_day(
    why: str, given: Clocks
) -> None:
    found = moment.resolve(given, NEW_YORK)
    assert (found.method, found.uncertainty_ms) == ("estimate", None), why
    assert found.at_ms == ms("2026-03-04T14:32:00Z") or found.at_ms == given.committed_at_ms
    assert moment.local_day(found, NEW_YORK) is None


def test_a_hub_that_claims_the_future_is_not_believed() -> None:
    given = clocks(None, "2027-01-01T00:00:00Z", committed="2026-03-04T14:40:00Z")
    assert moment.resolve(given, NEW_YORK).at_ms == ms("2026-03-04T14:40:00Z")


def test_without_a_patient_only_a_compared_clock_tells_the_moment() -> None:
    compared = clocks("2026-03-04T09:31", "2026-03-04T14:32:00Z", shown="2026-03-04T09:32:00")
    assert moment.resolve(compared, None).at_ms == ms("2026-03-04T14:31:00Z")
    assert moment.resolve(clocks("2026-03-04T09:31", "2026-03-04T14:32:00Z"), None).method == (
        "estimate"
    )


@pytest.mark.parametrize(
    ("device", "received", "measured", "doubt"),
    [
        ("2026-11-01T01:30", "2026-11-01T14:00:00Z", "2026-11-01T05:30:00Z", True),
        ("2026-11-01T01:30", "2026-11-01T05:31:00Z", "2026-11-01T05:30:00Z", False),
        ("2026-03-08T02:30", "2026-03-08T14:00:00Z", "2026-03-08T07:30:00Z", True),
        ("2026-11-01T03:30", "2026-11-01T14:00:00Z", "2026-11-01T08:30:00Z", False),
    ],
    ids=["the hour that comes twice", "its first time", "the hour that never comes", "after it"],
)
def test_the_hours_of_the_clock_change_carry_an_hour_of_doubt(
    device: str, received: str, measured: str, doubt: bool
) -> None:
    found = moment.resolve(clocks(device, received), NEW_YORK)
    assert found.at_ms == ms(measured)
    assert found.uncertainty_ms is not None
    assert (found.uncertainty_ms >= HOUR) is doubt


@pytest.mark.parametrize(
    ("instant", "uncertainty_ms", "day"),
    [
        ("2026-03-05T04:50:00Z", 5 * MINUTE, date(2026, 3, 4)),
        ("2026-03-05T04:50:00Z", 15 * MINUTE, None),
        ("2026-03-05T05:10:00Z", 5 * MINUTE, date(2026, 3, 5)),
        ("2026-03-05T05:10:00Z", 15 * MINUTE, None),
        ("2026-03-05T05:00:00Z", 0, date(2026, 3, 5)),
        ("2026-03-05T04:59:59Z", 0, date(2026, 3, 4)),
        ("2026-03-05T17:00:00Z", None, None),
        ("2026-03-05T17:00:00Z", 2**62, None),
    ],
)
def test_a_day_is_counted_only_if_the_doubt_does_not_reach_over_midnight(
    instant: str, uncertainty_ms: int | None, day: date | None
) -> None:
    found = Moment(at_ms=ms(instant), method="device", uncertainty_ms=uncertainty_ms)
    assert moment.local_day(found, NEW_YORK) == day


def test_the_same_instant_is_another_day_in_another_zone() -> None:
    found = Moment(at_ms=ms("2026-03-05T03:00:00Z"), method="device", uncertainty_ms=MINUTE)
    assert moment.local_day(found, NEW_YORK) == date(2026, 3, 4)
    assert moment.local_day(found, ZoneInfo("Asia/Tokyo")) == date(2026, 3, 5)


def test_an_old_record_is_less_certain_than_a_fresh_one() -> None:
    fresh = moment.resolve(clocks("2026-03-04T09:31", "2026-03-04T14:32:00Z"), NEW_YORK)
    old = moment.resolve(clocks("2026-01-04T09:31", "2026-03-04T14:32:00Z"), NEW_YORK)
    assert fresh.uncertainty_ms is not None
    assert old.uncertainty_ms is not None
    days = (datetime(2026, 3, 4, tzinfo=UTC) - datetime(2026, 1, 4, tzinfo=UTC)).days
    # 100 ppm is 8.64 s a day.
    assert old.uncertainty_ms - fresh.uncertainty_ms == pytest.approx(days * 8_640, abs=1)
