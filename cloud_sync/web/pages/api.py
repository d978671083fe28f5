"""JSON beside the pages, for scripts of the clinic: the same session, the same guard."""

from typing import Any

from litestar import get
from litestar.params import FromPath, FromQuery

from cloud_sync.contract.canonical import builtins
from cloud_sync.ledger import hubs, people, readings
from cloud_sync.ledger.progress import Measure, Month, progress
from cloud_sync.ledger.readings import Seen
from cloud_sync.web.counter import SignedIn
from cloud_sync.web.permissions import Permission

_READS = {"permission": Permission.READ_PATIENTS}
_PULSE = {"permission": Permission.READ_PATIENTS, "read_log": False}  # counts, nobody's data


@get("/api/patients/{patient_id:str}/readings", opt=_READS, sync_to_thread=True)
def patient_readings(
    visit: SignedIn, patient_id: FromPath[str], since_ms: FromQuery[int] = 0
) -> list[dict[str, Any]]:
    """A patient's readings, newest first; values as the device sent them."""
    with visit.store.read() as db:
        people.find(db, patient_id)
        found = readings.of_patient(db, patient_id, since_ms=since_ms)
    return [_reading(seen) for seen in found]


def _reading(seen: Seen) -> dict[str, Any]:
    return {
        "id": seen.id,
        "device": seen.device_id,
        "device_label": seen.device_label,
        "reading": builtins(seen.outcome),
        "measured_at_ms": seen.measured_at_ms,
        "measured_method": seen.measured_method,
        "uncertainty_ms": seen.uncertainty_ms,
        "hub_received_at_ms": seen.received_at_ms,
        "receipt_at_ms": seen.committed_at_ms,
        "local_day": seen.local_day,
        "reviewed": seen.reviewed,
    }


@get("/api/patients/{patient_id:str}/progress", opt=_READS, sync_to_thread=True)
def patient_progress(visit: SignedIn, patient_id: FromPath[str]) -> dict[str, Any]:
    """Days of the running period and minutes of the month."""
    with visit.store.read() as db:
        standing = progress(db, people.find(db, patient_id), visit.now_ms)
    period = standing.period
    return {
        "today": standing.today,
        "zone": standing.zone,
        "period": period
        and {
            "first": period.first,
            "last": period.last,
            "days": [cell.day for cell in period.cells if cell.counts],
            "days_with_readings": [cell.day for cell in period.cells if cell.readings],
            **_measure(period.measure),
        },
        "rpm": _minutes(standing.rpm),
        "ccm": _minutes(standing.ccm),
    }


def _measure(measure: Measure) -> dict[str, Any]:
    return {
        "count": measure.count,
        "not_counting_because": list(measure.reasons),
        "reached": measure.reached and measure.reached.code,
        "tiers": [{"code": t.code, "from": t.first, "to": t.last} for t in measure.tiers],
    }


def _minutes(month: Month) -> dict[str, Any]:
    return {
        "month": f"{month.first:%Y-%m}",
        "seconds": month.seconds,
        "recorded_seconds": month.recorded_seconds,
        "live_contact": month.live_contact,
        **_measure(month.measure),
    }


@get("/pulse", opt=_PULSE, sync_to_thread=True)
def pulse(visit: SignedIn) -> dict[str, str]:
    """Changes when the work list would."""
    with visit.store.read() as db:
        return {"version": readings.version(db)}


@get("/patients/{patient_id:str}/pulse", opt=_PULSE, sync_to_thread=True)
def patient_pulse(visit: SignedIn, patient_id: FromPath[str]) -> dict[str, str]:
    """Changes when this patient's page would."""
    with visit.store.read() as db:
        return {"version": readings.version(db, patient_id)}


@get(
    "/hubs/pulse",
    opt={"permission": Permission.READ_HUBS},
    sync_to_thread=True,
)
def hub_pulse(visit: SignedIn) -> dict[str, str]:
    """Changes when the page of hubs would."""
    with visit.store.read() as db:
        return {"version": hubs.version(db)}


HANDLERS = (patient_readings, patient_progress, pulse, patient_pulse, hub_pulse)
