"""What is on a patient's file, as the case file has it: entries about entries joined to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Row

from cloud_sync.ledger.facts import KINDS, case_entry

BILLING = "P1"  # the case file's name for the billing practitioner
LISTS = (
    "consents",
    "orders",
    "initiating_visits",
    "care_plans",
    "decision_making",
    "lane_choices",
    "episodes",
    "stays",
    "other_claims",
)


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """One row that nothing had corrected by then, and the ids of those it corrects."""

    kind: str
    body: dict[str, Any]
    ids: frozenset[str]


def of_rows(rows: Sequence[Row[Any]], billing: str | None) -> dict[str, Any]:
    """The lists of the case file, and the patient's own keys joined, the newest winning.

    `rows` are all that was recorded by then, oldest first, corrected ones too.
    """
    stored = _stored(rows)
    patient: dict[str, Any] = {}
    lists: dict[str, Any] = {kind: [] for kind in LISTS}
    for one in stored:
        if one.kind == "patient":
            patient |= case_entry("patient", one.body)
        elif one.kind in lists and one.body:  # a correction to nothing takes an entry away
            entry = case_entry(one.kind, one.body) | _joined(one, stored)
            if billing is not None and entry.get("practitioner") == billing:
                entry["practitioner"] = BILLING
            lists[one.kind].append(entry)
    return {"patient": patient, **lists}


def _stored(rows: Sequence[Row[Any]]) -> list[_Stored]:
    older = {row.id: row.corrects for row in rows}
    corrected = set(older.values())
    return [
        _Stored(
            kind=row.kind,
            body=msgspec.json.decode(row.body),
            ids=frozenset(_line(row.id, older)),
        )
        for row in rows
        if row.kind in KINDS and row.id not in corrected
    ]


def _line(identity: str | None, older: Mapping[str, str | None]) -> Iterable[str]:
    """An entry and all that it corrects: what names an old version means the one in force."""
    while identity is not None:
        yield identity
        identity = older.get(identity)


def _joined(one: _Stored, stored: list[_Stored]) -> dict[str, Any]:
    """What other entries say of this one, under the case file's keys."""
    match one.kind:
        case "consents":
            return _earliest(one, "revoked_on", _about(one, stored, "revocations", "consent"))
        case "care_plans":
            shares = _about(one, stored, "plan_shares", "plan")
            told = {share["to"] for share in shares}
            return {"shared_with_patient": True} if told & {"patient", "caregiver"} else {}
        case "episodes":
            ends = _about(one, stored, "episode_ends", "episode")
            return _earliest(one, "end", ends) | _set_up(one, stored)
    return {}


def _about(one: _Stored, stored: list[_Stored], kind: str, key: str) -> list[dict[str, Any]]:
    return [
        other.body
        for other in stored
        if other.kind == kind and other.body and other.body[key] in one.ids
    ]


def _earliest(one: _Stored, key: str, others: list[dict[str, Any]]) -> dict[str, Any]:
    dates = [other[key] for other in others]
    if one.body.get(key) is not None:
        dates.append(one.body[key])
    return {key: min(dates)} if others else {}


def _set_up(one: _Stored, stored: list[_Stored]) -> dict[str, Any]:
    """The first set-up and the first teaching on record in the episode, where it has none."""
    ends = [other["end"] for other in _about(one, stored, "episode_ends", "episode")]
    last = min([*ends, one.body.get("end") or "9999-12-31"])
    found = {}
    for key in ("set_up_on", "educated_on"):
        dates = [
            other.body[key]
            for other in stored
            if other.kind == "set_ups"
            and other.body.get(key) is not None
            and other.body.get("program", "RPM") == one.body["program"]
            and one.body["start"] <= other.body[key] <= last
        ]
        if dates and one.body.get(key) is None:
            found[key] = min(dates)
    return found
