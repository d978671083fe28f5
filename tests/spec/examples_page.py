"""Writes the worked examples as tables for a biller: `python -m tests.spec.examples_page`.

Every key of a case is told: a key that no sentence is made of is an error, so that nothing an
example rests on can be missing from its row.
"""

import json
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parent.parent / "golden" / "billing-examples.json"
PAGE = Path(__file__).parent / "examples.md"
GROUPS = {
    "A": "Chronic care management",
    "S": "Chronic care management, by a stricter house rule",
    "B": "Device days and set-up",
    "C": "Monitoring time",
    "D": "Both programs together",
}
WHO = {"S1": "staff", "P1": "the billing practitioner", "N1": "the receptionist"}
COLUMNS = ("", "what it shows", "on record", "earned", "refused", "warned", "never", "sure")
INTRODUCTION = """\
# The worked examples

Each row is one case of `tests/golden/billing-examples.json` with the answer it must get. Where a
row says nothing, the case is an ordinary one: an established Medicare patient with two qualifying
conditions, an order, documented consent to both programs, an initiating visit, a shared care plan,
one device, and an episode whose set-up was claimed long ago. "Earned" is complete; "refused" and
"warned" name what must be among the reasons; "never" must not be earned; "sure" is how settled the
rule is, and whose it is. Times are the patient's.

This page is made by `python -m tests.spec.examples_page`; a test reads it back and asks the engine.
"""


def page(cases: list[dict[str, Any]]) -> str:
    parts = [INTRODUCTION]
    for letter, members in groupby(cases, key=lambda case: str(case["id"])[0]):
        parts.append(f"## {GROUPS[letter]}\n")
        parts.append(_row(COLUMNS))
        parts.append(_row(["---"] * len(COLUMNS)))
        parts += [_row(row(case)) for case in members]
        parts.append("")
    return "\n".join(parts)


def row(case: dict[str, Any]) -> list[str]:
    expect = case["expect"]
    return [
        case["id"],
        case["why"],
        "; ".join(on_record(case)),
        "; ".join(earned(line) for line in expect["lines"]),
        "; ".join(refused(short) for short in expect["shortfalls"]),
        "; ".join(words(reason) for reason in expect.get("warnings", [])),
        " ".join(expect["absent"]),
        f"{expect['confidence']}: {expect['source']}",
    ]


def earned(line: dict[str, Any]) -> str:
    """As `99490 x1 2026-01-01 to 2026-01-31 billable`."""
    span = f"{line['from']} to {line['to']}"
    return f"{line['code']} x{line['units']} {span} {words(line['status'])}"


def refused(short: dict[str, Any]) -> str:
    """As `99490: minutes below threshold`."""
    return f"{short['code']}: {words(short['reason'])}"


def words(name: str) -> str:
    return name.replace("_", " ")


def on_record(case: dict[str, Any]) -> Iterator[str]:
    """The facts of a case in words, and when the question is asked."""
    for key in case.keys() - {"id", "why", "expect", "as_of"}:
        assert key in TOLD, f"{key} of {case['id']} is not told"
    for key, tell in TOLD.items():
        entries = case.get(key, [])
        for entry in entries if isinstance(entries, list) else [entries]:
            rest = dict(entry)
            yield tell(rest)
            assert not rest, f"{key} of {case['id']}: {rest} is not told"
    yield f"asked {_clock(case['as_of'])}"


def _minutes(one: dict[str, Any]) -> str:
    length = f"{one.pop('minutes')} min" + (f" {s} s" if (s := one.pop("seconds", 0)) else "")
    by = WHO[one.pop("staff", "S1")]
    return f"{one.pop('program')} {length} in {one.pop('month')} by {by}{_contact(one)}"


def _contact(one: dict[str, Any]) -> str:
    """Nothing about what nobody said."""
    said = one.pop("interactive", None)
    return "" if said is None else ", with a live contact" if said else ", without a contact"


def _time(one: dict[str, Any]) -> str:
    start, end = _clock(one.pop("start")), _clock(one.pop("end"))
    span = f"{start} to {end[11:]}" if start[:10] == end[:10] else f"{start} to {end}"
    text = f"{one.pop('program')} {span} by {WHO[one.pop('staff')]}{_contact(one)}"
    mode = one.pop("mode", None)
    text += f" by {mode}" if mode else ""
    patients = one.pop("patients", None)
    text += f", for {patients} patients at once" if patients else ""
    text += ", for another patient" if one.pop("other_patient", False) else ""
    late = one.pop("entered_at", None)
    text += f", entered {_clock(late)}" if late else ""
    return f"{text}: “{one.pop('note')}”"


def _reading_days(one: dict[str, Any]) -> str:
    days = [date.fromisoformat(text) for text in one.pop("dates")]
    text = f"{one.pop('device')} on {', '.join(_runs(days))} ({_plural(len(days), 'day')}"
    times = one.pop("per_day", 1)
    text += f", {times} readings on each)" if times > 1 else ")"
    text += ", typed in" if one.pop("source", "automatic") == "manual" else ""
    received = one.pop("received", None)
    return text + (f", all received {_clock(received)}" if received else "")


def _runs(days: list[date]) -> Iterator[str]:
    """Days in a row as `first to last`."""
    for _, run in groupby(enumerate(days), key=lambda pair: pair[1].toordinal() - pair[0]):
        inside = [day for _, day in run]
        yield f"{inside[0]} to {inside[-1]}" if len(inside) > 1 else str(inside[0])


def _reading(one: dict[str, Any]) -> str:
    measured, received = _clock(one.pop("measured_at")), _clock(one.pop("received_at"))
    return f"{one.pop('device')} at {measured}, received {received}"


def _consent(one: dict[str, Any]) -> str:
    mode, documented = one.pop("mode", "written"), one.pop("documented", True)
    noted = "documented" if documented else "nothing in the record"
    return f"consent to {one.pop('program')} given {one.pop('given_on')}, {mode}, {noted}"


def _decision(one: dict[str, Any]) -> str:
    by = WHO[one.pop("practitioner", "P1")]
    return f"{one.pop('level')} decision making recorded for {one.pop('month')} by {by}"


def _episode(one: dict[str, Any]) -> str:
    text = f"{one.pop('program')} episode from {one.pop('start')}"
    return f"{text}, set up {one.pop('set_up_on')}, taught {one.pop('educated_on')}"


def _device(one: dict[str, Any]) -> str:
    kind = str(one.pop("kind", "device")).replace("_", " ")
    text = f"{kind} {one.pop('id')}"
    first, last = one.pop("assigned_from", None), one.pop("assigned_to", None)
    text += f" from {first}" if first else ""
    text += f" until {last}" if last else ""
    return text + (" (a test device)" if one.pop("test", False) else "")


def _claim(one: dict[str, Any]) -> str:
    who = one.pop("practitioner")
    by = "the same practitioner" if who == "P1" else "another practitioner"
    month = one.pop("month", None)
    when = f"in {month}" if month else f"on {one.pop('on')}"
    return f"{one.pop('code')} billed by {by} {when}"


def _patient(one: dict[str, Any]) -> str:
    parts = []
    if "established_on" in one:
        assert one.pop("established_on") is None
        parts.append("a patient the practice has never seen")
    for ill in one.pop("conditions", []):
        risk = "with risk" if ill["risk"] else "without risk"
        parts.append(f"only {ill['icd10']}, for {ill['expected_months']} months, {risk}")
    return ", ".join(parts)


def _settings(one: dict[str, Any]) -> str:
    told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in one.items())
    one.clear()
    return f"the practice's {told}"


def _staff(one: dict[str, Any]) -> str:
    return f"{WHO[one.pop('id')]} is {str(one.pop('role')).replace('_', '-')}"


def _stay(one: dict[str, Any]) -> str:
    return f"{one.pop('kind')} from {one.pop('from')} to {one.pop('to')}"


def _lane(one: dict[str, Any]) -> str:
    return f"the {one.pop('lane')} lane chosen for {one.pop('month')}"


TOLD = {
    "settings": _settings,
    "patient": _patient,
    "consents": _consent,
    "episodes": _episode,
    "devices": _device,
    "reading_days": _reading_days,
    "readings": _reading,
    "staff": _staff,
    "minutes": _minutes,
    "time": _time,
    "decision_making": _decision,
    "lane_choices": _lane,
    "stays": _stay,
    "other_claims": _claim,
}


def _clock(instant: str) -> str:
    """The wall clock as written, without seconds."""
    return instant[:16].replace("T", " ")


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _row(cells: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(json.loads(GOLDEN.read_text())))
