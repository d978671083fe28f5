"""Time-stamp tokens as they are kept: each over one checkpoint, never changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, RowMapping, func, insert, select

from cloud_sync.ledger.tables import checkpoint, time_token


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A token, and by which certificates it was checked when it came."""

    size: int  # of the ledger, as the checkpoint says
    authority: str
    trusted: str
    token: bytes
    stamped_at_ms: int
    taken_at_ms: int


def keep(db: Connection, token: Kept) -> None:
    """Add one."""
    digest = sha256(token.token).digest()
    row = {name: getattr(token, name) for name in Kept.__dataclass_fields__}
    db.execute(insert(time_token).values(digest=digest, **row))


def newest_checkpoint(db: Connection) -> RowMapping | None:
    """What is to be stamped next: its size and note."""
    query = select(checkpoint.c.size, checkpoint.c.note).order_by(checkpoint.c.size.desc())
    return db.execute(query.limit(1)).mappings().first()


def latest(db: Connection) -> dict[str, Kept]:
    """The newest token of each authority, by its name."""
    newest = (
        select(time_token.c.authority, func.max(time_token.c.taken_at_ms).label("at"))
        .group_by(time_token.c.authority)
        .subquery()
    )
    rows = db.execute(
        select(*(time_token.c[name] for name in Kept.__dataclass_fields__)).join(
            newest,
            (newest.c.authority == time_token.c.authority)
            & (newest.c.at == time_token.c.taken_at_ms),
        )
    ).mappings()
    return {row["authority"]: Kept(**row) for row in rows}


def stamped_notes(db: Connection) -> Iterator[tuple[str, Kept]]:
    """Every token with the checkpoint's note that it is over, oldest first."""
    columns = [time_token.c[name] for name in Kept.__dataclass_fields__]
    rows = db.execute(
        select(checkpoint.c.note, *columns)
        .join(checkpoint, checkpoint.c.size == time_token.c.size)
        .order_by(time_token.c.size, time_token.c.digest)
    ).mappings()
    for row in rows.all():
        values = dict(row)
        yield values.pop("note"), Kept(**values)


def count(db: Connection) -> int:
    """How many are kept."""
    return db.scalar(select(func.count()).select_from(time_token)) or 0
