"""`vitals-hub scan` and `devices`: what is in reach, what belongs to this hub."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from gateway.commands.meters import DEFAULT_STATE, NOTHING, Json, State, radio_work, show


def scan(
    *,
    seconds: Annotated[float, Parameter(help="how long to listen")] = 10.0,
    everything: Annotated[bool, Parameter(help="also what no profile supports")] = False,
    as_json: Json = False,
) -> None:
    """List the supported meters that advertise now.

    Wake a meter first: take a reading, or hold its Bluetooth button. Exit status 1 means that
    none was heard, 2 that the radio cannot be used.

    Example: `vitals-hub scan --seconds 20`
    """
    from gateway.links.ble import Radio
    from gateway.links.bluez.guard import Bluez
    from gateway.profiles import Profile, match

    found = []
    for sighting in radio_work(lambda: Radio(bluez=Bluez()).scan(seconds)):
        profile = match(sighting.local_name, sighting.service_uuids)
        supported = isinstance(profile, Profile)
        if supported or everything:
            found.append(
                {
                    "device": sighting.device,
                    "name": sighting.local_name,
                    "profile": profile.id if isinstance(profile, Profile) else None,
                    "rssi_dbm": sighting.rssi,
                }
            )
    show(found, as_json=as_json, nothing="No supported meter was heard. Wake it and try again.")
    raise SystemExit(0 if found else NOTHING)


def devices(*, state: State = DEFAULT_STATE, as_json: Json = False) -> None:
    """List the meters of this hub: how far the pairing of each is, and how it went last.

    A meter is `bonded`, then `sealed` once its first reading over the bond is sealed here, and
    `proven` once the clinic has confirmed that reading by its receipt.

    Example: `vitals-hub devices --json`
    """
    from gateway.buffer.devices import read_devices
    from gateway.commands.proof import WORDS

    known = read_devices(state / "collector" / "devices.db")
    rows = [
        {
            "device": device.id,
            "name": device.name,
            "profile": device.profile,
            "paired": _moment(device.paired_ms),
            "state": device.state,
            "sealed": _moment(device.sealed_ms),
            "proven": _moment(device.proven_ms),
            "last_contact": _moment(device.last_contact_ms),
            "last_result": device.last_result,
        }
        for device in known
    ]
    for_people = [
        {
            "device": device.id,
            "name": device.name,
            "pairing": WORDS[device.state],
            "last contact": _day(device.last_contact_ms),
            "how it went": device.last_result,
        }
        for device in known
    ]
    show(
        rows if as_json else for_people,
        as_json=as_json,
        nothing="No meter is paired with this hub yet: vitals-hub pair",
    )


def _moment(at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")


def _day(at_ms: int | None) -> str | None:
    """By the clock of this hub, as a person reads it."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M")
