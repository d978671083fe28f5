"""Every session machine against what links do: cut after every packet, any order of events."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import example, given, strategies as st

from cloud_sync.contract.readings import BloodPressure, DeviceClock, Glucose, GlucoseContext
from gateway.sessions import pairing_session_for, session_for
from gateway.sessions.steps import (
    Action,
    Connected,
    Dropped,
    Event,
    Finish,
    Keep,
    Progress,
    Read,
    ReadDone,
    Refused,
    Session,
    Subscribe,
    Subscribed,
    TimerFired,
    Value,
    Write,
    WriteDone,
)
from tests.gateway.sessions.scripted import (
    CUFF,
    METER,
    NOON,
    NOON_MS,
    TIME_FIRST,
    Scripted,
    ScriptedCuff,
    ScriptedMeter,
    ScriptedTimeFirst,
    play,
    profile,
    value,
)
from tests.virtual import payloads

READINGS = [
    payloads.blood_pressure(120 + n, 80, 60, NOON - timedelta(hours=9 - n)) for n in range(4)
]


class Kind(NamedTuple):
    """A machine, the device it speaks to, and what must be kept of it."""

    profile: str
    channels: set[str]
    device: Callable[[], Scripted]
    expected: set[str]


def _meter_says() -> set[str]:
    contexts = {payloads.glucose_context(n, 3).hex() for n in (1, 2, 3)}
    return {raw.hex() for raw in ScriptedMeter(3).records.values()} | contexts


CUFF_SAYS = {raw.hex() for raw in READINGS}
KINDS = {
    "push": Kind(
        "and/ua-651ble",
        CUFF,
        lambda: ScriptedCuff(READINGS, off_by=-100, deletes=True),
        CUFF_SAYS,
    ),
    "time_first": Kind(
        "omron/hem-9200t",
        TIME_FIRST,
        lambda: ScriptedTimeFirst(READINGS, shown=datetime(1970, 1, 1)),  # noqa: DTZ001
        CUFF_SAYS,
    ),
    "racp": Kind("accu-chek/guide", METER, lambda: ScriptedMeter(3), _meter_says()),
}


def _cut_each_time(kind: Kind, cuts: list[int]) -> tuple[set[str], str]:
    """Conversations cut after so many events each, then one that is left alone."""
    device, last_kept, kept = kind.device(), None, set[str]()
    for cut in [*cuts, None]:
        session = session_for(profile(kind.profile), last_kept=last_kept)
        played = play(session, device, kind.channels, events=cut)
        kept.update(played.kept)
        last_kept = played.progress[-1] if played.progress else last_kept
    return kept, played.finish.result


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_cut_after_each_packet_loses_nothing_that_was_confirmed(kind: Kind) -> None:
    whole = 0
    for cut in range(30):
        kept, result = _cut_each_time(kind, [cut])
        assert (kept, result) == (kind.expected, "complete"), cut
        whole += len(play_once(kind, cut)) == len(kind.expected)
    assert 0 < whole < 30, "the cuts fell inside the conversation, and beyond it"


def play_once(kind: Kind, cut: int) -> list[str]:
    session = session_for(profile(kind.profile), last_kept=None)
    return play(session, kind.device(), kind.channels, events=cut).kept


@given(st.sampled_from(sorted(KINDS)), st.lists(st.integers(0, 16), max_size=6))
def test_any_number_of_cuts_loses_nothing_that_was_confirmed(name: str, cuts: list[int]) -> None:
    kept, result = _cut_each_time(KINDS[name], cuts)
    assert (kept, result) == (KINDS[name].expected, "complete")


def _clock(channel: str, shown: datetime | None) -> ReadDone:
    return ReadDone(
        channel=channel,
        outcome=DeviceClock(device_time=shown),
        wall_ms=NOON_MS,
        local=NOON,
        synchronised=False,
    )


WRONG = NOON - timedelta(days=300)
CHANNELS = st.sampled_from(["2A08", "2A19", "2A18", "2A2B", "2A34", "2A35", "2A52"])
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Subscribed, channel=CHANNELS),
    st.builds(WriteDone, channel=CHANNELS),
    st.builds(
        Refused,
        channel=CHANNELS,
        reason=st.just("no"),
        att_error=st.sampled_from([None, 0x05, 0x80, 0xFE]),
    ),
    st.builds(_clock, st.sampled_from(["2A08", "2A2B"]), st.sampled_from([None, NOON, WRONG])),
    st.builds(value, CHANNELS, st.binary(max_size=20)),
    st.sampled_from([value("2A35", raw) for raw in READINGS]),
    st.builds(
        lambda n: value("2A18", payloads.glucose(n, NOON, 99, context_follows=True)),
        CHANNELS.map(len),
    ),
    st.builds(
        lambda op, code: value("2A52", bytes([6, 0, op, code])),
        st.integers(1, 4),
        st.integers(1, 9),
    ),
    st.just(value("2A52", bytes([5, 0, 3, 0]))),
    st.just(TimerFired()),
    st.just(Dropped()),
)
MAKERS: dict[str, Callable[[], Session]] = {
    **{
        name: (lambda kind=kind: session_for(profile(kind.profile), last_kept=7))  # type: ignore[misc]
        for name, kind in KINDS.items()
    },
    **{
        f"{name} pairing": (lambda kind=kind: pairing_session_for(profile(kind.profile)))  # type: ignore[misc]
        for name, kind in KINDS.items()
    },
}
ALL = Connected(channels=frozenset(CUFF | METER | TIME_FIRST))


@given(st.sampled_from(sorted(MAKERS)), st.lists(EVENTS, max_size=30))
@example("push", [WriteDone(channel="2A08")])
def test_events_in_any_order_break_no_promise(name: str, events: list[Event]) -> None:
    session = MAKERS[name]()
    done: list[Action] = list(session.start(ALL))
    for event in events:
        over = any(isinstance(action, Finish) for action in done)
        if over and "pairing" in name:
            break  # the driver has let go: nothing is kept in a pairing
        actions = session.on_event(event)
        done.extend(actions)
        if over:
            assert all(isinstance(action, Keep | Progress | Finish) for action in actions)
        if isinstance(event, Value) and "pairing" not in name:
            _reading_is_kept_at_once(name, event, actions)
    assert sum(isinstance(action, Finish) for action in done) <= 1
    _only_what_may_be_written(done)


def _reading_is_kept_at_once(name: str, event: Value, actions: list[Action]) -> None:
    mine = isinstance(event.outcome, Glucose | GlucoseContext) and name == "racp"
    if mine or (isinstance(event.outcome, BloodPressure) and name != "racp"):
        if event.channel not in {"2A35", "2A18", "2A34"}:
            return
        assert isinstance(actions[0], Keep)
        assert actions[0].raw == event.raw


def _only_what_may_be_written(done: list[Action]) -> None:
    """Nothing is erased; a hub without the time changes no clock, only gives its own back."""
    for action in done:
        assert isinstance(action, Action)
        if isinstance(action, Write) and action.channel == "2A52":
            assert action.payload[0] in {1, 3, 4}, "report, abort, count; 2 would delete"
        if isinstance(action, Write) and action.channel in {"2A08", "2A2B"}:
            assert payloads.read_date_time(action.payload[:7]) in {NOON, WRONG}
        if isinstance(action, Read | Subscribe):
            assert action.channel in ALL.channels
