"""Care time that the database itself keeps apart; voids, group activities, who was spoken to."""

import sqlalchemy as sa
from alembic import op

revision = "r0004"
down_revision = "r0003"

_COLUMNS = {
    "direction varchar(16)": "direction in ('incoming', 'outgoing')",
    "party varchar(16)": "party in ('patient', 'caregiver', 'other')",
    "patients integer not null default 1": "patients between 1 and 100",
}
# The entries of the same worker that are in force and share a second with the new one. What a
# correction corrects is in force until the correction is there.
_BESIDE = """
    from care_time as other
    where other.staff_id = new.staff_id
    and other.start_ms < new.end_ms and other.end_ms > new.start_ms
    and (new.corrects is null or other.id <> new.corrects)
    and not exists (select 1 from care_time as later where later.corrects = other.id)
    and not exists (select 1 from care_time_void where care_time_id = other.id)
"""
# One activity for n patients: at most n entries of the same span and program, each with 1/n of it.
_OVERLAPS = f"""
    (exists (select 1 {_BESIDE} and not (
        other.patients = new.patients and other.patients > 1
        and other.patient_id <> new.patient_id and other.program = new.program
        and other.start_ms = new.start_ms and other.end_ms = new.end_ms))
    or (select count(*) {_BESIDE}) >= new.patients)
"""
_NO_SUCH_ENTRY = """
    (new.corrects is not null and not exists (
        select 1 from care_time as target where target.id = new.corrects
        and target.staff_id = new.staff_id and target.patient_id = new.patient_id
        and not exists (select 1 from care_time_void where care_time_id = target.id)))
"""
_CORRECTED = "exists (select 1 from care_time where corrects = new.care_time_id)"
_REFUSALS = (
    ("care_time", _OVERLAPS, "this worker has time recorded in that interval"),
    ("care_time", _NO_SUCH_ENTRY, "there is no such entry in force to correct"),
    ("care_time_void", _CORRECTED, "a corrected entry counts no longer"),
)


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    for column, rule in _COLUMNS.items():
        name = column.split()[0]
        op.execute(
            f"alter table care_time add column {column}"
            f" constraint ck_care_time_{name} check ({rule})"
        )
    op.drop_index("ix_care_time_staff_id_start_ms", "care_time")
    op.create_index("ix_care_time_staff_id_end_ms", "care_time", ["staff_id", "end_ms"])
    op.create_index("uq_care_time_corrects", "care_time", ["corrects"], unique=True)
    _void()
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def _void() -> None:
    op.create_table(
        "care_time_void",
        sa.Column("care_time_id", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("voided_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["care_time_id"], ["care_time.id"], name="fk_care_time_void_care_time_id"
        ),
        sa.PrimaryKeyConstraint("care_time_id", name="pk_care_time_void"),
    )


def _postgresql() -> None:
    """One transaction a worker at a time, so that two cannot each miss the other's new row."""
    op.execute(
        "create trigger care_time_void_append_only before update or delete or truncate"
        " on care_time_void for each statement execute function refuse_change()"
    )
    workers = {
        "care_time": "new.staff_id",
        "care_time_void": "(select staff_id from care_time where id = new.care_time_id)",
    }
    for table, worker in workers.items():
        checks = "".join(
            f"if {condition} then raise exception '{table}: {words}'; end if; "
            for name, condition, words in _REFUSALS
            if name == table
        )
        op.execute(
            f"create function {table}_keeps_apart() returns trigger language plpgsql as $$ begin "
            f"perform pg_advisory_xact_lock(hashtextextended('care_time ' || {worker}, 0)); "
            f"{checks} return new; end $$"
        )
        op.execute(
            f"create trigger {table}_keeps_apart before insert on {table} "
            f"for each row execute function {table}_keeps_apart()"
        )


def _sqlite() -> None:
    for change in ("update", "delete"):
        op.execute(
            f"create trigger care_time_void_refuses_{change} before {change} on care_time_void "
            f"begin select raise(abort, 'care_time_void is append-only'); end"
        )
    for number, (table, condition, words) in enumerate(_REFUSALS):
        op.execute(
            f"create trigger {table}_keeps_apart_{number} before insert on {table} "
            f"when {condition} begin select raise(abort, '{table}: {words}'); end"
        )
