"""A queue of closed months that a later fact may have changed.

Months that were closed before are all marked once: what had changed by then opens them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "r0010"
down_revision = "r0009"


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    op.create_table(
        "month_touched",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("from_month", sa.String(length=7), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_month_touched_patient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_month_touched"),
    )
    op.create_index("ix_month_touched_patient_id", "month_touched", ["patient_id"])
    op.execute(
        "insert into month_touched (patient_id, from_month) "
        "select distinct patient_id, '0000-00' from month_snapshot"
    )
