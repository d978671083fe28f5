"""The one part of the hub with rights over the machine: carries out one of three requests.

Started by systemd when the collector leaves a request in its spool; trusts nothing in it but the
name of a rung, keeps its own daily budget, and ends. `python -m gateway.health.mender SPOOL STATE`
"""

import fcntl
import logging
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from cloud_sync.contract.observation import Received
from gateway.files import flush_directory, write_atomic
from gateway.health.clock import SystemClock
from gateway.health.ladder import DAY_S, LIMITS, Rung, elapsed_s

Order = Literal["usb_reset", "bluetoothd_restart", "reboot"]
RUNGS: Mapping[Order, Rung] = {
    "usb_reset": Rung.USB_RESET,
    "bluetoothd_restart": Rung.BLUETOOTHD_RESTART,
    "reboot": Rung.REBOOT,
}
REQUEST_MAX_BYTES = 1024
_KEPT = 100
_SETTLE_S = 3.5  # a USB adapter needs it to come back
_USBDEVFS_RESET = 0x5514  # <linux/usbdevice_fs.h>
_UNBLOCK_BLUETOOTH = struct.pack("<IBBBB", 0, 2, 3, 0, 0)  # rfkill_event: all of type 2, not soft
_log = logging.getLogger(__name__)


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the collector leaves in the spool."""

    rung: Order
    reason: Annotated[str, msgspec.Meta(max_length=200)]
    boot: str


class Mended(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with a request."""

    rung: Order
    reason: str
    outcome: str
    at: Received


Act = Callable[[], str]


def leave(spool: Path, *, rung: Rung, reason: str, boot: str) -> str:
    """The collector's side: put a request where the unit finds it."""
    orders = {known: order for order, known in RUNGS.items()}
    request = Request(rung=orders[rung], reason=reason[:200], boot=boot)
    write_atomic(spool, msgspec.json.encode(request))
    return "requested"


def mend(spool: Path, records: Path, *, now: Received, acts: Mapping[Order, Act]) -> Mended | None:
    """Take the request, if there is a proper one, and carry it out within the day's budget.

    Request gone and record made, both durable, before anything is done: a reboot never finds
    its own request again.
    """
    request = _take(spool)
    if request is None or request.boot != now.boot:
        return None
    earlier = read_records(records)
    spent = [m for m in earlier if m.rung == request.rung and elapsed_s(m.at, now) < DAY_S]
    if sum(m.outcome != "refused" for m in spent) >= LIMITS[RUNGS[request.rung]].per_day:
        mended = _mended(request, now, "refused")
        _write(records, earlier, mended)
        return mended
    _write(records, earlier, _mended(request, now, "begun"))
    mended = _mended(request, now, acts[request.rung]())
    _write(records, earlier, mended)
    return mended


def read_records(path: Path) -> list[Mended]:
    """Newest last. A damaged file counts as none: the collector's own budget holds too."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Mended])
    except (FileNotFoundError, msgspec.MsgspecError):
        return []


def _take(spool: Path) -> Request | None:
    """The spool is another account's: no link is followed, nothing long is read."""
    try:
        handle = os.open(spool, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError:
        raw = b""
    else:
        with os.fdopen(handle, "rb") as file:
            raw = file.read(REQUEST_MAX_BYTES + 1)
    spool.unlink(missing_ok=True)
    flush_directory(spool.parent)
    try:
        return msgspec.json.decode(raw[:REQUEST_MAX_BYTES], type=Request)
    except msgspec.MsgspecError:
        _log.exception("what lay in the spool is no request")
        return None


def _mended(request: Request, now: Received, outcome: str) -> Mended:
    return Mended(rung=request.rung, reason=request.reason, outcome=outcome, at=now)


def _write(records: Path, earlier: list[Mended], newest: Mended) -> None:
    """Of refusals only the newest stays, so that many of them push nothing out that counts."""
    deeds = [each for each in earlier if each.outcome != "refused"]
    write_atomic(records, msgspec.json.encode([*deeds[1 - _KEPT :], newest]), 0o644)


def usb_device(adapter: Path) -> Path | None:
    """The USB device that carries this adapter of /sys/class/bluetooth; None on a UART."""
    for part in (found := adapter.resolve(), *found.parents):
        if (part / "busnum").is_file() and (part / "devnum").is_file():
            bus, number = ((part / name).read_text().strip() for name in ("busnum", "devnum"))
            return Path(f"/dev/bus/usb/{int(bus):03d}/{int(number):03d}")
    return None


def _usb_adapters() -> Iterator[Path]:
    for adapter in sorted(Path("/sys/class/bluetooth").glob("hci*")):
        device = None if ":" in adapter.name else usb_device(adapter)  # hci0:64 is a connection
        if device is not None:
            yield device


def _usb_reset() -> str:
    devices = list(_usb_adapters())
    if not devices:
        return "failed: the adapter is not on USB"
    for device in devices:
        handle = os.open(device, os.O_WRONLY | os.O_CLOEXEC)
        try:
            fcntl.ioctl(handle, _USBDEVFS_RESET, 0)
        except OSError as error:
            return f"failed: {error.strerror}"
        finally:
            os.close(handle)
    time.sleep(_SETTLE_S)
    try:
        Path("/dev/rfkill").write_bytes(_UNBLOCK_BLUETOOTH)
    except OSError as error:
        return f"done, but not unblocked: {error.strerror}"
    return "done"


def _systemctl(*words: str) -> str:
    command = ["/usr/bin/systemctl", "--no-block", *words]
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=30)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"failed: {type(error).__name__}"
    return "done" if done.returncode == 0 else f"failed: status {done.returncode}"


ACTS: Mapping[Order, Act] = {
    "usb_reset": _usb_reset,
    "bluetoothd_restart": lambda: _systemctl("restart", "bluetooth.service"),
    "reboot": lambda: _systemctl("reboot"),
}


def main(spool: Path, state: Path) -> None:
    """One request, then the end."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    mended = mend(spool, state / "mended.json", now=SystemClock().received(), acts=ACTS)
    if mended is not None:
        _log.warning("%s: %s: %s", mended.reason, mended.rung, mended.outcome)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
