"""The ladder as properties over any course of failures, successes and pauses."""

from collections import Counter

import pytest
from hypothesis import given, settings, strategies as st

from cloud_sync.contract.observation import Received
from gateway.health.ladder import (
    DAY_S,
    EPISODE_S,
    LIMITS,
    LONELY_MAX,
    Ladder,
    Limit,
    Rung,
    Silence,
    Taken,
    elapsed_s,
)

PAUSES = st.sampled_from([0.0, 1.0, 5.0, 30.0, 119.0, 900.0, 4 * 3600.0, DAY_S / 2])
EVENTS = st.lists(
    st.tuples(PAUSES, st.sampled_from(["failed", "failed", "failed", "link", "succeeded"])),
    max_size=150,
)
TIGHT = {rung: Limit(cool_down_s=5, per_day=max(1, 8 - rung)) for rung in Rung}


def climb(ladder: Ladder, start: float = 0.0) -> list[tuple[float, Rung]]:
    """A radio that never comes back: what is done within one day."""
    done, now = [], start
    while now - start < DAY_S:
        rung = ladder.failed(now, link_up=False)
        if rung is not None:
            done.append((now, rung))
        now += max(ladder.wait_s(now), 60.0)
    return done


def first_times(done: list[tuple[float, Rung]]) -> list[Rung]:
    return list(dict.fromkeys(rung for _, rung in done))


def test_a_radio_that_stays_dead_is_tried_with_every_rung_in_order_and_rebooted_once() -> None:
    done = climb(Ladder(now=0.0))
    assert first_times(done) == list(Rung)
    counts = Counter(rung for _, rung in done)
    assert counts[Rung.REBOOT] == 1
    assert all(counts[rung] <= LIMITS[rung].per_day for rung in Rung)
    reboot_at = next(now for now, rung in done if rung is Rung.REBOOT)
    assert reboot_at >= 15 * 60


@settings(max_examples=50, deadline=None)
@given(EVENTS, st.sampled_from([LIMITS, TIGHT]))
def test_no_budget_is_exceeded_in_any_day_and_nothing_comes_before_its_cool_down(
    events: list[tuple[float, str]], limits: dict[Rung, Limit]
) -> None:
    ladder, now = Ladder(now=0.0, limits=limits), 0.0
    done: list[tuple[float, Rung]] = []
    for pause, event in events:
        now += pause
        if event == "succeeded":
            ladder.succeeded()
            continue
        rung = ladder.failed(now, link_up=event == "link")
        if rung is None:
            continue
        assert event != "link"
        if done:
            assert now - done[-1][0] >= limits[done[-1][1]].cool_down_s
        done.append((now, rung))
        within = Counter(r for at, r in done if now - at < DAY_S)
        assert all(within[r] <= limits[r].per_day for r in Rung)
        assert within[Rung.REBOOT] <= 1


@settings(max_examples=50, deadline=None)
@given(EVENTS)
def test_no_rung_is_left_out_while_its_budget_lasts_and_success_begins_anew(
    events: list[tuple[float, str]],
) -> None:
    ladder, now = Ladder(now=0.0, limits=TIGHT), 0.0
    last, failed_at = 0, 0.0
    for pause, event in events:
        now += pause
        if event == "succeeded":
            ladder.succeeded()
            last = 0
            continue
        if now - failed_at >= EPISODE_S:
            last = 0
        failed_at = now
        spent = {r for r in Rung if ladder.taken_today(r, now) >= TIGHT[r].per_day}
        rung = ladder.failed(now, link_up=event == "link")
        if rung is None:
            continue
        if rung <= last:  # begun anew: nothing above was left to take
            last = 0 if last == Rung.REBOOT or set(range(last + 1, 8)) <= spent else 99
        assert all(Rung(left_out) in spent for left_out in range(last + 1, rung))
        last = int(rung)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(Rung), st.floats(0, 2 * DAY_S)), max_size=20))
def test_what_an_earlier_process_took_counts(taken: list[tuple[Rung, float]]) -> None:
    known = [Taken(rung=rung, age_s=age) for rung, age in taken]
    ladder = Ladder(now=1e6, taken=known, limits=TIGHT)
    done = climb(ladder, 1e6)
    before = [(1e6 - each.age_s, each.rung) for each in known]
    for now, rung in done:
        day = [r for at, r in before + done if r is rung and now - DAY_S < at <= now]
        earlier = sum(1 for at, r in before if r is rung and now - DAY_S < at <= now)
        assert len(day) <= max(TIGHT[rung].per_day, earlier)


def test_a_restart_in_mid_climb_goes_on_where_it_was() -> None:
    taken = [Taken(rung=Rung.ADAPTER_POWER, age_s=10)]
    ladder = Ladder(now=0.0, taken=taken)
    assert ladder.failed(1.0, link_up=False) is None  # the measure still has its time to work
    assert ladder.failed(60.0, link_up=False) is Rung.USB_RESET


def test_what_lies_above_the_top_is_never_taken() -> None:
    done = climb(Ladder(now=0.0, top=Rung.ADAPTER_POWER))
    assert max(rung for _, rung in done) is Rung.ADAPTER_POWER


def test_silence_is_armed_by_the_first_advertisement_and_climbs_to_the_adapter() -> None:
    silence = Silence()
    assert silence.due(10_000.0) is None
    silence.heard(10_000.0)
    assert silence.due(10_089.0) is None
    assert silence.due(10_090.0) is Rung.SCANNER_RESTART
    silence.acted(Rung.SCANNER_RESTART, 10_090.0)
    assert silence.due(10_119.0) is None
    assert silence.due(10_120.0) is Rung.ADAPTER_POWER
    silence.acted(Rung.ADAPTER_POWER, 10_120.0)
    assert silence.due(10_120.0 + 179.0) is None  # twice as patient
    assert silence.due(10_120.0 + 180.0) is Rung.SCANNER_RESTART


def test_a_connected_device_is_no_silence() -> None:
    silence = Silence()
    silence.heard(0.0)
    silence.busy(200.0)
    assert silence.due(280.0) is None


def test_a_lonely_house_is_asked_ever_less_often_until_somebody_is_heard() -> None:
    silence, now, acted = Silence(), 0.0, []
    silence.heard(now)
    while now < DAY_S:
        now += 5.0
        if (rung := silence.due(now)) is not None:
            silence.acted(rung, now)
            acted.append(rung)
    assert acted.count(Rung.ADAPTER_POWER) < 20
    assert LONELY_MAX * 120 < DAY_S
    silence.heard(now)
    assert silence.due(now + 90.0) is Rung.SCANNER_RESTART


def moment(*, boot: str, since_boot_s: float, wall_s: float, synchronised: bool) -> Received:
    return Received(
        wall_ms=int(wall_s * 1000),
        boot=boot,
        monotonic_ms=int(since_boot_s * 1000),
        synchronised=synchronised,
    )


@pytest.mark.parametrize(
    ("then", "now", "seconds"),
    [
        # one boot: the boot's clock, whatever happened to the wall's
        (("a", 10, 0, False), ("a", 70, 9e8, True), 60),
        # across a boot without true time: no more than this boot's age
        (("a", 10, 9e8, True), ("b", 30, 9.9e8, False), 30),
        (("a", 10, 5, False), ("b", 30, 9e8, True), 30),
        # both true: the wall clock knows how long the hub was off
        (("a", 10, 9e8, True), ("b", 30, 9e8 + 7200, True), 7200),
    ],
)
def test_time_between_two_moments_is_never_claimed_longer_than_known(
    then: tuple[str, float, float, bool], now: tuple[str, float, float, bool], seconds: float
) -> None:
    made = [moment(boot=b, since_boot_s=s, wall_s=w, synchronised=k) for b, s, w, k in (then, now)]
    assert elapsed_s(*made) == seconds
