"""Hubs, what they sent, and the readings opened from it."""

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    _hub()
    _enrolment_code()
    _hub_certificate()
    _envelope()
    _unopened()
    _opening()
    _quarantine()
    _alarm()
    _device()
    _observation()


def _hub() -> None:
    op.create_table(
        "hub",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("verify_key", sa.LargeBinary(length=32)),
        sa.Column("created_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("enrolled_at_ms", sa.BigInteger()),
        sa.Column("state_message", sa.LargeBinary()),
        sa.Column("state_at_ms", sa.BigInteger()),
        sa.Column("link_up", sa.Boolean(), nullable=False),
        sa.CheckConstraint("state in ('pending', 'active', 'revoked')", name="ck_hub_state"),
        sa.PrimaryKeyConstraint("id", name="pk_hub"),
    )


def _enrolment_code() -> None:
    op.create_table(
        "enrolment_code",
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hub_id", sa.String(length=32), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("used_at_ms", sa.BigInteger()),
        sa.ForeignKeyConstraint(["hub_id"], ["hub.id"], name="fk_enrolment_code_hub_id"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_enrolment_code"),
    )


def _hub_certificate() -> None:
    op.create_table(
        "hub_certificate",
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("hub_id", sa.String(length=32), nullable=False),
        sa.Column("not_before_ms", sa.BigInteger(), nullable=False),
        sa.Column("not_after_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["hub_id"], ["hub.id"], name="fk_hub_certificate_hub_id"),
        sa.PrimaryKeyConstraint("serial", name="pk_hub_certificate"),
    )


def _envelope() -> None:
    op.create_table(
        "envelope",
        sa.Column("id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hub_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("suite", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("committed_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["hub_id"], ["hub.id"], name="fk_envelope_hub_id"),
        sa.PrimaryKeyConstraint("id", name="pk_envelope"),
        sa.UniqueConstraint("hub_id", "epoch", "seq", name="uq_envelope_hub_id_epoch_seq"),
    )


def _unopened() -> None:
    op.create_table(
        "unopened",
        sa.Column("envelope_id", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelope.id"], name="fk_unopened_envelope_id"),
        sa.PrimaryKeyConstraint("envelope_id", name="pk_unopened"),
    )


def _opening() -> None:
    op.create_table(
        "opening",
        sa.Column("envelope_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("observation_id", sa.LargeBinary(length=32)),
        sa.Column("opened_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "outcome in ('observation', 'copy', 'unopenable')", name="ck_opening_outcome"
        ),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelope.id"], name="fk_opening_envelope_id"),
        sa.PrimaryKeyConstraint("envelope_id", name="pk_opening"),
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("hub_id", sa.String(length=32)),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quarantine"),
    )


def _alarm() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("hub_id", sa.String(length=32)),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("seen_at_ms", sa.BigInteger()),
        sa.Column("seen_by", sa.String(length=32)),
        sa.PrimaryKeyConstraint("id", name="pk_alarm"),
    )


def _device() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("fda_defined", sa.Boolean(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("first_seen_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
    )


def _observation() -> None:
    op.create_table(
        "observation",
        sa.Column("id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("envelope_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hub_id", sa.String(length=32), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("user_slot", sa.Integer()),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("sequence", sa.BigInteger()),
        sa.Column("plaintext", sa.LargeBinary(), nullable=False),
        sa.Column("received_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("committed_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("measured_at_ms", sa.BigInteger()),
        sa.Column("measured_method", sa.String(length=16)),
        sa.Column("uncertainty_ms", sa.BigInteger()),
        sa.Column("patient_id", sa.String(length=32)),
        sa.Column("local_day", sa.Date()),
        sa.ForeignKeyConstraint(
            ["envelope_id"], ["envelope.id"], name="fk_observation_envelope_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_observation"),
    )
    op.create_index("ix_observation_device_id_sequence", "observation", ["device_id", "sequence"])
    op.create_index(
        "ix_observation_patient_id_local_day", "observation", ["patient_id", "local_day"]
    )
