"""Patients, assignments, programme facts, staff and care time."""

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    _patient()
    _patient_detail()
    _assignment()
    _assignment_end()
    _program_fact()
    _staff()
    _session()
    _sign_in_attempt()
    _running_clock()
    _care_time()
    _care_time_review()
    _read_log()


def _patient() -> None:
    op.create_table(
        "patient",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_patient"),
    )


def _patient_detail() -> None:
    op.create_table(
        "patient_detail",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date()),
        sa.Column("record_number", sa.Text()),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("payer", sa.Text(), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.Column("corrects", sa.String(length=32)),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name="fk_patient_detail_patient_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_patient_detail"),
    )


def _assignment() -> None:
    op.create_table(
        "assignment",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("user_slot", sa.Integer()),
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("assigned_from_ms", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_assignment_device_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_assignment_patient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_assignment"),
    )


def _assignment_end() -> None:
    op.create_table(
        "assignment_end",
        sa.Column("assignment_id", sa.String(length=32), nullable=False),
        sa.Column("assigned_to_ms", sa.BigInteger(), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name="fk_assignment_end_assignment_id"
        ),
        sa.PrimaryKeyConstraint("assignment_id", name="pk_assignment_end"),
    )


def _program_fact() -> None:
    op.create_table(
        "program_fact",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.Column("corrects", sa.String(length=32)),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_program_fact_patient_id"),
        sa.PrimaryKeyConstraint("id", name="pk_program_fact"),
    )


def _staff() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("billing_role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at_ms", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("username", name="uq_staff_username"),
    )


def _session() -> None:
    op.create_table(
        "session",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("form_token", sa.String(length=64), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_session_staff_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_session"),
    )


def _sign_in_attempt() -> None:
    op.create_table(
        "sign_in_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_attempt"),
    )
    op.create_index("ix_sign_in_attempt_account_at_ms", "sign_in_attempt", ["account", "at_ms"])
    op.create_index("ix_sign_in_attempt_address_at_ms", "sign_in_attempt", ["address", "at_ms"])


def _running_clock() -> None:
    op.create_table(
        "running_clock",
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("program", sa.String(length=8), nullable=False),
        sa.Column("started_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("program in ('RPM', 'CCM', 'other')", name="ck_running_clock_program"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_running_clock_patient_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_running_clock_staff_id"),
        sa.PrimaryKeyConstraint("staff_id", name="pk_running_clock"),
    )


def _care_time() -> None:
    op.create_table(
        "care_time",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("patient_id", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("program", sa.String(length=8), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("activity", sa.String(length=64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("interactive", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.String(length=16), nullable=False),
        sa.Column("measured", sa.Boolean(), nullable=False),
        sa.Column("entered_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("corrects", sa.String(length=32)),
        sa.CheckConstraint("program in ('RPM', 'CCM', 'other')", name="ck_care_time_program"),
        sa.CheckConstraint("end_ms > start_ms", name="ck_care_time_order"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_care_time_patient_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_care_time_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_care_time"),
    )
    op.create_index("ix_care_time_patient_id_start_ms", "care_time", ["patient_id", "start_ms"])
    op.create_index("ix_care_time_staff_id_start_ms", "care_time", ["staff_id", "start_ms"])


def _care_time_review() -> None:
    op.create_table(
        "care_time_review",
        sa.Column("care_time_id", sa.String(length=32), nullable=False),
        sa.Column("observation_id", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["care_time_id"], ["care_time.id"], name="fk_care_time_review_care_time_id"
        ),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observation.id"], name="fk_care_time_review_observation_id"
        ),
        sa.PrimaryKeyConstraint("care_time_id", "observation_id", name="pk_care_time_review"),
    )


def _read_log() -> None:
    op.create_table(
        "read_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("patient_id", sa.String(length=32)),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_read_log"),
    )
