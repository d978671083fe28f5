"""The ledgers of a packet as sections: days, what was left out, time, contact, counts."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from cloud_sync.export.evidence import Row, Rows
from cloud_sync.export.ledgers import Day
from cloud_sync.export.paper import (
    Pairs,
    Section,
    Table,
    Words,
    lasted,
    measured,
    plain,
    said,
    short,
    when,
)
from cloud_sync.rules.reasons import SENTENCES

_NO_RULE = "It is no reading of a kind that the rules count."
_CLIPPED = 12  # hex digits of an id: enough to find it in the JSON lines


def day_ledger(days: Sequence[Day], facts: Row) -> Section:
    """Each reading that counts, by date; a date counts once."""
    counting = [one for one in days if one.period]
    blocks: list[Words | Pairs | Table] = [
        Words(
            text=f"Times are those of {facts['zone']}. A date counts once, however many readings it"
            " has. Every reading was sent by the device itself; none was typed in. The whole id of"
            " a reading, its envelope and the clinic's receipt are in readings.jsonl, envelopes/"
            " and receipts.jsonl.",
            hint=True,
        )
    ]
    if not counting:
        return Section(title="Day ledger", blocks=[*blocks, Words(text="No reading counts.")])
    rows, before = [], ""
    for one in counting:
        row = one.reading
        rows.append(
            (
                one.on if one.on != before else "",
                _value(row),
                short(row["measured_at_ms"], facts["zone"]),
                short(row["committed_at_ms"], facts["zone"]),
                row["device"],
                row["id"][:_CLIPPED],
            )
        )
        before = one.on
    headings = ("Date", "Reading", "Measured", "Received", "Device", "Reading id")
    table = Table(headings=headings, widths=(10, 26, 17, 17, 17, 13), rows=rows)
    return Section(title="Day ledger", blocks=[*blocks, table])


def left_out(days: Sequence[Day], facts: Row) -> Section:
    """Each reading that does not count, with every reason."""
    rows = [
        (
            one.on or "",
            _value(one.reading),
            short(one.reading["measured_at_ms"], facts["zone"]),
            short(one.reading["committed_at_ms"], facts["zone"]),
            " ".join(SENTENCES.get(reason, _NO_RULE) for reason in one.reasons)  # type: ignore[call-overload]
            or "It lies in no period that ends in this month.",
            one.reading["id"][:_CLIPPED],
        )
        for one in days
        if not one.period
    ]
    if not rows:
        return Section(title="Readings left out", blocks=[Words(text="None was left out.")])
    headings = ("Date", "Reading", "Measured", "Received", "Why it does not count", "Reading id")
    table = Table(headings=headings, widths=(10, 17, 17, 17, 26, 13), rows=rows)
    return Section(title="Readings left out", blocks=[table])


def time_ledger(time: Rows, zone: str) -> Section:
    """Each interval of work, whole; RPM and CCM are never added up."""
    if not time:
        return Section(title="Time ledger", blocks=[Words(text="No time was recorded.")])
    rows, marked = [], set()
    for number, row in enumerate(time):
        seconds = (row["end_ms"] - row["start_ms"]) // 1000
        if row["corrected_by"] or row["void"]:
            marked.add(number)
        rows.append(
            (
                (f"{short(row['start_ms'], zone)}\nto {_until(row, zone)}\n{lasted(seconds)}"),
                row["program"],
                _worker(row),
                f"{row['activity']}\n{row['note']}",
                "\n".join(_marks(row, zone)),
            )
        )
    hint = Words(
        text=f"Times are those of {zone}. By the clock: measured while the work was done. A shaded"
        " entry does not count: it was corrected or taken out, and stands here so that the change"
        " shows.",
        hint=True,
    )
    headings = ("Start, end", "Program", "Worker", "What was done", "How it is known")
    table = Table(
        headings=headings, widths=(18, 9, 16, 35, 22), rows=rows, marked=frozenset(marked)
    )
    return Section(title="Time ledger", blocks=[hint, table])


def _worker(row: Row) -> str:
    """Name, role on that date, credential and employer where they are recorded."""
    role = plain(row["billing_role"])
    lines = [row["full_name"], f"{role}, {row['credential']}" if row.get("credential") else role]
    if row.get("employer"):
        lines.append(f"employed by {row['employer']}")
    return "\n".join(lines)


def _until(row: Row, zone: str) -> str:
    """When it ended; with its date only where that is another."""
    start, end = short(row["start_ms"], zone), short(row["end_ms"], zone)
    return end[11:] if end[:10] == start[:10] else end


def _marks(row: Row, zone: str) -> list[str]:
    entered = short(row["entered_at_ms"], zone)
    marks = ["by the clock" if row["measured"] else f"late entry, typed in {entered}"]
    if row["patients"] > 1:
        marks.append(f"one of {row['patients']} patients at once")
    if row["readings"]:
        marks.append("worked on " + ", ".join(one[:_CLIPPED] for one in row["readings"]))
    marks += [f"{plain(one['kind'])} {one['ref_id'][:8]}" for one in row.get("links", ())]
    if row.get("import_id"):
        marks.append("kept by another system, brought in")
    if row.get("split_from"):
        marks.append(f"part of {row['split_from'][:8]}")
    if row.get("corrects"):
        marks.append(f"corrects {row['corrects'][:8]}")
    if row["corrected_by"]:
        marks.append(f"corrected by {row['corrected_by'][:8]}")
    if row["void"]:
        marks.append(f"taken out: {row['void']['reason']}")
    return [*marks, f"entry {row['id'][:8]}"]


def contact(time: Rows, zone: str) -> Section:
    """Live two-way conversations: who, how, from whom, when."""
    rows = [
        (
            short(row["start_ms"], zone),
            _until(row, zone),
            row["mode"],
            {"incoming": "to the practice", "outgoing": "by the practice"}.get(
                row.get("direction", ""), "not recorded"
            ),
            row.get("party", "not recorded"),
            row["full_name"],
            row["program"],
        )
        for row in time
        if row["interactive"] and not row["corrected_by"] and not row["void"]
    ]
    if not rows:
        return Section(title="Live contact", blocks=[Words(text="None was recorded.")])
    headings = ("Start", "End", "How", "Begun", "Spoken with", "Worker", "Program")
    table = Table(headings=headings, widths=(18, 10, 10, 16, 14, 20, 12), rows=rows)
    return Section(title="Live contact", blocks=[table])


def counts(facts: Row, settings: Rows, names: Mapping[str, str]) -> Section:
    """Both day counts, seconds, the rule sets and the practice's conventions."""
    periods = [
        ("Period", f"{one['from']} to {one['to']}: {len(one['dates'])} dates count")
        for one in facts["days"]
    ]
    both = [
        (
            f"{line['code']}, {line['from']} to {line['to']}",
            (
                f"{line['evidence']['days_measured']} by day of measurement,"
                f" {line['evidence']['days_received']} by day of receipt"
            ),
        )
        for line in facts["determination"]["lines"]
        if "days_measured" in line["evidence"]
    ]
    seconds = [
        (
            f"{program} in the month",
            f"{number} seconds = {lasted(number)}; cut to full minutes once",
        )
        for program, number in facts["seconds"].items()
    ]
    convention = [(plain(key), said(value, names)) for key, value in facts["settings"].items()]
    blocks: list[Words | Pairs | Table] = [
        Pairs(rows=[*periods, *both, *seconds]),
        Words(text="Rule sets: " + (", ".join(facts["rule_sets"]) or "none was needed") + "."),
        Pairs(rows=convention),
    ]
    if settings:
        rows = [
            (
                plain(row["name"]),
                said(row["value"], names),
                when(row["effective_from_ms"], facts["zone"]),
                row["reason"],
            )
            for row in settings
        ]
        headings = ("Convention", "Set to", "From", "Reason")
        blocks.append(Table(headings=headings, widths=(20, 20, 25, 35), rows=rows))
    return Section(title="Both day counts, arithmetic, rules and settings", blocks=blocks)


def changes(facts_on_file: Rows, time: Rows, zone: str) -> Section:
    """Corrections, what was taken out, and what was entered after the fact."""
    rows = []
    for row in facts_on_file:
        if row.get("corrects"):
            what = "taken away" if row["body"] == {} else "corrected"
            at = short(row["recorded_at_ms"], zone)
            change = f"{row['corrects'][:8]} was {what}{_because(row)}"
            rows.append((at, plain(row["kind"]), change))
    for row in time:
        at = short(row["entered_at_ms"], zone)
        if row.get("corrects"):
            change = f"{row['id'][:8]} corrects {row['corrects'][:8]}{_because(row)}"
            rows.append((at, "time entry", change))
        if row["void"]:
            out = short(row["void"]["voided_at_ms"], zone)
            rows.append((out, "time entry", f"{row['id'][:8]} taken out: {row['void']['reason']}"))
        if not row["measured"]:
            hours = max(0, row["entered_at_ms"] - row["end_ms"]) // 3_600_000
            rows.append((at, "time entry", f"{row['id'][:8]} typed in {hours} h after its end"))
    title = "Corrections and late entries"
    if not rows:
        return Section(title=title, blocks=[Words(text="There are none.")])
    table = Table(headings=("When", "What", "Change"), widths=(22, 18, 60), rows=sorted(rows))
    return Section(title=title, blocks=[table])


def _because(row: Row) -> str:
    return f": {row['reason']}" if row.get("reason") else ""


def _value(row: Row) -> str:
    said_by_hub: dict[str, Any] = msgspec.json.decode(row["plaintext"])
    return f"{plain(row['kind']).capitalize()} {measured(said_by_hub.get('outcome', {}))}"
