"""Cells that are sealed at rest: their format, and the column types that read them.

A text cell is `sealed:1:<key id>:<base64 of nonce and ciphertext>`, a cell of bytes the same
without base64; AES-256-GCM with the key's id as associated data. Which key opens a cell is said by
the cell, so cells from before the sealing are read as they are. Where the key was destroyed, a
reader gets a value that says so and carries the key's id.
"""

import base64
import os
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Dialect, LargeBinary, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

TEXT_MARK, BYTES_MARK = "sealed:1:", b"sealed:1:"
NONCE_BYTES, TAG_BYTES, ID_DIGITS = 12, 16, 32
ADDED_BYTES = len(BYTES_MARK) + ID_DIGITS + NONCE_BYTES + TAG_BYTES  # to a cell of bytes
ERASED = "erased under retention"
KeyById = Callable[[str], bytes | None]
_readers: "WeakKeyDictionary[Dialect, KeyById]" = WeakKeyDictionary()


class ErasedText(str):
    """What stands where a text was."""

    __slots__ = ("key_id",)
    key_id: str


class ErasedBytes(bytes):
    """What stands where bytes were: none."""

    key_id: str


def register(dialect: Dialect, keys: KeyById) -> None:
    """Where the connections of this engine find their keys."""
    _readers[dialect] = keys


def seal_text(text: str, key_id: str, key: bytes) -> str:
    """The text as a cell."""
    sealed = _sealed(text.encode(), key_id, key)
    return f"{TEXT_MARK}{key_id}:{base64.b64encode(sealed).decode()}"


def seal_bytes(plain: bytes, key_id: str, key: bytes) -> bytes:
    """The bytes as a cell."""
    return BYTES_MARK + key_id.encode() + _sealed(plain, key_id, key)


def _sealed(plain: bytes, key_id: str, key: bytes) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, key_id.encode())


def key_of(cell: Any) -> str | None:  # noqa: ANN401 - any stored value
    """The key that opens a stored cell; None of one that is not sealed."""
    if isinstance(cell, str) and cell.startswith(TEXT_MARK):
        return cell[len(TEXT_MARK) :][:ID_DIGITS]
    if isinstance(cell, bytes | memoryview) and bytes(cell[: len(BYTES_MARK)]) == BYTES_MARK:
        return bytes(cell[len(BYTES_MARK) :][:ID_DIGITS]).decode()
    return None


def erased_keys(row: Mapping[Any, Any]) -> set[str]:
    """The keys that were destroyed of what this row, as it was read, once said."""
    return {one.key_id for one in row.values() if isinstance(one, ErasedText | ErasedBytes)}


def is_erased(value: object) -> bool:
    """Whether this value, as it was read, is no longer there."""
    return isinstance(value, ErasedText | ErasedBytes)


def _open(cell: str | bytes, key_id: str, dialect: Dialect) -> bytes | None:
    keys = _readers.get(dialect)
    assert keys is not None, "a sealed database must be opened with the clinic's keys"
    key = keys(key_id)
    if key is None:
        return None
    if isinstance(cell, str):
        sealed = base64.b64decode(cell[len(TEXT_MARK) + ID_DIGITS + 1 :])
    else:
        sealed = cell[len(BYTES_MARK) + ID_DIGITS :]
    return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], key_id.encode())


class SealedText(TypeDecorator[str]):
    """Text, sealed by whoever writes it; `erased` is what it reads as without its key."""

    impl = Text
    cache_ok = True

    def __init__(self, erased: str = ERASED, *, declared: int | None = None) -> None:
        super().__init__()
        self.erased = erased
        self.declared = declared

    @property
    def python_type(self) -> type[str]:
        """What is read."""
        return str

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """SQLite's column stays declared with a length, which SQLite does not heed."""
        return String(self.declared) if dialect.name == "sqlite" and self.declared else Text()

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ANN401
        """Opened; as it is where it was never sealed."""
        key_id = key_of(value)
        if key_id is None:
            return value  # type: ignore[no-any-return]
        plain = _open(value, key_id, dialect)
        if plain is not None:
            return plain.decode()
        gone = ErasedText(self.erased)
        gone.key_id = key_id
        return gone


class SealedBytes(TypeDecorator[bytes]):
    """Bytes, sealed by whoever writes them; none without their key."""

    impl = LargeBinary
    cache_ok = True

    @property
    def python_type(self) -> type[bytes]:
        """What is read."""
        return bytes

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:  # noqa: ANN401
        """Opened; as they are where they were never sealed."""
        key_id = key_of(value)
        if key_id is None:
            return value  # type: ignore[no-any-return]
        plain = _open(bytes(value), key_id, dialect)
        if plain is not None:
            return plain
        gone = ErasedBytes()
        gone.key_id = key_id
        return gone


class _DateOrCell(UserDefinedType[str]):
    """SQLite's column stays declared as it was: it holds either."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:  # noqa: ANN401
        return "DATE"


class SealedDate(TypeDecorator[date]):
    """A date, sealed by whoever writes it; none without its key."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text, under the name that each database's column has."""
        return _DateOrCell() if dialect.name == "sqlite" else Text()

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ANN401, ARG002
        """A cell as it is, a date as ISO 8601 has it."""
        return value.isoformat() if isinstance(value, date) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:  # noqa: ANN401
        """The date; None where there is none any more."""
        key_id = key_of(value)
        if key_id is None:
            return _date(value)
        plain = _open(value, key_id, dialect)
        return None if plain is None else date.fromisoformat(plain.decode())


def _date(value: str | None) -> date | None:
    """What was tampered with comes back as it is, so that the ledger's check can name it."""
    try:
        return None if value is None else date.fromisoformat(value)
    except ValueError:
        return value  # type: ignore[return-value]
