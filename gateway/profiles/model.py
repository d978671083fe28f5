"""What a device model is and says, as frozen values. Unknown keys in a profile are errors.

A profile states facts; it never computes. Every choice is from a closed list.
"""

from typing import Literal

import msgspec

from gateway.decoders import Hints

Kind = Literal["blood_pressure", "glucose", "pulse_oximetry", "temperature", "weight"]
Status = Literal["draft", "bench", "clinic", "retired"]
Covered = Literal["yes", "no", "absent"]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every part of a profile."""


class Match(_Section, frozen=True, kw_only=True):
    """What an advertisement must show: one of the name patterns, and the service if stated."""

    local_names: tuple[str, ...]
    service: str | None = None


class Link(_Section, frozen=True, kw_only=True):
    """How the device is reached. `mode` tells a person when and for how long it can be.

    `background`: it is up for a few seconds only, so bluetoothd is asked to connect by itself.
    """

    transport: Literal["ble", "serial"]
    pairing: Literal["none", "just_works", "passkey", "pin"]
    mode: str
    pin: str | None = None  # where the maker uses one fixed PIN
    background: bool = False


class Channel(_Section, frozen=True, kw_only=True):
    """A characteristic and the decoder of its payloads, a channel of `gateway.decoders`."""

    characteristic: str
    decoder: str
    optional: bool = False  # some units of this model do not have it


class Clock(_Section, frozen=True, kw_only=True):
    """How the hub sets the device's clock, and what the device's times count in.

    `every_time`: the device waits for a write before it sends, whether its clock is right or not.
    """

    way: Literal["date_time_2a08", "current_time_2a2b", "none"]
    zone: Literal["local", "local_standard", "utc"] = "local"
    every_time: bool = False


class Session(_Section, frozen=True, kw_only=True):
    """Which conversation, what the device does with a record once it was confirmed, and pauses.

    `deletes` is the safe assumption. `rest_s` is how long the device is left alone afterwards.
    `time_first`: it tells its own time first, and sends readings once it was answered with ours.
    The last three are about meters that answer requests for records otherwise than by the book.
    """

    machine: Literal["push", "time_first", "racp"]
    after_confirmation: Literal["keeps", "marks_sent", "deletes"]
    quiet_end_ms: int = 3000
    rest_s: int = 10
    ask: Literal["from_last", "all"] = "from_last"  # all: numbers that run backwards, wrong answers
    report_end: Literal["response", "quiet"] = "response"  # quiet: no response follows a report
    placeholders: bool = False  # numbered records without a value between the real ones


class Evidence(_Section, frozen=True, kw_only=True):
    """Where the facts come from; `checked` names who compared a display with the bytes."""

    spec: str
    source: str
    checked: str | None = None


class Profile(_Section, frozen=True, kw_only=True):
    """One device model. `id` equals the path of its file."""

    schema: Literal[1]
    id: str
    label: str
    kind: Kind
    status: Status
    match: Match
    link: Link
    channel: tuple[Channel, ...]
    clock: Clock
    session: Session
    coverage: dict[str, Covered]
    evidence: Evidence
    hints: Hints = Hints()
