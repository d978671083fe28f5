"""Why a device cannot be reached, or why readings do not leave: one sentence each, and what to do.

Pure: facts in, findings out, the one that explains the others first.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from gateway.health.bonds import NEAR_RSSI, Suspicion

_DAY_MS = 86_400_000
_UNHEARD_MS = 2 * _DAY_MS
_UNPROVEN_MS = 3_600_000  # after pairing, for a technician to take a reading
_EXPIRES_SOON_MS = 14 * _DAY_MS
_ROOM_DAYS_MIN = 30
_SILENT_COLLECTOR_MS = 3_600_000
# 5.67 to 5.69 leave indications unconfirmed; 5.87 crashes on a discovery filter with services.
_REFUSED = {
    "5.67": "cuffs stall with it",
    "5.68": "cuffs stall with it",
    "5.69": "cuffs stall with it",
    "5.87": "it crashes while scanning",
}


class DeviceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One paired device. Times in ms since 1970 UTC by the hub's clock."""

    name: str
    paired_ms: int
    id: str = ""
    state: Literal["bonded", "sealed", "proven"] = "proven"
    heard_ms: int | None = None
    rssi: int | None = None
    bond: Suspicion = "none"
    last_contact_ms: int | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. None where it could not be."""

    now_ms: int
    bus: bool
    bluetoothd: bool
    bluez: str | None
    adapter: Literal["on", "off", "blocked", "none", "unanswered"]
    devices: tuple[DeviceFacts, ...]
    collector_reported_ms: int | None
    connected: bool
    link_trouble: str
    link_reason: str
    certificate_until_ms: int | None
    days_of_room: int
    ballast_present: bool
    clock_synchronised: bool | None
    background: str = ""  # in a word, why bluetoothd will not connect by itself


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """`code` is for scripts; `device` names the device it is about, if one.

    What does not `block` is worth knowing and needs nobody.
    """

    code: str
    sentence: str
    remedy: str
    device: str | None = None
    blocks: bool = True


def diagnose(facts: Facts) -> tuple[Finding, ...]:
    """Everything that stands in the way; empty where nothing does."""
    radio = tuple(_radio(facts))
    devices = () if radio else tuple(_devices(facts))
    return (*radio, *devices, *_sending(facts), *_hub(facts), *_notes(facts))


def _radio(facts: Facts) -> Iterator[Finding]:
    """The first of these explains the rest."""
    if not facts.bus:
        yield _found(
            "no_bus",
            "No device can be reached because the system's message bus does not answer.",
            "Restart the hub.",
        )
    elif not facts.bluetoothd:
        yield _found(
            "no_bluetoothd",
            "No device can be reached because the Bluetooth service does not run.",
            "systemctl start bluetooth",
        )
    elif (why := _REFUSED.get(facts.bluez or "")) is not None:
        yield _found(
            "version_refused",
            f"BlueZ {facts.bluez} must not be used: {why}.",
            "Install another version of bluez: 5.66, or 5.82 and later except 5.87.",
        )
    elif facts.adapter == "unanswered":
        yield _found(
            "bluetoothd_silent",
            "No device can be reached because the Bluetooth service runs but does not answer.",
            "The hub restarts it by itself within two minutes; if it does not: "
            "systemctl restart bluetooth",
        )
    elif facts.adapter == "none":
        yield _found(
            "no_adapter",
            "No device can be reached because there is no Bluetooth adapter.",
            "Plug the USB adapter in again, or another one; then restart the hub.",
        )
    elif facts.adapter == "blocked":
        yield _found(
            "adapter_blocked",
            "No device can be reached because the Bluetooth radio is blocked.",
            "rfkill unblock bluetooth",
        )
    elif facts.adapter == "off":
        yield _found(
            "adapter_off",
            "No device can be reached because the Bluetooth adapter is switched off.",
            "bluetoothctl power on",
        )


def _devices(facts: Facts) -> Iterator[Finding]:
    if facts.collector_reported_ms is None or (
        facts.now_ms - facts.collector_reported_ms > _SILENT_COLLECTOR_MS
    ):
        yield _found(
            "collector_silent",
            "No device is listened to because the part that reads the meters does not run.",
            "systemctl restart vitals-collector",
        )
    for device in facts.devices:
        found = _device(device, facts.now_ms)
        if found is not None:
            yield msgspec.structs.replace(found, device=device.name)


def _device(device: DeviceFacts, now_ms: int) -> Finding | None:
    if device.bond != "none":
        how = "has" if device.bond == "certain" else "seems to have"
        return _found(
            "stale_bond",
            f"{device.name} answers but {how} forgotten this hub.",
            "Hold its Bluetooth button until it shows that it pairs, then: "
            f"vitals-hub re-pair {device.id}",
        )
    if device.heard_ms is None:
        return _found(
            "never_heard",
            f"{device.name} has not been heard since this hub began to take note.",
            "Take a reading with it beside the hub; if that brings nothing, change its batteries.",
        )
    if device.state == "bonded" and now_ms - device.paired_ms > _UNPROVEN_MS:
        return _found(
            "unproven",
            f"{device.name} is paired, but no reading of it has come since.",
            "Take a reading with it beside the hub: only that proves the pairing.",
        )
    if now_ms - device.heard_ms <= _UNHEARD_MS:
        return None
    days = (now_ms - device.heard_ms) // _DAY_MS
    if device.rssi is not None and device.rssi < NEAR_RSSI:
        return _found(
            "out_of_range",
            f"{device.name} has not been heard for {days} days, and was faint before that: "
            "it is probably too far away.",
            "Bring it nearer to the hub and take a reading.",
        )
    return _found(
        "not_heard",
        f"{device.name} has not been heard for {days} days: it is not used, or its batteries "
        "are empty.",
        "Take a reading with it; if that brings nothing, change its batteries.",
    )


def _sending(facts: Facts) -> Iterator[Finding]:
    expired = False
    if facts.certificate_until_ms is not None:
        left_ms = facts.certificate_until_ms - facts.now_ms
        expired = left_ms <= 0
        if expired:
            yield _found(
                "certificate_expired",
                "Readings do not leave because this hub's certificate has expired.",
                "Ask the clinic for a new ticket, then: vitals-hub enrol TICKET",
            )
        elif left_ms < _EXPIRES_SOON_MS:
            yield _found(
                "certificate_expires",
                f"This hub's certificate expires in {left_ms // _DAY_MS} days.",
                "Ask the clinic for a new ticket, then: vitals-hub enrol TICKET",
            )
    if facts.link_trouble:
        yield _found(
            "clinic_refuses", f"Readings do not leave: {facts.link_trouble}.", "Call the clinic."
        )
    elif not facts.connected and not expired:
        because = f" ({facts.link_reason})" if facts.link_reason else ""
        yield _found(
            "clinic_unreachable",
            f"Readings do not leave because the clinic cannot be reached{because}.",
            "Check that the internet works here; readings are kept meanwhile.",
        )


def _hub(facts: Facts) -> Iterator[Finding]:
    if facts.days_of_room < _ROOM_DAYS_MIN or not facts.ballast_present:
        yield _found(
            "disk_low",
            f"The storage has room for {facts.days_of_room} days of readings only.",
            "Free space on the hub's storage; no reading will be given up for it.",
        )
    if facts.clock_synchronised is False:
        yield _found(
            "clock_unsynchronised",
            "The hub's clock is not set by network time, so readings carry a doubt.",
            "Check that the internet works here: timedatectl status",
        )


def _notes(facts: Facts) -> Iterator[Finding]:
    if facts.background:
        yield Finding(
            code="no_background",
            sentence="This hub connects to every meter itself, because its Bluetooth service "
            f"will not do so in the background ({facts.background}).",
            remedy="Nothing to do; a meter that is on for three seconds or less may be missed.",
            blocks=False,
        )


def _found(code: str, sentence: str, remedy: str) -> Finding:
    return Finding(code=code, sentence=sentence, remedy=remedy)
