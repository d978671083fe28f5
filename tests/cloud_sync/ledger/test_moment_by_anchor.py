"""The moment of readings that a hub received before it knew the time."""

from datetime import date

import pytest

from cloud_sync.contract.observation import ClockError, Received
from cloud_sync.ledger import moment
from cloud_sync.ledger.moment import Anchor, Anchors, Clocks, Moment
from tests.cloud_sync.ledger.test_moment import HOUR, MINUTE, NEW_YORK, at, ms


def anchor(wall: str, *, boot: str = "b", monotonic: int = 0, error_ms: int = 500) -> Anchor:
    return Anchor(boot=boot, monotonic_ms=monotonic, wall_ms=ms(wall), error_ms=error_ms)


def in_the_dark(
    near: Anchors, *, device: str | None = None, monotonic: int = HOUR, shown: str | None = None
) -> Clocks:
    """Received an hour after a boot in 1970, committed days later."""
    wall_ms = ms("1970-01-01T01:00:00Z")
    return Clocks(
        device_time=at(device),
        flags=(),
        received=Received(wall_ms=wall_ms, boot="b", monotonic_ms=monotonic, synchronised=False),
        compared=ClockError(device_time=at(shown), wall_ms=wall_ms) if shown else None,
        committed_at_ms=ms("2026-03-20T12:00:00Z"),
        anchors=near,
    )


ANCHORED = [
    # why, anchors, received at, uncertainty of the receipt
    (
        "an anchor two hours later in the same boot",
        Anchors(after=anchor("2026-03-04T16:32:00Z", monotonic=3 * HOUR)),
        "2026-03-04T14:32:00Z",
        500 + 2 * 360,  # 100 ppm of two hours
    ),
    (
        "an anchor before it, the nearer of two",
        Anchors(
            before=anchor("2026-03-04T14:31:00Z", monotonic=HOUR - MINUTE),
            after=anchor("2026-03-05T14:31:30Z", monotonic=25 * HOUR),
        ),
        "2026-03-04T14:32:00Z",
        500 + 6,
    ),
    (
        "across the change to summer time: instants have no zone",
        Anchors(after=anchor("2026-03-08T18:00:00Z", monotonic=13 * HOUR)),
        "2026-03-08T06:00:00Z",
        500 + 12 * 360,
    ),
    (
        "an anchor of another boot is no measure of this one's time",
        Anchors(
            before=anchor("2026-03-04T12:00:00Z", boot="a", monotonic=HOUR),
            after=anchor("2026-03-04T15:00:00Z", monotonic=2 * HOUR),
        ),
        "2026-03-04T14:00:00Z",
        500 + 360,
    ),
    (
        "a boot without any anchor lies between its neighbours'",
        Anchors(
            before=anchor("2026-03-04T12:00:00Z", boot="a"),
            after=anchor("2026-03-04T18:00:00Z", boot="c"),
        ),
        "2026-03-04T15:00:00Z",
        3 * HOUR + 500,
    ),
]


@pytest.mark.parametrize(
    ("why", "near", "received", "doubt_ms"), ANCHORED, ids=[row[0] for row in ANCHORED]
)
def test_an_anchor_tells_when_a_hub_in_the_dark_received(
    why: str, near: Anchors, received: str, doubt_ms: int
) -> None:
    found = moment.resolve(in_the_dark(near), NEW_YORK)
    assert found == Moment(
        at_ms=ms(received), method="estimate", uncertainty_ms=doubt_ms + moment.LIVE_MS
    ), why


@pytest.mark.parametrize(
    "near",
    [
        Anchors(),
        Anchors(before=anchor("2026-03-04T12:00:00Z", boot="a")),
        Anchors(after=anchor("2026-03-04T12:00:00Z", boot="c")),
        Anchors(after=anchor("2027-03-04T12:00:00Z")),  # after its own receipt
        Anchors(  # a later boot that was earlier
            before=anchor("2026-03-06T12:00:00Z", boot="a"),
            after=anchor("2026-03-04T12:00:00Z", boot="c"),
        ),
    ],
)
def test_without_anchors_that_say_something_nobody_can_say(near: Anchors) -> None:
    found = moment.resolve(in_the_dark(near), NEW_YORK)
    assert found == Moment(at_ms=ms("2026-03-20T12:00:00Z"), method="estimate", uncertainty_ms=None)
    assert moment.local_day(found, NEW_YORK) is None


DAYS_BY_ANCHOR = [
    # the receipt by its anchor, New York's date; half the doubt is LIVE_MS, five minutes
    ("2026-03-05T04:54:00Z", date(2026, 3, 4)),  # 23:54
    ("2026-03-05T04:56:00Z", None),  # 23:56: it may be the next day
    ("2026-03-05T05:06:00Z", date(2026, 3, 5)),
    ("2026-03-08T04:54:00Z", date(2026, 3, 7)),  # the last evening of winter time, UTC-5
    ("2026-03-09T03:54:00Z", date(2026, 3, 8)),  # the first evening of summer time, UTC-4
    ("2026-03-09T04:54:00Z", date(2026, 3, 9)),
]


@pytest.mark.parametrize(("received", "day"), DAYS_BY_ANCHOR)
def test_an_anchored_reading_counts_on_a_day_only_if_no_doubt_reaches_over_midnight(
    received: str, day: date | None
) -> None:
    near = Anchors(after=anchor(received, monotonic=HOUR))
    found = moment.resolve(in_the_dark(near), NEW_YORK)
    assert moment.local_day(found, NEW_YORK) == day


def test_a_boot_between_two_evenings_has_no_day() -> None:
    near = Anchors(
        before=anchor("2026-03-05T02:00:00Z", boot="a"),
        after=anchor("2026-03-05T13:00:00Z", boot="c"),
    )
    found = moment.resolve(in_the_dark(near), NEW_YORK)
    assert found.uncertainty_ms is not None
    assert moment.local_day(found, NEW_YORK) is None


def test_an_anchor_lets_a_wrong_device_clock_be_corrected_afterwards() -> None:
    near = Anchors(after=anchor("2026-03-04T15:32:00Z", monotonic=2 * HOUR))
    taken = in_the_dark(near, device="1970-01-01T00:10", shown="1970-01-01T00:30")
    found = moment.resolve(taken, NEW_YORK)
    assert (found.at_ms, found.method) == (ms("2026-03-04T14:12:00Z"), "corrected")
    without = moment.resolve(in_the_dark(Anchors(), device="1970-01-01T00:10"), NEW_YORK)
    assert without.uncertainty_ms is None


def test_a_comparison_from_before_the_hub_clock_was_set_says_nothing() -> None:
    compared = ClockError(device_time=at("2026-03-04T06:32"), wall_ms=ms("1970-01-01T00:01:00Z"))
    received = Received(
        wall_ms=ms("2026-03-04T14:32:00Z"), boot="b", monotonic_ms=1, synchronised=True
    )
    given = Clocks(
        device_time=at("2026-03-04T09:31"),
        flags=(),
        received=received,
        compared=compared,
        committed_at_ms=received.wall_ms,
    )
    found = moment.resolve(given, NEW_YORK)
    assert (found.at_ms, found.method) == (ms("2026-03-04T14:31:00Z"), "device")


def test_within_the_gap_of_an_unanchored_boot_the_devices_word_stands() -> None:
    near = Anchors(
        before=anchor("2026-03-04T12:00:00Z", boot="a"),
        after=anchor("2026-03-04T18:00:00Z", boot="c"),
    )
    late = in_the_dark(near, device="2026-03-04T12:45")  # 17:45 UTC: after the middle of the gap
    found = moment.resolve(late, NEW_YORK)
    assert (found.at_ms, found.method) == (ms("2026-03-04T17:45:00Z"), "device")
