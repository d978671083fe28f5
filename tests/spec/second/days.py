"""Readings: usable or not, the periods they fall in, the days that count."""

from typing import Any

from tests.spec.second import dates, on_file

FIVE_MINUTES = 5 * dates.MINUTE


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
    # Reading: the last assignment of that date describes the device, else its last record.
    known = (assigned or named)[-1:]
    found = set()
    if not reading["automatic"] or any(not d["automatic"] for d in known):
        found.add("manual_readings")
    if not reading["measurement"]:
        found.add("not_a_measurement")
    if not assigned:
        found.add("unassigned_device")
    if any(d["test"] for d in known):
        found.add("test_device")
    if any(not d["fda"] for d in known):
        found.add("device_not_fda_defined")
    if reading["measured"] > reading["received"] + FIVE_MINUTES:
        found.add("implausible_clock")
    if reading["episode"] is None:
        found.add("outside_episode")
    return found


def mark(facts: dict[str, Any]) -> None:
    """Beside each reading: the date it belongs to, the other one, and why it is not usable."""
    received = facts["settings"]["day_rule"] == "received"
    for reading in facts["readings"]:
        reading["day"] = reading["received_day" if received else "measured_day"]
        reading["other_day"] = reading["measured_day" if received else "received_day"]
        day = reading["measured_day"]
        serving = [number for number, e in enumerate(rpm_episodes(facts)) if within(e, day)]
        reading["episode"] = serving[0] if serving else None
        reading["unusable"] = why_unusable(facts, reading)
        reading["on_file"] = on_file.rpm(facts, reading["day"])


Span = tuple[int, int, list[int]]


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


def end_of(episode: dict[str, Any]) -> int:
    return dates.FOREVER if episode["end"] is None else int(episode["end"])


def touching(facts: dict[str, Any], first: int, last: int) -> list[int]:
    episodes = enumerate(rpm_episodes(facts))
    return [number for number, e in episodes if e["start"] <= last and end_of(e) >= first]


def of_episodes(facts: dict[str, Any], usable: list[dict[str, Any]], days: set[int]) -> list[Span]:
    """Reading: an episode's last period is the one in which it ends; the next episode's first
    begins with its first usable reading after that, and what lies before does not count."""
    found: list[Span] = []
    taken_to = -dates.FOREVER
    for number, episode in enumerate(rpm_episodes(facts)):
        own = [r["day"] for r in usable if r["episode"] == number and r["day"] > taken_to]
        if not own:
            continue
        first = min(own)
        while first <= max(days):
            if any(first <= day <= first + 29 for day in days):
                found.append((first, first + 29, [number]))
            first += 30
            if first > end_of(episode):
                break
        taken_to = dates.FOREVER if episode["end"] is None else first - 1
    return found


def count(facts: dict[str, Any], span: Span) -> dict[str, Any]:
    """The days of one period by both clocks, and why readings in it were left out.

    Reading: what is not on file keeps a day from counting where nothing else does; and a day of
    the other clock, too, must lie in an episode of the period.
    """
    first, last, numbers = span
    rolling = facts["settings"]["period_start"] == "first_reading"
    rolling = rolling and any(not reading["unusable"] for reading in facts["readings"])
    counted: set[tuple[int, int]] = set()
    left_out: set[str] = set()
    missing: set[str] = set()
    inside = [r for r in facts["readings"] if first <= r["day"] <= last]
    for reading in inside:
        against = reading["unusable"] | not_in_this_period(facts, reading, span, rolling=rolling)
        left_out |= against
        missing |= reading["on_file"] if not against else set()
        if not against and not reading["on_file"]:
            counted.add((reading["day"], reading["episode"]))
    episodes = [rpm_episodes(facts)[number] for number in numbers]
    other = {
        r["other_day"]
        for r in facts["readings"]
        if not r["unusable"] and not r["on_file"] and first <= r["other_day"] <= last
        if any(within(episode, r["other_day"]) for episode in episodes)
    }
    return {
        "days": len({day for day, _ in counted}),
        "of": {n: len({day for day, number in counted if number == n}) for n in numbers},
        "other": len(other),
        "left_out": left_out,
        "on_file": missing,
        "usable": any(not reading["unusable"] for reading in inside),
    }


def not_in_this_period(
    facts: dict[str, Any], reading: dict[str, Any], span: Span, *, rolling: bool
) -> set[str]:
    found = set()
    grace: int = facts["settings"]["late_receipt_days"]
    by_measurement = facts["settings"]["day_rule"] == "measured"
    if by_measurement and reading["received_day"] > span[1] + grace:
        found.add("received_too_late")
    if reading["episode"] is not None:
        another = rolling and reading["episode"] not in span[2]
        if another or came_after(facts, reading):
            found.add("outside_episode")
    return found


def came_after(facts: dict[str, Any], reading: dict[str, Any]) -> bool:
    """Days to an episode's end count; by receipt, a reading may come in after it."""
    number = reading["episode"]
    return number is not None and reading["day"] > end_of(rpm_episodes(facts)[number])
