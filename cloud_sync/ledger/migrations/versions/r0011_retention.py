"""Indexes by which a month of every patient is read; legal holds."""

import sqlalchemy as sa
from alembic import op

revision = "r0011"
down_revision = "r0012"

_INDEXES = {
    "patient_detail": ("patient_id", "corrects"),
    "program_fact": ("patient_id", "corrects"),
    "assignment": ("patient_id", "device_id"),
}


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    for table, columns in _INDEXES.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])
    nobodys = sa.text("patient_id is null")
    op.create_index(
        "ix_observation_unclaimed",
        "observation",
        ["device_id"],
        sqlite_where=nobodys,
        postgresql_where=nobodys,
    )
    _holds()


def _holds() -> None:
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("patient_id", sa.String(length=32)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_legal_hold_patient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_legal_hold"),
    )
    op.create_index("ix_legal_hold_patient_id", "legal_hold", ["patient_id"])
    op.create_table(
        "legal_hold_lift",
        sa.Column("hold_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("lifted_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["legal_hold.id"], name="fk_legal_hold_lift_hold_id"),
        sa.PrimaryKeyConstraint("hold_id", name="pk_legal_hold_lift"),
    )
    for table in ("legal_hold", "legal_hold_lift"):
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
