"""What is on file for a patient: orders, consents, visits, devices, plans, as sections.

A fact is shown with the keys that are known first and every other after them, so that a fact that
says more is shown with all it says.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cloud_sync.export.evidence import Row, Rows
from cloud_sync.export.paper import OPERATOR, Section, Table, Words, plain, said, short

# Title, kinds of facts, and what to say where there is none (rules.md 14).
_PARTS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("Order", ("orders",), "No order is on file."),
    ("Consent", ("consents", "revocations"), "No consent is on file."),
    (
        "Relationship and initiating visit",
        ("patient", "initiating_visits"),
        "No relationship or initiating visit is on file.",
    ),
    ("Conditions", ("conditions",), "No conditions are on file."),
    ("Devices", ("devices",), "No device was assigned."),
    (
        "Episode, set-up and teaching",
        ("episodes", "set_ups", "episode_ends"),
        "No episode, set-up or teaching is on file.",
    ),
)
_LATER: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("Care plan and its sharing", ("care_plans", "plan_shares"), "No care plan is on file."),
    (
        "Oversight by the practitioner",
        ("billing_practitioner", "decision_making", "lane_choices"),
        "No decision making of a practitioner is on file.",
    ),
    ("Stays and other claims", ("stays", "other_claims"), "None are on file."),
)
_FIRST_KEYS = (
    "program", "on", "given_on", "ordered_on", "start", "end", "month", "level", "lane", "mode",
    "practitioner", "taken_by", "staff", "script_version", "disclosed", "documented",
    "established_on", "discussed", "set_up_on", "educated_on", "shared_with_patient",
    "shared_with_caregiver", "version", "elements", "code", "revoked_on",
)  # fmt: skip
_HEADINGS = ("On file", "What it says", "Recorded")
_WIDTHS = (20, 55, 25)


def before(facts: Rows, devices: Rows, names: Mapping[str, str], zone: str) -> list[Section]:
    """The sections that stand before the ledgers."""
    return [
        _devices(devices, zone)
        if kinds == ("devices",)
        else _part((title, kinds, none), facts, names, zone)
        for title, kinds, none in _PARTS
    ]


def after(facts: Rows, names: Mapping[str, str], zone: str) -> list[Section]:
    """Those that stand after, and what is of no kind that is known here."""
    known = {kind for _title, kinds, _none in (*_PARTS, *_LATER) for kind in kinds}
    found = [_part(part, facts, names, zone) for part in _LATER]
    others = tuple(sorted({row["kind"] for row in facts} - known))
    if others:
        found.append(_part(("Also on file", others, ""), facts, names, zone))
    return found


def _part(
    part: tuple[str, Sequence[str], str], facts: Rows, names: Mapping[str, str], zone: str
) -> Section:
    title, kinds, none = part
    if kinds == ("conditions",):
        rows = [line for row in facts for line in _conditions(row, names, zone)]
    else:
        rows = [
            _line(row, names, zone)
            for row in facts
            if row["kind"] in kinds and set(row["body"]) != {"conditions"}
        ]
    if not rows:
        return Section(title=title, blocks=[Words(text=none)])
    return Section(title=title, blocks=[Table(headings=_HEADINGS, widths=_WIDTHS, rows=rows)])


def _line(row: Row, names: Mapping[str, str], zone: str) -> tuple[str, str, str]:
    body = {key: value for key, value in row["body"].items() if key != "conditions"}
    return _name(row["kind"]), _say(body, names), _recorded(row, names, zone)


def _conditions(row: Row, names: Mapping[str, str], zone: str) -> Iterable[tuple[str, str, str]]:
    for one in row["body"].get("conditions", ()):
        rest = {key: value for key, value in one.items() if key != "icd10"}
        code = f"ICD-10 {one.get('icd10', '')}".strip()
        yield code, _say(rest, names), _recorded(row, names, zone)


def _say(body: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Known keys first, in their order; then whatever else there is."""
    keys = [key for key in _FIRST_KEYS if key in body]
    keys += [key for key in body if key not in _FIRST_KEYS]
    return "\n".join(f"{plain(key)}: {said(body[key], names)}" for key in keys)


def _name(kind: str) -> str:
    single = {
        "care_plans": "care plan", "consents": "consent", "decision_making": "decision making",
        "episodes": "episode", "initiating_visits": "initiating visit", "orders": "order",
        "lane_choices": "choice of lane", "other_claims": "other claim", "stays": "stay",
        "patient": "patient", "set_ups": "set-up", "plan_shares": "sharing of the plan",
        "revocations": "revocation", "episode_ends": "end of an episode",
    }  # fmt: skip
    return single.get(kind, plain(kind)).capitalize()


def _recorded(row: Row, names: Mapping[str, str], zone: str) -> str:
    who = names.get(row["author"], OPERATOR)
    return f"{short(row['recorded_at_ms'], zone)}\n{who}"


def _devices(devices: Rows, zone: str) -> Section:
    if not devices:
        return Section(title="Devices", blocks=[Words(text="No device was assigned.")])
    shown = (
        "id", "device", "device_id", "label", "kind", "profile", "assigned_from_ms",
        "assigned_to_ms", "recorded_at_ms", "author", "patient_id", "first_seen_ms", "fda_defined",
        "automatic", "test", "user_slot", "details",
    )  # fmt: skip
    rows = []
    for one in devices:
        facts = {
            "kind": plain(str(one.get("kind", ""))),
            "serial or address": one["device"],
            "profile of make and model": one.get("profile"),
            "device as FDA defines it": one.get("fda_defined"),
            "sends by itself": one.get("automatic"),
            "test device": one.get("test"),
            "user slot": one.get("user_slot", "every"),
        }
        more = {plain(key): value for key, value in one.items() if key not in shown}
        text = [f"{key}: {said(value, {})}" for key, value in (facts | more).items()]
        text += [_since(row) for row in one["details"]]
        until = short(one["assigned_to_ms"], zone) or "still assigned"
        rows.append(
            (
                str(one.get("label", one["device"])),
                "\n".join(text),
                f"from {short(one['assigned_from_ms'], zone)}\nto {until}",
            )
        )
    table = Table(headings=("Device", "What is known", "Assigned"), widths=_WIDTHS, rows=rows)
    return Section(title="Devices", blocks=[table])


def _since(row: Row) -> str:
    """What a device is known to be from a date on: maker, model, serial number, UDI, FDA basis."""
    shown = {
        key: value
        for key, value in row.items()
        if key not in {"id", "device_id", "recorded_at_ms", "author", "effective_from"}
    }
    words = "; ".join(f"{plain(key)} {said(value, {})}" for key, value in shown.items())
    return f"from {row['effective_from']}: {words}"
