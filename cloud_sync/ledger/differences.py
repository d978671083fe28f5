"""What changed between a month as it was closed and as its facts stand now, in sentences. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

Facts = Mapping[str, Any]


def differences(then: Facts, now: Facts) -> Iterator[str]:
    """Nothing where only the instant of the question differs."""
    yield from _lists("reading", then["readings"], now["readings"])
    yield from _lists("time entry", then["time"], now["time"])
    yield from _codes(then["determination"], now["determination"])
    if then["days"] != now["days"]:
        before, after = _days(then), _days(now)
        same = "device days fall on other dates"
        yield same if before == after else f"device days were {before}, are {after}"
    for program, seconds in then["seconds"].items():
        if seconds != now["seconds"][program]:
            yield (
                f"{program} minutes were {seconds // 60}, are {now['seconds'][program] // 60}"
                if seconds // 60 != now["seconds"][program] // 60
                else f"{program} seconds were {seconds}, are {now['seconds'][program]}"
            )
    for key, words in (
        ("devices", "what is recorded of a device, or its assignment, changed"),
        ("settings", "a setting of the practice changed"),
        ("zone", "the patient's time zone changed"),
        ("billing_practitioner", "the billing practitioner changed"),
    ):
        if key in then and then[key] != now[key]:  # older snapshots have no devices
            yield words


def _lists(noun: str, then: list[str], now: list[str]) -> Iterator[str]:
    come, gone = len(set(now) - set(then)), len(set(then) - set(now))
    plural = "time entries" if noun == "time entry" else f"{noun}s"
    if come:
        yield f"{come} {noun if come == 1 else plural} arrived"
    if gone:
        yield f"{gone} {noun if gone == 1 else plural} moved out of this month"


def _codes(then: Facts, now: Facts) -> Iterator[str]:
    before, after = _lines(then), _lines(now)
    for key in sorted(before.keys() | after.keys()):
        code, first, last = key
        old, new = before.get(key, "not earned"), after.get(key, "not earned")
        if old != new:
            yield f"{code} ({first} to {last}) was {old}, is {new}"
    if before == after and _reasons(then) != _reasons(now):
        yield "the reasons why codes are not earned changed"


def _lines(found: Facts) -> dict[tuple[str, str, str], str]:
    return {
        (one["code"], one["from"], one["to"]): f"{one['units']} x {one['status']}"
        for one in found["lines"]
    }


def _reasons(found: Facts) -> list[tuple[str, str, str]]:
    return sorted((one["code"], one["from"], one["reason"]) for one in found["shortfalls"])


def _days(facts: Facts) -> str:
    return ", ".join(str(len(one["dates"])) for one in facts["days"]) or "none"
