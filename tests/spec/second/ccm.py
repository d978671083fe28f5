"""The CCM codes: one of three lanes in a month, with its add-on."""

from typing import Any

from tests.spec.second import dates, minutes, rule_sets
from tests.spec.second.paper import Paper

BASE = {"staff": "99490", "practitioner": "99491", "complex": "99487"}
FURTHER = {"staff": "99439", "practitioner": "99437", "complex": "99489"}
FIRST = {"staff": 20, "practitioner": 30, "complex": 60}
EACH = {"staff": 20, "practitioner": 30, "complex": 30}


def months(facts: dict[str, Any], paper: Paper, pieces: list[minutes.Piece]) -> None:
    pieces = [piece for piece in pieces if piece["program"] == "CCM"]
    for month in sorted({dates.month_of(piece["day"]) for piece in pieces}):
        span = (dates.first_of(month), dates.last_of(month))
        inside = [piece for piece in pieces if span[0] <= piece["day"] <= span[1]]
        paper.warn({reason for piece in inside for reason in piece["left_out"]})
        one_month(facts, paper, span, inside)


def look(
    facts: dict[str, Any], chosen: list[minutes.Piece], span: tuple[int, int]
) -> dict[str, Any]:
    """Which lanes these pieces open, which is taken (None: a person must choose), the units."""
    written = dates.text(span[0])[:7]
    own = [piece for piece in chosen if piece["own"]]
    pooled_minutes, own_minutes = minutes.total_minutes(chosen), minutes.total_minutes(own)
    decided = not {"moderate", "high"}.isdisjoint(facts["decisions"].get(written, ()))
    has = {"staff": pooled_minutes, "practitioner": own_minutes, "complex": pooled_minutes}
    # Reading: a lane whose base code is not in force is not open.
    is_open = {
        "staff": True,
        "practitioner": own_minutes >= 30 and rule_sets.in_force("99491", span[1]),
        "complex": pooled_minutes >= 60 and decided and rule_sets.in_force("99487", span[1]),
    }
    choice = facts["choices"].get(written)
    # Reading: another practitioner's seconds are staff seconds here too.
    staff_too = any(not piece["own"] and piece["length"] for piece in chosen)
    taken: str | None
    if choice is not None:
        taken = choice if is_open[choice] else "staff"
    elif is_open["practitioner"] and (staff_too or is_open["complex"]):
        taken = None
    else:
        taken = next(lane for lane in ("complex", "practitioner", "staff") if is_open[lane])
    return {
        "has": has,
        "open": is_open,
        "decided": decided,
        "recorded": written in facts["decisions"],
        "choice": choice,
        "taken": taken,
        "units": units(taken, has[taken], span[1]) if taken else {},
    }


def add_on(lane: str, day: int) -> str:
    """99439 took the place of G2058, which was there in 2020 only."""
    return "G2058" if lane == "staff" and rule_sets.in_force("G2058", day) else FURTHER[lane]


def units(lane: str, total: int, day: int) -> dict[str, int]:
    if total < FIRST[lane] or not rule_sets.in_force(BASE[lane], day):
        return {}
    further = add_on(lane, day)
    number = (total - FIRST[lane]) // EACH[lane] if rule_sets.in_force(further, day) else 0
    return {BASE[lane]: 1, further: number}


def one_month(
    facts: dict[str, Any], paper: Paper, span: tuple[int, int], inside: list[minutes.Piece]
) -> None:
    blocks = rule_sets.ccm_blocks(facts, *span)
    found = look(facts, minutes.counting(inside, minutes.everything), span)
    without = {
        reason: look(facts, minutes.counting(inside, keep), span)["units"]
        for reason, keep in minutes.WITHOUT.items()
    }
    earned = {} if blocks else found["units"]
    for code, number in earned.items():
        paper.add_up(code, number, span, set(), without)
    if "99487" in earned and not plan_made_or_revised(facts, span):
        paper.warn({"care_plan_not_revised"})
    why = blocks | minutes.reasons(inside)
    taken = found["taken"]
    for lane in lanes_in_question(found, earned):
        own = set(why)
        if taken is None and found["open"][lane]:
            own.add("lane_choice_needed")
        if lane == "complex" and not found["decided"]:
            own.add("decision_making_missing")
        paper.time_short(BASE[lane], span, own, found["has"][lane], FIRST[lane])
    if taken and BASE[taken] in earned:
        further = add_on(taken, span[1])
        need = FIRST[taken] + EACH[taken]
        paper.further_short(further, span, why, found["has"][taken], need, earned[further])


def lanes_in_question(found: dict[str, Any], earned: dict[str, int]) -> list[str]:
    """The lanes whose base code came into question and earned nothing."""
    taken, choice = found["taken"], found["choice"]
    asked = set()
    if taken is None:
        asked |= {lane for lane, is_open in found["open"].items() if is_open}
    else:
        asked.add(taken)
    if not any(BASE[lane] in earned for lane in BASE):
        asked.add("staff")
    if choice is not None and not found["open"][choice]:
        asked.add(choice)
    reached = found["recorded"] or found["has"]["complex"] >= 60
    if choice == "complex" or (choice != "staff" and reached):
        asked.add("complex")
    if taken not in (None, "complex") and found["open"]["complex"]:
        asked.discard("complex")  # open and not taken
    return [lane for lane in BASE if lane in asked and BASE[lane] not in earned]


def plan_made_or_revised(facts: dict[str, Any], span: tuple[int, int]) -> bool:
    """Reading: the first plan, or a substantially revised one, dated in the month."""
    first = min((plan["on"] for plan in facts["plans"]), default=None)
    return any(
        span[0] <= plan["on"] <= span[1] and (plan["revised"] or plan["on"] == first)
        for plan in facts["plans"]
    )
