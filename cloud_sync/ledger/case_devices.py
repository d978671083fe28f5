"""A patient's devices for the case file: each assignment, with what the device was on its dates."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row

from cloud_sync.ledger.device_details import FLAGS, Detail
from cloud_sync.ledger.local_time import local


def of_rows(
    lent: Sequence[Row[Any]], known: Mapping[str, list[Detail]], zone: str
) -> list[dict[str, Any]]:
    """One entry an assignment: a device given back and lent again has two.

    Where a device's flags changed while it was assigned, there is one entry more for each stretch
    of earlier dates, from the same first date on: of the entries of a date the last one speaks,
    and nothing looks like a device that was added.
    """
    return [
        entry
        for row in lent
        if row.assigned_to_ms != row.assigned_from_ms  # that one was made in error
        for entry in _entries(row, known.get(row.id, []), zone)
    ]


def _entries(row: Row[Any], details: list[Detail], zone: str) -> list[dict[str, Any]]:
    first = local(row.assigned_from_ms, zone).date()
    last = row.assigned_to_ms and local(row.assigned_to_ms, zone).date()
    flags = {name: getattr(row, name) for name in FLAGS}
    stretches: list[tuple[dict[str, bool], date | None]] = []  # flags, and the last date of them
    for detail in details:
        if detail.effective_from > first and (last is None or detail.effective_from <= last):
            stretches.append((flags, detail.effective_from - timedelta(days=1)))
        if last is None or detail.effective_from <= last:
            flags = detail.flags
    stretches.append((flags, last))
    return [
        {
            "id": row.id,
            "kind": row.kind,
            **held,
            "assigned_from": first.isoformat(),
            "assigned_to": until and until.isoformat(),
        }
        for held, until in reversed(stretches)
    ]
