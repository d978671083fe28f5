"""What `status` and `doctor` read of health.db and devices.db: both belong to the collector."""

from typing import TYPE_CHECKING

from gateway.buffer.devices import read_devices
from gateway.buffer.upkeep import Upkeep, read_upkeep
from gateway.config import HubConfig
from gateway.health.bonds import suspicion

if TYPE_CHECKING:
    from gateway.health.diagnosis import DeviceFacts
    from gateway.health.status import Meter, Recovered


def upkeep(config: HubConfig) -> Upkeep:
    """All of it; nothing while the collector cannot be asked."""
    found = read_upkeep(config.health_db)
    return found if isinstance(found, Upkeep) else Upkeep()


def recoveries(config: HubConfig) -> "tuple[Recovered, ...]":
    """What the radio did for itself, newest first."""
    from gateway.health.status import Recovered

    return tuple(
        Recovered(rung=r.rung, reason=r.reason, outcome=r.outcome, at_ms=r.at.wall_ms)
        for r in upkeep(config).recoveries
    )


def meters(config: HubConfig) -> "tuple[Meter, ...]":
    """How far the pairing of each device is, and whether it has forgotten this hub."""
    from gateway.health.status import Meter

    return tuple(
        Meter(name=each.name, id=each.id, state=each.state, stale=each.bond != "none")
        for each in device_facts(config)
    )


def unsaved_pairings(config: HubConfig) -> tuple[tuple[str, ...], int | None]:
    """Names of the devices whose present pairing no backup holds, and when one was taken last."""
    from gateway.provisioning import saved

    found = saved.look(config.directory)
    devices = {device.id: device for device in read_devices(config.collector / "devices.db")}
    missing = saved.missing(found, {device.id: device.paired_ms for device in devices.values()})
    return tuple(devices[each].name for each in missing), found.taken_ms if found else None


def device_facts(config: HubConfig) -> "tuple[DeviceFacts, ...]":
    """The paired devices and how they were heard and reached."""
    from gateway.health.diagnosis import DeviceFacts

    known = upkeep(config)
    heard = {each.device: each for each in known.heard}
    return tuple(
        DeviceFacts(
            name=device.name,
            id=device.id,
            state=device.state,
            paired_ms=device.paired_ms,
            heard_ms=heard[device.id].at_ms if device.id in heard else None,
            rssi=heard[device.id].rssi if device.id in heard else None,
            # what was tried before it was paired anew says nothing about the new bond
            bond=suspicion(
                [
                    tried
                    for tried in known.attempts
                    if tried.device == device.id and tried.at_ms >= device.paired_ms
                ]
            ),
            last_contact_ms=device.last_contact_ms,
        )
        for device in read_devices(config.collector / "devices.db")
    )
