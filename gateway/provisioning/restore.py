"""What a restore will do, decided before anything is written: which bonds, which rows, or why not.

Pure apart from looking at bluetoothd's directory.
"""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from gateway.profiles import find
from gateway.provisioning import bluez_bonds
from gateway.provisioning.archive import Bond, Contents, Refused, SavedDevice
from gateway.provisioning.bluez_bonds import Fate

OVERWRITE = "--overwrite"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One device: its bond is back, may serve on this adapter, must be made anew, or was since."""

    device: str
    name: str
    bond: Fate


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Bonds for bluetoothd, devices for the hub's own list, and what people must know."""

    adapter: str
    bonds: tuple[Bond, ...]
    devices: tuple[str, ...]
    outcomes: tuple[Outcome, ...]


def plan(  # noqa: PLR0913 - what was saved, what is here, and what the person wants
    contents: Contents,
    *,
    here: Mapping[str, int],
    clinic: str,
    storage: Path,
    adapter: str,
    overwrite: bool,
) -> Plan | Refused:
    """`here` are the devices of this hub with their `paired_ms`.

    A device that was paired here with another bond keeps it unless `overwrite`; one that has been
    used since with the same pairing stays as it is in any case.
    """
    if contents.clinic != clinic:
        return Refused(
            error="this backup is from a hub of another clinic: its devices belong to that "
            "clinic's patients"
        )
    strange = [row.name for row in contents.devices if find(row.profile) is None]
    if strange:
        return Refused(
            error=f"this release does not know what kind of meter {', '.join(strange)} is: install "
            f"release {contents.software}, which made the backup, or a later one"
        )
    same_adapter = adapter == contents.adapter
    fates = {
        bond.device: bluez_bonds.fate(bond, same_adapter=same_adapter) for bond in contents.bonds
    }
    bonds = tuple(bond for bond in contents.bonds if fates[bond.device] != "pair_again")
    differing = set(bluez_bonds.differing(storage, adapter, bonds))

    def outcome(row: SavedDevice) -> Outcome:
        address = bluez_bonds.address_of(row.id) or ""
        bond = fates.get(address, "pair_again")
        if here.get(row.id, -1) > row.paired_ms and bond == "pair_again":
            bond = "kept"  # it has been, and the backup has nothing better
        return Outcome(device=row.id, name=row.name, bond=bond)

    newer = [
        row.name
        for row in contents.devices
        if bluez_bonds.address_of(row.id) in differing
        or (here.get(row.id, -1) > row.paired_ms and outcome(row).bond != "kept")
    ]
    if newer and not overwrite:
        return Refused(
            error=f"{', '.join(newer)}: paired with this hub by another bond than the backup's, "
            f"which putting it back would destroy. To do so all the same, add {OVERWRITE}"
        )
    outcomes = tuple(outcome(row) for row in contents.devices)
    untouched = {one.device for one in outcomes if one.bond == "kept"}
    return Plan(
        adapter=adapter,
        bonds=bonds,
        devices=tuple(
            row.id
            for row in contents.devices
            if row.id not in untouched and here.get(row.id) != row.paired_ms
        ),
        outcomes=outcomes,
    )
