"""Keys that can be destroyed, and the salt of what is sealed under them."""

import sqlalchemy as sa
from alembic import op

revision = "r0014"
down_revision = "r0013"

_SALTED = (
    "patient_detail",
    "assignment_end",
    "program_fact",
    "care_time",
    "care_time_void",
    "month_snapshot",
    "attestation_void",
    "alert_threshold",
    "alert",
    "alert_handling",
    "release",
    "release_void",
)
_KEPT = "data_key: only an erasure that is on record destroys a key"
_NAMED = "exists (select 1 from erased where erased.key_id = old.id)"
_SAME = "new.id = old.id and new.subject = old.subject and new.period = old.period"


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    _erasure()
    for table in _SALTED:
        op.execute(f"alter table {table} add column salt text")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "alter table patient_detail alter column birth_date type text using birth_date::text"
        )
        op.execute("alter table care_time alter column activity type text")


def _erasure() -> None:
    op.create_table(
        "data_key",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_data_key"),
        sa.UniqueConstraint("subject", "period", name="uq_data_key_subject_period"),
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("statement", sa.LargeBinary(length=32), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("keys_destroyed", sa.Integer(), nullable=False),
        sa.Column("erased_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasure"),
    )
    op.create_table(
        "erased",
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("period", sa.String(length=7), nullable=False),
        sa.Column("erasure_id", sa.String(length=32), nullable=False),
        sa.Column("key_id", sa.String(length=32)),
        sa.ForeignKeyConstraint(["erasure_id"], ["erasure.id"], name="fk_erased_erasure_id"),
        sa.PrimaryKeyConstraint("subject", "period", name="pk_erased"),
    )
    op.create_index("ix_erased_key_id", "erased", ["key_id"])
    for table in ("erasure", "erased"):
        _refuse_changes(table)
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
        return
    for change, allowed in (("delete", _NAMED), ("update", _SAME)):
        op.execute(
            f"create trigger data_key_guards_{change} before {change} on data_key "
            f"when not ({allowed}) begin select raise(abort, '{_KEPT}'); end"
        )


def _guard_postgresql() -> None:
    op.execute(
        "create function data_key_guard() returns trigger language plpgsql as $$ begin "
        f"if tg_op = 'DELETE' then if not {_NAMED} then raise exception '{_KEPT}'; end if; "
        "return old; end if; "
        f"if not ({_SAME}) then raise exception '{_KEPT}'; end if; return new; end $$"
    )
    op.execute(
        "create trigger data_key_guard before update or delete on data_key "
        "for each row execute function data_key_guard()"
    )
    op.execute(
        "create trigger data_key_no_truncate before truncate on data_key "
        "for each statement execute function refuse_change()"
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
