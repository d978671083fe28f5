"""A hub's time anchor: the true time at one moment of one boot. A second plaintext of envelopes.

A hub without a clock chip boots in the past and may learn the time hours later. It never rewrites a
sealed reading; it sends anchors, and the clinic works out when the reading was received.
"""

import msgspec

from cloud_sync.contract.canonical import canonical
from cloud_sync.contract.observation import MAX_PLAINTEXT_BYTES

VERSION = 1


class TimeAnchor(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="time_anchor"):
    """At `monotonic_ms` of `boot` it was `wall_ms` (since 1970 UTC), off by at most `error_ms`.

    An observation has no top-level `kind`: neither is ever read as the other.
    """

    v: int = VERSION
    boot: str
    monotonic_ms: int
    wall_ms: int
    error_ms: int
    software: str


def encode(anchor: TimeAnchor) -> bytes:
    """The canonical plaintext."""
    plaintext = canonical(anchor)
    assert len(plaintext) <= MAX_PLAINTEXT_BYTES, "an anchor outgrew its bucket"
    return plaintext


def decode(plaintext: bytes) -> TimeAnchor | None:
    """The anchor in these bytes, or None where they are none. Unknown fields are ignored."""
    try:
        return _decoder.decode(plaintext)
    except (msgspec.MsgspecError, RecursionError):  # the latter: a thousand nested brackets
        return None


_decoder = msgspec.json.Decoder(TimeAnchor)
