from cloud_sync.contract.observation import Received
from gateway.health.anchors import DAY_MS, UNSTATED_ERROR_MS, AnchorLog

WALL_MS = 1_772_634_720_000
SECOND = 1000


def at(
    elapsed_ms: int,
    *,
    step_ms: int = 0,
    boot: str = "b",
    synchronised: bool = True,
    error_ms: int | None = 40,
) -> Received:
    return Received(
        wall_ms=WALL_MS + elapsed_ms + step_ms,
        boot=boot,
        monotonic_ms=5 * SECOND + elapsed_ms,
        synchronised=synchronised,
        error_ms=error_ms,
    )


def anchored(log: AnchorLog, *moments: Received) -> list[bool]:
    """At which of these moments an anchor was due, and sealed."""
    found = []
    for moment in moments:
        anchor = log.due(moment)
        found.append(anchor is not None)
        if anchor is not None:
            log.sealed(anchor)
    return found


def test_a_clock_in_the_dark_anchors_nothing_and_its_first_synchronisation_does() -> None:
    log = AnchorLog("0.1.0")
    dark = at(0, synchronised=False)
    assert anchored(log, dark, dark, at(10 * SECOND), at(15 * SECOND)) == [
        False,
        False,
        True,
        False,
    ]


def test_an_anchor_says_what_the_clocks_said() -> None:
    anchor = AnchorLog("0.1.0").due(at(0))
    assert anchor is not None
    assert (anchor.boot, anchor.monotonic_ms, anchor.wall_ms) == ("b", 5000, WALL_MS)
    assert (anchor.error_ms, anchor.software) == (40, "0.1.0")


def test_a_clock_that_states_no_error_is_given_a_bound() -> None:
    anchor = AnchorLog("0.1.0").due(at(0, error_ms=None))
    assert anchor is not None
    assert anchor.error_ms == UNSTATED_ERROR_MS


def test_one_a_day_while_nothing_happens() -> None:
    moments = [at(hour * DAY_MS // 24) for hour in range(49)]
    due = anchored(AnchorLog("0.1.0"), *moments)
    assert [hour for hour, is_due in enumerate(due) if is_due] == [0, 24, 48]


def test_another_boot_and_a_lost_and_found_synchronisation_are_anchored() -> None:
    moments = [at(0), at(SECOND, boot="c"), at(2 * SECOND, boot="c", synchronised=False)]
    log = AnchorLog("0.1.0")
    assert anchored(log, *moments, at(3 * SECOND, boot="c")) == [True, True, False, True]


def test_a_clock_that_was_set_is_anchored_and_one_that_drifts_is_not() -> None:
    hour = 3600 * SECOND
    drifting = at(hour, step_ms=360)  # 100 ppm of an hour
    set_back = at(hour, step_ms=-5 * SECOND)
    assert anchored(AnchorLog("0.1.0"), at(0), drifting) == [True, False]
    assert anchored(AnchorLog("0.1.0"), at(0), set_back) == [True, True]


def test_an_anchor_that_was_not_sealed_stays_due() -> None:
    log = AnchorLog("0.1.0")
    assert log.due(at(0)) is not None
    assert log.due(at(SECOND)) is not None
