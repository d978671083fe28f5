"""What must be on file on a day for it to count: established, order, consent, initiating visit."""

from typing import Any

from tests.spec.second import dates


def consent(facts: dict[str, Any], program: str, day: int) -> set[str]:
    """Why no consent serves this day. Reading: each consent that does not gives its own reason."""
    found: set[str] = set()
    consents = [c for c in facts["consents"] if c["program"] == program]
    house_rule = program == "CCM" and facts["settings"]["ccm_consent"] == "written"
    for given in consents:
        against = set()
        if not given["documented"]:
            against.add("consent_undocumented")
        else:
            if house_rule and not given["written"]:
                against.add("consent_not_written")
            if day < given["from"]:
                against.add("consent_after_service")
            if ended(given) < day:
                against.add("consent_missing")
        if not against:
            return set()
        found |= against
    return found or {"consent_missing"}


def ended(given: dict[str, Any]) -> int:
    """The last day: of revocation, for CCM the last of its calendar month."""
    revoked: int | None = given["revoked"]
    if revoked is None:
        return dates.FOREVER
    return dates.last_of(dates.month_of(revoked)) if given["program"] == "CCM" else revoked


def rpm(facts: dict[str, Any], day: int) -> set[str]:
    found = set()
    if facts["established"] is None or facts["established"] > day:
        found.add("not_established")
    if not any(ordered <= day for ordered in facts["orders"]):
        found.add("order_missing")
    return found | consent(facts, "RPM", day)


def ccm(facts: dict[str, Any], day: int) -> set[str]:
    found = consent(facts, "CCM", day)
    if not facts["visit_serves_always"] and not visit(facts, day):
        found.add("initiating_visit_missing")
    return found


def visit(facts: dict[str, Any], day: int) -> bool:
    year, month, number = dates.civil(began(facts, day))
    # Reading: 29 February has its same date a year before on the 28th.
    earliest = (year - 1, month, min(number, dates.length((year - 1, month))))
    return any(on <= day and dates.civil(on) >= earliest for on in facts["visits"])


def began(facts: dict[str, Any], day: int) -> int:
    """Reading: with several CCM episodes, the latest begun by that day, else the first."""
    starts: list[int] = [e["start"] for e in facts["episodes"] if e["program"] == "CCM"]
    if starts:
        return max((s for s in starts if s <= day), default=min(starts))
    return min(
        dates.local_day(e["start"], facts["zone"])
        for e in facts["entries"]
        if e["program"] == "CCM" and not e["elsewhere"]
    )
