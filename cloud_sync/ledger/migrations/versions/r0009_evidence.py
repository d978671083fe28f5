"""Hubs' keys as facts of the ledger, and time-stamp tokens over its checkpoints."""

import sqlalchemy as sa
from alembic import op

revision = "r0009"
down_revision = "r0008"


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    op.create_table(
        "hub_key",
        sa.Column("hub_id", sa.String(length=32), nullable=False),
        sa.Column("verify_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("enrolled_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["hub_id"], ["hub.id"], name="fk_hub_key_hub_id"),
        sa.PrimaryKeyConstraint("hub_id", "verify_key", name="pk_hub_key"),
    )
    op.create_table(
        "time_token",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("authority", sa.String(length=64), nullable=False),
        sa.Column("trusted", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("stamped_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("taken_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["size"], ["checkpoint.size"], name="fk_time_token_size"),
        sa.PrimaryKeyConstraint("digest", name="pk_time_token"),
    )
    op.create_index("ix_time_token_size", "time_token", ["size"])
    for table in ("hub_key", "time_token"):
        _refuse_changes(table)


def _refuse_changes(table: str) -> None:
    """The triggers of r0003, for these tables; `refuse_change` is there since then."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"create trigger {table}_append_only before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )
        return
    for change in ("update", "delete"):
        op.execute(
            f"create trigger {table}_refuses_{change} before {change} on {table} "
            f"begin select raise(abort, '{table} is append-only'); end"
        )
