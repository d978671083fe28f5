"""The two ledgers of a packet as tables a person can open: each reading, each interval of work."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from cloud_sync.export.evidence import Evidence
from cloud_sync.ledger.local_time import local, to_ms
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.days import day_ledger
from cloud_sync.rules.reasons import in_order

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run what begins so (CWE-1236)


def days(found: Evidence, facts: dict[str, Any], case_file: dict[str, Any]) -> bytes:
    """Each reading, the date it belongs to, and whether it counts or every reason why not.

    A date counts once, however many of its readings do.
    """
    zone = facts["zone"]
    periods = {day: period for period in facts["days"] for day in period["dates"]}
    judged = _judged(case_file)
    rows = []
    for row in found.readings:
        on, reasons = judged.get(_key(row), (row["local_day"], ("no reading of the rules",)))
        period = {} if reasons else periods.get(on, {})
        rows.append(
            (
                on,
                "yes" if period else "no",
                " ".join(reasons),
                period.get("from", ""),
                period.get("to", ""),
                row["id"],
                row["kind"],
                row["device"],
                _moment(row["measured_at_ms"], zone),
                _moment(row["committed_at_ms"], zone),
            )
        )
    heading = (
        "date", "counts", "reasons", "period from", "period to", "reading", "kind", "device",
        "measured", "received at the clinic",
    )  # fmt: skip
    return _table(heading, rows)


def _key(row: dict[str, Any]) -> tuple[str, int, int]:
    return row["device"], row["measured_at_ms"], row["committed_at_ms"]


def _judged(case_file: dict[str, Any]) -> dict[tuple[str, int, int], tuple[str, tuple[str, ...]]]:
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


def time(found: Evidence, zone: str) -> bytes:
    """Each interval; RPM and CCM are never added up."""
    rows = [
        (
            _moment(row["start_ms"], zone),
            _moment(row["end_ms"], zone),
            (row["end_ms"] - row["start_ms"]) // 1000,
            row["program"],
            row["full_name"],
            row["billing_role"],
            row["activity"],
            row["note"],
            row["mode"],
            "yes" if row["interactive"] else "no",
            "by the clock" if row["measured"] else "typed in",
            _moment(row["entered_at_ms"], zone),
            row["corrects"] or "",
            row["corrected_by"] or "",
            " ".join(row["readings"]),
            row["id"],
        )
        for row in found.time
    ]
    heading = (
        "start", "end", "seconds", "program", "worker", "billing role", "activity", "note", "mode",
        "live contact", "measured", "entered", "corrects", "corrected by", "readings", "entry",
    )  # fmt: skip
    return _table(heading, rows)


def _moment(at_ms: int | None, zone: str) -> str:
    return "" if at_ms is None else local(at_ms, zone).isoformat(timespec="seconds")


def _table(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    """The exact text stands in the JSON lines; here a formula is shown, not run."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
