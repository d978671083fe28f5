"""The two ledgers of a packet as tables a person can open: each reading, each interval of work."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloud_sync.export.evidence import Row, Rows
from cloud_sync.ledger.local_time import local, to_ms
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.days import day_ledger
from cloud_sync.rules.reasons import in_order

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so (CWE-1236)
_NO_READING = ("no reading of the rules",)


@dataclass(frozen=True, kw_only=True)
class Day:
    """A reading in the day ledger. It counts where it has a period."""

    on: str  # the local date it belongs to
    period: Mapping[str, Any] | None  # {"from", "to", "dates"}
    reasons: tuple[str, ...]  # why it does not count
    reading: Row


def judged(readings: Rows, facts: Mapping[str, Any], case_file: Mapping[str, Any]) -> list[Day]:
    """Each reading, the date it belongs to, and whether it counts or every reason why not.

    A date counts once, however many of its readings do.
    """
    periods = {day: period for period in facts["days"] for day in period["dates"]}
    known = _judged(case_file)
    found = []
    for row in readings:
        key = row["device"], row["measured_at_ms"], row["committed_at_ms"]
        on, reasons = known.get(key, (row["local_day"], _NO_READING))
        period = None if reasons else periods.get(on)
        found.append(Day(on=on, period=period, reasons=reasons, reading=row))
    return found


def _judged(case_file: Mapping[str, Any]) -> dict[tuple[str, int, int], tuple[str, Any]]:
    """The rules' word on each reading of the case: its date, and why it is left out."""
    case = read(case_file)
    assert not isinstance(case, Problem), "the snapshot's own case was read before"
    return {
        (
            one.reading.device,
            to_ms(one.reading.measured_at),
            to_ms(one.reading.received_at),
        ): (one.on.isoformat(), in_order(one.unusable | one.missing))
        for one in day_ledger(case).readings
    }


def days(found: Iterable[Day], zone: str) -> bytes:
    """The day ledger, or the part of it that was left out."""
    rows = [
        (
            one.on,
            "yes" if one.period else "no",
            " ".join(one.reasons),
            one.period["from"] if one.period else "",
            one.period["to"] if one.period else "",
            one.reading["id"],
            one.reading["kind"],
            one.reading["device"],
            "automatic",
            moment(one.reading["measured_at_ms"], zone),
            moment(one.reading["committed_at_ms"], zone),
        )
        for one in found
    ]
    heading = (
        "date", "counts", "reasons", "period from", "period to", "reading", "kind", "device",
        "source", "measured", "received at the clinic",
    )  # fmt: skip
    return table(heading, rows)


def time(found: Rows, zone: str) -> bytes:
    """Each interval; RPM and CCM are never added up."""
    rows = [
        (
            moment(row["start_ms"], zone),
            moment(row["end_ms"], zone),
            (row["end_ms"] - row["start_ms"]) // 1000,
            row["program"],
            row["full_name"],
            row["billing_role"],
            row["credential"] or "",
            row["employer"] or "",
            row["activity"],
            row["note"],
            row["mode"],
            "yes" if row["interactive"] else "no",
            row.get("direction", ""),
            row.get("party", ""),
            row["patients"],
            "by the clock" if row["measured"] else "typed in",
            moment(row["entered_at_ms"], zone),
            max(0, row["entered_at_ms"] - row["end_ms"]) // 3_600_000,
            row.get("corrects", ""),
            row["corrected_by"] or "",
            row["void"]["reason"] if row["void"] else "",
            " ".join(row["readings"]),
            " ".join(f"{one['kind']}:{one['ref_id']}" for one in row["links"]),
            row["id"],
        )
        for row in found
    ]
    heading = (
        "start", "end", "seconds", "program", "worker", "billing role", "credential", "employer",
        "activity", "note", "mode",
        "live contact", "direction", "party", "patients served", "measured", "entered",
        "hours until entered", "corrects", "corrected by", "taken out because", "readings",
        "alerts and plans", "entry",
    )  # fmt: skip
    return table(heading, rows)


def moment(at_ms: int | None, zone: str) -> str:
    """The instant in the patient's zone, with its offset."""
    return "" if at_ms is None else local(at_ms, zone).isoformat(timespec="seconds")


def table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV that a spreadsheet opens without running anything that a person typed."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """The exact text stands in the JSON lines; here a formula is shown, not run."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
