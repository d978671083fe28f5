"""Bonds kept as bluetoothd keeps them, so that the hub's backup finds them where it looks."""

import shutil
from pathlib import Path

from bumble import hci
from bumble.keys import KeyStore, PairingKeys

from gateway.provisioning import bluez_bonds
from gateway.provisioning.archive import Bond
from tests.support.bluez_tree import info, place

_SECURE = "PeripheralLongTermKey"  # where bluetoothd puts the key of LE Secure Connections


class BluezBonds(KeyStore):
    """`<storage>/<adapter>/<device>/info`; the virtual devices have static random addresses."""

    def __init__(self, storage: Path, adapter: str) -> None:
        self.storage, self.adapter = storage, adapter

    async def update(self, name: str, keys: PairingKeys) -> None:
        assert keys.ltk is not None, "the virtual devices pair with LE Secure Connections"
        content = info(
            key=keys.ltk.value, group=_SECURE, authenticated=3 if keys.ltk.authenticated else 2
        )
        place(self.storage, name, content, adapter=self.adapter)

    async def get(self, name: str) -> PairingKeys | None:
        found = bluez_bonds.read(self.storage, self.adapter, [name])
        return _keys(found[0]) if found else None

    async def get_all(self) -> list[tuple[str, PairingKeys]]:
        home = self.storage / self.adapter
        names = [path.parent.name for path in home.glob("*/info")]
        bonds = bluez_bonds.read(self.storage, self.adapter, names)
        return [(bond.device, _keys(bond)) for bond in bonds]

    async def delete(self, name: str) -> None:
        shutil.rmtree(self.storage / self.adapter / name)


def _keys(bond: Bond) -> PairingKeys:
    held = bluez_bonds.keys_of(bond.info)[_SECURE]
    key = PairingKeys.Key(bytes.fromhex(held["Key"]), authenticated=held["Authenticated"] == "3")
    return PairingKeys(address_type=hci.Address.RANDOM_DEVICE_ADDRESS, ltk=key)
