"""A slow, plain day counter, written from the written rules alone: it imports nothing of ours."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Span = tuple[date, date]


def count(case: dict[str, Any]) -> dict[Span, dict[str, Any]]:
    """For each period in which a known reading falls: days, days by the other clock, reasons."""
    known = [_facts(case, one) for one in case["readings"]]
    known = [one for one in known if one["received_at"] <= datetime.fromisoformat(case["as_of"])]
    spans = _spans(case, known)
    found: dict[Span, dict[str, Any]] = {}
    for span, episode in spans:
        inside = [one for one in known if span[0] <= one["on"] <= span[1]]
        if inside and span not in found:
            found[span] = _count(case, span, episode, inside, known)
    return found


def _facts(case: dict[str, Any], reading: dict[str, Any]) -> dict[str, Any]:
    zone = ZoneInfo(case["settings"]["time_zone"])
    measured = datetime.fromisoformat(reading["measured_at"])
    received = datetime.fromisoformat(reading["received_at"])
    measured_on, received_on = (at.astimezone(zone).date() for at in (measured, received))
    by_receipt = case["settings"]["day_rule"] == "received"
    facts = {
        "device": reading["device"],
        "source": reading["source"],
        "result": reading["result"],
        "measured_at": measured,
        "received_at": received,
        "measured_on": measured_on,
        "received_on": received_on,
        "on": received_on if by_receipt else measured_on,
        "other_on": measured_on if by_receipt else received_on,
    }
    return facts | {"reasons": _reasons(case, facts), "episode": _episode(case, facts)}


def _episode(case: dict[str, Any], one: dict[str, Any]) -> int | None:
    for number, episode in enumerate(case["episodes"]):
        end = date.fromisoformat(episode["end"]) if episode["end"] else date.max
        if date.fromisoformat(episode["start"]) <= one["measured_on"] <= end:
            return number
    return None


def _reasons(case: dict[str, Any], one: dict[str, Any]) -> set[str]:
    reasons = set()
    device = next((item for item in case["devices"] if item["id"] == one["device"]), None)
    if device is None or not device["assigned_from"] <= str(one["measured_on"]) <= (
        device["assigned_to"] or "9999"
    ):
        reasons.add("unassigned_device")
    if one["source"] == "manual" or (device and not device["automatic"]):
        reasons.add("manual_readings")
    if device and device["test"]:
        reasons.add("test_device")
    if device and not device["fda_defined"]:
        reasons.add("device_not_fda_defined")
    if one["result"] != "measurement":
        reasons.add("not_a_measurement")
    if one["measured_at"] - one["received_at"] > timedelta(minutes=5):
        reasons.add("implausible_clock")
    number = _episode(case, one)
    if number is None or str(one["on"]) > (case["episodes"][number]["end"] or "9999"):
        reasons.add("outside_episode")
    return reasons


def _spans(case: dict[str, Any], known: list[dict[str, Any]]) -> list[tuple[Span, int | None]]:
    """Every period that could matter, laid out one after another."""
    if not known:
        return []
    start = case["settings"]["period_start"]
    latest = max(one["on"] for one in known)
    if start == "calendar_month":
        months = sorted({one["on"].replace(day=1) for one in known})
        return [((first, _next_month(first) - timedelta(days=1)), None) for first in months]
    if start != "first_reading":
        return [(span, None) for span in _laid(date.fromisoformat(start), latest)]
    usable = [one for one in known if not one["reasons"]]
    if not usable:
        return [(span, None) for span in _laid(min(one["on"] for one in known), latest)]
    found: list[tuple[Span, int | None]] = []
    after = date.min
    for number, episode in enumerate(case["episodes"]):
        days = [one["on"] for one in usable if one["episode"] == number and one["on"] > after]
        if not days:
            continue
        end = min(date.fromisoformat(episode["end"] or "2100-01-01"), latest)
        laid = _laid(min(days), max(end, min(days)))
        found += [(span, number) for span in laid]
        after = laid[-1][1] if episode["end"] else date.max
    return found


def _laid(first: date, to: date) -> list[Span]:
    spans = []
    while first <= to:
        spans.append((first, first + timedelta(days=29)))
        first += timedelta(days=30)
    return spans


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _count(
    case: dict[str, Any],
    span: Span,
    episode: int | None,
    inside: list[dict[str, Any]],
    known: list[dict[str, Any]],
) -> dict[str, Any]:
    days = set()
    reasons: set[str] = set()
    for one in inside:
        why = set(one["reasons"])
        if episode is not None and one["episode"] != episode:
            why.add("outside_episode")
        latest = span[1] + timedelta(days=case["settings"]["late_receipt_days"])
        if case["settings"]["day_rule"] == "measured" and one["received_on"] > latest:
            why.add("received_too_late")
        if not why and _on_file(case, one["on"]):
            days.add(one["on"])
        reasons |= why
    last = span[1]
    if episode is not None and case["episodes"][episode]["end"]:
        last = min(last, date.fromisoformat(case["episodes"][episode]["end"]))
    other = {
        one["other_on"]
        for one in known
        if not one["reasons"] and _on_file(case, one["on"]) and span[0] <= one["other_on"] <= last
    }
    return {"days": days, "other_days": len(other), "reasons": reasons}


def _on_file(case: dict[str, Any], day: date) -> bool:
    text = str(day)
    consented = any(
        consent["documented"] and consent["given_on"] <= text <= (consent["revoked_on"] or "9999")
        for consent in case["consents"]
    )
    ordered = any(order["ordered_on"] <= text for order in case["orders"])
    established = case["patient"]["established_on"]
    return consented and ordered and established is not None and established <= text
