from datetime import datetime, timedelta

import pytest

from cloud_sync.contract.observation import ClockError
from cloud_sync.contract.readings import DeviceClock
from gateway.sessions import pairing_session_for
from gateway.sessions.steps import (
    Connected,
    Dropped,
    Finish,
    Keep,
    ReadDone,
    Refused,
    SetTimer,
    Subscribe,
    Subscribed,
    TimerFired,
    Write,
    WriteDone,
)
from gateway.sessions.time_first import TimeFirstSession
from tests.gateway.sessions.scripted import (
    NOON,
    NOON_MS,
    TIME_FIRST,
    ScriptedTimeFirst,
    play,
    profile,
    value,
)
from tests.virtual import payloads

OMRON = profile("omron/hem-9200t")
READING = payloads.blood_pressure(121, 81, 61, NOON - timedelta(hours=1))
CHANNELS = Connected(channels=frozenset(TIME_FIRST))
NOON_AS_TOLD = payloads.date_time(NOON) + bytes([2, 0, 2])  # a Tuesday, by an outside reference


def told(shown: datetime | None, *, synchronised: bool = True) -> ReadDone:
    return ReadDone(
        channel="2A2B",
        outcome=DeviceClock(device_time=shown),
        wall_ms=NOON_MS,
        local=NOON,
        synchronised=synchronised,
    )


def subscribed(session: TimeFirstSession) -> TimeFirstSession:
    session.start(CHANNELS)
    for channel in ("2A2B", "2A19", "2A35"):
        session.on_event(Subscribed(channel=channel))
    return session


def test_its_time_is_answered_with_ours_after_all_subscriptions_and_read_back() -> None:
    device = ScriptedTimeFirst([READING], shown=NOON - timedelta(hours=5))
    played = play(TimeFirstSession(OMRON), device, TIME_FIRST)
    subscriptions = ["Subscribe 2A2B", "Subscribe 2A19", "Subscribe 2A35"]
    assert played.order == [*subscriptions, "Write 2A2B", "Read 2A2B"]
    assert played.writes == [("2A2B", NOON_AS_TOLD.hex())]
    assert played.kept == [READING.hex()]
    kept = next(action for action in played.actions if isinstance(action, Keep))
    assert kept.clock == ClockError(
        device_time=NOON - timedelta(hours=5), wall_ms=NOON_MS, written=True, read_back=NOON
    )
    assert played.finish == Finish(result="complete")


def test_a_clock_that_is_right_is_answered_too_because_the_cuff_waits() -> None:
    session = subscribed(TimeFirstSession(OMRON))
    assert session.on_event(told(NOON)) == [Write(channel="2A2B", payload=NOON_AS_TOLD)]
    assert session.on_event(WriteDone(channel="2A2B")) == [SetTimer(seconds=4.0)]


def test_a_hub_without_the_time_gives_the_cuffs_own_back() -> None:
    wrong = NOON - timedelta(days=400)
    session = subscribed(TimeFirstSession(OMRON))
    answer = session.on_event(told(wrong, synchronised=False))
    assert [a.payload[:7] for a in answer if isinstance(a, Write)] == [payloads.date_time(wrong)]


def test_without_any_time_nothing_is_written_and_it_may_still_send() -> None:
    session = subscribed(TimeFirstSession(OMRON))
    assert session.on_event(told(None, synchronised=False)) == [SetTimer(seconds=4.0)]
    assert isinstance(session.on_event(value("2A35", READING))[0], Keep)
    assert session.on_event(TimerFired()) == [Finish(result="complete")]


def test_a_time_that_is_never_told_ends_in_a_timeout() -> None:
    assert subscribed(TimeFirstSession(OMRON)).on_event(TimerFired()) == [Finish(result="timeout")]


def test_the_battery_is_neither_kept_nor_needed() -> None:
    session = subscribed(TimeFirstSession(OMRON))
    assert session.on_event(value("2A19", b"\x64")) == []
    without = TimeFirstSession(OMRON)
    without.start(CHANNELS)
    without.on_event(Subscribed(channel="2A2B"))
    refused = Refused(channel="2A19", reason="ATT error 0x05")
    assert without.on_event(refused) == [Subscribe(channel="2A35")]


def test_a_refused_subscription_ends_it() -> None:
    session = TimeFirstSession(OMRON)
    session.start(CHANNELS)
    refused = Refused(channel="2A2B", reason="ATT error 0x05")
    assert session.on_event(refused) == [Finish(result="refused", detail="ATT error 0x05")]


@pytest.mark.parametrize("missing", ["2A2B", "2A35"])
def test_a_device_without_what_it_takes_is_refused(missing: str) -> None:
    started = TimeFirstSession(OMRON).start(Connected(channels=CHANNELS.channels - {missing}))
    assert started == [Finish(result="refused", detail=f"the device has no {missing}")]


def test_pairing_writes_no_time_and_subscribes_no_reading() -> None:
    session = pairing_session_for(OMRON)
    assert session.start(CHANNELS)[-1] == Subscribe(channel="2A2B")
    assert session.on_event(Subscribed(channel="2A2B")) == [Subscribe(channel="2A19")]
    assert session.on_event(Subscribed(channel="2A19")) == []
    assert session.on_event(told(NOON - timedelta(days=9))) == [Finish(result="complete")]


def test_a_pairing_that_is_cut_or_silent_is_no_success() -> None:
    for event, result in ((Dropped(), "dropped"), (TimerFired(), "timeout")):
        session = pairing_session_for(OMRON)
        session.start(CHANNELS)
        assert session.on_event(event) == [Finish(result=result)]  # type: ignore[arg-type]
