"""Short ways to write a case and to look at its determination."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from cloud_sync.rules import determine
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.facts import Case

SOUND = "Spoke with the cardiology office about the echo result and set new walking goals"


def case_file(as_of: str = "2026-06-01T12:00:00Z", **keys: Any) -> dict[str, Any]:
    return {"id": "spec", "as_of": as_of, **keys}


def case(as_of: str = "2026-06-01T12:00:00Z", **keys: Any) -> Case:
    found = read(case_file(as_of, **keys))
    assert not isinstance(found, Problem), found
    return found


def dates(first: str, count: int) -> list[str]:
    start = date.fromisoformat(first)
    return [(start + timedelta(days=n)).isoformat() for n in range(count)]


def reading_days(first: str, count: int, device: str = "D1", **keys: Any) -> dict[str, Any]:
    return {"device": device, "dates": dates(first, count), **keys}


def entry(start: str, end: str, program: str = "RPM", **keys: Any) -> dict[str, Any]:
    return {"program": program, "start": start, "end": end, "note": SOUND, **keys}


def determination(as_of: str = "2026-06-01T12:00:00Z", **keys: Any) -> dict[str, Any]:
    found = determine(case_file(as_of, **keys))
    assert "error" not in found, found
    return found


def lines(found: dict[str, Any]) -> list[str]:
    """Each line as `code xunits status`."""
    return [f"{line['code']} x{line['units']} {line['status']}" for line in found["lines"]]


def codes(found: dict[str, Any]) -> list[str]:
    return [line["code"] for line in found["lines"]]


def reasons(found: dict[str, Any], code: str) -> set[str]:
    """Why a code earned nothing."""
    return {one["reason"] for one in found["shortfalls"] if one["code"] == code}


def reviews(found: dict[str, Any], code: str) -> set[str]:
    """Why a line is not simply billable."""
    return {reason for line in found["lines"] if line["code"] == code for reason in line["reasons"]}


def warned(found: dict[str, Any]) -> set[str]:
    return {one["reason"] for one in found["warnings"]}


def words(text: str) -> set[str]:
    return set(text.split())


def as_dates(texts: Iterable[str]) -> tuple[date, ...]:
    return tuple(date.fromisoformat(text) for text in texts)
