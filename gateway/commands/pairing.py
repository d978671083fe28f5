"""vitals-hub pair, re-pair, unpair: bonds are made and deleted here, because a person asks."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gateway.commands.meters import (
    BUSY,
    DEFAULT_STATE,
    FAILED,
    NOTHING,
    Json,
    State,
    fail,
    radio_work,
    say,
    show,
)

if TYPE_CHECKING:
    from gateway.buffer.devices import DeviceStore
    from gateway.links.bluez.agent import Answers
    from gateway.profiles import Profile
    from gateway.provisioning.pairing import Paired
    from gateway.sessions.link import Sighting

_ADVICE = (
    "Put the meter into pairing mode and try again. If it shows six digits, type them when asked, "
    "or use --passkey. If it was paired before: vitals-hub re-pair."
)
Window = Annotated[float, Parameter(help="seconds to wait for the meter")]
Passkey = Annotated[
    str | None, Parameter(help="the digits the meter shows or its manual says; else you are asked")
]
Meter = Annotated[str, Parameter(help="ble: and 12 digits, as `vitals-hub devices` lists it")]


def pair(  # noqa: PLR0913 - options of a command
    *,
    profile: Annotated[str | None, Parameter(help="only a meter of this profile")] = None,
    device: Annotated[str | None, Parameter(help="only this meter: ble: and 12 digits")] = None,
    passkey: Passkey = None,
    window: Window = 120.0,
    state: State = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Pair one meter with this hub and set its clock.

    Stop the collector first. Put the meter into pairing mode (A&D: hold START until Pr shows). If
    it shows six digits, type them when asked. Then take a reading: only a reading that arrives
    proves the pairing. Exit status 1 means that no meter was found, 2 that it or the radio refused,
    75 that the collector holds the radio.

    Example: `vitals-hub pair --profile and/ua-651ble`
    """

    def wanted(sighting: "Sighting", found: "Profile") -> bool:
        return device in (None, sighting.device) and profile in (None, found.id)

    _pair(wanted, passkey=passkey, again=False, window=window, state=state, as_json=as_json)


def re_pair(
    device: Meter,
    *,
    passkey: Passkey = None,
    window: Window = 120.0,
    state: State = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Delete a meter's bond and pair it anew: for a meter that has forgotten this hub.

    Stop the collector first and put the meter into pairing mode: the old bond is deleted when the
    meter is heard, not before. Exit status as with `pair`.

    Example: `vitals-hub re-pair ble:c0ffee000651`
    """

    def wanted(sighting: "Sighting", _found: "Profile") -> bool:
        return sighting.device == device

    _pair(wanted, passkey=passkey, again=True, window=window, state=state, as_json=as_json)


def unpair(device: Meter, *, state: State = DEFAULT_STATE) -> None:
    """Delete a meter's bond and strike it from this hub's list. Its readings stay.

    Stop the collector first. Exit status 1 means that this hub does not know the meter, 2 that the
    radio cannot be used, 75 that the collector holds it.

    Example: `vitals-hub unpair ble:c0ffee000651`
    """
    from gateway.links.ble import Radio
    from gateway.links.bluez.guard import Bluez

    async def remove() -> bool:
        bluez = Bluez()
        async with bluez.running():
            return await Radio(bluez=bluez).unpair(device)

    with _store(state) as store:
        bonded = radio_work(remove)
        listed = store.forget(device)
    if not bonded and not listed:
        fail("This hub does not know such a meter: vitals-hub devices", NOTHING)
    say("The bond is deleted. To use the meter with this hub again: vitals-hub pair")


def _pair(  # noqa: PLR0913 - options of a command
    wanted: Callable[["Sighting", "Profile"], bool],
    *,
    passkey: str | None,
    again: bool,
    window: float,
    state: Path,
    as_json: bool,
) -> None:
    from gateway.health.clock import SystemClock
    from gateway.links.ble import Radio
    from gateway.links.bluez.guard import Bluez
    from gateway.provisioning.pairing import NothingFoundError, pair_device

    async def work() -> "Paired":
        bluez = Bluez(_answers(passkey))
        async with bluez.running():
            return await pair_device(
                Radio(bluez=bluez),
                store,
                SystemClock(),
                wanted=wanted,
                again=again,
                window_s=window,
            )

    with _store(state) as store:
        try:
            paired = radio_work(work, advice=_ADVICE)
        except NothingFoundError:
            fail("No such meter was heard. Put it into pairing mode and try again.", NOTHING)
    show(
        [{"device": paired.device, "name": paired.name, "profile": paired.profile.id}],
        as_json=as_json,
    )
    if not as_json:
        say("Bonded, and the clock is set. Take a reading now: it proves the pairing.")


def _answers(passkey: str | None) -> "Answers":
    """Who answers BlueZ's questions: what was typed already, a person, or nobody."""
    from gateway.commands.prompt import LONGEST_PIN, Prompt
    from gateway.links.bluez.agent import Nobody, Typed

    if passkey is not None:
        digits = passkey.replace(" ", "")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_PIN):
            fail("A passkey is digits only, six of them as a rule.", FAILED)
        return Typed(digits)
    return Prompt(lambda words: say(words, stderr=True)) if sys.stdin.isatty() else Nobody()


@contextmanager
def _store(state: Path) -> Iterator["DeviceStore"]:
    """The device list, or plain words why it cannot be had."""
    from gateway.buffer.devices import DeviceStore, InUseError

    try:
        store = DeviceStore(state / "collector" / "devices.db")
    except InUseError:
        fail(
            "The collector is running and holds the radio. Stop it, pair, start it again: "
            "systemctl stop vitals-collector",
            BUSY,
        )
    except OSError as error:
        fail(f"{error.filename or state} cannot be written by this account.", FAILED)
    try:
        yield store
    finally:
        store.close()
