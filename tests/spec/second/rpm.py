"""The RPM codes: device and set-up codes by period, time codes by month, 99091 by period."""

from typing import Any

from tests.spec.second import dates, days, minutes, rule_sets
from tests.spec.second.paper import Paper

DAYS_NEEDED = {"99454": 16, "99445": 2}
TIME_BASES = ("99457", "99470")


def device_code(number: int) -> str | None:
    return "99454" if number >= 16 else "99445" if number >= 2 else None


def earns(code: str, number: int, day: int) -> bool:
    """Whether so many days earn this code under the rules of this day."""
    if code == "99453":
        return number >= days_for_set_up(day) and rule_sets.in_force(code, day)
    return device_code(number) == code and rule_sets.in_force(code, day)


def days_for_set_up(day: int) -> int:
    return 2 if day >= dates.day("2026-01-01") else 16


def periods(facts: dict[str, Any], paper: Paper) -> None:
    set_up: set[int] = set()
    for period in days.layout(facts):
        found = days.count(facts, period)
        paper.warn(found["left_out"])
        first, last, numbers = period
        episodes = [days.rpm_episodes(facts)[number] for number in numbers]
        found["ended"] = ended(episodes, (first, last))
        for code in ("99454", "99445"):
            blocks = rule_sets.device_blocks(facts, first, last)
            if judge(paper, code, (first, last), found, blocks):
                break  # 99445 is in question only where 99454 is not earned
        # Reading: where episodes share a period, one set-up at most is earned in it; where none
        # is, the last of them that is in question says why.
        sheets = []
        for number in numbers:
            sheets.append(Paper(facts))
            set_up_code(facts, sheets[-1], (first, last), found, number, set_up)
        asked = [sheet for sheet in sheets if sheet.lines or sheet.shortfalls]
        chosen = next((sheet for sheet in asked if sheet.lines), asked[-1] if asked else None)
        if chosen is not None:
            paper.lines += chosen.lines
            paper.shortfalls |= chosen.shortfalls


def judge(
    paper: Paper, code: str, span: tuple[int, int], found: dict[str, Any], blocks: set[str]
) -> bool:
    first, last = span
    need = days_for_set_up(last) if code == "99453" else DAYS_NEEDED[code]
    if earns(code, found["days"], last) and not blocks:
        review = set()
        if not earns(code, found["other"], last):
            review.add("measured_and_received_differ")
        if not earns(code, found["days"], first):
            review.add("rule_set_changes_in_period")
        paper.line(code, 1, span, review | found["ended"])
        return True
    why = blocks | found["left_out"] | found["on_file"]
    if not rule_sets.in_force(code, last):
        why.add("not_in_force")
    if found["days"] < need:
        paper.fall_short(code, span, {"days_below_threshold"}, found["days"], need)
    if not blocks and earns(code, found["other"], last):
        why.add("measured_and_received_differ")
    if not blocks and earns(code, found["days"], first):
        why.add("rule_set_changes_in_period")
    paper.fall_short(code, span, why)
    return False


def ended(episodes: list[dict[str, Any]], span: tuple[int, int]) -> set[str]:
    early = any(e["end"] is not None and span[0] <= e["end"] < span[1] for e in episodes)
    return {"episode_ended_in_period"} if early else set()


def set_up_code(  # noqa: PLR0917 - what the code depends on
    facts: dict[str, Any],
    paper: Paper,
    span: tuple[int, int],
    found: dict[str, Any],
    number: int,
    done: set[int],
) -> None:
    """Reading: before the first period with enough days of the episode, that is what is short;
    a further device is one assigned in the episode, too."""
    first, last = span
    episode = days.rpm_episodes(facts)[number]
    if episode["claimed_long_ago"]:
        return
    found = found | {"days": found["of"][number]}
    blocks = rule_sets.device_blocks(facts, first, last)
    if number in done:
        assigned = [d["from"] for d in facts["devices"] if d["dated"]]
        if any(first <= day <= last and days.within(episode, day) for day in assigned):
            judge(paper, "99453", span, found, blocks | {"episode_already_set_up"})
        return
    if found["days"] >= days_for_set_up(last) and rule_sets.in_force("99453", last):
        done.add(number)
    recorded = [episode["set_up"], episode["educated"]]
    if any(moment is None or moment > last for moment in recorded):
        blocks.add("set_up_undocumented")
    # Reading: a claim on any day from the episode's first to the period's last, by anybody.
    if rule_sets.claimed(facts, {"99453"}, "anybody", episode["start"], last):
        blocks.add("episode_already_set_up")
    judge(paper, "99453", span, found, blocks)


def months(facts: dict[str, Any], paper: Paper, pieces: list[minutes.Piece]) -> None:
    pieces = [piece for piece in pieces if piece["program"] == "RPM"]
    for month in sorted({dates.month_of(piece["day"]) for piece in pieces}):
        span = (dates.first_of(month), dates.last_of(month))
        inside = [piece for piece in pieces if span[0] <= piece["day"] <= span[1]]
        left_out = {reason for piece in inside for reason in piece["left_out"]}
        paper.warn(left_out | ({"institutional_stay"} if any(p["stay"] for p in inside) else set()))
        one_month(facts, paper, span, inside)
    thirty_minutes(facts, paper, pieces)


def units(facts: dict[str, Any], chosen: list[minutes.Piece], day: int) -> dict[str, int]:
    """What these pieces earn by themselves, whatever else may block it; before the cap."""
    total = minutes.total_minutes(chosen)
    needed = facts["settings"]["rpm_contact_required"]
    if needed and not any(piece["contact"] for piece in chosen):
        return {}
    if total >= 20 and rule_sets.in_force("99457", day):
        further = (total - 20) // 20 if rule_sets.in_force("99458", day) else 0
        return {"99457": 1, "99458": further}
    if 10 <= total < 20 and rule_sets.in_force("99470", day):
        return {"99470": 1}
    return {}


def one_month(
    facts: dict[str, Any], paper: Paper, span: tuple[int, int], inside: list[minutes.Piece]
) -> None:
    blocks = rule_sets.rpm_time_blocks(facts, *span)
    counted = minutes.counting(inside, minutes.everything)
    total = minutes.total_minutes(counted)
    earned = {} if blocks else units(facts, counted, span[1])
    without = {
        reason: units(facts, minutes.counting(inside, keep), span[1])
        for reason, keep in minutes.WITHOUT.items()
    }
    review = set()
    if not any(
        not r["unusable"] and span[0] <= r["measured_day"] <= span[1] for r in facts["readings"]
    ):
        review.add("no_readings_managed")
    for code, number in earned.items():
        paper.add_up(code, number, span, review, without)
    why = blocks | minutes.reasons(inside)
    if facts["settings"]["rpm_contact_required"] and not any(p["contact"] for p in counted):
        lacking = {"no_interactive_contact"}
    else:
        lacking = set()
    if "99457" not in earned:
        paper.time_short("99457", span, why | lacking, total, 20)
        if "99470" not in earned:
            paper.time_short("99470", span, why | lacking, total, 10)
    else:
        paper.further_short("99458", span, why, total, 40, earned["99458"])


def thirty_minutes(facts: dict[str, Any], paper: Paper, pieces: list[minutes.Piece]) -> None:
    """99091: in question once the 30 minutes are there, in a period that is reported.

    Reading: it is a line of its period, so the end of the episode in it is for review, as is a
    period without a usable reading; what was left out of its shortfall's count is RPM time; other
    monitoring that is billed excludes it too.
    """
    for period in days.layout(facts):
        first, last, numbers = period
        inside = [p for p in pieces if first <= p["day"] <= last]
        own = [p for p in inside if p["own"]]
        total = minutes.total_minutes(minutes.counting(own, minutes.everything))
        if total < 30 or not rule_sets.in_force("99091", last):
            continue
        touched = {dates.month_of(day) for day in range(first, last + 1)}
        earned = any(paper.earned(code, month) for code in TIME_BASES for month in touched)
        if earned or rule_sets.claimed(facts, rule_sets.RTM, "anybody", first, last):
            why = {"excluded_by_code"} | minutes.reasons(inside)
            paper.fall_short("99091", (first, last), why)
            continue
        without = {
            reason: {"99091": int(minutes.total_minutes(minutes.counting(own, keep)) >= 30)}
            for reason, keep in minutes.WITHOUT.items()
        }
        review = ended([days.rpm_episodes(facts)[number] for number in numbers], (first, last))
        if not days.count(facts, period)["usable"]:
            review.add("no_readings_managed")
        paper.add_up("99091", 1, (first, last), review, without)
