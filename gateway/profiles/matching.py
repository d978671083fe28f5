"""Which profile an advertisement fits: exactly one, none, or an ambiguity to be reported."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

import msgspec

from gateway.profiles.model import Match, Profile

# 16-bit identifiers stand for this range of 128-bit ones (Bluetooth Core Specification).
_BASE_UUID_END = "-0000-1000-8000-00805F9B34FB"


class Unmatched(msgspec.Struct, frozen=True):
    """No profile fits this advertisement."""


class Ambiguous(msgspec.Struct, frozen=True):
    """Several profiles fit: an error of the profiles, never decided by order."""

    profiles: tuple[str, ...]


def short_uuid(uuid: str) -> str:
    """`1810` for the long form of a 16-bit identifier, else the identifier in upper case."""
    upper = uuid.upper()
    is_short = upper.startswith("0000") and upper.endswith(_BASE_UUID_END) and len(upper) == 36
    return upper[4:8] if is_short else upper


def match(
    profiles: Iterable[Profile], local_name: str | None, service_uuids: Iterable[str]
) -> Profile | Unmatched | Ambiguous:
    """The one profile that this name and these services fit."""
    services = frozenset(map(short_uuid, service_uuids))
    fitting = [p for p in profiles if _fits(p.match, local_name or "", services)]
    if len(fitting) > 1:
        return Ambiguous(tuple(sorted(p.id for p in fitting)))
    return fitting[0] if fitting else Unmatched()


def _fits(wanted: Match, local_name: str, services: frozenset[str]) -> bool:
    if wanted.service is not None and wanted.service not in services:
        return False
    return any(fnmatchcase(local_name, pattern) for pattern in wanted.local_names)
