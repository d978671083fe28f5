"""What a packet's document says, as plain data: sections of words, pairs and tables.

`paper_file` and `paper_ledgers` fill them, `document` puts them in order, `pdf` draws them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloud_sync.ledger.local_time import local

OPERATOR = "operator at the server's terminal"


@dataclass(frozen=True, kw_only=True)
class Words:
    """A paragraph; a `hint` is set smaller."""

    text: str
    hint: bool = False


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Labels with their values."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under headings; `widths` are shares of the line. `marked` rows are set off."""

    headings: Sequence[str]
    widths: Sequence[int]
    rows: Sequence[Sequence[str]]
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Section:
    """A numbered part of the document."""

    title: str
    blocks: Sequence[Words | Pairs | Table]


@dataclass(frozen=True, kw_only=True)
class Paper:
    """The document. Head and foot stand on every page; `made_at_ms` is its date, for ever."""

    title: str
    head: Sequence[tuple[str, str]]
    foot: str
    sections: Sequence[Section]
    made_at_ms: int


def when(at_ms: int | None, zone: str) -> str:
    """The instant as the patient's clock showed it, with the zone's name."""
    return "" if at_ms is None else f"{local(at_ms, zone):%Y-%m-%d %H:%M:%S %Z}"


def short(at_ms: int | None, zone: str) -> str:
    """The same without the zone, for tables that name it once."""
    return "" if at_ms is None else f"{local(at_ms, zone):%Y-%m-%d %H:%M:%S}"


def lasted(seconds: int) -> str:
    """`21 min 5 s`."""
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s"


def plain(name: str) -> str:
    """`given_on` as `given on`."""
    return name.replace("_", " ")


def said(value: Any, known: Mapping[str, str]) -> str:  # noqa: ANN401 - any JSON
    """A fact's value in words; ids of staff by their names."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{plain(str(k))} {said(v, known)}" for k, v in value.items()) or "none"
    if isinstance(value, list | tuple):
        return "; ".join(said(one, known) for one in value) or "none"
    return known.get(str(value), str(value))


def measured(outcome: Mapping[str, Any]) -> str:
    """What a device reported, in its own unit and digits."""
    kind = str(outcome.get("kind", ""))
    if kind == "blood_pressure":
        pulse = f", pulse {outcome['pulse_bpm']}/min" if outcome.get("pulse_bpm") else ""
        return f"{outcome['systolic']}/{outcome['diastolic']} {outcome['unit']}{pulse}"
    for name in ("value", "spo2", "fat_percent", "raw_value"):
        if outcome.get(name) is not None:
            return f"{outcome[name]} {outcome.get('unit', outcome.get('analyte', ''))}".strip()
    flags = ", ".join(plain(one) for one in outcome.get("flags", ()))
    return f"no value ({flags})" if flags else "no value"
