"""`vitals-hub scan`, `pair`, `devices`: what is in reach, what belongs to this hub."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

from cyclopts import Parameter

State = Annotated[Path, Parameter(help="the hub's state directory")]
Json = Annotated[bool, Parameter(name="--json", help="print JSON for a script")]
DEFAULT_STATE = Path("/var/lib/vitals")
_NOTHING, _FAILED, _BUSY = 1, 2, 75
T = TypeVar("T")


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
    from gateway.profiles import Profile, match

    found = []
    for sighting in _radio_work(lambda: Radio().scan(seconds)):
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
    _show(found, as_json=as_json, nothing="No supported meter was heard. Wake it and try again.")
    raise SystemExit(0 if found else _NOTHING)


def pair(  # noqa: PLR0913 - options of a command
    *,
    profile: Annotated[str | None, Parameter(help="only a meter of this profile")] = None,
    device: Annotated[str | None, Parameter(help="only this meter: ble: and 12 digits")] = None,
    again: Annotated[bool, Parameter(help="delete the old bond first")] = False,
    window: Annotated[float, Parameter(help="seconds to wait for the meter")] = 120.0,
    state: State = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Pair one meter with this hub and set its clock.

    Stop the collector first. Put the meter into pairing mode (A&D: hold START until Pr shows).
    Then take a reading: only a reading that arrives proves the pairing. Use --again for a meter
    that has forgotten this hub. Exit status 1 means that no meter was found, 2 that it or the radio
    refused, 75 that the collector holds the radio.

    Example: `vitals-hub pair --profile and/ua-651ble`
    """
    from gateway.buffer.devices import DeviceStore, InUseError
    from gateway.health.clock import SystemClock
    from gateway.links.ble import Radio
    from gateway.profiles import Profile
    from gateway.provisioning.pairing import NothingFoundError, pair_device
    from gateway.sessions.link import Sighting

    def wanted(sighting: Sighting, found: Profile) -> bool:
        return device in (None, sighting.device) and profile in (None, found.id)

    try:
        store = DeviceStore(state / "collector" / "devices.db")
    except InUseError:
        _fail(
            "The collector is running and holds the radio. Stop it, pair, start it again: "
            "systemctl stop vitals-collector",
            _BUSY,
        )
    except OSError as error:
        _fail(f"{error.filename or state} cannot be written by this account.", _FAILED)
    try:
        paired = _radio_work(
            lambda: pair_device(
                Radio(), store, SystemClock(), wanted=wanted, again=again, window_s=window
            )
        )
    except NothingFoundError:
        _fail("No such meter was heard. Put it into pairing mode and try again.", _NOTHING)
    finally:
        store.close()
    _show(
        [{"device": paired.device, "name": paired.name, "profile": paired.profile.id}],
        as_json=as_json,
    )
    if not as_json:
        _say("Bonded, and the clock is set. Take a reading now: it proves the pairing.")


def devices(*, state: State = DEFAULT_STATE, as_json: Json = False) -> None:
    """List the meters of this hub: paired when, proven by a reading or not, how it went last.

    Example: `vitals-hub devices --json`
    """
    from gateway.buffer.devices import read_devices

    rows = [
        {
            "device": device.id,
            "name": device.name,
            "profile": device.profile,
            "paired": _moment(device.paired_ms),
            "proven": device.proven,
            "last_contact": _moment(device.last_contact_ms),
            "last_result": device.last_result,
        }
        for device in read_devices(state / "collector" / "devices.db")
    ]
    _show(rows, as_json=as_json, nothing="No meter is paired with this hub yet: vitals-hub pair")


def _radio_work(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result, or plain words and the end of the command."""
    from gateway.sessions.link import LinkError, RadioUnavailableError

    try:
        return asyncio.run(work())
    except RadioUnavailableError as error:
        _fail(f"The radio cannot be used: {error}", _FAILED)
    except LinkError as error:
        _fail(
            f"The meter did not pair: {error}. Put it into pairing mode again. If it shows six "
            "digits, keep `bluetoothctl --agent KeyboardDisplay` open in another terminal and "
            "type them there. If it was paired before, use --again.",
            _FAILED,
        )


def _moment(at_ms: int | None) -> str | None:
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")


def _show(rows: list[dict[str, Any]], *, as_json: bool, nothing: str = "") -> None:
    if as_json:
        sys.stdout.write(json.dumps(rows) + "\n")
    elif not rows:
        _say(nothing)
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table(box=None)
        for number, title in enumerate(rows[0]):
            table.add_column(title, no_wrap=number == 0)
        for row in rows:
            table.add_row(*("-" if value is None else str(value) for value in row.values()))
        Console().print(table)


def _say(words: str, *, stderr: bool = False) -> None:
    from rich.console import Console

    Console(stderr=stderr, soft_wrap=True).print(words, markup=False, highlight=False)


def _fail(words: str, status: int) -> NoReturn:
    _say(words, stderr=True)
    raise SystemExit(status)
