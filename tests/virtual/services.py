"""Bumble's discovered attributes as bleak's service collection."""

from typing import Any

from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.uuids import normalize_uuid_str
from bumble.core import UUID
from bumble.device import Peer


def collection(peer: Peer, mtu: int) -> BleakGATTServiceCollection:
    """What the peer offers; descriptors stay with Bumble, which finds the CCCD by itself."""
    made = BleakGATTServiceCollection()
    for service in peer.services:
        mirrored = BleakGATTService(service, service.handle, text(service.uuid))
        made.add_service(mirrored)
        for characteristic in service.characteristics:
            properties: Any = list(gatt_char_props_to_strs(int(characteristic.properties)))
            made.add_characteristic(
                BleakGATTCharacteristic(
                    characteristic,
                    characteristic.handle,
                    text(characteristic.uuid),
                    properties,
                    lambda: mtu - 3,
                    mirrored,
                )
            )
    return made


def text(uuid: UUID) -> str:
    """As bleak writes it: 36 characters, in lower case."""
    return normalize_uuid_str(uuid.to_hex_str("-"))
