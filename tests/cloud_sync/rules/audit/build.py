"""Short ways to write a practice's facts down."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from cloud_sync.rules import shape
from cloud_sync.rules.audit import audit
from cloud_sync.rules.audit.finding import Finding
from cloud_sync.rules.audit.practice import (
    DeviceMonth,
    LentDevice,
    PatientFile,
    Practice,
    WorkedTime,
)
from cloud_sync.rules.calendar import Span

MONTHS = ("2026-01", "2026-02", "2026-03")
_numbers = count(1)
_NAMES = ("ab", "cd", "ef", "gh", "ij", "kl", "mn", "op", "qr", "st")  # each note is its own


def person(key: str, **keys: Any) -> PatientFile:
    """A patient with whom nothing is wrong, except what is said."""
    since = date(2025, 12, 1)
    values: dict[str, Any] = {
        "established_on": since,
        "consents": tuple(shape.Consent(program=p, given_on=since) for p in ("RPM", "CCM")),
        "orders": (shape.Order(program="RPM", ordered_on=since),),
        "episodes": (shape.Episode(program="RPM", start=since, set_up_on=since),),
    }
    return PatientFile(id=key, **(values | keys))


def entry(patient: str, start: str, minutes: float, **keys: Any) -> WorkedTime:
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    end = begin + timedelta(minutes=minutes)
    number = next(_numbers)
    values: dict[str, Any] = {
        "id": f"e{number}",
        "staff_id": "nurse",
        "program": "RPM",
        "on": begin.date(),
        "entered_at": end,
        "measured": True,
        "note": " ".join(f"{_NAMES[int(d)]}{_NAMES[n]}" for n, d in enumerate(f"{number:05}")),
    }
    return WorkedTime(patient_id=patient, start=begin, end=end, **(values | keys))


def device_month(patient: str, month: str, days: int = 20) -> DeviceMonth:
    return DeviceMonth(patient_id=patient, month=month, days=days, devices=1)


def lent(patient: str, device: str, first: date, last: date, **keys: Any) -> LentDevice:
    values: dict[str, Any] = {
        "label": device,
        "fda_defined": True,
        "automatic": True,
        "test": False,
        "readings": 30,
    }
    held = Span(first=first, last=last)
    return LentDevice(patient_id=patient, device_id=device, held=held, **(values | keys))


def practice(*patients: PatientFile, **keys: Any) -> Practice:
    values: dict[str, Any] = {
        "months": MONTHS,
        "zone": ZoneInfo("America/Denver"),
        "late_entry_hours": 48,
        "patients": {one.id: one for one in patients},
        "time": (),
        "device_months": (),
        "lent": (),
        "units": (),
    }
    return Practice(**(values | {k: tuple(v) if k != "zone" else v for k, v in keys.items()}))


def asked(facts: Practice, key: str) -> Finding:
    """The one answer to this question."""
    (found,) = [one for one in audit(facts) if one.question.key == key]
    return found


def who(found: Finding) -> list[str | None]:
    return sorted({one.patient_id for one in found.evidence}, key=str)


def numbers(found: Finding) -> list[tuple[int, int]]:
    return [(one.count, one.of) for one in found.figures]
