"""The hub's clocks: wall, boot, monotonic, and whether the kernel calls the wall clock true."""

import ctypes
import os
import time
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Protocol

from cloud_sync.contract.observation import Received

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised to a reliable server
_UNSYNCHRONISED_US = 16_000_000  # the kernel's "no idea" for maxerror (NTP_PHASE_LIMIT)


class HubClock(Protocol):
    """What the collector needs to know of time."""

    def received(self) -> Received:
        """Every clock of the hub at this moment."""
        ...

    def local(self) -> datetime:
        """Naive local wall time, for setting a device's clock."""
        ...


class SystemClock:
    """The system's own clock and zone."""

    def received(self) -> Received:
        synchronised, error_ms = kernel_sync()
        return Received(
            wall_ms=time.time_ns() // 1_000_000,
            boot=_boot(),
            monotonic_ms=time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000,
            synchronised=synchronised,
            error_ms=error_ms,
        )

    def local(self) -> datetime:
        return datetime.now()  # noqa: DTZ005 - a device's clock shows zoneless local time


def kernel_sync() -> tuple[bool, int | None]:
    """Whether the kernel's clock is disciplined, and its bound of the error in milliseconds.

    `adjtimex` with no mode changes nothing and needs no right; both timesyncd and chrony keep it.
    """
    state = _Timex()
    verdict = ctypes.CDLL(None).adjtimex(ctypes.byref(state))
    synchronised = verdict >= 0 and verdict != _TIME_ERROR
    if not synchronised or state.maxerror >= _UNSYNCHRONISED_US:
        return synchronised, None
    return True, -(-int(state.maxerror) // 1000)


class _Timex(ctypes.Structure):
    """`struct timex` of <sys/timex.h>, as far as it is read; the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("room", ctypes.c_byte * 256),
    )


@cache
def _boot() -> str:
    """From the unit's `BOOT_ID=%b` where there is one: `ProcSubset=pid` hides the kernel's file."""
    return (os.environ.get("BOOT_ID") or _BOOT_ID.read_text()).strip().replace("-", "")
