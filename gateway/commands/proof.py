"""How far a pairing is, and waiting until a reading with a receipt has proven it."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gateway.commands.meters import say

if TYPE_CHECKING:
    from gateway.buffer.devices import State

Wait = Annotated[
    bool, Parameter(negative="", help="wait until a reading of the meter has proven the pairing")
]
LIMIT_SECONDS = 900.0
LOOK_SECONDS = 0.5
WORDS: "dict[State, str]" = {
    "bonded": "bonded, no reading yet",
    "sealed": "reading sealed, no receipt yet",
    "proven": "proven by a receipt",
}
_NEWS: "dict[State, str]" = {
    "bonded": "Waiting for a reading of the meter ...",
    "sealed": "A reading arrived over the bond and is sealed. Waiting for the clinic's receipt ...",
    "proven": "Proven: the clinic has confirmed that reading. The meter is ready for its patient.",
}


def await_proof(state: Path, device: str, *, limit_s: float = LIMIT_SECONDS) -> "State":
    """How far the pairing came within so many seconds; each step is told on standard error."""
    from gateway.buffer.devices import read_devices

    until = time.monotonic() + limit_s
    told: State | None = None
    while True:
        known = {one.id: one.state for one in read_devices(state / "collector" / "devices.db")}
        now: State = known.get(device, "bonded")
        if now != told:
            say(_NEWS[now], stderr=True)
            told = now
        if now == "proven":
            return now
        if time.monotonic() >= until:
            say("It goes on without this command: vitals-hub devices shows it.", stderr=True)
            return now
        time.sleep(LOOK_SECONDS)
