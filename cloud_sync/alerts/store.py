"""Thresholds a patient has, alerts they raised, and who is done with them. Rows only grow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sqlalchemy import ColumnElement, Connection, func, or_, select

from cloud_sync.alerts.measures import MEASURES, Bounds, Side, outside
from cloud_sync.contract import observation as contract
from cloud_sync.contract.readings import Outcome
from cloud_sync.ledger import entries, erasures, people
from cloud_sync.ledger.cells import is_erased
from cloud_sync.ledger.identifiers import new_id
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import (
    alert,
    alert_handling,
    alert_threshold,
    care_time,
    care_time_link,
    care_time_void,
    observation,
)

# A reading older than this when it is opened alarms nobody: it waits in the review queue like any
# other. What arrives after an outage is history, and a stale alert teaches people to ignore them.
FRESH_MS = 2 * 60 * 60 * 1000
OPENER = "opener"  # the author of what no person decided


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """What holds for a patient's measure."""

    id: str
    measure: str
    bounds: Bounds
    reason: str
    recorded_at_ms: int
    author: str


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A fresh reading that lay outside. `done`: handled, or an interval in force worked on it."""

    id: str
    patient_id: str
    observation_id: str
    measure: str
    side: Side
    value: str
    bound: str
    measured_at_ms: int | None
    raised_at_ms: int
    done: bool


@dataclass(frozen=True, kw_only=True)
class Handling:
    """Somebody saw an alert, or is done with it."""

    alert_id: str
    action: str
    note: str | None
    recorded_at_ms: int
    author: str


def set_threshold(  # noqa: PLR0913 - named columns
    db: Connection,
    *,
    patient_id: str,
    measure: str,
    low: str,
    high: str,
    reason: str,
    author: str,
    at_ms: int,
) -> None:
    """From now on; both sides empty: no alert of this measure any more."""
    people.find(db, patient_id)
    if measure not in MEASURES:
        raise Refused(f"A threshold is for one of: {', '.join(MEASURES)}.")
    bounds = Bounds(low=_number(low), high=_number(high))
    if bounds.low is not None and bounds.high is not None and bounds.low >= bounds.high:
        raise Refused("The lower bound must lie below the upper one.")
    if not reason.strip():
        raise Refused("Say who asked for this threshold, or why.")
    row = {
        "id": new_id(),
        "patient_id": patient_id,
        "measure": measure,
        "low": None if bounds.low is None else f"{bounds.low:f}",
        "high": None if bounds.high is None else f"{bounds.high:f}",
        "reason": reason.strip(),
        "recorded_at_ms": at_ms,
        "author": author,
    }
    entries.add(db, alert_threshold, row, author=author, at_ms=at_ms)


def _number(text: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise Refused("A threshold is a number such as 160 or 7.5.") from None
    if not value.is_finite() or not 0 < value < 10_000:
        raise Refused("A threshold is a number such as 160 or 7.5.")
    return value


def thresholds(db: Connection, patients: Iterable[str]) -> dict[str, dict[str, Threshold]]:
    """What holds now, by patient and measure; one without bounds has been lifted.

    What was erased under retention holds no longer.
    """
    rows = db.execute(
        select(alert_threshold)
        .where(alert_threshold.c.patient_id.in_(list(patients)))
        .order_by(alert_threshold.c.recorded_at_ms, alert_threshold.c.id)
    ).mappings()
    found: dict[str, dict[str, Threshold]] = {}
    for row in rows:
        if is_erased(row["reason"]):
            continue
        low, high = (None if row[side] is None else Decimal(row[side]) for side in ("low", "high"))
        found.setdefault(row["patient_id"], {})[row["measure"]] = Threshold(
            id=row["id"],
            measure=row["measure"],
            bounds=Bounds(low=low, high=high),
            reason=row["reason"],
            recorded_at_ms=row["recorded_at_ms"],
            author=row["author"],
        )
    return found


def raise_fresh(db: Connection, ids: Iterable[bytes], at_ms: int) -> int:
    """Alerts of these newly opened observations, where they were just taken; how many."""
    known = select(alert_threshold.c.patient_id)
    rows = db.execute(
        select(observation.c.id, observation.c.patient_id, observation.c.plaintext)
        .where(
            observation.c.id.in_(list(ids)),
            observation.c.patient_id.in_(known),
            observation.c.measured_at_ms >= at_ms - FRESH_MS,
            observation.c.uncertainty_ms <= FRESH_MS,
        )
        .order_by(observation.c.measured_at_ms, observation.c.id)
    ).all()
    holding = thresholds(db, {row.patient_id for row in rows}) if rows else {}
    made = [
        {
            "id": new_id(),
            "patient_id": row.patient_id,
            "observation_id": row.id,
            "threshold_id": holding[row.patient_id][one.measure].id,
            "measure": one.measure,
            "value": one.value,
            "bound": one.bound,
            "side": one.side,
            "raised_at_ms": at_ms,
        }
        for row in rows
        for one in outside(_outcome(row.plaintext), _bounds(holding[row.patient_id]))
    ]
    if made:
        entries.add_all(db, alert, made, author=OPENER, at_ms=at_ms)
    return len(made)


def _outcome(plaintext: bytes) -> Outcome:
    said = contract.decode(plaintext)
    assert said is not None, "the ledger holds an observation that cannot be read"
    return said.outcome


def _bounds(holding: Mapping[str, Threshold]) -> dict[str, Bounds]:
    return {measure: one.bounds for measure, one in holding.items()}


def handle(  # noqa: PLR0913 - named columns
    db: Connection,
    *,
    alert_id: str,
    patient_id: str,
    action: str,
    note: str,
    author: str,
    at_ms: int,
) -> None:
    """Somebody saw it, or is done with it and says how."""
    own = select(alert.c.id).where(alert.c.id == alert_id, alert.c.patient_id == patient_id)
    if db.scalar(own) is None:
        raise Refused("There is no such alert of this patient.")
    if action not in ("seen", "handled"):
        raise Refused("An alert is marked as seen or as handled.")
    if action == "handled" and not note.strip():
        raise Refused("Say what was done about the alert, or why nothing was needed.")
    row = {
        "id": new_id(),
        "alert_id": alert_id,
        "action": action,
        "note": note.strip() or None,
        "recorded_at_ms": at_ms,
        "author": author,
    }
    entries.add(db, alert_handling, row, author=author, at_ms=at_ms)


def of_patient(db: Connection, patient_id: str, *, only_open: bool = False) -> list[Alert]:
    """A patient's alerts, newest first."""
    statement = (
        select(alert, observation.c.measured_at_ms, _done().label("done"))
        .join(observation, observation.c.id == alert.c.observation_id)
        .where(alert.c.patient_id == patient_id)
        .order_by(alert.c.raised_at_ms.desc(), alert.c.id)
    )
    if only_open:
        statement = statement.where(~_done())
    return [
        Alert(
            id=row["id"],
            patient_id=row["patient_id"],
            observation_id=bytes(row["observation_id"]).hex(),
            measure=row["measure"],
            side=row["side"],
            value=row["value"],
            bound=row["bound"],
            measured_at_ms=row["measured_at_ms"],
            raised_at_ms=row["raised_at_ms"],
            done=bool(row["done"]),
        )
        for row in db.execute(statement).mappings()
        if not is_erased(row["value"])
    ]


def open_counts(db: Connection) -> dict[str, int]:
    """How many alerts nobody is done with, of each patient who has such and whose file is kept."""
    waiting = ~_done() & ~erasures.is_gone(alert.c.patient_id)
    counted = select(alert.c.patient_id, func.count()).where(waiting).group_by(alert.c.patient_id)
    return {row[0]: row[1] for row in db.execute(counted)}


def handlings(db: Connection, alerts: Iterable[str]) -> Mapping[str, list[Handling]]:
    """What was done about each of these, oldest first."""
    rows = db.execute(
        select(*(one for one in alert_handling.columns if one.name not in {"id", "salt"}))
        .where(alert_handling.c.alert_id.in_(list(alerts)))
        .order_by(alert_handling.c.recorded_at_ms, alert_handling.c.id)
    ).mappings()
    found: dict[str, list[Handling]] = {}
    for row in rows:
        one = Handling(**row)
        found.setdefault(one.alert_id, []).append(one)
    return found


def _done() -> ColumnElement[bool]:
    later = care_time.alias("later")
    handled = select(alert_handling.c.id).where(
        alert_handling.c.alert_id == alert.c.id, alert_handling.c.action == "handled"
    )
    worked_on = (
        select(care_time_link.c.ref_id)
        .join(care_time, care_time.c.id == care_time_link.c.care_time_id)
        .where(
            care_time_link.c.kind == "alert",
            care_time_link.c.ref_id == alert.c.id,
            ~select(later.c.id).where(later.c.corrects == care_time.c.id).exists(),
            ~select(care_time_void.c.reason)
            .where(care_time_void.c.care_time_id == care_time.c.id)
            .exists(),
        )
    )
    return or_(handled.exists(), worked_on.exists())
