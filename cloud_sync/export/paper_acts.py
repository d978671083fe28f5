"""What was done with a month as sections: alerts with their handling, and releases to billing."""

from collections.abc import Mapping

from cloud_sync.alerts.measures import MEASURES
from cloud_sync.export.evidence import Row, Rows
from cloud_sync.export.paper import OPERATOR, Pairs, Section, Table, Words, short, when

_CLIPPED = 12  # hex digits of an id: enough to find it in the JSON lines
_DID = {"seen": "seen by", "handled": "handled by"}


def alerts(
    thresholds: Rows, raised: Rows, time: Rows, names: Mapping[str, str], zone: str
) -> Section:
    """What was to raise an alert, what did, and what was done about it: by whom and when."""
    title = "Alerts and their handling"
    if not thresholds and not raised:
        words = "No threshold was set for this patient, so no reading could raise an alert."
        return Section(title=title, blocks=[Words(text=words)])
    blocks: list[Words | Pairs | Table] = [
        Words(
            text=f"Times are those of {zone}. An alert is raised by a reading that was just taken"
            " and lies outside the threshold that held then; a reading that came late waits for"
            " review instead.",
            hint=True,
        ),
        Table(
            headings=("Threshold", "Alert", "From", "Set by, and why"),
            widths=(22, 26, 20, 32),
            rows=[
                (
                    MEASURES[row["measure"]].name,
                    _bounds(row),
                    short(row["recorded_at_ms"], zone),
                    f"{names.get(row['author'], OPERATOR)}\n{row['reason']}",
                )
                for row in thresholds
            ],
        ),
    ]
    if not raised:
        blocks.append(Words(text="No reading of this month raised an alert."))
    else:
        headings = ("Raised", "What lay outside", "Reading id", "What was done")
        rows = [_alert(row, time, names, zone) for row in raised]
        blocks.append(Table(headings=headings, widths=(18, 26, 14, 42), rows=rows))
    return Section(title=title, blocks=blocks)


def _bounds(row: Row) -> str:
    unit = MEASURES[row["measure"]].unit
    sides = [f"{word} {row[key]} {unit}" for word, key in (("below", "low"), ("above", "high"))
             if row.get(key) is not None]  # fmt: skip
    return "\n".join(sides) or "none any more"


def _alert(row: Row, time: Rows, names: Mapping[str, str], zone: str) -> tuple[str, str, str, str]:
    measure = MEASURES[row["measure"]]
    side = "below" if row["side"] == "low" else "above"
    unit = "" if row["value"] in {"LOW", "HIGH"} else f" {measure.unit}"  # beyond the meter's range
    what = f"{measure.name} {row['value']}{unit}\n{side} the threshold of {row['bound']}"
    done = [
        f"{short(one['recorded_at_ms'], zone)} {_DID[one['action']]}"
        f" {names.get(one['author'], OPERATOR)}{_note(one)}"
        for one in row["handling"]
    ]
    done += [
        f"{short(one['end_ms'], zone)} worked on by {one['full_name']}, entry {one['id'][:8]}"
        for one in time
        if not one["corrected_by"]
        and not one["void"]
        and any((link["kind"], link["ref_id"]) == ("alert", row["id"]) for link in one["links"])
    ]
    nothing = "Nothing is recorded in this packet."
    return (
        short(row["raised_at_ms"], zone),
        what,
        row["observation_id"][:_CLIPPED],
        "\n".join(sorted(done)) or nothing,
    )


def _note(one: Row) -> str:
    return f": {one['note']}" if one.get("note") else ""


def releases(
    released: Rows, rows: Rows, voids: Rows, names: Mapping[str, str], facts: Row
) -> Section:
    """Who released which lines when to the month's charge list; a void with its reason.

    `released` is the packet's releases.json; `rows` and `voids` are the ledger's, with the authors.
    """
    title = "Releases to billing"
    if not released:
        return Section(title=title, blocks=[Words(text="Nothing was released to billing.")])
    zone, by = facts["zone"], {row["id"]: row["author"] for row in rows}
    voided_by = {row["release_id"]: row["author"] for row in voids}
    blocks: list[Words | Pairs | Table] = []
    for one in released:
        what = [
            ("Released by", names.get(by[one["id"]], OPERATOR)),
            ("Released at", when(one["released_at_ms"], zone)),
            ("To", f"the practice's charge list of {facts['month']}"),
            ("What was released", f"version {one['version']}, SHA-256 {one['snapshot_sha256']}"),
        ]
        if one["voided_at_ms"] is not None:
            voided = when(one["voided_at_ms"], zone)
            who = names.get(voided_by[one["id"]], OPERATOR)
            what.append(("Void since", f"{voided}, by {who}: {one['void_reason']}"))
        lines = [
            (
                line["code"],
                str(line["units"]),
                f"{line['from']} to {line['to']}",
                line["program"],
                line.get("decision") or "",
            )
            for line in one["lines"]
        ]
        headings = ("Code", "Units", "Dates of service", "Program", "Released by decision because")
        table = Table(headings=headings, widths=(10, 8, 28, 11, 43), rows=lines)
        blocks += [Pairs(rows=what), table]
    return Section(title=title, blocks=blocks)
