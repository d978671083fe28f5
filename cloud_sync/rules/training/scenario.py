"""A scripted case: what happened, what is on file, and what a good log of it holds.

Cases are TOML data (`cases/*.toml`); a faulty one is an exception: fix the file.
"""

import tomllib
from datetime import date
from typing import Annotated, Literal

import msgspec

from cloud_sync.rules.shape import BilledProgram


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything in a case: an unknown key is an error."""


class Person(_Part, frozen=True, kw_only=True):
    """The constructed patient, and the programs with consent, order and visit on file."""

    name: str
    birth_date: date
    programs: tuple[BilledProgram, ...] = ()


class ScriptedReading(_Part, frozen=True, kw_only=True):
    """A cuff's reading in mmHg, so many hours before the case begins."""

    hours_ago: Annotated[int, msgspec.Meta(ge=1, le=1440)]
    systolic: int
    diastolic: int
    pulse_bpm: int


class Idea(_Part, frozen=True, kw_only=True):
    """Something the note must speak of: one of these words, and what they stand for."""

    about: str
    words: tuple[str, ...]


class Expected(_Part, frozen=True, kw_only=True):
    """One good entry. `live`: whether there was a conversation; None where either will do."""

    program: BilledProgram
    what: str
    live: bool | None = None
    modes: tuple[str, ...] = ()  # the ways of contact that are right; none: any
    party: Literal["patient", "caregiver"] | None = None
    readings: bool = False  # the readings it worked on must be linked
    ideas: tuple[Idea, ...] = ()


class ExpectedPaper(_Part, frozen=True, kw_only=True):
    """Something that must be put on file: keys of the entry with the values they must have."""

    kind: str
    what: str
    keys: dict[str, str | bool] = {}
    present: tuple[str, ...] = ()  # keys that must have a value


class Scenario(_Part, frozen=True, kw_only=True):
    """The whole case."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z-]{2,60}$")]
    title: str
    teaches: str
    story: str
    patient: Person
    readings: tuple[ScriptedReading, ...] = ()
    entries: tuple[Expected, ...] = ()
    papers: tuple[ExpectedPaper, ...] = ()
    nothing: str = ""  # why none of the time counts, where no entry is expected


def load(text: str) -> Scenario:
    """A case from its file's text."""
    found = msgspec.convert(tomllib.loads(text), Scenario)
    assert found.entries or found.nothing, f"{found.id} expects neither an entry nor none"
    return found
