"""The clinic's tables: one definition for SQLite and PostgreSQL. No query lives here.

Instants are milliseconds since 1970 UTC and end in `_ms`; local dates are dates. Tables marked
append-only refuse UPDATE and DELETE in the database itself; a correction is a new row whose
`corrects` names the old one.
"""

from cloud_sync.ledger.tables.alerts import alert, alert_handling, alert_threshold
from cloud_sync.ledger.tables.base import metadata
from cloud_sync.ledger.tables.details import device_detail, practice_detail, staff_detail
from cloud_sync.ledger.tables.evidence import (
    batch,
    checkpoint,
    covered,
    entry,
)
from cloud_sync.ledger.tables.intake import (
    alarm,
    enrolment_code,
    envelope,
    hub,
    hub_certificate,
    observation,
    opening,
    quarantine,
    time_anchor,
    unopened,
)
from cloud_sync.ledger.tables.months import (
    attestation,
    attestation_void,
    month_snapshot,
    practice_setting,
)
from cloud_sync.ledger.tables.people import (
    assignment,
    assignment_end,
    device,
    patient,
    patient_detail,
    program_fact,
)
from cloud_sync.ledger.tables.staff import (
    read_log,
    session,
    sign_in_attempt,
    staff,
)
from cloud_sync.ledger.tables.time import (
    care_time,
    care_time_link,
    care_time_review,
    care_time_void,
    running_clock,
    time_import,
)

__all__ = [
    "APPEND_ONLY",
    "CHAINED",
    "alarm",
    "alert",
    "alert_handling",
    "alert_threshold",
    "assignment",
    "assignment_end",
    "attestation",
    "attestation_void",
    "batch",
    "care_time",
    "care_time_link",
    "care_time_review",
    "care_time_void",
    "checkpoint",
    "covered",
    "device",
    "device_detail",
    "enrolment_code",
    "entry",
    "envelope",
    "hub",
    "hub_certificate",
    "metadata",
    "month_snapshot",
    "observation",
    "opening",
    "patient",
    "patient_detail",
    "practice_detail",
    "practice_setting",
    "program_fact",
    "quarantine",
    "read_log",
    "running_clock",
    "session",
    "sign_in_attempt",
    "staff",
    "staff_detail",
    "time_anchor",
    "time_import",
    "unopened",
]

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
    staff_detail,
    device_detail,
    practice_detail,
    time_import,
    care_time_link,
    alert_threshold,
    alert,
    alert_handling,
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
    staff_detail,
    device_detail,
    practice_detail,
    time_import,
    care_time_link,
    alert_threshold,
    alert,
    alert_handling,
)
