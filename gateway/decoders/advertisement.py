"""Advertising data as broadcast: structures of length, type and data."""

from cloud_sync.contract.readings import Advertisement
from gateway.decoders.cursor import Cursor, refuse
from gateway.decoders.hints import Hints

# Assigned Numbers, Common Data Types.
_SERVICES_16 = (0x02, 0x03)
_SHORT_NAME, _COMPLETE_NAME = 0x08, 0x09
_MANUFACTURER = 0xFF


def advertisement(cursor: Cursor, _hints: Hints) -> Advertisement:
    """Length 0 ends; a structure longer than what is left is refused; other types are skipped."""
    structures = list(_structures(cursor))
    by_type: dict[int, bytes] = {}
    services: list[str] = []
    for kind, offset, data in structures:
        if kind in _SERVICES_16:
            services += _services(data, offset)
        by_type.setdefault(kind, data)
    manufacturer, manufacturer_data = _manufacturer(by_type.get(_MANUFACTURER))
    local_name = by_type.get(_COMPLETE_NAME, by_type.get(_SHORT_NAME))
    return Advertisement(
        local_name=None if local_name is None else local_name.decode("utf-8", "replace"),
        service_uuids=tuple(dict.fromkeys(services)),
        manufacturer=manufacturer,
        manufacturer_data=manufacturer_data,
    )


def _structures(cursor: Cursor) -> list[tuple[int, int, bytes]]:
    found = []
    while cursor.left() and (length := cursor.u8("length")):
        offset = cursor.offset
        kind, *_ = structure = cursor.take(length, "structure")
        found.append((kind, offset, structure[1:]))
    return found


def _services(data: bytes, offset: int) -> list[str]:
    if len(data) % 2:
        refuse("half a service identifier", "service_uuids", offset)
    return [f"{int.from_bytes(data[i : i + 2], 'little'):04X}" for i in range(0, len(data), 2)]


def _manufacturer(data: bytes | None) -> tuple[str | None, str | None]:
    if data is None:
        return None, None
    if len(data) < 2:
        refuse("a manufacturer structure without its company", "manufacturer")
    return f"{int.from_bytes(data[:2], 'little'):04X}", data[2:].hex().upper()
