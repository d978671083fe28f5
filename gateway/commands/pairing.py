"""vitals-hub pair, re-pair, unpair: bonds are made and deleted here, because a person asks.

Where the collector runs it does the work, as it holds the radio; else this process does.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

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
from gateway.commands.proof import Wait, await_proof

if TYPE_CHECKING:
    from gateway.buffer.devices import DeviceStore
    from gateway.provisioning.hatch import Done, Failed, Gone, Pair, Unpair
    from gateway.sessions.answers import Answers

_ADVICE = (
    "Put the meter into pairing mode and try again. If it shows six digits, type them when asked, "
    "or use --passkey. If it was paired before: vitals-hub re-pair."
)
UNPROVEN = 3
Window = Annotated[float, Parameter(help="seconds to wait for the meter")]
Passkey = Annotated[
    str | None,
    Parameter(
        name=["--passkey", "--pin"],
        help="the digits the meter shows, or the PIN from its manual; else you are asked",
    ),
]
Meter = Annotated[str, Parameter(help="ble: and 12 digits, as `vitals-hub devices` lists it")]


def pair(  # noqa: PLR0913 - options of a command
    *,
    profile: Annotated[str | None, Parameter(help="only a meter of this profile")] = None,
    device: Annotated[str | None, Parameter(help="only this meter: ble: and 12 digits")] = None,
    passkey: Passkey = None,
    window: Window = 120.0,
    wait: Wait = False,
    state: State = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Pair one meter with this hub and set its clock.

    The collector may run; it goes on reading the other meters. Put the meter into pairing mode
    (A&D: hold START until Pr shows). If it shows six digits, type them within a minute when asked.
    Then take a reading: a pairing is proven once the clinic has confirmed one; --wait waits for
    that. Exit status 1 means that no new meter was found, 2 that it or the radio refused, 3 that
    it is bonded and not proven yet (with --wait), 75 that somebody else holds the radio.

    Example: `vitals-hub pair --profile and/ua-651ble --wait`
    """
    from gateway.provisioning.hatch import Pair

    answers = _answers(passkey)
    request = Pair(capability=answers.capability, device=device, profile=profile, window_s=window)
    _pair(request, answers, wait=wait, state=state, as_json=as_json)


def re_pair(  # noqa: PLR0913 - options of a command
    device: Meter,
    *,
    passkey: Passkey = None,
    window: Window = 120.0,
    wait: Wait = False,
    state: State = DEFAULT_STATE,
    as_json: Json = False,
) -> None:
    """Delete a meter's bond and pair it anew: for a meter that has forgotten this hub.

    Put the meter into pairing mode first: the old bond is deleted when the meter is heard, not
    before. Exit status as with `pair`.

    Example: `vitals-hub re-pair ble:c0ffee000651`
    """
    from gateway.provisioning.hatch import Pair

    answers = _answers(passkey)
    request = Pair(capability=answers.capability, device=device, again=True, window_s=window)
    _pair(request, answers, wait=wait, state=state, as_json=as_json)


def unpair(device: Meter, *, state: State = DEFAULT_STATE) -> None:
    """Delete a meter's bond and strike it from this hub's list. Its readings stay.

    The collector may run. Exit status 1 means that this hub does not know the meter, 2 that the
    radio cannot be used, 75 that somebody else holds it.

    Example: `vitals-hub unpair ble:c0ffee000651`
    """
    from gateway.provisioning.hatch import Failed, Gone, Unpair
    from gateway.sessions.answers import Nobody

    end = _ask_collector(state, Unpair(device=device), Nobody()) or _unpair_alone(state, device)
    if isinstance(end, Failed):
        _say_why(end)
    if end == Gone(was_known=False):
        fail("This hub does not know such a meter: vitals-hub devices", NOTHING)
    say("The bond is deleted. To use the meter with this hub again: vitals-hub pair")


def _pair(request: "Pair", answers: "Answers", *, wait: bool, state: Path, as_json: bool) -> None:
    from gateway.provisioning.hatch import Done, Failed

    end = _ask_collector(state, request, answers)
    runs = end is not None
    if end is None:
        end = _pair_alone(state, request, answers)
    if isinstance(end, Failed):
        _say_why(end)
    assert isinstance(end, Done), end
    row = {"device": end.device, "name": end.name, "profile": end.profile}
    if not as_json:
        show([row], as_json=False)
        say("Bonded, and the clock is set. Take a reading now: it proves the pairing.")
        if not runs:
            say("The collector does not run: systemctl start vitals-collector")
    proven = await_proof(state, end.device) if wait else "bonded"
    if as_json:
        show([{**row, "state": proven}], as_json=True)
    if wait and proven != "proven":
        raise SystemExit(UNPROVEN)


def _ask_collector(
    state: Path, request: "Pair | Unpair", answers: "Answers"
) -> "Done | Gone | Failed | None":
    """How the running collector ended it; None where none runs."""
    from gateway.provisioning.caller import call

    async def work() -> "Done | Gone | Failed | None":
        return await call(state / "collector" / "hatch", request, answers, _tell)

    try:
        return asyncio.run(work())
    except PermissionError:
        fail("The collector may be asked by root or its own account only: sudo.", FAILED)


def _pair_alone(state: Path, request: "Pair", answers: "Answers") -> "Done":
    from gateway.health.clock import SystemClock
    from gateway.links.ble import Radio
    from gateway.links.bluez.guard import Bluez
    from gateway.provisioning.hatch import Done, Failed
    from gateway.provisioning.pairing import (
        NothingFoundError,
        Paired,
        pair_device,
        wanted_by,
    )

    async def work() -> Paired:
        bluez = Bluez()
        async with bluez.running():
            return await pair_device(
                Radio(bluez=bluez),
                store,
                SystemClock(),
                wanted=wanted_by(request.device, request.profile, known=known),
                answers=answers,
                again=request.again,
                window_s=request.window_s,
                tell=_tell,
            )

    with _store(state) as store:
        known = {device.id for device in store.all()}
        try:
            paired = radio_work(work, advice=_ADVICE)
        except NothingFoundError:
            _say_why(Failed(why="nothing"))
    return Done(device=paired.device, name=paired.name, profile=paired.profile.id)


def _unpair_alone(state: Path, device: str) -> "Gone":
    from gateway.links.ble import Radio
    from gateway.links.bluez.guard import Bluez
    from gateway.provisioning.hatch import Gone

    async def remove() -> bool:
        bluez = Bluez()
        async with bluez.running():
            return await Radio(bluez=bluez).unpair(device)

    with _store(state) as store:
        bonded = radio_work(remove)
        listed = store.forget(device)
    return Gone(was_known=bonded or listed)


def _say_why(end: "Failed") -> NoReturn:
    match end.why:
        case "nothing":
            fail(
                "No such meter was heard. Put it into pairing mode and try again; "
                "vitals-hub doctor says whether the radio works.",
                NOTHING,
            )
        case "refused":
            fail(f"That failed: {end.words}. {_ADVICE}", FAILED)
        case "radio":
            fail(f"The radio cannot be used: {end.words}", FAILED)
        case "busy":
            fail(f"Not now: {end.words}.", BUSY)


def _tell(words: str) -> None:
    say(words, stderr=True)


def _answers(passkey: str | None) -> "Answers":
    """Who answers BlueZ's questions: what was typed already, a person, or nobody."""
    from gateway.commands.prompt import LONGEST_PIN, Prompt
    from gateway.sessions.answers import Nobody, Typed

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
            "The collector holds the radio and does not answer: it may be starting. Try again; if "
            "that does not help: systemctl stop vitals-collector",
            BUSY,
        )
    except OSError as error:
        fail(f"{error.filename or state} cannot be written by this account.", FAILED)
    try:
        yield store
    finally:
        store.close()
        _leave_to_its_owner(state / "collector")


def _leave_to_its_owner(directory: Path) -> None:
    """What root made in the collector's directory is the collector's to write."""
    if os.geteuid() == 0:
        owner = directory.stat()
        for path in directory.glob("devices.*"):
            os.chown(path, owner.st_uid, owner.st_gid)
