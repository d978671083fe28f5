"""The bonds that bluetoothd keeps on its disk: read them, say what one is worth, put them back.

Layout and file names are those of bluez doc/settings-storage.txt: under the adapter's address a
directory for each device with `info` (the keys) and `attributes`, and `cache/<device>`.
bluetoothd must not run while bonds are put back: it writes its own state over them.
"""

import configparser
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from gateway.files import flush_directory
from gateway.provisioning.archive import Bond

STORAGE = Path("/var/lib/bluetooth")
# Of an LE bond; the second has had its third's name since 5.59, and 5.66 still reads both.
_LE_KEYS = ("LongTermKey", "PeripheralLongTermKey", "SlaveLongTermKey")
_KEYS = (*_LE_KEYS, "LinkKey")
_STAGE = ".vitals-restore"  # no address, so bluetoothd passes it by
Fate = Literal["restored", "try", "pair_again", "kept"]


def address_of(device: str) -> str | None:
    """`C0:FF:EE:00:06:51` of `ble:c0ffee000651`; None of a serial device, which has no bond."""
    kind, _, digits = device.partition(":")
    if kind != "ble" or len(digits) != 12:
        return None
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2)).upper()


def keys_of(info: bytes) -> dict[str, dict[str, str]]:
    """The groups of an `info` file that hold keys; empty where there is no bond in it."""
    parser = configparser.ConfigParser(
        interpolation=None, strict=False, delimiters=("=",), comment_prefixes=("#",)
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    try:
        parser.read_string(info.decode(errors="replace"))
    except configparser.Error:
        return {}
    return {name: dict(parser[name]) for name in _KEYS if name in parser and "Key" in parser[name]}


def fate(bond: Bond, *, same_adapter: bool) -> Fate:
    """What becomes of a bond: it belongs to the address of the adapter that made it.

    With LE Secure Connections a device finds the key by that address alone: on another adapter
    the bond is worth nothing. With legacy pairing it finds the key by EDIV and Rand (Core
    Specification vol 3 part H 2.4.4), and whether it looks at the address too is up to its maker.
    """
    if same_adapter:
        return "restored"
    found = keys_of(bond.info)
    legacy = [found[name] for name in _LE_KEYS if name in found]
    by_number = any(key.get("EDiv", "0") != "0" or key.get("Rand", "0") != "0" for key in legacy)
    return "try" if by_number else "pair_again"


def adapters_with(storage: Path, devices: Iterable[str]) -> list[str]:
    """Addresses of the adapters that hold a bond of any of these devices' addresses."""
    wanted = list(devices)
    if not storage.is_dir():
        return []  # serial meters only, or a bluetoothd that never ran
    return sorted(
        adapter.name
        for adapter in storage.iterdir()
        if any(keys_of(_read(adapter / device / "info") or b"") for device in wanted)
    )


def read(storage: Path, adapter: str, devices: Iterable[str]) -> tuple[Bond, ...]:
    """The bonds of these devices with this adapter; a device without a key has none."""
    home = storage / adapter
    found = []
    for device in devices:
        info = _read(home / device / "info")
        if info is not None and keys_of(info):
            attributes, cache = _read(home / device / "attributes"), _read(home / "cache" / device)
            found.append(Bond(device=device, info=info, attributes=attributes, cache=cache))
    return tuple(found)


def differing(storage: Path, adapter: str, bonds: Iterable[Bond]) -> list[str]:
    """Devices that have another bond here already: putting theirs back would destroy it."""
    found = []
    for bond in bonds:
        here = keys_of(_read(storage / adapter / bond.device / "info") or b"")
        if here and here != keys_of(bond.info):
            found.append(bond.device)
    return found


@contextmanager
def put_back(storage: Path, adapter: str, bonds: Sequence[Bond]) -> Iterator[None]:
    """All of these bonds are in place for the block; if it fails, or one cannot be, none is.

    A bond that is here already with the same keys stays as it is. Everything is written and
    flushed aside first, so that a full disk is noticed before anything has changed; a power cut
    leaves each file old or new, and the same call again finishes the work.
    """
    home = storage / adapter
    here = {bond.device for bond in read(storage, adapter, [bond.device for bond in bonds])}
    same = here - set(differing(storage, adapter, bonds))
    stage = home / _STAGE
    undo: list[tuple[Path, bytes | None]] = []
    try:
        storage.mkdir(mode=0o700, exist_ok=True)
        home.mkdir(mode=0o700, exist_ok=True)
        shutil.rmtree(stage, ignore_errors=True)  # left by a power cut
        stage.mkdir(mode=0o700)
        files = [file for bond in bonds if bond.device not in same for file in _files(home, bond)]
        for number, (_, content) in enumerate(files):
            _write(stage / str(number), content)
        for number, (target, _) in enumerate(files):
            undo.append((target, _read(target)))
            target.parent.mkdir(mode=0o700, exist_ok=True)
            (stage / str(number)).rename(target)
        for directory in {home, *(target.parent for target, _ in files)}:
            flush_directory(directory)
        yield
    except BaseException:
        _take_back(undo)
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        with suppress(OSError):  # only where nothing was put into a directory made just now
            home.rmdir()


def _files(home: Path, bond: Bond) -> Iterator[tuple[Path, bytes]]:
    """What is written of it, the keys last."""
    if bond.cache is not None:
        yield home / "cache" / bond.device, bond.cache
    if bond.attributes is not None:
        yield home / bond.device / "attributes", bond.attributes
    yield home / bond.device / "info", bond.info


def _take_back(undo: list[tuple[Path, bytes | None]]) -> None:
    for target, before in reversed(undo):
        if before is None:
            target.unlink(missing_ok=True)
            with suppress(OSError):  # not empty: others' files are in it
                target.parent.rmdir()
        else:
            fresh = target.with_name(f".{target.name}.back")
            _write(fresh, before)
            fresh.rename(target)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
