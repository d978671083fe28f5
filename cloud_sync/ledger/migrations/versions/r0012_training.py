"""What makes a practice a school: its mark, its trainees' cases and a reviewer's words.

In a training practice the database itself refuses to close or sign a month, and to admit a hub.
"""

import sqlalchemy as sa
from alembic import op

revision = "r0012"
down_revision = "r0010"

_ID = sa.String(length=32)
# Without a closed month there is no line, no packet and no charge; without a hub, no real reading.
_NEVER_IN_TRAINING = ("month_snapshot", "attestation", "hub_certificate")
_ONLY_IN_TRAINING = ("training_case", "training_review")


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    _training()
    for table in ("training_mark", *_ONLY_IN_TRAINING):
        _refuse_changes(table)
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgresql()
    else:
        _guard_sqlite()


def _training() -> None:
    op.create_table(
        "training_mark",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="ck_training_mark_one"),
        sa.PrimaryKeyConstraint("id", name="pk_training_mark"),
    )
    op.create_table(
        "training_case",
        sa.Column("id", _ID, nullable=False),
        sa.Column("scenario", sa.String(length=64), nullable=False),
        sa.Column("patient_id", _ID, nullable=False),
        sa.Column("author", _ID, nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_training_case_patient_id"),
        sa.ForeignKeyConstraint(["author"], ["staff.id"], name="fk_training_case_author"),
        sa.PrimaryKeyConstraint("id", name="pk_training_case"),
        sa.UniqueConstraint("patient_id", name="uq_training_case_patient_id"),
    )
    op.create_table(
        "training_review",
        sa.Column("id", _ID, nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("care_time_id", _ID),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("author", _ID, nullable=False),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("verdict in ('sound', 'needs_work')", name="ck_training_review_verdict"),
        sa.ForeignKeyConstraint(
            ["case_id"], ["training_case.id"], name="fk_training_review_case_id"
        ),
        sa.ForeignKeyConstraint(
            ["care_time_id"], ["care_time.id"], name="fk_training_review_care_time_id"
        ),
        sa.ForeignKeyConstraint(["author"], ["staff.id"], name="fk_training_review_author"),
        sa.PrimaryKeyConstraint("id", name="pk_training_review"),
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


def _guard_postgresql() -> None:
    _guard_function("refuse_in_training", "exists (select 1 from training_mark)", _IN_TRAINING)
    _guard_function("refuse_in_earnest", "not exists (select 1 from training_mark)", _IN_EARNEST)
    _guard_function("refuse_mark", "exists (select 1 from patient)", _LATE_MARK)
    guards = [(table, "refuse_in_training") for table in _NEVER_IN_TRAINING]
    guards += [(table, "refuse_in_earnest") for table in _ONLY_IN_TRAINING]
    for table, function in [*guards, ("training_mark", "refuse_mark")]:
        op.execute(
            f"create trigger {table}_training before insert on {table} "
            f"for each row execute function {function}()"
        )


def _guard_function(name: str, condition: str, words: str) -> None:
    op.execute(
        f"create function {name}() returns trigger language plpgsql as "
        f"$$ begin if {condition} then raise exception '{words}'; end if; return new; end $$"
    )


def _guard_sqlite() -> None:
    marked = "exists (select 1 from training_mark)"
    guards = [(table, marked, _IN_TRAINING) for table in _NEVER_IN_TRAINING]
    guards += [(table, f"not {marked}", _IN_EARNEST) for table in _ONLY_IN_TRAINING]
    guards.append(("training_mark", "exists (select 1 from patient)", _LATE_MARK))
    for table, condition, words in guards:
        op.execute(
            f"create trigger {table}_training before insert on {table} when {condition} "
            f"begin select raise(abort, '{words}'); end"
        )


_IN_TRAINING = "a training practice never bills and has no hubs"
_IN_EARNEST = "this is no training practice"
_LATE_MARK = "a practice with patients cannot become a training practice"
