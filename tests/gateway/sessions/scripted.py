"""Scripted devices for session tests: a pure answer to each action, no radio, no event loop."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from cloud_sync.contract.readings import DeviceClock
from gateway.decoders import decode
from gateway.profiles import Profile, find
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
    Session,
    Subscribe,
    Subscribed,
    TimerFired,
    Value,
    Write,
    WriteDone,
)
from tests.virtual import payloads

NOON = datetime(2026, 11, 24, 12, 0, 0)  # noqa: DTZ001 - device times have no zone
NOON_MS = 1_795_521_600_000
CUFF = {"2A35", "2A49", "2A08", "2A19"}
TIME_FIRST = {"2A35", "2A49", "2A2B", "2A19"}
METER = {"2A18", "2A34", "2A51", "2A52"}


def profile(profile_id: str) -> Profile:
    found = find(profile_id)
    assert found is not None
    return found


def value(channel: str, raw: bytes) -> Value:
    return Value(channel=channel, raw=raw, outcome=decode(channel, raw))


def clock_read(shown: datetime | None, *, synchronised: bool = True) -> ReadDone:
    return ReadDone(
        channel="2A08",
        outcome=DeviceClock(device_time=shown),
        wall_ms=NOON_MS,
        local=NOON,
        synchronised=synchronised,
    )


class Played(NamedTuple):
    """What a session did in a whole conversation."""

    actions: list[Action]

    @property
    def kept(self) -> list[str]:
        return [action.raw.hex() for action in self.actions if isinstance(action, Keep)]

    @property
    def progress(self) -> list[int | None]:
        return [action.sequence for action in self.actions if isinstance(action, Progress)]

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [(a.channel, a.payload.hex()) for a in self.actions if isinstance(a, Write)]

    @property
    def order(self) -> list[str]:
        """The operations asked of the radio, in words."""
        asked = [a for a in self.actions if isinstance(a, Read | Write | Subscribe)]
        return [f"{type(action).__name__} {action.channel}" for action in asked]

    @property
    def finish(self) -> Finish:
        ends = [action for action in self.actions if isinstance(action, Finish)]
        assert len(ends) == 1
        return ends[0]


class ScriptedCuff:
    """Sends once its clock was written and its CCCD enabled; then hangs up, or falls silent."""

    def __init__(
        self,
        readings: list[bytes],
        *,
        off_by: float = 0,
        hangs_up: bool = True,
        deletes: bool = False,
    ) -> None:
        self.readings, self.hangs_up, self.deletes = list(readings), hangs_up, deletes
        self.shown: datetime | None = NOON + timedelta(seconds=off_by)
        self.clock_written = False

    def answer(self, action: Action) -> Iterator[Event]:
        match action:
            case Read(channel="2A08"):
                yield clock_read(self.shown)
            case Write(channel="2A08", payload=payload):
                self.shown, self.clock_written = payloads.read_date_time(payload), True
                yield WriteDone(channel="2A08")
            case Subscribe(channel="2A35"):
                yield Subscribed(channel="2A35")
                for raw in list(self.readings) if self.clock_written else []:
                    yield value("2A35", raw)
                    if self.deletes:
                        self.readings.remove(raw)  # only now was it confirmed
                yield Dropped() if self.hangs_up else TimerFired()


class ScriptedTimeFirst:
    """Tells its time when that is subscribed; sends once it was answered. Erases what it sent."""

    def __init__(self, readings: list[bytes], *, shown: datetime = NOON) -> None:
        self.readings, self.shown = list(readings), shown

    def answer(self, action: Action) -> Iterator[Event]:
        match action:
            case Subscribe(channel="2A2B"):
                yield Subscribed(channel="2A2B")
                yield self._told()
            case Subscribe(channel=channel):
                yield Subscribed(channel=channel)
            case Read(channel="2A2B"):
                yield self._told()
            case Write(channel="2A2B", payload=payload):
                self.shown = payloads.read_date_time(payload[:7]) or self.shown
                yield WriteDone(channel="2A2B")
                yield self._told()
                while self.readings:
                    yield value("2A35", self.readings[0])
                    self.readings.pop(0)  # only now was it confirmed
                yield TimerFired()

    def _told(self) -> ReadDone:
        return ReadDone(
            channel="2A2B",
            outcome=DeviceClock(device_time=self.shown),
            wall_ms=NOON_MS,
            local=NOON,
            synchronised=True,
        )


class ScriptedMeter:
    """Numbers from 1, a context after each record where `contexts`."""

    def __init__(self, count: int, *, contexts: bool = True) -> None:
        self.contexts = contexts
        self.records = {
            n: payloads.glucose(n, NOON, 100 + n, context_follows=contexts)
            for n in range(1, count + 1)
        }

    def answer(self, action: Action) -> Iterator[Event]:
        match action:
            case Subscribe(channel=channel):
                yield Subscribed(channel=channel)
            case Write(channel="2A52", payload=payload):
                yield WriteDone(channel="2A52")
                yield from self.procedure(payload)

    def procedure(self, request: bytes) -> Iterator[Event]:
        least = int.from_bytes(request[3:5], "little") if request[1] == 3 else 0
        chosen = [n for n in self.records if n >= least]
        if request[1] == 6:
            chosen = chosen[-1:]
        if request[0] == 4:
            yield value("2A52", bytes([5, 0]) + len(chosen).to_bytes(2, "little"))
            return
        for number in chosen:
            yield value("2A18", self.records[number])
            if self.contexts:
                yield value("2A34", payloads.glucose_context(number, 3))
        yield value("2A52", bytes([6, 0, 1, 1 if chosen else 6]))


class Scripted(Protocol):
    """What a scripted device is."""

    def answer(self, action: Action) -> Iterator[Event]: ...


def play(
    session: Session,
    device: Scripted,
    channels: set[str],
    *,
    events: int | None = None,
) -> Played:
    """Play the conversation to its end; after so many events the link drops."""
    done: list[Action] = []
    pending: list[Iterator[Event]] = []

    def perform(actions: list[Action]) -> None:
        done.extend(actions)
        asked = [a for a in actions if isinstance(a, Read | Write | Subscribe)]
        pending.extend(map(device.answer, asked))

    perform(session.start(Connected(channels=frozenset(channels))))
    happened = 0
    while pending and not _ended(done):
        event = next(pending[0], None)
        if event is None:
            pending.pop(0)
        elif events is not None and happened >= events:
            perform(session.on_event(Dropped()))
        else:
            happened += 1
            perform(session.on_event(event))
    return Played(done)


def _ended(actions: list[Action]) -> bool:
    return any(isinstance(action, Finish) for action in actions)
