"""Practice settings, closed months and the signatures under them."""

import sqlalchemy as sa
from alembic import op

revision = "r0007"
down_revision = "r0006"

_TABLES = ("practice_setting", "month_snapshot", "attestation", "attestation_void")


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    _practice_setting()
    _month_snapshot()
    _attestation()
    for table in _TABLES:
        _refuse_changes(table)


def _practice_setting() -> None:
    op.create_table(
        "practice_setting",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("effective_from_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_practice_setting"),
    )


def _month_snapshot() -> None:
    op.create_table(
        "month_snapshot",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name="fk_month_snapshot_patient_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_month_snapshot"),
        sa.UniqueConstraint(
            "patient_id", "month", "version", name="uq_month_snapshot_patient_id_month_version"
        ),
    )


def _attestation() -> None:
    op.create_table(
        "attestation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("snapshot_id", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("signed_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["month_snapshot.id"], name="fk_attestation_snapshot_id"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_attestation_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_attestation"),
        sa.UniqueConstraint("snapshot_id", name="uq_attestation_snapshot_id"),
    )
    op.create_table(
        "attestation_void",
        sa.Column("attestation_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("voided_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["attestation_id"], ["attestation.id"], name="fk_attestation_void_attestation_id"
        ),
        sa.PrimaryKeyConstraint("attestation_id", name="pk_attestation_void"),
    )


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
