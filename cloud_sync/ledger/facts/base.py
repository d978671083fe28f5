"""What every kind of entry shares: frozen, by keyword, nothing unknown."""

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec

from cloud_sync.rules import shape

Words = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Short = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Id = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Icd10 = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?$")]
Program = shape.BilledProgram
Mode = Literal["verbal", "written", "electronic"]
Day = date


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a patient's file. `CASE_KEYS` go to the rules, the rest is for people."""

    CASE_KEYS: ClassVar[frozenset[str]] = frozenset()

    def problem(self) -> str | None:
        """What does not hold together, in a sentence; a shape alone cannot say it."""
        return None


def before(first: date | None, last: date | None) -> bool:
    """Whether the second date lies before the first; nothing lies before what is not known."""
    return first is not None and last is not None and last < first
