from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from cloud_sync.contract.observation import ClockError
from cloud_sync.contract.readings import Refusal
from gateway.sessions.push import PushSession
from gateway.sessions.steps import (
    Connected,
    Dropped,
    Finish,
    Keep,
    Refused,
    SetTimer,
    Subscribe,
    Subscribed,
    TimerFired,
    Write,
)
from tests.gateway.sessions.scripted import (
    CUFF,
    NOON,
    NOON_MS,
    ScriptedCuff,
    clock_read,
    play,
    profile,
    value,
)
from tests.virtual import payloads

AND = profile("and/ua-651ble")
READINGS = [
    payloads.blood_pressure(120 + n, 80, 60, NOON - timedelta(hours=9 - n)) for n in range(4)
]
CHANNELS = Connected(channels=frozenset(CUFF))


def test_the_clock_is_read_written_and_read_back_before_the_subscription() -> None:
    played = play(PushSession(AND), ScriptedCuff(READINGS, off_by=-100), CUFF)
    assert played.order == ["Read 2A08", "Write 2A08", "Read 2A08", "Subscribe 2A35"]
    assert played.writes == [("2A08", "ea070b180c0000")]
    assert played.kept == [raw.hex() for raw in READINGS]
    assert played.finish == Finish(result="complete")


def test_every_frame_carries_the_clock_error_as_it_was_before_the_change() -> None:
    played = play(PushSession(AND), ScriptedCuff(READINGS, off_by=-100), CUFF)
    errors = {action.clock for action in played.actions if isinstance(action, Keep)}
    before = NOON - timedelta(seconds=100)
    assert errors == {ClockError(device_time=before, wall_ms=NOON_MS, written=True, read_back=NOON)}


@pytest.mark.parametrize("off_by", [-30, 0, 30])
def test_a_clock_within_30_s_is_written_back_unchanged_because_the_cuff_waits_for_it(
    off_by: int,
) -> None:
    played = play(PushSession(AND), ScriptedCuff(READINGS, off_by=off_by), CUFF)
    shown = NOON + timedelta(seconds=off_by)
    assert played.writes == [("2A08", payloads.date_time(shown).hex())]
    assert played.order == ["Read 2A08", "Write 2A08", "Subscribe 2A35"]
    kept = next(action for action in played.actions if isinstance(action, Keep))
    assert kept.clock == ClockError(device_time=shown, wall_ms=NOON_MS)


def test_a_hub_without_the_time_never_changes_a_clock() -> None:
    session = PushSession(AND)
    session.start(CHANNELS)
    wrong = NOON - timedelta(days=400)
    actions = session.on_event(clock_read(wrong, synchronised=False))
    assert actions == [Write(channel="2A08", payload=payloads.date_time(wrong))]


def test_a_clock_that_shows_no_time_is_set() -> None:
    session = PushSession(AND)
    session.start(CHANNELS)
    assert session.on_event(clock_read(None)) == [
        Write(channel="2A08", payload=payloads.date_time(NOON))
    ]


def test_neither_has_the_time_and_the_readings_are_fetched_all_the_same() -> None:
    session = PushSession(AND)
    session.start(CHANNELS)
    assert session.on_event(clock_read(None, synchronised=False)) == [Subscribe(channel="2A35")]


def test_a_refused_clock_does_not_cost_the_readings() -> None:
    session = PushSession(AND)
    session.start(CHANNELS)
    session.on_event(clock_read(NOON - timedelta(hours=1)))
    refused = Refused(channel="2A08", reason="ATT error 0x80")
    assert session.on_event(refused) == [Subscribe(channel="2A35")]


def test_without_a_clock_it_subscribes_at_once() -> None:
    played = play(PushSession(AND), ScriptedCuff([]), {"2A35"})
    assert played.order == ["Subscribe 2A35"]


def test_quiet_is_an_end_too() -> None:
    played = play(PushSession(AND), ScriptedCuff(READINGS, hangs_up=False), CUFF)
    assert played.kept == [raw.hex() for raw in READINGS]
    assert played.finish == Finish(result="complete")
    timers = [action.seconds for action in played.actions if isinstance(action, SetTimer)]
    assert timers[1:] == [3.0] * (1 + len(READINGS))


def test_silence_before_the_subscription_stands_is_a_timeout() -> None:
    session = PushSession(AND)
    session.start(CHANNELS)
    assert session.on_event(TimerFired()) == [Finish(result="timeout")]


def test_a_refused_subscription_ends_it_with_the_reason() -> None:
    session = PushSession(AND)
    session.start(Connected(channels=frozenset({"2A35"})))
    refused = Refused(channel="2A35", reason="ATT error 0x05")
    assert session.on_event(refused) == [Finish(result="refused", detail="ATT error 0x05")]


def test_another_device_under_the_same_name_is_refused() -> None:
    started = PushSession(AND).start(Connected(channels=frozenset({"2A19"})))
    assert started == [Finish(result="refused", detail="the device has no 2A35")]


def test_bytes_that_cannot_be_read_are_kept_too() -> None:
    session = PushSession(AND)
    session.start(Connected(channels=frozenset({"2A35"})))
    session.on_event(Subscribed(channel="2A35"))
    kept = session.on_event(value("2A35", b"\x16\x00"))[0]
    assert isinstance(kept, Keep)
    assert isinstance(kept.outcome, Refusal)


def test_the_pressure_shown_during_inflation_is_never_kept() -> None:
    session = PushSession(AND)
    session.start(Connected(channels=frozenset({"2A35"})))
    session.on_event(Subscribed(channel="2A35"))
    shown = value("2A36", bytes([0]) + payloads.sfloat(150) + bytes(4))
    assert [type(action) for action in session.on_event(shown)] == [SetTimer]


def test_a_value_after_the_end_is_still_kept() -> None:
    session = PushSession(AND)
    session.start(Connected(channels=frozenset({"2A35"})))
    session.on_event(Subscribed(channel="2A35"))
    session.on_event(Dropped())
    assert [type(a) for a in session.on_event(value("2A35", READINGS[0]))] == [Keep]
    assert session.on_event(TimerFired()) == []


@given(st.integers(0, 12), st.sampled_from([-100, 0, 100]))
def test_a_drop_after_any_packet_ends_it_once_and_loses_nothing_that_arrived(
    events: int, off_by: int
) -> None:
    played = play(PushSession(AND), ScriptedCuff(READINGS, off_by=off_by), CUFF, events=events)
    written_back = off_by != 0
    before = 4 if written_back else 3  # read, write, (read,) subscribed
    arrived = max(0, min(events - before, len(READINGS)))
    assert played.kept == [raw.hex() for raw in READINGS[:arrived]]
    assert played.finish.result == ("complete" if events >= before else "dropped")
