from hypothesis import given, strategies as st

from gateway.porch import HOLD_OFF_SECONDS, RETRY_SECONDS, STALE_SECONDS, Porch
from gateway.sessions.link import Sighting


def seen(device: str) -> Sighting:
    return Sighting(device=device, local_name=None, service_uuids=(), rssi=-50, handle=None)


CUFF, METER, STRANGER = seen("ble:00"), seen("ble:01"), seen("ble:02")


def porch(hold_off_s: float | None = None) -> Porch:
    return Porch([CUFF.device, METER.device], hold_off_s=hold_off_s)


def test_first_come_first_served_and_strangers_stay_outside() -> None:
    door = porch()
    assert [door.see(who, 0.0) for who in (METER, STRANGER, CUFF, METER)] == [True, False] + [
        True
    ] * 2
    assert [door.next(1.0), door.next(1.0), door.next(1.0)] == [METER, CUFF, None]


def test_an_old_advertisement_says_nothing_about_now() -> None:
    door = porch()
    door.see(CUFF, 0.0)
    assert door.next(STALE_SECONDS) is None


def test_after_a_good_conversation_a_device_is_left_alone() -> None:
    door = porch()
    door.done(CUFF.device, 0.0, good=True, rest_s=10)
    assert not door.see(CUFF, HOLD_OFF_SECONDS - 0.1)
    assert door.see(METER, 0.1)
    assert door.see(CUFF, HOLD_OFF_SECONDS)


def test_a_profile_may_ask_for_a_longer_rest() -> None:
    door = porch()
    door.done(CUFF.device, 0.0, good=True, rest_s=90)
    assert not door.see(CUFF, 89.9)
    assert door.see(CUFF, 90.0)


def test_the_rest_is_a_parameter() -> None:
    door = porch(hold_off_s=0.2)
    door.done(CUFF.device, 0.0, good=True, rest_s=10)
    assert door.see(CUFF, 0.2)


def test_failures_are_retried_soon_then_less_soon() -> None:
    door, now, pauses = porch(), 0.0, []
    for _ in range(len(RETRY_SECONDS) + 1):
        door.done(CUFF.device, now, good=False, rest_s=10)
        pause = next(p for p in RETRY_SECONDS if door.see(CUFF, now + p))
        pauses.append(pause)
        now += pause
    assert pauses == [*RETRY_SECONDS, RETRY_SECONDS[-1]]
    door.done(CUFF.device, now, good=True, rest_s=10)
    door.done(CUFF.device, now + 100, good=False, rest_s=10)
    assert door.see(CUFF, now + 100 + RETRY_SECONDS[0])


def test_what_was_heard_during_a_conversation_starts_no_second_one() -> None:
    door = porch()
    door.see(CUFF, 0.0)
    door.done(CUFF.device, 0.5, good=True, rest_s=10)
    assert door.next(0.6) is None


@given(st.integers(2, 6), st.lists(st.booleans(), min_size=60, max_size=60), st.floats(0.1, 9.0))
def test_nobody_who_keeps_calling_is_passed_over(
    count: int, luck: list[bool], spent_s: float
) -> None:
    """However the others fare, each device that calls is spoken to within one round of all."""
    everyone = [seen(f"ble:{number:02d}") for number in range(count)]
    door, now = Porch([who.device for who in everyone], hold_off_s=None), 0.0
    waiting_turns = {who.device: 0 for who in everyone}
    for good in luck:
        let_in = [who.device for who in everyone if door.see(who, now)]
        chosen = door.next(now)
        if chosen is None:
            assert let_in == []
            now += 1.0
            continue
        waiting_turns = {d: waiting_turns[d] + 1 if d in let_in else 0 for d in waiting_turns}
        waiting_turns[chosen.device] = 0
        assert max(waiting_turns.values()) < count
        now += spent_s
        door.done(chosen.device, now, good=good, rest_s=10)
