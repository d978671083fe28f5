"""Indexes by which a month of every patient is read; what retention and erasure need."""

import sqlalchemy as sa
from alembic import op

revision = "r0011"
down_revision = "r0008"

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
