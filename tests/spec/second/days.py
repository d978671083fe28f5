"""Readings: usable or not, the periods they fall in, the days that count."""

from typing import Any

from tests.spec.second import dates, on_file

FIVE_MINUTES = 5 * dates.MINUTE
FOREVER = 10_000_000


def rpm_episodes(facts: dict[str, Any]) -> list[dict[str, Any]]:
    found = [e for e in facts["episodes"] if e["program"] == "RPM"]
    return sorted(found, key=lambda episode: episode["start"])


def within(episode: dict[str, Any], day: int) -> bool:
    return bool(episode["start"] <= day and (episode["end"] is None or day <= episode["end"]))


def why_unusable(facts: dict[str, Any], reading: dict[str, Any]) -> set[str]:
    """Reading: every test that fails gives its reason, not the first alone."""
    day = reading["measured_day"]
    named = [d for d in facts["devices"] if d["id"] == reading["device"]]
    assigned = [d for d in named if d["from"] <= day and (d["to"] is None or day <= d["to"])]
    # Reading: the assignment of that date describes the device, else any record of it.
    known = assigned or named
    found = set()
    if not reading["automatic"] or (known and not any(d["automatic"] for d in known)):
        found.add("manual_readings")
    if not reading["measurement"]:
        found.add("not_a_measurement")
    if not assigned:
        found.add("unassigned_device")
    if any(d["test"] for d in known):
        found.add("test_device")
    if known and not any(d["fda"] for d in known):
        found.add("device_not_fda_defined")
    if reading["measured"] > reading["received"] + FIVE_MINUTES:
        found.add("implausible_clock")
    if not any(within(episode, day) for episode in rpm_episodes(facts)):
        found.add("outside_episode")
    return found


def mark(facts: dict[str, Any]) -> None:
    """Beside each reading: the date it belongs to, the other one, and why it is not usable."""
    received = facts["settings"]["day_rule"] == "received"
    for reading in facts["readings"]:
        reading["day"] = reading["received_day" if received else "measured_day"]
        reading["other_day"] = reading["measured_day" if received else "received_day"]
        reading["unusable"] = why_unusable(facts, reading)
        reading["on_file"] = set()
        if not reading["unusable"]:
            reading["on_file"] = on_file.rpm(facts, reading["day"])


Span = tuple[int, int, list[dict[str, Any]]]


def layout(facts: dict[str, Any]) -> list[Span]:
    """Every period in which a reading of any kind falls, with the episodes it belongs to."""
    days = {reading["day"] for reading in facts["readings"]}
    usable = [reading for reading in facts["readings"] if not reading["unusable"]]
    start = facts["settings"]["period_start"]
    if start == "calendar_month":
        months = sorted({dates.month_of(day) for day in days})
        spans = [(dates.first_of(m), dates.last_of(m)) for m in months]
    elif start != "first_reading":
        spans = thirty(dates.day(start), days)
    elif usable:
        return of_episodes(facts, usable, days)
    else:
        spans = thirty(min(days, default=0), days)
    return [(first, last, touching(facts, first, last)) for first, last in spans]


def thirty(anchor: int, days: set[int]) -> list[tuple[int, int]]:
    which = sorted({(day - anchor) // 30 for day in days if day >= anchor})
    return [(anchor + 30 * n, anchor + 30 * n + 29) for n in which]


def touching(facts: dict[str, Any], first: int, last: int) -> list[dict[str, Any]]:
    return [
        e
        for e in rpm_episodes(facts)
        if e["start"] <= last and (e["end"] is None or e["end"] >= first)
    ]


def of_episodes(facts: dict[str, Any], usable: list[dict[str, Any]], days: set[int]) -> list[Span]:
    """Reading: an episode's last period is the one in which it ends; the next episode's first
    begins at its first usable reading, or on the day after that period if that is later."""
    found: list[Span] = []
    free_from = -FOREVER
    for episode in rpm_episodes(facts):
        anchors = [r["day"] for r in usable if within(episode, r["measured_day"])]
        if not anchors:
            continue
        first = max(min(anchors), free_from)
        end = FOREVER if episode["end"] is None else episode["end"]
        while first <= max(days):
            if any(first <= day <= first + 29 for day in days):
                found.append((first, first + 29, [episode]))
            first += 30
            if first > end:
                break
        free_from = FOREVER if episode["end"] is None else first
    return found


def count(facts: dict[str, Any], first: int, last: int) -> dict[str, Any]:
    """The days of one period by both clocks, and why readings in it were left out."""
    grace: int = facts["settings"]["late_receipt_days"]
    asked = facts["settings"]["day_rule"] == "measured"
    counted, left_out, missing = set(), set(), set()
    for reading in facts["readings"]:
        if not first <= reading["day"] <= last:
            continue
        left_out |= reading["unusable"]
        missing |= reading["on_file"]
        late = asked and not reading["unusable"] and reading["received_day"] > last + grace
        if late:
            left_out.add("received_too_late")
        if not reading["unusable"] and not reading["on_file"] and not late:
            counted.add(reading["day"])
    other = {
        r["other_day"]
        for r in facts["readings"]
        if not r["unusable"] and not r["on_file"] and first <= r["other_day"] <= last
    }
    return {"days": len(counted), "other": len(other), "left_out": left_out, "on_file": missing}
