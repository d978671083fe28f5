"""`vitals-hub restore`: a backup's bonds and meters put back, on a new card or another board."""

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gateway.commands.backup import STORAGE, Adapter, Bluetooth, note, said_address
from gateway.commands.meters import BUSY, DEFAULT_STATE, FAILED, Json, State, fail, say, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.buffer.devices import DeviceStore
    from gateway.config import HubConfig
    from gateway.provisioning.archive import Contents
    from gateway.provisioning.restore import Outcome

_WORDS = {
    "restored": "its bond is back. Take a reading: it proves it",
    "try": "bonded with another adapter, which it may mind. Take a reading; if none arrives: "
    "vitals-hub re-pair",
    "pair_again": "must be paired again: vitals-hub re-pair",
    "kept": "was paired with this hub since, and stays so",
}


def restore(  # noqa: PLR0913 - options of a command
    file: Annotated[Path, Parameter(help="what `vitals-hub backup` wrote")],
    *,
    overwrite: Annotated[bool, Parameter(help="also over newer bonds", negative="")] = False,
    adapter: Adapter = None,
    bluetooth: Bluetooth = STORAGE,
    state: State = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Put a backup's bonds and meters back: on a new card, or on the hub that replaces this one.

    First `vitals-hub enrol TICKET`: the hub's own keys are never in a backup. Run it as root with
    the collector stopped; bluetoothd is stopped meanwhile. It asks for the recovery code, or reads
    it from standard input. A bond belongs to the adapter's address: move the Bluetooth stick to
    the new hub and every bond holds; with another adapter most meters must be paired again, and it
    says which. All or nothing; may be repeated. Exit status 2: nothing was changed, 75: the
    collector runs.

    Example: `sudo vitals-hub restore /media/usb/kitchen.vitals-backup`
    """
    from gateway.config import NotEnrolled, load
    from gateway.sessions.link import RadioUnavailableError

    try:
        config = load(state)
        contents = _open(file)
        home = _adapter(adapter, contents)
        with _devices(config) as store:
            outcomes = _put_back(config, contents, store, bluetooth, home, overwrite=overwrite)
        note(config.directory, contents)
    except (NotEnrolled, RadioUnavailableError) as error:
        fail(str(error), FAILED)
    except PermissionError as error:
        fail(f"{error.filename} may not be used by this account: run it with sudo.", FAILED)
    except OSError as error:
        fail(f"Nothing was changed: {error.filename or file}: {error.strerror}.", FAILED)
    rows = [{"device": o.device, "name": o.name, "bond": o.bond} for o in outcomes]
    if as_json:
        show(rows, as_json=True)
        return
    for outcome in outcomes:
        say(f"{outcome.name} ({outcome.device}): {_WORDS[outcome.bond]}.")
    say("Start the collector again: systemctl start vitals-collector")


def _open(file: Path) -> "Contents":
    from gateway.provisioning import archive, recovery_code

    with file.open("rb") as opened:
        raw = opened.read(archive.MAX_BYTES + 1)
    secret = recovery_code.secret_of(_typed_code())
    if secret is None:
        fail(
            "This is not a recovery code as it was printed: 28 letters and digits in seven groups "
            "of four. Nothing was changed.",
            FAILED,
        )
    found = archive.unlock(raw, secret)
    if isinstance(found, archive.Refused):
        fail(f"Nothing was changed: {found.error}.", FAILED)
    return found


def _typed_code() -> str:
    if sys.stdin.isatty():
        say("Recovery code, as it was printed with the backup: ", stderr=True)
    return sys.stdin.readline(200)


def _adapter(wanted: str | None, contents: "Contents") -> str:
    from gateway.links.bluez.daemon import adapter_address

    found = said_address(wanted) or adapter_address()
    if found is None and contents.bonds:
        fail(
            "The adapter's address cannot be learnt, because bluetoothd does not run or has no "
            "adapter. Start it, or say the address: --adapter AA:BB:CC:DD:EE:FF. Nothing was "
            "changed.",
            FAILED,
        )
    return found or "00:00:00:00:00:00"


@contextmanager
def _devices(config: "HubConfig") -> "Iterator[DeviceStore]":
    """The hub's list of meters, handed to its directory's account when the block is left."""
    from gateway.buffer.devices import DeviceStore, InUseError
    from gateway.provisioning.saved import own_as_directory

    path = config.collector / "devices.db"
    try:
        store = DeviceStore(path)
    except InUseError:
        fail("Stop the collector first: systemctl stop vitals-collector", BUSY)
    try:
        yield store
    finally:
        store.close()
        own_as_directory(path, path.with_suffix(".lock"))


def _put_back(  # noqa: PLR0913 - what, from where, to where
    config: "HubConfig",
    contents: "Contents",
    store: "DeviceStore",
    bluetooth: Path,
    adapter: str,
    *,
    overwrite: bool,
) -> "tuple[Outcome, ...]":
    from gateway.buffer.devices import Device
    from gateway.links.bluez.daemon import stopped
    from gateway.provisioning import bluez_bonds
    from gateway.provisioning.archive import Refused
    from gateway.provisioning.restore import plan

    found = plan(
        contents,
        here={device.id: device.paired_ms for device in store.all()},
        clinic=config.clinic,
        storage=bluetooth,
        adapter=adapter,
        overwrite=overwrite,
    )
    if isinstance(found, Refused):
        fail(f"Nothing was changed: {found.error}.", FAILED)
    with stopped(), bluez_bonds.put_back(bluetooth, adapter, found.bonds):
        # each has to prove its bond here anew, and how it went at the old hub is not known here
        store.put_back(
            Device(
                id=saved.id,
                profile=saved.profile,
                name=saved.name,
                paired_ms=saved.paired_ms,
                last_kept=saved.last_kept,
            )
            for saved in contents.devices
            if saved.id in found.devices
        )
    return found.outcomes
