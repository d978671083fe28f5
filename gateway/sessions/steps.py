"""The words between a session and whoever drives it: events in, actions out. All frozen values."""

from datetime import datetime
from typing import Literal, Protocol

import msgspec

from cloud_sync.contract.observation import ClockError
from cloud_sync.contract.readings import Outcome

Result = Literal["complete", "dropped", "refused", "timeout"]


class _Value(msgspec.Struct, frozen=True, kw_only=True):
    """Base of actions and events."""


# Actions: what the driver is to do, in this order.


class Read(_Value, frozen=True, kw_only=True):
    """Read a characteristic; answered by ReadDone or Refused."""

    channel: str


class Write(_Value, frozen=True, kw_only=True):
    """Write a characteristic, with response; answered by WriteDone or Refused."""

    channel: str
    payload: bytes


class Subscribe(_Value, frozen=True, kw_only=True):
    """Enable notifications or indications; answered by Subscribed or Refused."""

    channel: str


class SetTimer(_Value, frozen=True, kw_only=True):
    """Send TimerFired after so many seconds; takes the place of an earlier timer."""

    seconds: float


class Keep(_Value, frozen=True, kw_only=True):
    """Seal and commit this frame before anything else is done."""

    channel: str
    raw: bytes
    outcome: Outcome
    clock: ClockError | None


class Progress(_Value, frozen=True, kw_only=True):
    """Every record up to this sequence number is kept, with its context; None: not even one."""

    sequence: int | None


class Finish(_Value, frozen=True, kw_only=True):
    """The conversation is over; disconnect. `detail` is for people and names no value."""

    result: Result
    detail: str = ""


# Events: what happened.


class Connected(_Value, frozen=True, kw_only=True):
    """The link is up and encrypted; `channels` are the characteristics the device has."""

    channels: frozenset[str]


class ReadDone(_Value, frozen=True, kw_only=True):
    """A value as read, or a clock as notified, with the hub's clocks when it arrived."""

    channel: str
    outcome: Outcome
    wall_ms: int
    local: datetime
    synchronised: bool


class WriteDone(_Value, frozen=True, kw_only=True):
    """The device has acknowledged the write."""

    channel: str


class Subscribed(_Value, frozen=True, kw_only=True):
    """The device has acknowledged the subscription; values may come."""

    channel: str


class Refused(_Value, frozen=True, kw_only=True):
    """The device, or time, refused an operation. The link is still up.

    `att_error` is the device's own number for it, where it gave one.
    """

    channel: str
    reason: str
    att_error: int | None = None


class Value(_Value, frozen=True, kw_only=True):
    """A notification or indication, and what the decoder made of it."""

    channel: str
    raw: bytes
    outcome: Outcome


class TimerFired(_Value, frozen=True, kw_only=True):
    """The time of the last SetTimer is over."""


class Dropped(_Value, frozen=True, kw_only=True):
    """The link is gone."""


Action = Read | Write | Subscribe | SetTimer | Keep | Progress | Finish
Event = Connected | ReadDone | WriteDone | Subscribed | Refused | Value | TimerFired | Dropped


class Session(Protocol):
    """One conversation with one device. After Finish only values that were under way may come."""

    def start(self, connected: Connected) -> list[Action]: ...

    def on_event(self, event: Event) -> list[Action]: ...
