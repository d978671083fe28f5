"""What the clinic would hold, and what the devices were promised: the arithmetic of loss.

Acknowledged is what a device outside the guest has a confirmation for. Committed is what the
guest's `sealed.db` shows to a reader. Both sides are watched from outside, as they happen.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from cloud_sync.contract.observation import Observation
from tests.gateway.clinic_keys import ClinicKeys

# bluetoothd confirms a value by itself, then hands it over, then it is committed. A daemon or a
# machine that dies in between takes the reading along: what is younger than this may be such a one.
WINDOW_SECONDS = 2.0


class Told(NamedTuple):
    """A reading that its device counts as delivered; `key` is device and bytes, see `key_of`."""

    key: str
    at: float  # wall clock of the test, seconds


class Break(NamedTuple):
    """A kill or a cut fell between these moments, by the same clock."""

    began: float
    ended: float


class Balance(NamedTuple):
    """What was acknowledged against what is there."""

    acknowledged: int
    lost: int
    in_window: int
    doubled: int
    again: int

    def __str__(self) -> str:
        words = f"{self.acknowledged} acknowledged, {self.lost} lost, {self.doubled} doubled"
        if self.in_window:
            words += f", {self.in_window} gone in bluetoothd's window"
        return words + (f" ({self.again} sent again, same id)" if self.again else "")

    @property
    def is_whole(self) -> bool:
        return not self.lost and not self.doubled


def balance(
    told: Iterable[Told],
    held: Iterable[tuple[str, str]],
    *,
    committed: Iterable[str] = (),
    breaks: Iterable[Break] = (),
) -> Balance:
    """`held`: (key, observation id) of each envelope that is there now.

    Missing counts as lost where it had been seen committed, or was confirmed more than
    WINDOW_SECONDS before a break. A reading that is there under two ids
    would be counted twice by the clinic; one that is there twice under one id would not.
    """
    wanted = {each.key: each.at for each in told}
    ids: dict[str, Counter[str]] = {}
    for key, identity in held:
        if key in wanted:
            ids.setdefault(key, Counter())[identity] += 1
    seen, moments = set(committed), list(breaks)
    lost = in_window = 0
    for key in wanted.keys() - ids.keys():
        near = any(b.began - WINDOW_SECONDS < wanted[key] <= b.ended for b in moments)
        excused = near and key not in seen
        in_window += excused
        lost += not excused
    return Balance(
        acknowledged=len(wanted),
        lost=lost,
        in_window=in_window,
        doubled=sum(len(found) - 1 for found in ids.values()),
        again=sum(found.total() - len(found) for found in ids.values()),
    )


def key_of(device: str, raw: bytes) -> str:
    """Two cuffs may say the same: a reading is known by who said it, too."""
    return f"{device} {raw.hex()}"


class Witness:
    """Everything that was ever seen committed, and when."""

    def __init__(self, clinic: ClinicKeys) -> None:
        self._clinic = clinic
        self._opened: dict[str, Observation | None] = {}
        self._now: dict[int, str] = {}
        self._fresh = asyncio.Event()
        self._all = asyncio.Event()
        self.first_seen: dict[str, float] = {}  # envelope's bytes: when

    def feed(self, line: bytes) -> None:
        """One line of the guest's witness."""
        try:
            said: dict[str, Any] = json.loads(line)
        except ValueError:
            return  # the end of a line that a power cut tore
        if "all" in said:
            self._all.set()
            return
        self._now[said["seq"]] = said["raw"]
        self.first_seen.setdefault(said["raw"], time.time())
        self._fresh.set()

    def begin_anew(self) -> None:
        """Another boot: only what is told from now on is there."""
        self._now.clear()
        self._all.clear()

    async def complete(self, seconds: float) -> None:
        """Until the guest has told everything since `begin_anew`."""
        async with asyncio.timeout(seconds):
            await self._all.wait()

    async def next(self, seconds: float) -> None:
        """Until something more is committed."""
        self._fresh.clear()
        async with asyncio.timeout(seconds):
            await self._fresh.wait()

    def held(self) -> list[tuple[str, str]]:
        """Key and id of what is there now. Opened with the clinic's keys; no time anchors."""
        found = (self._open(raw) for raw in self._now.values())
        return [(key_of(o.frame.device, o.frame.raw), o.id) for o in found if o is not None]

    def committed(self) -> Mapping[str, float]:
        """The readings ever seen committed, by key, and when they first were."""
        found = ((self._open(raw), at) for raw, at in self.first_seen.items())
        return {key_of(o.frame.device, o.frame.raw): at for o, at in found if o is not None}

    def _open(self, raw: str) -> Observation | None:
        if raw not in self._opened:
            opened = self._clinic.open(bytes.fromhex(raw))
            self._opened[raw] = opened if isinstance(opened, Observation) else None
        return self._opened[raw]
