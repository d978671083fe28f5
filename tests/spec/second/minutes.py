"""Care time cut into pieces in which nothing changes, and the sum of the pieces that count."""

import re
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.spec.second import dates, on_file

NO_WORDS = {"min", "mins", "minute", "minutes", "hr", "hour", "hours", "sec", "seconds"}
NO_WORDS |= {"duration"}
PHRASES = {
    "spoke with the patient",
    "routine monthly follow up",
    "monthly rpm review done",
    "called patient no issues",
}
RPM_WORDS = """
    reading, readings, bp log, blood pressure log, glucose log, weight log, cuff, glucometer,
    oximeter, transmission, transmissions, alert, alerts
"""
CCM_WORDS = """
    side effect, side effects, care plan, specialist, referral, referrals, refill, refills,
    reconciliation, pharmacy, home health, lab, labs
"""

Piece = dict[str, Any]


def vague(note: str) -> bool:
    """Reading: a digit or a mark taken away leaves a gap, so that "follow-up" is two words; an
    apostrophe leaves none, so that "week's" is one."""
    together = note.lower().replace("'", "").replace("\N{RIGHT SINGLE QUOTATION MARK}", "")
    letters = "".join(letter if letter.isalpha() else " " for letter in together)
    words = [word for word in letters.split() if word not in NO_WORDS]
    return len(words) < 4 or " ".join(words) in PHRASES


def mixed(note: str) -> bool:
    return has(note, RPM_WORDS) and has(note, CCM_WORDS)


def has(note: str, terms: str) -> bool:
    words = " " + " ".join(re.findall(r"[^\W_]+", note.lower())) + " "
    return any(f" {term} " in words for term in terms.strip().replace(",\n   ", ",").split(", "))


def late(facts: dict[str, Any], entry: dict[str, Any]) -> bool:
    hours: int = facts["settings"]["late_entry_hours"]
    return bool(entry["entered"] - entry["end"] > hours * 60 * dates.MINUTE)


def pieces(facts: dict[str, Any]) -> list[Piece]:
    """Every entry of the patient's two programs, cut wherever anything begins, ends or dawns."""
    others = [e for e in facts["entries"] if not e["alone"]]
    cuts = {moment for e in others for moment in (e["start"], e["end"])}
    found = []
    for number, entry in enumerate(facts["entries"]):
        if entry["program"] == "other" or entry["elsewhere"]:
            continue
        if entry["alone"]:
            day = dates.local_day(entry["start"], facts["zone"])
            found.append(piece(facts, entry, number, (entry["start"], entry["end"]), day, []))
            continue
        first = dates.local_day(entry["start"], facts["zone"])
        last = dates.local_day(entry["end"], facts["zone"])
        dawns = {dates.midnight(day, facts["zone"]) for day in range(first, last + 1)}
        inside = {m for m in cuts | dawns if entry["start"] <= m <= entry["end"]}
        edges = sorted(inside)
        if len(edges) == 1:  # an entry of no length is there, and that is all
            found.append(piece(facts, entry, number, (edges[0], edges[0]), first, []))
        for start, end in pairwise(edges):
            at_once = [
                e for e in others if e is not entry and e["start"] <= start and e["end"] >= end
            ]
            day = dates.local_day(start, facts["zone"])
            found.append(piece(facts, entry, None, (start, end), day, at_once))
    return found


def piece(  # noqa: PLR0917 - a row of a table
    facts: dict[str, Any],
    entry: dict[str, Any],
    number: int | None,
    span: tuple[int, int],
    day: int,
    at_once: list[dict[str, Any]],
) -> Piece:
    left_out: set[str] = set()
    stays = any(first <= day <= last for first, last in facts["stays"])
    role = facts["roles"].get(entry["staff"])
    if role not in ("clinical_staff", "practitioner"):
        left_out.add("staff_not_clinical")
    if vague(entry["note"]):
        left_out.add("vague_note")
    if any(clash(entry, other) for other in at_once) or crowded(entry, at_once):
        left_out.add("overlapping_time")
    if entry["program"] == "CCM" and stays:
        left_out.add("institutional_stay")
    missing = (on_file.rpm if entry["program"] == "RPM" else on_file.ccm)(facts, day)
    if span[0] == span[1]:
        left_out, missing = set(), set()
    return {
        "program": entry["program"],
        "entry": entry,
        "key": (number, span),
        "length": span[1] - span[0],
        "day": day,
        "left_out": left_out,
        "on_file": missing,
        "counts": not left_out and not missing,
        "own": entry["staff"] == "P1",
        "contact": entry["contact"] and span[1] > span[0],
        "late": late(facts, entry),
        "mixed": mixed(entry["note"]),
        "stay": stays,
    }


def clash(entry: dict[str, Any], other: dict[str, Any]) -> bool:
    """Two programs of this patient at once, or this worker with somebody else's entry."""
    if other["elsewhere"]:
        same_worker = other["staff"] == entry["staff"]
        return bool(same_worker and not same_activity(entry, other))
    return bool(other["program"] != entry["program"])


def crowded(entry: dict[str, Any], at_once: list[dict[str, Any]]) -> bool:
    """Reading: an activity that more patients have on record than it had shares counts in none."""
    elsewhere = [e for e in at_once if e["elsewhere"] and e["staff"] == entry["staff"]]
    return bool(1 + len(elsewhere) > entry["patients"] and elsewhere)


def same_activity(entry: dict[str, Any], other: dict[str, Any]) -> bool:
    """Reading: an activity for several stands in the record of each of them; that is no clash."""
    alike = all(entry[key] == other[key] for key in ("program", "start", "end", "patients"))
    return bool(alike and entry["patients"] > 1)


def total_minutes(chosen: list[Piece]) -> int:
    """Full minutes; a moment covered twice counts once, by its largest share."""
    shares: dict[Any, Fraction] = {}
    for one in chosen:
        share = Fraction(one["length"], one["entry"]["patients"])
        shares[one["key"]] = max(share, shares.get(one["key"], share))
    return int(sum(shares.values()) // dates.MINUTE)


def counting(chosen: list[Piece], keep: Callable[[Piece], bool]) -> list[Piece]:
    return [one for one in chosen if one["counts"] and keep(one)]


WITHOUT: dict[str, Callable[[Piece], bool]] = {
    "late_entry": lambda one: not one["late"],
    "mixed_note": lambda one: not one["mixed"],
}


def everything(_: Piece) -> bool:
    return True


def reasons(chosen: list[Piece]) -> set[str]:
    """Why pieces did not count: on each code that earned nothing.

    Reading: what is not on file keeps a second from counting where nothing else does.
    """
    return {reason for one in chosen for reason in one["left_out"] or one["on_file"]}
