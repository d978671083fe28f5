"""`vitals-hub backup`: what a hub must not lose when its card or its board is replaced."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gateway.commands.meters import DEFAULT_STATE, FAILED, Json, State, fail, say, show

if TYPE_CHECKING:
    from gateway.config import HubConfig
    from gateway.provisioning.archive import Contents

STORAGE = Path("/var/lib/bluetooth")
Bluetooth = Annotated[Path, Parameter(help="where bluetoothd keeps its bonds")]
Adapter = Annotated[
    str | None, Parameter(help="the adapter's address, AA:BB:CC:DD:EE:FF; else it is found")
]


def backup(
    file: Annotated[Path, Parameter(help="the backup to write, best on a USB stick")],
    *,
    adapter: Adapter = None,
    bluetooth: Bluetooth = STORAGE,
    state: State = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Write an encrypted backup of the meters' bonds, and of how far each has been read.

    Run it as root after each pairing; the collector may go on. It prints a recovery code, once:
    write it down and keep it apart from the file, which nobody can open without it. The hub's own
    keys are not in it: a replaced hub is enrolled anew. Exit status 2: nothing was written.

    Example: `sudo vitals-hub backup /media/usb/kitchen.vitals-backup`
    """
    from gateway.config import NotEnrolled, load

    try:
        config = load(state)
        contents = _gather(config, bluetooth, adapter)
        code = _write(file, contents)
        note(config.directory, contents)
    except NotEnrolled as error:
        fail(str(error), FAILED)
    except PermissionError as error:
        fail(f"{error.filename} may not be used by this account: run it with sudo.", FAILED)
    except OSError as error:
        fail(f"Nothing was written: {error.filename or file}: {error.strerror}.", FAILED)
    _tell(file, contents, code, as_json=as_json)


def said_address(adapter: str | None) -> str | None:
    """The option as bluetoothd writes it."""
    import re

    from gateway.provisioning.archive import ADDRESS

    if adapter is not None and not re.match(ADDRESS, adapter.upper()):
        fail("An adapter's address looks like AA:BB:CC:DD:EE:FF. Nothing was changed.", FAILED)
    return adapter and adapter.upper()


def note(state: Path, contents: "Contents") -> None:
    """Have `status` know which pairings are in a backup."""
    from gateway.provisioning import bluez_bonds, saved

    safe = {None, *(bond.device for bond in contents.bonds)}  # a serial meter has no bond to lose
    pairings = {
        device.id: device.paired_ms
        for device in contents.devices
        if bluez_bonds.address_of(device.id) in safe
    }
    saved.note(state, saved.Saved(taken_ms=contents.taken_ms, pairings=pairings))


def _gather(config: "HubConfig", bluetooth: Path, adapter: str | None) -> "Contents":
    from gateway.buffer.devices import read_devices
    from gateway.config import software
    from gateway.health.clock import SystemClock
    from gateway.provisioning import bluez_bonds
    from gateway.provisioning.archive import Contents, SavedDevice

    devices = read_devices(config.collector / "devices.db")
    if not devices:
        fail("No meter is paired with this hub yet: there is nothing to back up.", FAILED)
    addresses = [a for a in (bluez_bonds.address_of(device.id) for device in devices) if a]
    homes = bluez_bonds.adapters_with(bluetooth, addresses)
    said = said_address(adapter)
    if said is None and len(homes) > 1:
        fail(
            f"Bonds lie under {len(homes)} adapters ({', '.join(homes)}). Say which one the hub "
            "uses: --adapter ADDRESS",
            FAILED,
        )
    home = said or next(iter(homes), None)
    return Contents(
        taken_ms=SystemClock().received().wall_ms,
        software=software(),
        hub=config.hub,
        clinic=config.clinic,
        adapter=home,
        devices=tuple(
            SavedDevice(
                id=device.id,
                profile=device.profile,
                name=device.name,
                paired_ms=device.paired_ms,
                last_kept=device.last_kept,
            )
            for device in devices
        ),
        bonds=bluez_bonds.read(bluetooth, home, addresses) if home is not None else (),
    )


def _write(file: Path, contents: "Contents") -> str:
    """The recovery code of the file, which was read back and opened with it."""
    import secrets

    from gateway.files import write_atomic
    from gateway.provisioning import archive, recovery_code

    if file.exists():
        fail(f"{file} is there already: choose another name. Nothing was written.", FAILED)
    code = recovery_code.make(secrets.token_bytes(recovery_code.RANDOM_BYTES))
    secret = recovery_code.secret_of(code)
    assert secret is not None
    salt = secrets.token_bytes(archive.SALT_BYTES)
    nonce = secrets.token_bytes(archive.NONCE_BYTES)
    write_atomic(file, archive.lock(contents, secret, salt=salt, nonce=nonce), 0o600)
    assert archive.unlock(file.read_bytes(), secret) == contents, "the disk did not keep the file"
    return code


def _tell(file: Path, contents: "Contents", code: str, *, as_json: bool) -> None:
    meters, bonds = len(contents.devices), len(contents.bonds)
    if as_json:
        show([{"file": str(file), "code": code, "meters": meters, "bonds": bonds}], as_json=True)
        return
    say(f"{file} holds {meters} meters, {bonds} of them with their bond.")
    say(
        "Recovery code, shown this once. Write it down and keep it apart from the file:\n\n"
        f"    {code}\n"
    )
    if bonds < meters:
        say("A meter without a bond here must be paired again on another hub.")
