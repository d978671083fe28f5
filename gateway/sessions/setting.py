"""Measure a device's clock against the hub's and set it where it is wrong, then read it back.

Written only where the difference exceeds 30 s and the hub knows the time itself: a hub without a
clock chip boots in the past.
"""

from datetime import UTC, datetime, timedelta

from cloud_sync.contract.observation import ClockError
from cloud_sync.contract.readings import DeviceClock
from gateway.decoders.times import AdjustReason, encode_current_time, encode_date_time
from gateway.profiles import Clock
from gateway.sessions.steps import (
    Action,
    Connected,
    Dropped,
    Event,
    Finish,
    Read,
    ReadDone,
    Refused,
    Write,
    WriteDone,
)

TOLERANCE = timedelta(seconds=30)
CHANNELS = {"date_time_2a08": "2A08", "current_time_2a2b": "2A2B"}


class ClockSetting:
    """The clock's part of a conversation: feed it events until `done`.

    With `must_write` the device waits for a write before it sends anything (A&D): then its own
    time is written back where it need not, or must not, be changed.
    """

    def __init__(self, clock: Clock, *, must_write: bool) -> None:
        self._clock = clock
        self._must_write = must_write
        self._channel = CHANNELS.get(clock.way, "")
        self._measured: ClockError | None = None
        self.done = False

    @property
    def measured(self) -> ClockError | None:
        """The error before any change, and what was done about it."""
        return self._measured

    def begin(self, channels: frozenset[str]) -> list[Action]:
        self.done = self._channel not in channels
        return [] if self.done else [Read(channel=self._channel)]

    def on_event(self, event: Event) -> list[Action]:
        match event:
            case ReadDone(channel=self._channel) if self._measured is None:
                return self._first_reading(event)
            case ReadDone(channel=self._channel):
                return self._read_back(event)
            case WriteDone(channel=self._channel) if self._measured and self._measured.written:
                return [Read(channel=self._channel)]
            case WriteDone(channel=self._channel) | Refused(channel=self._channel):
                self.done = True
        return []

    def _first_reading(self, event: ReadDone) -> list[Action]:
        shown, due = _time(event), self._due(event)
        off = shown is None or due is None or abs(shown - due) > TOLERANCE
        correct = due if off and event.synchronised else None
        self._measured = ClockError(
            device_time=shown, wall_ms=event.wall_ms, written=correct is not None
        )
        value = correct or (shown if self._must_write else None)
        self.done = value is None
        return [] if value is None else [Write(channel=self._channel, payload=self._bytes(value))]

    def _read_back(self, event: ReadDone) -> list[Action]:
        assert self._measured is not None
        self._measured = ClockError(
            device_time=self._measured.device_time,
            wall_ms=self._measured.wall_ms,
            written=True,
            read_back=_time(event),
        )
        self.done = True
        return []

    def _due(self, event: ReadDone) -> datetime | None:
        """What the device should show; None where its zone rule cannot be worked out here."""
        match self._clock.zone:
            case "local":
                return event.local
            case "utc":
                return datetime.fromtimestamp(event.wall_ms / 1000, UTC).replace(tzinfo=None)
        return None

    def _bytes(self, value: datetime) -> bytes:
        if self._channel == "2A2B":
            return encode_current_time(value, AdjustReason.EXTERNAL_REFERENCE)
        return encode_date_time(value)


def _time(event: ReadDone) -> datetime | None:
    outcome = event.outcome
    return outcome.device_time if isinstance(outcome, DeviceClock) else None


class SettingSession:
    """A conversation about the clock alone, to end a pairing.

    An A&D cuff calls itself paired only after this and a disconnect.
    """

    def __init__(self, clock: Clock) -> None:
        self._setting = ClockSetting(clock, must_write=clock.way == "date_time_2a08")

    def start(self, connected: Connected) -> list[Action]:
        return self._or_finish(self._setting.begin(connected.channels))

    def on_event(self, event: Event) -> list[Action]:
        if isinstance(event, Dropped):
            return [Finish(result="dropped")]
        return self._or_finish(self._setting.on_event(event))

    def _or_finish(self, actions: list[Action]) -> list[Action]:
        return [*actions, Finish(result="complete")] if self._setting.done else actions
