"""Triggers by which the database itself refuses to change or delete a recorded fact."""

from alembic import op

revision = "r0003"
down_revision = "r0002"

# The names as they were at this revision: a migration never follows later code.
_TABLES = (
    "envelope",
    "opening",
    "quarantine",
    "patient_detail",
    "assignment",
    "assignment_end",
    "program_fact",
    "care_time",
    "care_time_review",
    "read_log",
)


def upgrade() -> None:
    """One pair of triggers a table; PostgreSQL also refuses TRUNCATE."""
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def _postgresql() -> None:
    op.execute(
        "create function refuse_change() returns trigger language plpgsql as "
        "$$ begin raise exception '% is append-only', tg_table_name; end $$"
    )
    for table in _TABLES:
        op.execute(
            f"create trigger {table}_append_only before update or delete or truncate on {table} "
            "for each statement execute function refuse_change()"
        )


def _sqlite() -> None:
    # REPLACE fires the delete trigger only under `recursive_triggers`, which the engine turns on.
    for table in _TABLES:
        for change in ("update", "delete"):
            op.execute(
                f"create trigger {table}_refuses_{change} before {change} on {table} "
                f"begin select raise(abort, '{table} is append-only'); end"
            )
