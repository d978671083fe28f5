"""The clinic's key that wraps the keys of what is sealed at rest, in a file beside the others.

It is no part of the database or of its backups. An erasure replaces it: `prepare` writes the next
one beside it, and `settle` puts that in its place when nothing is wrapped under the old one.
"""

import contextlib
import os
import secrets
from pathlib import Path

from cloud_sync.identity.keys import write_private

NAME, NEXT = "data.key", "data.key.next"
_BYTES = 32


class ClinicKeyFile:
    """`data.key` in a directory of keys."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._current = directory / NAME
        self._next = directory / NEXT

    def read(self) -> list[bytes]:
        """The next one first, while there is one; empty where there is none at all."""
        found = []
        for path in (self._next, self._current):
            try:
                found.append(path.read_bytes())
            except FileNotFoundError:
                continue  # there is no next one, or it has just become the current one
        return found

    def create(self) -> None:
        """The first key, whole or not at all; another process may do the same."""
        made = self._directory / f"{NAME}.{secrets.token_hex(8)}"
        write_private(made, secrets.token_bytes(_BYTES))
        with contextlib.suppress(FileExistsError):
            os.link(made, self._current)
        made.unlink()
        self._sync()

    def pending(self) -> bytes | None:
        """The next key of an erasure that was cut short."""
        return self._next.read_bytes() if self._next.exists() else None

    def prepare(self) -> bytes:
        """A new key, under which everything is to be wrapped."""
        write_private(self._next, secrets.token_bytes(_BYTES))
        self._sync()
        return self._next.read_bytes()

    def settle(self) -> None:
        """The next key replaces the old one, which is overwritten first."""
        with self._current.open("r+b") as old:
            old.write(bytes(_BYTES))
            old.flush()
            os.fsync(old.fileno())
        self._next.replace(self._current)
        self._sync()

    def _sync(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
