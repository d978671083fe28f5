"""Releases: the lines of a signed month that the biller handed to billing, and what voided them.

In a training practice the database itself refuses them, with the guard of r0012.
"""

import sqlalchemy as sa
from alembic import op

revision = "r0013"
down_revision = "r0011"

_ID = sa.String(length=32)


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    op.create_table(
        "release",
        sa.Column("id", _ID, nullable=False),
        sa.Column("snapshot_id", _ID, nullable=False),
        sa.Column("attestation_id", _ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("lines", sa.Text(), nullable=False),
        sa.Column("released_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["month_snapshot.id"], name="fk_release_snapshot_id"
        ),
        sa.ForeignKeyConstraint(
            ["attestation_id"], ["attestation.id"], name="fk_release_attestation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_release"),
        sa.UniqueConstraint("snapshot_id", name="uq_release_snapshot_id"),
    )
    op.create_table(
        "release_void",
        sa.Column("release_id", _ID, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("voided_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", _ID, nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], name="fk_release_void_release_id"),
        sa.PrimaryKeyConstraint("release_id", name="pk_release_void"),
    )
    for table in ("release", "release_void"):
        _refuse_changes(table)
    _refuse_in_training()


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


def _refuse_in_training() -> None:
    """As r0012 guards the months: nothing of a training practice is ever released."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "create trigger release_training before insert on release "
            "for each row execute function refuse_in_training()"
        )
        return
    op.execute(
        "create trigger release_training before insert on release "
        "when exists (select 1 from training_mark) "
        "begin select raise(abort, 'a training practice never bills and has no hubs'); end"
    )
