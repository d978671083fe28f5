"""What somebody does who owns the database's file: each attack changes it in one way."""

import random
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, insert, select, text

from cloud_sync.ledger import chain, entries, evidence
from cloud_sync.ledger.tables import CHAINED, batch, covered, entry, envelope, metadata, opening

GUARDED = [*CHAINED, entry, covered, envelope, opening]


def pick(db: Connection, rng: random.Random, tables: list[Any]) -> tuple[Any, Mapping[Any, Any]]:
    while True:
        table = rng.choice(tables)
        rows = db.execute(select(table)).mappings().all()
        if rows:
            return table, rows[rng.randrange(len(rows))]


def where(table: Any, row: Mapping[Any, Any]) -> list[Any]:
    return [column == row[column.name] for column in table.primary_key.columns]


def edit(db: Connection, rng: random.Random) -> None:
    table, row = pick(db, rng, GUARDED)
    name = rng.choice([column.name for column in table.columns])
    old = row[name]
    if isinstance(old, bool):
        value: Any = not old
    elif isinstance(old, bytes):
        place = rng.randrange(len(old))
        value = old[:place] + bytes([old[place] ^ 1 << rng.randrange(8)]) + old[place + 1 :]
    elif isinstance(old, int):
        value = old + rng.choice([-1, 1, 60_000]) if name not in ("seq", "id") else old + 1000
    elif isinstance(old, str):
        value = old + rng.choice("ab")
    else:  # a null that gets a value
        kind = str(table.c[name].type)
        value = "x" if kind.startswith(("VARCHAR", "TEXT")) else None
        if value is None:
            return edit(db, rng)
    db.execute(table.update().where(*where(table, row)).values({name: value}))
    return None


def delete(db: Connection, rng: random.Random) -> None:
    table, row = pick(db, rng, GUARDED)
    db.execute(table.delete().where(*where(table, row)))


def insert_row(db: Connection, rng: random.Random) -> None:
    table, row = pick(db, rng, [one for one in CHAINED if one is not batch])
    first = next(iter(table.primary_key.columns)).name
    fresh = 10_000 if isinstance(row[first], int) else rng.randbytes(16).hex()
    changes = {first: fresh} | ({"corrects": None} if "corrects" in row else {})
    db.execute(insert(table).values({**row, **changes}))


def insert_entry(db: Connection, rng: random.Random) -> None:
    """Well hashed, at the end, for a row that is not there."""
    end = entries.head(db)
    old = rng.choice(db.execute(select(entry)).mappings().all())
    row = dict(old) | {
        "seq": end.size + 1,
        "row_id": old["row_id"] + "0",
        "prev": end.hash,
        "hash": chain.link(end.hash, old["leaf"]),
    }
    db.execute(insert(entry).values(row))


def reorder(db: Connection, rng: random.Random) -> None:
    size = entries.head(db).size
    one, other = rng.sample(range(1, size + 1), 2)
    for old, new in ((one, -1), (other, one), (-1, other)):
        db.execute(entry.update().where(entry.c.seq == old).values(seq=new))
    if rng.random() < 0.5:
        rebuild(db)


def cut(db: Connection, rng: random.Random) -> None:
    """The last entries with their rows and whatever spoke of them."""
    size = entries.head(db).size
    keep = size - rng.randint(1, 12)
    for row in db.execute(select(entry).where(entry.c.seq > keep)).mappings().all():
        table = metadata.tables[row["kind"]]
        first = next(iter(table.primary_key.columns))
        value = row["row_id"] if len(table.primary_key) == 1 else row["row_id"].split(":")[0]
        value = int(value) if row["kind"] == "read_log" else value
        db.execute(table.delete().where(first == value))
        db.execute(covered.delete().where(covered.c.batch_id == row["row_id"]))
    db.execute(entry.delete().where(entry.c.seq > keep))
    db.execute(text("delete from checkpoint where size > :size"), {"size": keep})


def forge(db: Connection, rng: random.Random) -> None:
    """A minute more, and the whole chain computed anew over it."""
    _table, row = pick(db, rng, [metadata.tables["care_time"]])
    changed = metadata.tables["care_time"].update().where(text("id = :one"))
    db.execute(changed.values(end_ms=row["end_ms"] + 60_000), {"one": row["id"]})
    rebuild(db)


def rebuild(db: Connection) -> None:
    prev = chain.FIRST_PREV
    rows = db.execute(select(entry).order_by(entry.c.seq)).mappings().all()
    facts = evidence._facts(db, list(rows))
    for seq, row in enumerate(rows, 1):
        names = {name: row[name] for name in ("kind", "row_id", "author", "at_ms")}
        record = chain.record(seq=seq, row=facts[row["kind"], row["row_id"]], **names)
        leaf = sha256(record).digest()
        values = {"leaf": leaf, "prev": prev, "hash": chain.link(prev, leaf)}
        db.execute(entry.update().where(entry.c.seq == seq).values(values))
        prev = values["hash"]


def disguise(db: Connection, rng: random.Random) -> None:
    """An account or device that is somebody or something else, is gone, or was never opened."""
    table, row = pick(db, rng, [metadata.tables["staff"], metadata.tables["device"]])
    name, change = rng.choice(WHO[table.name]), rng.randrange(4)
    old = row[name]
    other = not old if isinstance(old, bool) else old + (1 if isinstance(old, int) else "x")
    if change == 0:
        db.execute(table.delete().where(*where(table, row)))
    elif change == 1:
        new = {"id": rng.randbytes(16).hex()} | ({"username": "x"} if "username" in row else {})
        db.execute(insert(table).values({**row, **new}))
    else:
        db.execute(table.update().where(*where(table, row)).values({name: other}))


WHO = {
    "staff": ("id", "username", "full_name", "role", "billing_role", "created_at_ms"),
    "device": ("id", "profile", "fda_defined", "automatic", "test", "first_seen_ms"),
}
ATTACK = (edit, delete, insert_row, edit, insert_entry, reorder, edit, cut, forge, delete, disguise)
