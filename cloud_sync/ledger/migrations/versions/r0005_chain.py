"""The chain of entries, the batches of what hubs sent, the signed checkpoints."""

import sqlalchemy as sa
from alembic import op

revision = "r0005"
down_revision = "r0004"

_TABLES = ("entry", "batch", "covered", "checkpoint")
_OFF_HEAD = """
    (new.seq <> coalesce((select max(seq) from entry), 0) + 1
    or new.prev <> coalesce((select hash from entry order by seq desc limit 1), {first}))
"""
_WORDS = "entry: it must follow the last one"


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    _entry()
    _batch()
    _covered()
    op.create_table(
        "checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name="pk_checkpoint"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def _entry() -> None:
    op.create_table(
        "entry",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=32), nullable=False),
        sa.Column("prev", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_entry"),
        sa.UniqueConstraint("kind", "row_id", name="uq_entry_kind_row_id"),
    )


def _batch() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
    )


def _covered() -> None:
    op.create_table(
        "covered",
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("row_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_covered_batch_id"),
        sa.PrimaryKeyConstraint("kind", "row_id", name="pk_covered"),
    )
    op.create_index("ix_covered_batch_id", "covered", ["batch_id"])


def _postgresql() -> None:
    for table in _TABLES:
        op.execute(
            f"create trigger {table}_append_only before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )
    first = "decode(repeat('00', 32), 'hex')"
    op.execute(
        "create function entry_follows() returns trigger language plpgsql as $$ begin "
        f"if {_OFF_HEAD.format(first=first)} then raise exception '{_WORDS}'; end if; "
        "return new; end $$"
    )
    op.execute(
        "create trigger entry_follows before insert on entry "
        "for each row execute function entry_follows()"
    )


def _sqlite() -> None:
    for table in _TABLES:
        for change in ("update", "delete"):
            op.execute(
                f"create trigger {table}_refuses_{change} before {change} on {table} "
                f"begin select raise(abort, '{table} is append-only'); end"
            )
    op.execute(
        "create trigger entry_follows before insert on entry "
        f"when {_OFF_HEAD.format(first='zeroblob(32)')} "
        f"begin select raise(abort, '{_WORDS}'); end"
    )
