"""One frame, what was made of it, and every clock that was near: the plaintext of an envelope."""

import hashlib
from datetime import datetime

import msgspec

from cloud_sync.contract.canonical import canonical
from cloud_sync.contract.readings import Outcome

VERSION = 1
MAX_PLAINTEXT_BYTES = 1022  # the largest bucket of the envelope less its length field


class Received(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When the hub had the bytes, by every clock it has. Never rewritten after sealing.

    `wall_ms` is milliseconds since 1970 UTC by the hub's clock, right only where `synchronised`;
    `monotonic_ms` runs through suspend and counts within `boot` only; `error_ms` bounds the wall
    clock's error where it is known.
    """

    wall_ms: int
    boot: str
    monotonic_ms: int
    synchronised: bool
    error_ms: int | None = None


class ClockError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The device's clock against the hub's, measured in the same conversation.

    `device_time` is what the device showed when the hub's wall clock was `wall_ms`;
    `written` says whether the hub then set it, `read_back` what it showed afterwards.
    """

    device_time: datetime | None
    wall_ms: int
    written: bool = False
    read_back: datetime | None = None


class Frame(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """These bytes came on this channel from this device at this moment.

    `device` is stable across re-pairing and hubs: `ble:` and twelve hex digits, or `serial:` and
    the maker's serial number. `channel` is a characteristic number (`2A35`) or a frame name.
    `arrival` counts the frames of this boot, from 1.
    """

    device: str
    profile: str
    channel: str
    raw: bytes
    received: Received
    arrival: int
    clock: ClockError | None = None


class Observation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A frame with its outcome and its id: what is sealed."""

    v: int = VERSION
    id: str
    frame: Frame
    outcome: Outcome
    software: str


def observation_id(hub: str, frame: Frame, outcome: Outcome) -> str:
    """The identity of what a device recorded, as 64 hex digits (SHA-256).

    Over device, user slot, record number or device time, and raw bytes: a replay, a full re-dump,
    a new pairing and a replaced hub all give the same id. Where the frame carries neither number
    nor time, hub, boot and arrival go in too: two equal readings on two days never collapse.
    """
    user = getattr(outcome, "user", None)
    sequence = getattr(outcome, "sequence", None)
    base_time = getattr(outcome, "base_time", None)
    device_time = base_time or getattr(outcome, "device_time", None)
    anchored = sequence is not None or device_time is not None
    arrival = None if anchored else [hub, frame.received.boot, frame.arrival]
    key = [
        "rpm-observation-v1",
        frame.device,
        user,
        sequence,
        device_time.isoformat() if device_time else None,
        frame.raw.hex(),
        arrival,
    ]
    return hashlib.sha256(canonical(key)).hexdigest()


def observe(hub: str, frame: Frame, outcome: Outcome, software: str) -> Observation:
    """Join frame and outcome under their id."""
    identity = observation_id(hub, frame, outcome)
    return Observation(id=identity, frame=frame, outcome=outcome, software=software)


def encode(observation: Observation) -> bytes:
    """The canonical plaintext; an assertion holds it within the largest bucket."""
    plaintext = canonical(observation)
    assert len(plaintext) <= MAX_PLAINTEXT_BYTES, "an observation outgrew the largest bucket"
    return plaintext


def decode(plaintext: bytes) -> Observation | None:
    """The observation in these bytes, or None where they are none. Unknown fields are ignored."""
    try:
        return _decoder.decode(plaintext)
    except (msgspec.MsgspecError, RecursionError):  # the latter: a thousand nested brackets
        return None


_decoder = msgspec.json.Decoder(Observation)
