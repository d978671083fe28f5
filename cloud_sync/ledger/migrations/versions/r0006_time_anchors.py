"""Time anchors of hubs, and `anchor` as a third thing an envelope may turn out to be."""

import sqlalchemy as sa
from alembic import op

revision = "r0006"
down_revision = "r0005"

_OUTCOMES = "outcome in ('observation', 'copy', 'anchor', 'unopenable')"


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    _time_anchor()
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def _time_anchor() -> None:
    op.create_table(
        "time_anchor",
        sa.Column("envelope_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hub_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("monotonic_ms", sa.BigInteger(), nullable=False),
        sa.Column("wall_ms", sa.BigInteger(), nullable=False),
        sa.Column("error_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["envelope_id"], ["envelope.id"], name="fk_time_anchor_envelope_id"
        ),
        sa.PrimaryKeyConstraint("envelope_id", name="pk_time_anchor"),
        sa.UniqueConstraint("hub_id", "epoch", "seq", name="uq_time_anchor_hub_id_epoch_seq"),
    )


def _postgresql() -> None:
    op.drop_constraint("ck_opening_outcome", "opening", type_="check")
    op.create_check_constraint("ck_opening_outcome", "opening", _OUTCOMES)
    op.execute(
        "create trigger time_anchor_append_only before update or delete or truncate on "
        "time_anchor for each statement execute function refuse_change()"
    )


def _sqlite() -> None:
    """SQLite changes no constraint: the table is made anew, and its triggers with it."""
    op.rename_table("opening", "opening_before")
    op.create_table(
        "opening",
        sa.Column("envelope_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("observation_id", sa.LargeBinary(length=32)),
        sa.Column("opened_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(_OUTCOMES, name="ck_opening_outcome"),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelope.id"], name="fk_opening_envelope_id"),
        sa.PrimaryKeyConstraint("envelope_id", name="pk_opening"),
    )
    op.execute("insert into opening select * from opening_before")
    op.drop_table("opening_before")
    for table in ("opening", "time_anchor"):
        for change in ("update", "delete"):
            op.execute(
                f"create trigger {table}_refuses_{change} before {change} on {table} "
                f"begin select raise(abort, '{table} is append-only'); end"
            )
