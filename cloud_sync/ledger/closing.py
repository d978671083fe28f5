"""Closing a month: snapshots that never change, a practitioner's signature, and what came after.

A snapshot is one row. What arrives later shows as a difference at once; opening the month again is
a new version with a reason, and voids the signature and the release under the old one: `reopening`
does it by itself. Nothing is edited.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, func, select

from cloud_sync.contract.canonical import canonical
from cloud_sync.ledger import entries, erasures, locks, release_rows, training
from cloud_sync.ledger.differences import differences
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.local_time import local, midnight_ms
from cloud_sync.ledger.month_facts import case_of_month, month_facts
from cloud_sync.ledger.people import Patient, find
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.snapshots import Signature, Snapshot, latest, signature_of
from cloud_sync.ledger.staff_details import practitioners
from cloud_sync.ledger.tables import attestation, attestation_void, month_snapshot
from cloud_sync.rules.calendar import ONE_DAY, month_named

State = Literal["open", "ready", "signed", "reopened", "erased"]
_OTHER_DATES = "facts of other dates changed; the figures of this month are the same"
STATEMENT = (
    "I have reviewed the days, the time and the determination of this month. They describe what "
    "was done for this patient under my direction."
)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a patient's month stands."""

    patient: Patient
    month: str
    state: State
    snapshot: Snapshot | None
    signature: Signature | None
    changes: tuple[str, ...]  # what arrived after the snapshot, in sentences
    erased_at_ms: int | None = None

    @property
    def erased_words(self) -> str:
        """When it was erased, on the patient's date, and what is left of it; else nothing."""
        if self.erased_at_ms is None:
            return ""
        on = f"Erased under retention on {local(self.erased_at_ms, self.patient.zone):%Y-%m-%d}"
        if self.snapshot is None:
            return f"{on}; it was never closed"
        return f"{on}; who signed it when is kept" if self.signature else f"{on}; nobody signed it"


def is_over(patient: Patient, month: str, at_ms: int) -> bool:
    """Whether the month has ended where the patient lives."""
    return at_ms >= midnight_ms(month_named(month).last + ONE_DAY, patient.zone)


def close(db: Connection, patient_id: str, month: str, *, author: str, at_ms: int) -> Standing:
    """Take the first snapshot; where there is one and facts have changed, take the next.

    The reason of a further version names what arrived. A packet also has the case file, so one that
    can no longer be made as it was is a change too, though the month's own figures are the same.
    """
    before = standing(db, held(db, patient_id), month, at_ms)
    if before.state == "erased":
        return before
    if before.snapshot is None:
        _take(db, before, None, author=author, at_ms=at_ms)
    elif before.changes:
        _reopen(db, before, "; ".join(before.changes), author=author, at_ms=at_ms)
    elif not rests_on_the_same(db, before.patient, before.snapshot):
        _reopen(db, before, _OTHER_DATES, author=author, at_ms=at_ms)
    return standing(db, before.patient, month, at_ms)


def rests_on_the_same(db: Connection, who: Patient, snapshot: Snapshot) -> bool:
    """Whether the case file of then can still be made: a later assignment moves older readings."""
    case = case_of_month(db, who, snapshot.month, snapshot.made_at_ms)
    recorded: str = snapshot.facts["case_sha256"]
    return hashlib.sha256(canonical(case)).hexdigest() == recorded


def reopen(  # noqa: PLR0913 - named columns
    db: Connection, patient_id: str, month: str, *, reason: str, author: str, at_ms: int
) -> Standing:
    """A new version because a person asks for it; voids the signature of the old one."""
    before = standing(db, held(db, patient_id), month, at_ms)
    if before.state == "erased":
        raise Refused("This month was erased under retention: nothing is left to open again.")
    if before.snapshot is None:
        raise Refused("This month has not been closed yet.")
    if not reason.strip():
        raise Refused("Say why the month is opened again.")
    _reopen(db, before, reason.strip(), author=author, at_ms=at_ms)
    return standing(db, before.patient, month, at_ms)


def sign(  # noqa: PLR0913 - named columns
    db: Connection, patient_id: str, month: str, *, digest: str, staff_id: str, at_ms: int
) -> Standing:
    """The practitioner's signature under exactly the snapshot that was shown."""
    if staff_id not in practitioners(db, at_ms):
        raise Refused("Only a practitioner signs a month.")
    before = standing(db, held(db, patient_id), month, at_ms)
    if before.state == "erased":
        raise Refused("This month was erased under retention: nothing is left to sign.")
    if before.snapshot is None:
        raise Refused("This month has not been closed yet.")
    if before.changes:
        raise Refused("Facts arrived since the month was closed: close it again, then sign.")
    if before.state == "signed":
        raise Refused("This month is signed already.")
    if before.snapshot.digest.hex() != digest:
        raise Refused("The month was closed again meanwhile: look at it, then sign.")
    row = {
        "id": new_id(),
        "snapshot_id": before.snapshot.id,
        "digest": before.snapshot.digest,
        "statement": STATEMENT,
        "staff_id": staff_id,
        "signed_at_ms": at_ms,
    }
    entries.add(db, attestation, row, author=staff_id, at_ms=at_ms)
    return standing(db, before.patient, month, at_ms)


def standing(db: Connection, who: Patient, month: str, at_ms: int) -> Standing:
    """Where the month stands now, facts that arrived since included."""
    snapshot = latest(db, who.id, month)
    gone = erasures.of_month(db, [who.id], month).get(who.id)
    if gone is not None:
        return erased(db, who, month, snapshot, gone)
    if snapshot is None:
        return Standing(
            patient=who, month=month, state="open", snapshot=None, signature=None, changes=()
        )
    return standing_by(db, who, snapshot, month_facts(db, who, month, at_ms))


def erased(
    db: Connection, who: Patient, month: str, snapshot: Snapshot | None, erased_at_ms: int
) -> Standing:
    """Nothing is left to compare, or to close; who signed it when is still known."""
    return Standing(
        patient=who,
        month=month,
        state="erased",
        snapshot=snapshot,
        signature=signature_of(db, snapshot.id) if snapshot else None,
        changes=(),
        erased_at_ms=erased_at_ms,
    )


def standing_by(
    db: Connection, who: Patient, snapshot: Snapshot, now: Mapping[str, Any]
) -> Standing:
    """The same, where the newest snapshot and the facts of now are at hand; nothing is erased."""
    changes = tuple(differences(snapshot.facts, now))
    signature = signature_of(db, snapshot.id)
    return Standing(
        patient=who,
        month=snapshot.month,
        state=_state(snapshot, signature, changes),
        snapshot=snapshot,
        signature=signature,
        changes=changes,
    )


def _state(snapshot: Snapshot, signature: Signature | None, changes: tuple[str, ...]) -> State:
    if changes:
        return "reopened"
    if signature is not None:
        return "signed"
    return "ready" if snapshot.version == 1 else "reopened"


def held(db: Connection, patient_id: str) -> Patient:
    """The patient: closing and signing never cross each other until this transaction ends.

    Nor does a reading or a chained fact arrive between what is read here and what is written.
    """
    training.refuse_billing(db)
    locks.hold_readings(db, patient_id)
    entries.lock(db)
    return find(db, patient_id)


def _reopen(db: Connection, before: Standing, reason: str, *, author: str, at_ms: int) -> None:
    signature = before.signature
    if signature is not None and signature.void_reason is None:
        row = {
            "attestation_id": signature.id,
            "reason": reason,
            "voided_at_ms": at_ms,
            "author": author,
        }
        entries.add(db, attestation_void, row, author=author, at_ms=at_ms)
    if before.snapshot is not None:
        release_rows.void_under(db, before.snapshot.id, reason, author=author, at_ms=at_ms)
    _take(db, before, reason, author=author, at_ms=at_ms)


def _take(db: Connection, before: Standing, reason: str | None, *, author: str, at_ms: int) -> None:
    if not is_over(before.patient, before.month, at_ms):
        raise Refused("This month is not over yet where the patient lives.")
    body = canonical(month_facts(db, before.patient, before.month, at_ms))
    newest = select(func.coalesce(func.max(month_snapshot.c.version), 0)).where(
        month_snapshot.c.patient_id == before.patient.id, month_snapshot.c.month == before.month
    )
    row = snapshot_row(before.patient.id, before.month, body, author=author, at_ms=at_ms)
    row |= {"version": int(db.scalar(newest) or 0) + 1, "reason": reason}
    entries.add(db, month_snapshot, row, author=author, at_ms=at_ms)


def snapshot_row(
    patient_id: str, month: str, body: bytes, *, author: str, at_ms: int
) -> dict[str, Any]:
    """The row of a first version with this canonical body."""
    return {
        "id": new_id(),
        "patient_id": patient_id,
        "month": month,
        "version": 1,
        "body": body.decode(),
        "digest": hashlib.sha256(body).digest(),
        "reason": None,
        "made_at_ms": at_ms,
        "author": author,
    }
