"""Room on the disk: how much, for how many days, and the ballast that keeps a full disk drainable.

On a full file system even a DELETE fails. The ballast is a file that is given up for that moment.
"""

import os
import shutil
from pathlib import Path

from gateway.buffer.database import StoreFailed
from gateway.files import flush_directory

_REMAKE_TIMES = 8  # its own size free: 64 MB for 8 MB
_DRAIN_PART = 4  # a quarter of the ballast is for draining alone
_ENVELOPE_BYTES = 4096  # one row of the largest envelope with its share of pages and index
_DAILY_MIN = 10.0  # a home makes a few readings a day
_DAYS_MAX = 3650
_BLOCK = bytes(1024 * 1024)


class Ballast:
    """A file of `size` bytes, really written, made where there is plenty of room."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size

    @property
    def present(self) -> bool:
        return self._size == 0 or self._path.exists()

    def leaves_room(self, *, file_free: int) -> bool:
        """Whether one more reading may be kept.

        Once the ballast is gone, a part of what it gave stays free for applying receipts: a disk
        filled to the brim could never drain.
        """
        if self.present or file_free >= 2 * _ENVELOPE_BYTES:
            return True
        return free_bytes(self._path.parent) >= self._size // _DRAIN_PART

    def ensure(self) -> None:
        """Write it where it is missing and the disk has room to spare."""
        if self.present or free_bytes(self._path.parent) < _REMAKE_TIMES * self._size:
            return
        try:
            self._write()
        except OSError as error:
            raise StoreFailed("the ballast could not be written") from error

    def _write(self) -> None:
        part = self._path.with_suffix(".part")
        with part.open("wb") as file:
            for start in range(0, self._size, len(_BLOCK)):
                file.write(_BLOCK[: self._size - start])
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._path)

    def drop(self) -> bool:
        """Give it up; whether there was one."""
        try:
            self._path.unlink()
        except FileNotFoundError:
            return False
        flush_directory(self._path.parent)
        return True


def free_bytes(directory: Path) -> int:
    """What an ordinary user may still write there."""
    return shutil.disk_usage(directory).free


def days_of_room(*, disk_free: int, file_free: int, daily: float) -> int:
    """How long readings can be kept at the present rate if none is received."""
    per_day = max(daily, _DAILY_MIN) * _ENVELOPE_BYTES
    return min(_DAYS_MAX, int((disk_free + file_free) / per_day))
