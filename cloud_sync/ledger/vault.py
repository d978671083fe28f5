"""The data keys of a clinic: made when something is first sealed for a subject and a period.

Each lies in the database, wrapped by the clinic's key, which lies outside it. The clinic's key
changes with each erasure; whoever wraps reads it inside the transaction, so nothing is ever wrapped
under a key that is being destroyed.
"""

import contextlib
import os
import time
from collections.abc import Collection, Iterable
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ColumnElement, Connection, Engine, Row, func, select
from sqlalchemy.dialects import postgresql, sqlite

from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import data_key, erased

NONCE_BYTES, KEY_BYTES = 12, 32
REMEMBERED_SECONDS = 60.0  # how long a running process may still read what another has erased
_MOST_REMEMBERED = 200_000
_LOCK = 0x76_69_74_64  # any number that this program alone uses for this purpose
Scope = tuple[str, str]  # subject, period


class ClinicKeys(Protocol):
    """The clinic's key, and while it changes the one that replaces it."""

    def read(self) -> list[bytes]:
        """As they are now, the newest first; none where there never was one, or it was lost."""

    def create(self) -> None:
        """The first one, unless there is one."""


class KeyLost(Exception):  # noqa: N818 - what happened, in words for an operator
    """The clinic's key is not the one that this database was sealed with."""


class Vault:
    """Opens and makes data keys for one database."""

    def __init__(self, clinic: ClinicKeys, reader: Engine) -> None:
        self._clinic = clinic
        self._reader = reader
        self._known: dict[str, tuple[bytes, float]] = {}  # the key, and until when

    def key(self, key_id: str) -> bytes | None:
        """A data key; None where it was destroyed."""
        known = self._known.get(key_id)
        if known is not None and known[1] >= time.monotonic():
            return known[0]
        try:
            return self._looked_up(key_id)
        except KeyLost:  # or an erasure changed the clinic's key between the row and the file
            return self._looked_up(key_id)

    def _looked_up(self, key_id: str) -> bytes | None:
        with self._reader.connect() as db:
            found = db.execute(select(data_key).where(data_key.c.id == key_id)).first()
            gone = db.scalar(select(erased.c.key_id).where(erased.c.key_id == key_id))
        if found is None:
            # One that a transaction of this process has just made, nobody else sees yet.
            known = self._known.get(key_id)
            return known[0] if known is not None and gone is None else None
        self._remember([found])
        return self._known[key_id][0]

    def prepare(self, db: Connection, subjects: Collection[str]) -> None:
        """Read the keys of these subjects at once, before their cells are."""
        self._read_ahead(db, data_key.c.subject.in_(sorted(subjects)))

    def prepare_patients(self, db: Connection) -> None:
        """The same for every patient."""
        self._read_ahead(db, data_key.c.subject.like("patient/%"))

    def prepare_files(self, db: Connection) -> None:
        """The same for the file of every patient."""
        self._read_ahead(db, data_key.c.period == "")

    def _read_ahead(self, db: Connection, which: ColumnElement[bool]) -> None:
        """What a view from before an erasure still has under the old key, `key` looks up itself."""
        with contextlib.suppress(KeyLost):
            self._remember(db.execute(select(data_key).where(which)))

    def keys_for(self, db: Connection, scopes: set[Scope]) -> dict[Scope, tuple[str, bytes]]:
        """Id and key of each scope, made where there is none; in a transaction that writes.

        Refused for what was erased: a new key there would never be destroyed again.
        """
        share(db)
        found = self._stored(db, scopes)
        missing = sorted(scopes - set(found))
        if missing:
            _refuse_erased(db, missing)
            clinic = self._current(db)
            rows = [_made(subject, period, clinic) for subject, period in missing]
            dialect = sqlite if db.dialect.name == "sqlite" else postgresql
            db.execute(dialect.insert(data_key).on_conflict_do_nothing(), rows)
            found |= self._stored(db, set(missing))
        self._remember(found.values())
        return {scope: (row.id, self._known[row.id][0]) for scope, row in found.items()}

    def check(self, db: Connection) -> None:
        """KeyLost unless the clinic's key opens what was sealed here; nothing may be sealed yet."""
        row = db.execute(select(data_key).limit(1)).first()
        if row is not None:
            unwrapped(row.id, row.wrapped, self._clinic.read())

    def _current(self, db: Connection) -> bytes:
        """Never another than what is there was sealed with: it would open half a database."""
        self.check(db)
        if not self._clinic.read():
            self._clinic.create()
        return self._clinic.read()[0]

    def forget(self, ids: Iterable[str]) -> None:
        """Keys that were destroyed: this process reads nothing with them any more."""
        for one in ids:
            self._known.pop(one, None)

    def _stored(self, db: Connection, scopes: set[Scope]) -> dict[Scope, Row[Any]]:
        subjects = sorted({subject for subject, _period in scopes})
        rows = db.execute(select(data_key).where(data_key.c.subject.in_(subjects)))
        found = {(row.subject, row.period): row for row in rows}
        return {scope: found[scope] for scope in scopes if scope in found}

    def _remember(self, rows: Iterable[Row[Any]]) -> None:
        clinic: list[bytes] = []
        now = time.monotonic()
        for row in rows:
            known = self._known.get(row.id)
            if known is None:
                clinic = clinic or self._clinic.read()
                known = (unwrapped(row.id, row.wrapped, clinic), now)
            self._known[row.id] = (known[0], now + REMEMBERED_SECONDS)
        if len(self._known) > _MOST_REMEMBERED:
            kept = [(one, known) for one, known in list(self._known.items()) if known[1] >= now]
            self._known = dict(kept)


def _refuse_erased(db: Connection, scopes: Collection[Scope]) -> None:
    subjects = sorted({subject for subject, _period in scopes})
    known = select(erased.c.subject, erased.c.period).where(erased.c.subject.in_(subjects))
    if {(row.subject, row.period) for row in db.execute(known)} & set(scopes):
        raise Refused("This was erased under retention: nothing can be added to it any more.")


def share(db: Connection) -> None:
    """No erasure runs until this transaction ends; SQLite has one writer anyway."""
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock_shared(_LOCK)))


def alone(db: Connection) -> None:
    """Nobody makes a key until this transaction ends."""
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def wrapped(key_id: str, key: bytes, clinic: bytes) -> bytes:
    """The data key under the clinic's."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(clinic).encrypt(nonce, key, key_id.encode())


def unwrapped(key_id: str, cell: bytes, clinic: Iterable[bytes]) -> bytes:
    """The data key; KeyLost where no clinic key fits, which is no erasure."""
    for one in clinic:
        try:
            return AESGCM(one).decrypt(cell[:NONCE_BYTES], cell[NONCE_BYTES:], key_id.encode())
        except InvalidTag:
            continue
    raise KeyLost("The clinic's key does not open this database: restore keys/data.key.")


def _made(subject: str, period: str, clinic: bytes) -> dict[str, object]:
    identity = new_id()
    cell = wrapped(identity, os.urandom(KEY_BYTES), clinic)
    return {"id": identity, "subject": subject, "period": period, "wrapped": cell}
