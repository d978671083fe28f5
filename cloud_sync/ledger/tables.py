"""The clinic's tables: one definition for SQLite and PostgreSQL. No query lives here.

Instants are milliseconds since 1970 UTC and end in `_ms`; local dates are dates. Tables marked
append-only refuse UPDATE and DELETE in the database itself; a correction is a new row whose
`corrects` names the old one.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_HEX32 = String(32)

# --- hubs and what they sent -------------------------------------------------------------------

hub = Table(
    "hub",
    metadata,
    Column("id", _HEX32, primary_key=True),
    Column("label", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("verify_key", LargeBinary(32)),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("enrolled_at_ms", BigInteger),
    Column("state_message", LargeBinary),  # the latest signed one, as received
    Column("state_at_ms", BigInteger),
    Column("link_up", Boolean, nullable=False, default=False),
    CheckConstraint("state in ('pending', 'active', 'revoked')", name="state"),
)

enrolment_code = Table(
    "enrolment_code",
    metadata,
    Column("code_hash", LargeBinary(32), primary_key=True),
    Column("hub_id", _HEX32, ForeignKey("hub.id"), nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("tries_left", Integer, nullable=False),
    Column("used_at_ms", BigInteger),
)

hub_certificate = Table(
    "hub_certificate",
    metadata,
    Column("serial", String(40), primary_key=True),
    Column("hub_id", _HEX32, ForeignKey("hub.id"), nullable=False),
    Column("not_before_ms", BigInteger, nullable=False),
    Column("not_after_ms", BigInteger, nullable=False),
)

envelope = Table(  # append-only
    "envelope",
    metadata,
    Column("id", LargeBinary(32), primary_key=True),  # SHA-256 of the body
    Column("hub_id", _HEX32, ForeignKey("hub.id"), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("suite", Integer, nullable=False),
    Column("key_id", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("committed_at_ms", BigInteger, nullable=False),
    UniqueConstraint("hub_id", "epoch", "seq"),
)

unopened = (
    Table(  # the opener's queue: ingest adds in the envelope's transaction, the opener removes
        "unopened",
        metadata,
        Column("envelope_id", LargeBinary(32), ForeignKey("envelope.id"), primary_key=True),
    )
)

opening = Table(  # append-only: what became of each envelope
    "opening",
    metadata,
    Column("envelope_id", LargeBinary(32), ForeignKey("envelope.id"), primary_key=True),
    Column("outcome", String(16), nullable=False),
    Column("observation_id", LargeBinary(32)),
    Column("opened_at_ms", BigInteger, nullable=False),
    CheckConstraint("outcome in ('observation', 'copy', 'anchor', 'unopenable')", name="outcome"),
)

time_anchor = Table(  # append-only: the true time at one moment of a hub's boot
    "time_anchor",
    metadata,
    Column("envelope_id", LargeBinary(32), ForeignKey("envelope.id"), primary_key=True),
    Column("hub_id", _HEX32, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("boot", Text, nullable=False),
    Column("monotonic_ms", BigInteger, nullable=False),
    Column("wall_ms", BigInteger, nullable=False),
    Column("error_ms", BigInteger, nullable=False),
    UniqueConstraint("hub_id", "epoch", "seq"),
)

quarantine = Table(  # append-only: what did not verify or open, kept whole
    "quarantine",
    metadata,
    Column("id", LargeBinary(32), primary_key=True),  # SHA-256 over topic, zero byte, body
    Column("topic", Text, nullable=False),
    Column("hub_id", _HEX32),
    Column("reason", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

alarm = Table(
    "alarm",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("hub_id", _HEX32),
    Column("detail", Text, nullable=False),
    Column("seen_at_ms", BigInteger),
    Column("seen_by", _HEX32),
)

observation = Table(
    "observation",
    metadata,
    Column("id", LargeBinary(32), primary_key=True),  # the observation id inside the envelope
    Column("envelope_id", LargeBinary(32), ForeignKey("envelope.id"), nullable=False),
    Column("hub_id", _HEX32, nullable=False),
    Column("device_id", Text, nullable=False),
    Column("user_slot", Integer),
    Column("kind", String(32), nullable=False),
    Column("sequence", BigInteger),
    Column("plaintext", LargeBinary, nullable=False),  # the opened bytes, as received
    Column("received_at_ms", BigInteger, nullable=False),  # at the hub, by its clock
    Column("committed_at_ms", BigInteger, nullable=False),  # at the clinic: the receipt's time
    # Derived, and followed when an assignment, a zone or a time anchor changes:
    Column("measured_at_ms", BigInteger),
    Column("measured_method", String(16)),
    Column("uncertainty_ms", BigInteger),
    Column("patient_id", _HEX32),
    Column("local_day", Date),
    Index(None, "patient_id", "local_day"),
    Index(None, "device_id", "sequence"),
)

# --- people and devices ------------------------------------------------------------------------

device = Table(
    "device",
    metadata,
    Column("id", Text, primary_key=True),  # `ble:...` or `serial:...`
    Column("profile", Text, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("label", Text, nullable=False),
    Column("fda_defined", Boolean, nullable=False),
    Column("automatic", Boolean, nullable=False),
    Column("test", Boolean, nullable=False),
    Column("first_seen_ms", BigInteger, nullable=False),
)

patient = Table(
    "patient",
    metadata,
    Column("id", _HEX32, primary_key=True),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("author", _HEX32, nullable=False),
)

patient_detail = Table(  # append-only: the newest row that no other corrects is in force
    "patient_detail",
    metadata,
    Column("id", _HEX32, primary_key=True),
    Column("patient_id", _HEX32, ForeignKey("patient.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("birth_date", Date),
    Column("record_number", Text),
    Column("zone", Text, nullable=False),  # IANA name: decides the local date
    Column("payer", Text, nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", _HEX32, nullable=False),
    Column("corrects", _HEX32),
)

assignment = Table(  # append-only
    "assignment",
    metadata,
    Column("id", _HEX32, primary_key=True),
    Column("device_id", Text, ForeignKey("device.id"), nullable=False),
    Column("user_slot", Integer),  # null: every slot of the device
    Column("patient_id", _HEX32, ForeignKey("patient.id"), nullable=False),
    Column("assigned_from_ms", BigInteger, nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", _HEX32, nullable=False),
)

assignment_end = Table(  # append-only
    "assignment_end",
    metadata,
    Column("assignment_id", _HEX32, ForeignKey("assignment.id"), primary_key=True),
    Column("assigned_to_ms", BigInteger, nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", _HEX32, nullable=False),
)

program_fact = Table(  # append-only: consent, order, visit, plan, episode as the case file has them
    "program_fact",
    metadata,
    Column("id", _HEX32, primary_key=True),
    Column("patient_id", _HEX32, ForeignKey("patient.id"), nullable=False),
    Column("kind", String(32), nullable=False),  # a key of the case file: `consents`, `orders`, ...
    Column("body", Text, nullable=False),  # that key's list entry, canonical JSON
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", _HEX32, nullable=False),
    Column("corrects", _HEX32),
)

# --- staff and time ----------------------------------------------------------------------------

staff = Table(
    "staff",
    metadata,
    Column("id", _HEX32, primary_key=True),
    Column("username", Text, nullable=False, unique=True),
    Column("full_name", Text, nullable=False),
    Column("role", String(16), nullable=False),
    Column("billing_role", String(16), nullable=False),  # as the case file's `staff.role`
    Column("password_hash", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("disabled_at_ms", BigInteger),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", LargeBinary(32), primary_key=True),
    Column("staff_id", _HEX32, ForeignKey("staff.id"), nullable=False),
    Column("form_token", String(64), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, nullable=False),
)

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("account", String(64), nullable=False),  # SHA-256 of the name typed
    Column("address", String(64), nullable=False),  # SHA-256 of the peer's address
    Column("at_ms", BigInteger, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Index(None, "account", "at_ms"),
    Index(None, "address", "at_ms"),
)

running_clock = Table(  # at most one a worker: the primary key says so
    "running_clock",
    metadata,
    Column("staff_id", _HEX32, ForeignKey("staff.id"), primary_key=True),
    Column("patient_id", _HEX32, ForeignKey("patient.id"), nullable=False),
    Column("program", String(8), nullable=False),
    Column("started_at_ms", BigInteger, nullable=False),
    CheckConstraint("program in ('RPM', 'CCM', 'other')", name="program"),
)

care_time = Table(  # append-only
    "care_time",
    metadata,
    Column("id", _HEX32, primary_key=True),
    Column("patient_id", _HEX32, ForeignKey("patient.id"), nullable=False),
    Column("staff_id", _HEX32, ForeignKey("staff.id"), nullable=False),
    Column("program", String(8), nullable=False),
    Column("start_ms", BigInteger, nullable=False),
    Column("end_ms", BigInteger, nullable=False),
    Column("activity", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("interactive", Boolean, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("direction", String(16)),  # who began the contact; null: none, or not told
    Column("party", String(16)),  # who was spoken to
    Column("patients", Integer, nullable=False, default=1),  # of a group activity: its share is 1/n
    Column("measured", Boolean, nullable=False),  # by the clock, not typed in
    Column("entered_at_ms", BigInteger, nullable=False),
    Column("corrects", _HEX32),
    CheckConstraint("program in ('RPM', 'CCM', 'other')", name="program"),
    CheckConstraint("end_ms > start_ms", name="order"),
    CheckConstraint("patients between 1 and 100", name="patients"),
    CheckConstraint("direction in ('incoming', 'outgoing')", name="direction"),
    CheckConstraint("party in ('patient', 'caregiver', 'other')", name="party"),
    Index(None, "patient_id", "start_ms"),
    Index(None, "staff_id", "end_ms"),
    Index("uq_care_time_corrects", "corrects", unique=True),  # one correction a row: no forks
)

care_time_void = Table(  # append-only: an interval that counts no longer, and nothing instead of it
    "care_time_void",
    metadata,
    Column("care_time_id", _HEX32, ForeignKey("care_time.id"), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("voided_at_ms", BigInteger, nullable=False),
    Column("author", _HEX32, nullable=False),
)

care_time_review = Table(  # append-only: which readings an interval worked on
    "care_time_review",
    metadata,
    Column("care_time_id", _HEX32, ForeignKey("care_time.id"), primary_key=True),
    Column("observation_id", LargeBinary(32), ForeignKey("observation.id"), primary_key=True),
)

read_log = Table(  # append-only: who saw which patient, where, when
    "read_log",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("staff_id", _HEX32, nullable=False),
    Column("patient_id", _HEX32),
    Column("route", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

# --- practice settings, and months as they were closed -----------------------------------------

practice_setting = Table(  # append-only: the newest effective row of a name holds
    "practice_setting",
    metadata,
    Column("id", _HEX32, primary_key=True),
    Column("name", String(32), nullable=False),  # a key of the case file's `settings`
    Column("value", Text, nullable=False),  # canonical JSON
    Column("effective_from_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_at_ms", BigInteger, nullable=False),
    Column("author", _HEX32, nullable=False),
)

month_snapshot = Table(  # append-only: a patient's month as it stood when it was closed
    "month_snapshot",
    metadata,
    Column("id", _HEX32, primary_key=True),
    Column("patient_id", _HEX32, ForeignKey("patient.id"), nullable=False),
    Column("month", String(7), nullable=False),  # `2026-01`
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON
    Column("digest", LargeBinary(32), nullable=False),  # SHA-256 of the body
    Column("reason", Text),  # why the month was opened again; none for version 1
    Column("made_at_ms", BigInteger, nullable=False),
    Column("author", _HEX32, nullable=False),
    UniqueConstraint("patient_id", "month", "version"),
)

attestation = Table(  # append-only: a practitioner's signature under a snapshot
    "attestation",
    metadata,
    Column("id", _HEX32, primary_key=True),
    Column("snapshot_id", _HEX32, ForeignKey("month_snapshot.id"), nullable=False, unique=True),
    Column("digest", LargeBinary(32), nullable=False),  # of the snapshot, as it was shown
    Column("statement", Text, nullable=False),
    Column("staff_id", _HEX32, ForeignKey("staff.id"), nullable=False),
    Column("signed_at_ms", BigInteger, nullable=False),
)

attestation_void = Table(  # append-only
    "attestation_void",
    metadata,
    Column("attestation_id", _HEX32, ForeignKey("attestation.id"), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("voided_at_ms", BigInteger, nullable=False),
    Column("author", _HEX32, nullable=False),
)

# --- evidence ----------------------------------------------------------------------------------

entry = Table(  # append-only, gap-free: the chain over every recorded fact (`ledger.entries`)
    "entry",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),  # from 1
    Column("kind", String(32), nullable=False),  # the row's table
    Column("row_id", Text, nullable=False),
    Column("author", String(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("leaf", LargeBinary(32), nullable=False),  # SHA-256 of the canonical record
    Column("prev", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    UniqueConstraint("kind", "row_id"),
)

batch = Table(  # append-only: rows that ingest and opener wrote, vouched for together
    "batch",
    metadata,
    Column("id", _HEX32, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

covered = Table(  # append-only: which row lies in which batch
    "covered",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("row_id", LargeBinary(32), primary_key=True),
    Column("batch_id", _HEX32, ForeignKey("batch.id"), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Index(None, "batch_id"),
)

checkpoint = Table(  # append-only: signed statements of how long the chain is, and its root
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False),  # roots of complete subtrees, to go on from
    Column("note", Text, nullable=False),
)

APPEND_ONLY = (
    envelope,
    opening,
    time_anchor,
    quarantine,
    patient_detail,
    assignment,
    assignment_end,
    program_fact,
    care_time,
    care_time_void,
    care_time_review,
    read_log,
    practice_setting,
    month_snapshot,
    attestation,
    attestation_void,
    entry,
    batch,
    covered,
    checkpoint,
)

CHAINED = (  # each new row has an entry of its own, written with it
    patient,
    patient_detail,
    assignment,
    assignment_end,
    program_fact,
    care_time,
    care_time_void,
    care_time_review,
    read_log,
    practice_setting,
    month_snapshot,
    attestation,
    attestation_void,
    batch,
)
