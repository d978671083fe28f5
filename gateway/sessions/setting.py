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
DATA_FIELD_IGNORED = 0x80  # Current Time Service: the rest of the fields was taken over
_FINE_FIELDS = 3  # day of week, 1/256 s, adjust reason: 0 in each says "not known"
CHANNELS = {"date_time_2a08": "2A08", "current_time_2a2b": "2A2B"}


class ClockSetting:
    """The clock's part of a conversation: feed it events until `done`.

    Where the device waits for a write before it sends anything (`every_time`), its own time is
    written back where it need not, or must not, be changed.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._channel = CHANNELS.get(clock.way, "")
        self._measured: ClockError | None = None
        self._value: datetime | None = None  # what is being written
        self._in_part = False  # the device ignored a field: written once more without the fine ones
        self._reading_back = False
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
            case ReadDone(channel=self._channel) if self._reading_back:
                return self._read_back(event)
            case WriteDone(channel=self._channel) if self._value is not None:
                return self._written()
            case Refused(channel=self._channel):
                return self._refused(event)
        return []

    def _first_reading(self, event: ReadDone) -> list[Action]:
        shown, due = _time(event), self._due(event)
        off = shown is None or due is None or abs(shown - due) > TOLERANCE
        correct = due if off and event.synchronised else None
        self._measured = ClockError(
            device_time=shown, wall_ms=event.wall_ms, written=correct is not None
        )
        self._value = correct or (shown if self._clock.every_time else None)
        self.done = self._value is None
        return [] if self._value is None else self._write(self._value)

    def _written(self) -> list[Action]:
        assert self._measured is not None
        if not self._measured.written:  # its own time, given back
            self.done = True
            return []
        self._reading_back = True
        return [Read(channel=self._channel)]

    def _refused(self, event: Refused) -> list[Action]:
        """A field ignored is a partial success: what became of it is read back in any case."""
        ignored = self._channel == "2A2B" and event.att_error == DATA_FIELD_IGNORED
        if not ignored or self._value is None or self._reading_back:
            self.done = True
            return []
        if self._in_part:
            return self._written()
        self._in_part = True
        return self._write(self._value)

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

    def _write(self, value: datetime) -> list[Action]:
        return [Write(channel=self._channel, payload=self._bytes(value))]

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
            whole = encode_current_time(value, AdjustReason.EXTERNAL_REFERENCE)
            return whole[:-_FINE_FIELDS] + bytes(_FINE_FIELDS) if self._in_part else whole
        return encode_date_time(value)


def _time(event: ReadDone) -> datetime | None:
    outcome = event.outcome
    return outcome.device_time if isinstance(outcome, DeviceClock) else None


class SettingSession:
    """A conversation about the clock alone, to end a pairing.

    An A&D cuff calls itself paired only after this and a disconnect.
    """

    def __init__(self, clock: Clock) -> None:
        self._setting = ClockSetting(clock)

    def start(self, connected: Connected) -> list[Action]:
        return self._or_finish(self._setting.begin(connected.channels))

    def on_event(self, event: Event) -> list[Action]:
        if isinstance(event, Dropped):
            return [Finish(result="dropped")]
        return self._or_finish(self._setting.on_event(event))

    def _or_finish(self, actions: list[Action]) -> list[Action]:
        return [*actions, Finish(result="complete")] if self._setting.done else actions
