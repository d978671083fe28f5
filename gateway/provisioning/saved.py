"""`backup.json`: which pairings the newest backup holds, so that `status` can ask for a new one.

Compared by pairing and never by time: the hub's clock may have moved.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gateway.files import write_atomic

NAME = "backup.json"


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """`pairings` has for each device the moment it was paired, as devices.db says it."""

    taken_ms: int
    pairings: dict[str, int]


def note(state: Path, saved: Saved) -> None:
    """Keep the note, readable for whoever may read the state directory."""
    path = state / NAME
    write_atomic(path, msgspec.json.encode(saved), 0o640)
    own_as_directory(path)


def look(state: Path) -> Saved | None:
    """The note; None where there is none that can be read."""
    try:
        return msgspec.json.decode((state / NAME).read_bytes(), type=Saved)
    except (OSError, msgspec.MsgspecError):
        return None


def missing(saved: Saved | None, pairings: Mapping[str, int]) -> list[str]:
    """The devices whose present pairing is in no backup."""
    kept = saved.pairings if saved else {}
    return [device for device, paired_ms in pairings.items() if kept.get(device) != paired_ms]


def own_as_directory(*paths: Path) -> None:
    """Hand files that root made to the account whose directory they are in."""
    if os.geteuid() == 0:
        for path in paths:
            place = path.parent.stat()
            os.chown(path, place.st_uid, place.st_gid)
