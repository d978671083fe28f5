"""A strict reader of DER (X.690): one encoding for each value, anything else is refused."""

from collections.abc import Sequence
from dataclasses import dataclass

INTEGER, OCTETS, NULL, OID, SEQUENCE, SET, TIME = 0x02, 0x04, 0x05, 0x06, 0x30, 0x31, 0x18


class DerError(ValueError):
    """The bytes are no DER, or not the structure that was expected."""


@dataclass(frozen=True)
class Der:
    """One element: its tag byte, its contents, and all its bytes."""

    tag: int
    body: bytes
    raw: bytes


def elements(body: bytes) -> list[Der]:
    """The elements that these bytes are, one after the other."""
    found = []
    while body:
        one = _first(body)
        found.append(one)
        body = body[len(one.raw) :]
    return found


def element(raw: bytes, tag: int) -> Der:
    """The one element that these bytes are, which must have this tag."""
    found = elements(raw)
    if len(found) != 1:
        raise DerError("one element was expected")
    return expect(found[0], tag)


def expect(found: Der, tag: int) -> Der:
    """The element, if it has this tag."""
    if found.tag != tag:
        raise DerError(f"tag {tag:#04x} was expected, not {found.tag:#04x}")
    return found


def take(rest: list[Der], tag: int) -> Der:
    """The next element, which must have this tag; it is taken off the list."""
    if not rest:
        raise DerError("an element is missing")
    return expect(rest.pop(0), tag)


def optional(rest: list[Der], tag: int) -> Der | None:
    """The next element where it has this tag."""
    return rest.pop(0) if rest and rest[0].tag == tag else None


def finished(rest: Sequence[Der]) -> None:
    """Nothing may be left."""
    if rest:
        raise DerError("there is something after the last element")


def integer(found: Der) -> int:
    """The number of an INTEGER, in its shortest form."""
    body = expect(found, INTEGER).body
    if not body or (len(body) > 1 and body[0] in {0, 0xFF} and (body[0] ^ body[1]) < 0x80):
        raise DerError("a number is not in its shortest form")
    return int.from_bytes(body, "big", signed=True)


def dotted(found: Der) -> str:
    """An OBJECT IDENTIFIER as numbers with dots."""
    body, arcs, value, fresh = expect(found, OID).body, [], 0, True
    for octet in body:
        if fresh and octet == 0x80:
            raise DerError("an identifier is not in its shortest form")
        value, fresh = value << 7 | octet & 0x7F, octet < 0x80
        if fresh:
            arcs.append(value)
            value = 0
    if not body or not fresh:
        raise DerError("an identifier is not complete")
    top = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (top, arcs[0] - 40 * top, *arcs[1:]))


def _first(raw: bytes) -> Der:
    if len(raw) < 2 or raw[0] & 0x1F == 0x1F:
        raise DerError("an element is cut off, or has a long tag")
    size, start = raw[1], 2
    if size >= 0x80:
        start += size & 0x7F
        digits = raw[2:start]
        size = int.from_bytes(digits, "big")
        if not digits or len(digits) > 4 or digits[0] == 0 or size < 0x80:
            raise DerError("a length is not in its shortest form")
    if len(raw) < start + size:
        raise DerError("an element is cut off")
    return Der(raw[0], raw[start : start + size], raw[: start + size])
