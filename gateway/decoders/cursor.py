"""Reads one field after another and refuses, with field and offset, where the bytes end early.

Little-endian unless a name says so. Bytes after the last field are the caller's to ignore.
"""

from typing import Never

from cloud_sync.contract.readings import Refusal


class Refused(Exception):  # noqa: N818 - an answer on its way to the door, not an error
    """Carries a refusal out of a decoder; `gateway.decoders.decode` turns it into a value."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def refuse(reason: str, field: str | None = None, offset: int | None = None) -> Never:
    """Leave the decoder with a refusal. The reason never quotes the payload."""
    raise Refused(Refusal(reason=reason, field=field, offset=offset))


class Cursor:
    """A payload and how far it has been read."""

    __slots__ = ("_payload", "offset")

    def __init__(self, payload: bytes) -> None:
        self._payload = payload
        self.offset = 0

    def take(self, size: int, field: str) -> bytes:
        end = self.offset + size
        if end > len(self._payload):
            refuse("the payload ends before this field", field, self.offset)
        taken = self._payload[self.offset : end]
        self.offset = end
        return taken

    def left(self) -> int:
        return len(self._payload) - self.offset

    def u8(self, field: str) -> int:
        return self.take(1, field)[0]

    def u16(self, field: str) -> int:
        return int.from_bytes(self.take(2, field), "little")

    def u16_be(self, field: str) -> int:
        return int.from_bytes(self.take(2, field), "big")

    def s16(self, field: str) -> int:
        return int.from_bytes(self.take(2, field), "little", signed=True)

    def u24(self, field: str) -> int:
        return int.from_bytes(self.take(3, field), "little")

    def u32(self, field: str) -> int:
        return int.from_bytes(self.take(4, field), "little")

    def u32_be(self, field: str) -> int:
        return int.from_bytes(self.take(4, field), "big")
