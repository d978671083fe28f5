"""What practice, staff and devices are over time; reasons; parts and imports of time; alerts."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from cloud_sync.ledger.migrations.versions import r0004_care_time_apart as apart

revision = "r0008"
down_revision = "r0007"

_TABLES = (
    "practice_detail",
    "staff_detail",
    "device_detail",
    "time_import",
    "care_time_link",
    "alert_threshold",
    "alert",
    "alert_handling",
)
_ID = sa.String(length=32)
# What another system recorded may overlap: it is kept, and the rules count it for nobody.
_OVERLAPS = f"(new.import_id is null and {apart._OVERLAPS})"  # noqa: SLF001 - its own history
_NO_SUCH_WHOLE = """
    (new.split_from is not null and not exists (
        select 1 from care_time as target where target.id = new.split_from
        and target.staff_id = new.staff_id and target.patient_id = new.patient_id
        and target.start_ms <= new.start_ms and target.end_ms >= new.end_ms))
"""
_REFUSALS = (
    (_OVERLAPS, "this worker has time recorded in that interval"),
    (apart._NO_SUCH_ENTRY, "there is no such entry in force to correct"),  # noqa: SLF001
    (_NO_SUCH_WHOLE, "a part lies within the entry it is split from"),
)


def upgrade() -> None:
    """Forward only: an older schema is restored from a backup."""
    _practice_detail()
    _staff_detail()
    _device_detail()
    _alerts()
    _time()
    for table in ("program_fact", "patient_detail", "assignment_end"):
        op.add_column(table, sa.Column("reason", sa.Text()))
    for table in _TABLES:
        _refuse_changes(table)
    if op.get_bind().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()


def _made(*, reason: bool = True) -> list[sa.Column[Any]]:
    """Who recorded it, when and why."""
    return [
        *([sa.Column("reason", sa.Text(), nullable=False)] if reason else []),
        sa.Column("recorded_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", _ID, nullable=False),
    ]


def _practice_detail() -> None:
    op.create_table(
        "practice_detail",
        sa.Column("id", _ID, nullable=False),
        sa.Column("practice", _ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("npi", sa.String(length=10)),
        sa.Column("address", sa.Text()),
        sa.Column("effective_from", sa.Date(), nullable=False),
        *_made(),
        sa.PrimaryKeyConstraint("id", name="pk_practice_detail"),
    )
    op.create_index("ix_practice_detail_practice", "practice_detail", ["practice"])


def _staff_detail() -> None:
    op.create_table(
        "staff_detail",
        sa.Column("id", _ID, nullable=False),
        sa.Column("staff_id", _ID, nullable=False),
        sa.Column("billing_role", sa.String(length=16), nullable=False),
        sa.Column("credential", sa.Text()),
        sa.Column("employed", sa.Boolean(), nullable=False),
        sa.Column("employer", sa.Text()),
        sa.Column("npi", sa.String(length=10)),
        sa.Column("practice", _ID),
        sa.Column("effective_from", sa.Date(), nullable=False),
        *_made(),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_detail_staff_id"),
        sa.PrimaryKeyConstraint("id", name="pk_staff_detail"),
    )
    op.create_index("ix_staff_detail_staff_id", "staff_detail", ["staff_id"])


def _device_detail() -> None:
    texts = ("manufacturer", "model", "serial", "udi")
    op.create_table(
        "device_detail",
        sa.Column("id", _ID, nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("fda_defined", sa.Boolean(), nullable=False),
        sa.Column("fda_basis", sa.Text()),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("test", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.Text()) for name in texts),
        sa.Column("effective_from", sa.Date(), nullable=False),
        *_made(),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name="fk_device_detail_device_id"),
        sa.PrimaryKeyConstraint("id", name="pk_device_detail"),
    )
    op.create_index("ix_device_detail_device_id", "device_detail", ["device_id"])


def _alerts() -> None:
    op.create_table(
        "alert_threshold",
        sa.Column("id", _ID, nullable=False),
        sa.Column("patient_id", _ID, nullable=False),
        sa.Column("measure", sa.String(length=32), nullable=False),
        sa.Column("low", sa.Text()),
        sa.Column("high", sa.Text()),
        *_made(),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patient.id"], name="fk_alert_threshold_patient_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert_threshold"),
    )
    op.create_table(
        "alert",
        sa.Column("id", _ID, nullable=False),
        sa.Column("patient_id", _ID, nullable=False),
        sa.Column("observation_id", sa.LargeBinary(length=32), nullable=False),
        sa.Column("threshold_id", _ID, nullable=False),
        sa.Column("measure", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("bound", sa.Text(), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("raised_at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("side in ('low', 'high')", name="ck_alert_side"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_alert_patient_id"),
        sa.ForeignKeyConstraint(
            ["observation_id"], ["observation.id"], name="fk_alert_observation_id"
        ),
        sa.ForeignKeyConstraint(
            ["threshold_id"], ["alert_threshold.id"], name="fk_alert_threshold_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint("observation_id", "measure", name="uq_alert_observation_id_measure"),
    )
    op.create_table(
        "alert_handling",
        sa.Column("id", _ID, nullable=False),
        sa.Column("alert_id", _ID, nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text()),
        *_made(reason=False),
        sa.CheckConstraint("action in ('seen', 'handled')", name="ck_alert_handling_action"),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name="fk_alert_handling_alert_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alert_handling"),
    )
    for table, column in (
        ("alert_threshold", "patient_id"),
        ("alert", "patient_id"),
        ("alert_handling", "alert_id"),
    ):
        op.create_index(f"ix_{table}_{column}", table, [column])


def _time() -> None:
    op.create_table(
        "time_import",
        sa.Column("id", _ID, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("rows_kept", sa.Integer(), nullable=False),
        sa.Column("rows_known", sa.Integer(), nullable=False),
        sa.Column("rows_overlapping", sa.Integer(), nullable=False),
        sa.Column("imported_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("author", _ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_time_import"),
    )
    op.create_table(
        "care_time_link",
        sa.Column("care_time_id", _ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ref_id", _ID, nullable=False),
        sa.CheckConstraint("kind in ('alert', 'care_plan')", name="ck_care_time_link_kind"),
        sa.ForeignKeyConstraint(
            ["care_time_id"], ["care_time.id"], name="fk_care_time_link_care_time_id"
        ),
        sa.PrimaryKeyConstraint("care_time_id", "kind", "ref_id", name="pk_care_time_link"),
    )
    op.create_index("ix_care_time_link_kind_ref_id", "care_time_link", ["kind", "ref_id"])
    for column in ("reason text", "external_id varchar(64)"):
        op.execute(f"alter table care_time add column {column}")
    for column, target in (("split_from", "care_time"), ("import_id", "time_import")):
        op.execute(
            f"alter table care_time add column {column} varchar(32)"
            f" constraint fk_care_time_{column} references {target} (id)"
        )
    op.create_index("uq_care_time_external_id", "care_time", ["external_id"], unique=True)


def _postgresql() -> None:
    checks = "".join(
        f"if {condition} then raise exception 'care_time: {words}'; end if; "
        for condition, words in _REFUSALS
    )
    op.execute(
        "create or replace function care_time_keeps_apart() returns trigger language plpgsql as $$"
        " begin perform pg_advisory_xact_lock(hashtextextended('care_time ' || new.staff_id, 0)); "
        f"{checks} return new; end $$"
    )


def _sqlite() -> None:
    for number in (0, 1):
        op.execute(f"drop trigger care_time_keeps_apart_{number}")
    for name, (condition, words) in zip(("0", "1", "3"), _REFUSALS, strict=True):
        op.execute(
            f"create trigger care_time_keeps_apart_{name} before insert on care_time "
            f"when {condition} begin select raise(abort, 'care_time: {words}'); end"
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
