"""The dated rule sets of `tables/*.toml` as frozen values. They are read once, here, and passed on.

A rule change is a new file; nothing that evaluates a case holds a threshold or a code of its own.
"""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from importlib import resources
from typing import Literal, TypeVar

import msgspec

from cloud_sync.rules.reasons import Reason

Program = Literal["RPM", "CCM"]
Block = Literal["device", "set_up", "time", "analysis", "ccm"]
LaneName = Literal["staff", "practitioner", "complex"]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything in a table: an unknown key is an error."""


class DeviceTier(_Part, frozen=True, kw_only=True):
    """Counting days that earn a device code in a period; `days_to` None has no upper end."""

    code: str
    days_from: int
    days_to: int | None = None

    def earned_by(self, days: int) -> bool:
        return self.days_from <= days and (self.days_to is None or days <= self.days_to)


class SetUp(_Part, frozen=True, kw_only=True):
    """The set-up code, and the counting days its period must have."""

    code: str
    days_from: int


class TimeTier(_Part, frozen=True, kw_only=True):
    """Full minutes that earn a time code in a month."""

    code: str
    minutes_from: int
    minutes_below: int | None = None

    def earned_by(self, minutes: int) -> bool:
        return self.minutes_from <= minutes and (
            self.minutes_below is None or minutes < self.minutes_below
        )


class Further(_Part, frozen=True, kw_only=True):
    """An add-on: one unit for each further full `minutes_each` above its base."""

    code: str
    base: str
    minutes_each: int
    cap: int | None = None


class Analysis(_Part, frozen=True, kw_only=True):
    """A practitioner's own time on the data, counted in a period."""

    code: str
    minutes_from: int
    excluded_by: tuple[str, ...]


class Exclusion(_Part, frozen=True, kw_only=True):
    """A claim for one of `codes`, by whom, blocks these groups of codes. `A-B` is a range."""

    codes: tuple[str, ...]
    by: Literal["anyone", "another", "billing"]
    blocks: tuple[Block, ...]
    reason: Reason

    def names(self, code: str) -> bool:
        return any(_within(code, entry) for entry in self.codes)


class Lane(_Part, frozen=True, kw_only=True):
    """A family of CCM codes, of which a month takes one."""

    name: LaneName
    base: str
    minutes_from: int
    whose: Literal["everyone", "billing"]
    further: str | None = None
    minutes_each: int = 0
    cap: int | None = None
    decision_making: tuple[str, ...] = ()


class RuleSet(_Part, frozen=True, kw_only=True):
    """What every rule set says: its name, from when to when it is in force."""

    id: str
    program: str
    in_force_from: date
    in_force_to: date
    exclusion: tuple[Exclusion, ...] = ()

    def known_on(self, day: date) -> bool:
        """False from the day after the last one for which the rules have been published."""
        return day <= self.in_force_to


class RpmTable(RuleSet, frozen=True, kw_only=True):
    """Remote physiologic monitoring in one span of years."""

    period_days: int
    clock_ahead_minutes: int
    live_modes: tuple[str, ...]
    analysis: Analysis
    device: tuple[DeviceTier, ...] = ()
    set_up: SetUp | None = None
    time: tuple[TimeTier, ...] = ()
    further: tuple[Further, ...] = ()

    def device_code(self, days: int) -> str | None:
        """The one device code that so many counting days earn."""
        return next((tier.code for tier in self.device if tier.earned_by(days)), None)


class CcmTable(RuleSet, frozen=True, kw_only=True):
    """Chronic care management in one span of years."""

    conditions_needed: int
    condition_months: int
    lane: tuple[Lane, ...]


class NoteWords(_Part, frozen=True, kw_only=True):
    """What makes a note vague, and which words belong to which program."""

    id: str
    program: str
    in_force_from: date
    words_needed: int
    unit_words: frozenset[str]
    vague_phrases: frozenset[str]
    program_words: dict[Program, tuple[str, ...]]


class RuleBook(msgspec.Struct, frozen=True, kw_only=True):
    """Every rule set, oldest first: the value that evaluation takes."""

    rpm: tuple[RpmTable, ...]
    ccm: tuple[CcmTable, ...]
    notes: tuple[NoteWords, ...]

    def rpm_on(self, day: date) -> RpmTable | None:
        """The set in force; the latest one after its end; None before the first."""
        return _in_force(self.rpm, day)

    def ccm_on(self, day: date) -> CcmTable | None:
        """The set in force; the latest one after its end; None before the first."""
        return _in_force(self.ccm, day)

    def notes_on(self, day: date) -> NoteWords:
        """The word lists in force; the first ones before they began."""
        return _in_force(self.notes, day) or self.notes[0]


_Dated = TypeVar("_Dated", RpmTable, CcmTable, NoteWords)


def _in_force(sets: tuple[_Dated, ...], day: date) -> _Dated | None:
    return next((found for found in reversed(sets) if found.in_force_from <= day), None)


def _within(code: str, entry: str) -> bool:
    first, _, last = entry.partition("-")
    return first <= code <= (last or first) and len(code) == len(first)


def build(texts: Iterable[str]) -> RuleBook:
    """A rule book from the texts of table files. A faulty table is an exception: fix the file."""
    rpm: list[RpmTable] = []
    ccm: list[CcmTable] = []
    notes: list[NoteWords] = []
    for text in texts:
        values: Mapping[str, object] = tomllib.loads(text)
        if values["program"] == "RPM":
            rpm.append(msgspec.convert(values, RpmTable))
        elif values["program"] == "CCM":
            ccm.append(msgspec.convert(values, CcmTable))
        else:
            notes.append(msgspec.convert(values, NoteWords))
    return RuleBook(rpm=_ordered(rpm), ccm=_ordered(ccm), notes=_ordered(notes))


def _ordered(sets: list[_Dated]) -> tuple[_Dated, ...]:
    assert sets, "a program without a rule set"
    return tuple(sorted(sets, key=lambda found: found.in_force_from))


def _bundled_texts() -> Iterable[str]:
    directory = resources.files("cloud_sync.rules") / "tables"
    for entry in directory.iterdir():
        if entry.name.endswith(".toml"):
            yield entry.read_text(encoding="utf-8")


BUNDLED = build(_bundled_texts())


def rpm_on(day: date) -> RpmTable | None:
    """The bundled RPM rule set for a day, as `RuleBook.rpm_on`."""
    return BUNDLED.rpm_on(day)


def ccm_on(day: date) -> CcmTable | None:
    """The bundled CCM rule set for a day, as `RuleBook.ccm_on`."""
    return BUNDLED.ccm_on(day)
