"""The hub's devices: which are paired, what was last kept of each, and how it last went.

`collector/devices.db`, written by one process at a time: the collector, or `pair` while the
collector is stopped. No reading is in here.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import msgspec
from sqlite_utils import Database

ARRIVALS_AT_ONCE = 1000
_LATER = {"sealed_seq", "sealed_ms", "proven_ms"}  # columns


class InUseError(Exception):
    """Another process writes this file: stop the collector first, then try again."""


State = Literal["bonded", "sealed", "proven"]


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One paired device.

    Bonded; then its first reading since, which came over the bond, is sealed under `sealed_seq`;
    it is `proven` once the clinic's receipt for that reading is in.
    """

    id: str
    profile: str
    name: str
    paired_ms: int
    proven: bool = False
    sealed_seq: int | None = None
    sealed_ms: int | None = None
    proven_ms: int | None = None
    last_kept: int | None = None
    last_contact_ms: int | None = None
    last_result: str = ""
    last_frames: int = 0

    @property
    def state(self) -> State:
        """How far its pairing is."""
        if self.proven:
            return "proven"
        return "bonded" if self.sealed_seq is None else "sealed"


class DeviceStore:
    """The writing end. Rollback journal, synchronous=EXTRA, an advisory lock beside the file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(path.with_suffix(".lock"))
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = EXTRA")
        self._db = Database(connection)
        _create(self._db)
        self._boot, self._next, self._reserved = "", 1, 1

    def close(self) -> None:
        self._db.close()
        os.close(self._lock)

    def all(self) -> list[Device]:
        return _devices(self._db.table("device").rows)

    def get(self, device: str) -> Device | None:
        found = _devices(self._db.table("device").rows_where("id = ?", [device]))
        return found[0] if found else None

    def pair(self, device: str, *, profile: str, name: str, at_ms: int) -> None:
        """A new bond. What was kept before does not count: the device may have been wiped.

        On return it survives a power cut, with the keys that bluetoothd wrote: a technician pulls
        the plug as soon as the hub says that it is done.
        """
        new = Device(id=device, profile=profile, name=name, paired_ms=at_ms)
        with self._db.atomic():
            self._db.table("device").upsert(msgspec.to_builtins(new), pk="id")
        os.sync()

    def forget(self, device: str) -> bool:
        """Strike a device from the list, because a person asked; False where it is not on it."""
        with self._db.atomic():
            found = self.get(device) is not None
            self._db.table("device").delete_where("id = ?", [device])
        return found

    def put_back(self, devices: Iterable[Device]) -> None:
        """Devices from a backup, all of them or none."""
        with self._db.atomic():
            for device in devices:
                self._db.table("device").upsert(msgspec.to_builtins(device), pk="id")

    def note_kept(self, device: str, sequence: int | None) -> None:
        """The record of this number, and all before it, are sealed and committed."""
        self._update(device, last_kept=sequence)

    def note_contact(self, device: str, *, at_ms: int, result: str, frames: int) -> None:
        self._update(device, last_contact_ms=at_ms, last_result=result, last_frames=frames)

    def note_sealed(self, device: str, *, seq: int, at_ms: int) -> None:
        """Its first reading since pairing is sealed and committed under this number."""
        self._update(device, sealed_seq=seq, sealed_ms=at_ms)

    def note_proven(self, device: str, *, at_ms: int) -> None:
        """The clinic has that reading, by a signed receipt."""
        self._update(device, proven=True, proven_ms=at_ms)

    def note_refused(self, device: str) -> None:
        """The clinic would not have that reading: the next one may prove the pairing."""
        self._update(device, sealed_seq=None, sealed_ms=None)

    def next_arrival(self, boot: str) -> int:
        """The next frame's number of this boot, from 1: never given twice, even after a crash."""
        if boot != self._boot or self._next >= self._reserved:
            self._reserve(boot)
        self._next += 1
        return self._next - 1

    def _reserve(self, boot: str) -> None:
        """A thousand at a time, so that a frame costs no second commit; gaps mean nothing."""
        with self._db.atomic():
            found = next(iter(self._db.table("boot").rows_where("boot = ?", [boot])), None)
            first = int(found["next"]) if found else 1
            reserved = first + ARRIVALS_AT_ONCE
            self._db.table("boot").upsert({"boot": boot, "next": reserved}, pk="boot")
        self._boot, self._next, self._reserved = boot, first, reserved

    def _update(self, device: str, **changes: Any) -> None:  # noqa: ANN401 - column values
        with self._db.atomic():
            self._db.table("device").update(device, changes)


def read_devices(path: Path) -> list[Device]:
    """What a look from outside sees: the file is opened read-only, and may not exist yet."""
    if not path.exists():
        return []
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    with closing(connection):
        connection.row_factory = sqlite3.Row
        return _devices(dict(row) for row in connection.execute("SELECT * FROM device"))


def _devices(rows: Iterable[dict[str, Any]]) -> list[Device]:
    found = [msgspec.convert(row, Device, strict=False) for row in rows]
    return sorted(found, key=lambda device: device.paired_ms)


def _create(db: Database) -> None:
    db.table("device").create(
        {
            "id": str,
            "profile": str,
            "name": str,
            "paired_ms": int,
            "proven": int,
            "sealed_seq": int,
            "sealed_ms": int,
            "proven_ms": int,
            "last_kept": int,
            "last_contact_ms": int,
            "last_result": str,
            "last_frames": int,
        },
        pk="id",
        if_not_exists=True,
    )
    there = set(db.table("device").columns_dict)
    for column in _LATER - there:  # a file of an earlier release
        db.table("device").add_column(column, int)
    db.table("boot").create({"boot": str, "next": int}, pk="boot", if_not_exists=True)


def _locked(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise InUseError("the collector is running and holds the radio") from None
    return handle
