"""What an account was opened as and a device registered as, as facts of the ledger.

The database itself refuses to change who or what a row of `staff` or `device` is, and to delete it.
"""

import sqlalchemy as sa
from alembic import op

revision = "r0015"
down_revision = "r0014"

_ID = sa.String(length=32)
_WHO = ("id", "username", "full_name", "role", "billing_role", "created_at_ms")
_WHAT = ("id", "profile", "fda_defined", "automatic", "test", "first_seen_ms")
# What may still change: a password, a name for lists; and once each, an account's end and a kind.
_ONCE = {
    "staff": "(old.disabled_at_ms is null or new.disabled_at_ms = old.disabled_at_ms)",
    "device": "(old.kind = 'unknown' or new.kind = old.kind)",
}


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    op.create_table(
        "account_opening",
        sa.Column("staff_id", _ID, nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("billing_role", sa.String(length=16), nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", _ID, nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_account_opening_staff_id"),
        sa.PrimaryKeyConstraint("staff_id", name="pk_account_opening"),
    )
    op.create_table(
        "device_registration",
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("fda_defined", sa.Boolean(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("registered_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", _ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["device_id"], ["device.id"], name="fk_device_registration_device_id"
        ),
        sa.PrimaryKeyConstraint("device_id", name="pk_device_registration"),
    )
    for table in ("account_opening", "device_registration"):
        _refuse_changes(table)
    for table, columns in (("staff", _WHO), ("device", _WHAT)):
        _keep(table, " and ".join((*(f"new.{one} = old.{one}" for one in columns), _ONCE[table])))


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


def _keep(table: str, same: str) -> None:
    """No row is deleted, and an update leaves it `same`; null is refused too."""
    words = f"{table}: what a row was opened as is never changed, and no row is deleted"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"create function {table}_kept() returns trigger language plpgsql as $$ begin "
            f"if tg_op = 'UPDATE' then if {same} then return new; end if; end if; "
            f"raise exception '{words}'; end $$"
        )
        op.execute(
            f"create trigger {table}_kept before update or delete on {table} "
            f"for each row execute function {table}_kept()"
        )
        op.execute(
            f"create trigger {table}_no_truncate before truncate on {table} "
            f"for each statement execute function {table}_kept()"
        )
        return
    op.execute(
        f"create trigger {table}_guards_update before update on {table} "
        f"when ({same}) is not true begin select raise(abort, '{words}'); end"
    )
    op.execute(
        f"create trigger {table}_guards_delete before delete on {table} "
        f"begin select raise(abort, '{words}'); end"
    )
