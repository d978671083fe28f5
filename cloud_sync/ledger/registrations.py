"""What each account was opened as and each device was registered as: facts of the ledger.

The rows of `staff` and `device` carry what changes too (a password, a label). What says who or what
it is stands a second time in a chained row, and the two must agree. No password is in the chain.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Connection, Table, exists, or_, select

from cloud_sync.ledger import entries
from cloud_sync.ledger.tables import account_opening, device, device_registration, staff

OPENER = "opener"  # a device is registered by its first word, and by no person
UPGRADE = "upgrade"  # written for what was there before this was recorded
_MANY = 500  # ids in one query: SQLite and PostgreSQL both bound the parameters


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """A table and the chained one beside it, the columns that must agree, and words for it."""

    table: Table
    chained: Table
    columns: Mapping[str, str]  # name in the table: name in the chained one; the key first
    altered: str

    def same(self) -> list[tuple[Column[Any], Column[Any]]]:
        return [(self.table.c[one], self.chained.c[other]) for one, other in self.columns.items()]


_ACCOUNTS = _Pair(
    table=staff,
    chained=account_opening,
    columns={
        "id": "staff_id",
        "username": "username",
        "full_name": "full_name",
        "role": "role",
        "billing_role": "billing_role",
        "created_at_ms": "opened_at_ms",
    },
    altered="its name or role was altered, or when it was opened",
)
_DEVICES = _Pair(
    table=device,
    chained=device_registration,
    columns={
        "id": "device_id",
        "profile": "profile",
        "fda_defined": "fda_defined",
        "automatic": "automatic",
        "test": "test",
        "first_seen_ms": "registered_at_ms",
    },
    altered="what it was registered as was altered, or when",
)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first account or device that is not what the ledger says; `what` names it."""

    what: str
    words: str


def record_account(db: Connection, staff_id: str, *, author: str) -> None:
    """Put on record what this new account was opened as."""
    _record(db, _ACCOUNTS, [staff_id], author)


def record_devices(db: Connection, ids: Collection[str], *, author: str) -> None:
    """Put on record what these new devices were registered as. Takes the chain's end."""
    _record(db, _DEVICES, ids, author)


def adopt(db: Connection) -> None:
    """Give accounts and devices that were there before this was recorded the row they lack."""
    for pair in (_ACCOUNTS, _DEVICES):
        (key, its), *_ = pair.same()
        missing = select(key).where(~exists().where(its == key))
        _record(db, pair, db.execute(missing).scalars().all(), UPGRADE)


def difference(db: Connection) -> Difference | None:
    """Whether an account or a device is there that differs from its chained row, or only one."""
    for pair in (_ACCOUNTS, _DEVICES):
        (key, its), *rest = pair.same()
        other = or_(*(one.is_distinct_from(said) for one, said in rest))
        beside = select(key, its).outerjoin_from(pair.table, pair.chained, key == its)
        found = db.execute(beside.where(or_(its.is_(None), other)).order_by(key)).first()
        if found is not None:
            words = "it was inserted" if found[1] is None else pair.altered
            return Difference(what=f"{pair.table.name} {found[0]}", words=words)
        gone = select(its).where(~exists().where(key == its)).order_by(its)
        lost = db.scalar(gone.limit(1))
        if lost is not None:
            return Difference(what=f"{pair.table.name} {lost}", words="it was deleted")
    return None


def _record(db: Connection, pair: _Pair, ids: Collection[str], author: str) -> None:
    """As the table has them, in the order in which they came."""
    (key, _), *_, (_, since) = pair.same()
    columns = [one.label(said.name) for one, said in pair.same()]
    listed, rows = sorted(ids), list[dict[str, Any]]()
    for start in range(0, len(listed), _MANY):
        query = select(*columns).where(key.in_(listed[start : start + _MANY])).order_by(key)
        rows += [{**row, "author": author} for row in db.execute(query).mappings()]
    assert len(rows) == len(listed), f"a row of {pair.table.name} is not there"
    came = itemgetter(since.name)
    for at_ms, together in groupby(sorted(rows, key=came), came):
        entries.add_all(db, pair.chained, list(together), author=author, at_ms=at_ms)
