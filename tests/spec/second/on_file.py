"""What must be on file on a day for it to count: established, order, consent, initiating visit."""

from typing import Any

from tests.spec.second import dates


def consent(facts: dict[str, Any], program: str, day: int) -> str | None:
    """The reason why consent is not in force on this day, or None where it is."""
    consents = [c for c in facts["consents"] if c["program"] == program]
    if not consents:
        return "consent_missing"
    documented = [c for c in consents if c["documented"]]
    if not documented:
        return "consent_undocumented"
    serving = [c for c in documented if in_force(c, day)]
    house_rule = program == "CCM" and facts["settings"]["ccm_consent"] == "written"
    if serving and house_rule and not any(c["written"] for c in serving):
        return "consent_not_written"
    if serving:
        return None
    # Reading: a day covered only by an undocumented consent lacks the document.
    if any(in_force(c, day) for c in consents):
        return "consent_undocumented"
    # Reading: between one that was revoked and the next, it is the revocation that is felt.
    if any(c["from"] <= day for c in documented):
        return "consent_missing"
    return "consent_after_service"


def in_force(given: dict[str, Any], day: int) -> bool:
    end = given["revoked"]
    if end is not None and given["program"] == "CCM":
        end = dates.last_of(dates.month_of(end))
    return bool(given["from"] <= day and (end is None or day <= end))


def rpm(facts: dict[str, Any], day: int) -> set[str]:
    found = set()
    if facts["established"] is None or facts["established"] > day:
        found.add("not_established")
    if not any(ordered <= day for ordered in facts["orders"]):
        found.add("order_missing")
    missing = consent(facts, "RPM", day)
    return found | ({missing} if missing else set())


def ccm(facts: dict[str, Any], day: int) -> set[str]:
    missing = consent(facts, "CCM", day)
    found = {missing} if missing else set()
    if not facts["visit_serves_always"] and not visit(facts, day):
        found.add("initiating_visit_missing")
    return found


def visit(facts: dict[str, Any], day: int) -> bool:
    year, month, number = dates.civil(began(facts, day))
    earliest = (year - 1, month, number)
    return any(on <= day and dates.civil(on) >= earliest for on in facts["visits"])


def began(facts: dict[str, Any], day: int) -> int:
    """Reading: with several CCM episodes, the latest begun by that day, else the first."""
    starts = [e["start"] for e in facts["episodes"] if e["program"] == "CCM"]
    if starts:
        return max((s for s in starts if s <= day), default=min(starts))
    return min(
        dates.local_day(e["start"], facts["zone"])
        for e in facts["entries"]
        if e["program"] == "CCM" and not e["elsewhere"]
    )
