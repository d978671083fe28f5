"""The hub's clocks: wall, boot, monotonic, and whether the kernel calls the wall clock true."""

import ctypes
import os
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cloud_sync.contract.observation import Received

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Made by systemd-timesyncd at the first synchronisation of this boot; readable in a hardened unit.
_FLAG = Path("/run/systemd/timesync/synchronized")
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

    def __init__(self, flag: Path = _FLAG, environment: Mapping[str, str] = os.environ) -> None:
        self._flag = flag
        self._boot = boot_id(environment)

    def received(self) -> Received:
        synchronised, error_ms = kernel_sync()
        return Received(
            wall_ms=time.time_ns() // 1_000_000,
            boot=self._boot,
            monotonic_ms=time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000,
            synchronised=synchronised or self._flag.exists(),
            error_ms=error_ms,
        )

    def local(self) -> datetime:
        return datetime.now()  # noqa: DTZ005 - a device's clock shows zoneless local time


def boot_id(environment: Mapping[str, str]) -> str:
    """The kernel's name of this boot, 32 hex digits.

    From the unit's `Environment=BOOT_ID=%b` where there is one: under `ProcSubset=pid` the file of
    the kernel is not to be seen.
    """
    given = environment.get("BOOT_ID", "")
    return (given or _BOOT_ID.read_text()).strip().replace("-", "").lower()


def kernel_sync() -> tuple[bool, int | None]:
    """Whether the kernel's clock is disciplined, and its bound of the error in milliseconds.

    `adjtimex` with no mode changes nothing; both timesyncd and chrony keep it. A unit hardened with
    `ProtectClock=yes` may not even ask: then systemd-timesyncd's flag file says what it can.
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
