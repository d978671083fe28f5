"""Reads what a person typed into a form, and says in words what is missing or cannot be."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from litestar import Request
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency

from cloud_sync.ledger.local_time import to_ms
from cloud_sync.ledger.refused import Refused


@dataclass(frozen=True)
class Form:
    """A submitted form."""

    values: FormMultiDict

    def raw(self, name: str) -> str:
        """The text as typed; empty where absent."""
        value = self.values.get(name, "")
        return value if isinstance(value, str) else ""

    def text(self, name: str) -> str:
        """The text without the space around it."""
        return self.raw(name).strip()

    def needed(self, name: str, words: str) -> str:
        """A text that must be there; the words say what for."""
        if not self.text(name):
            raise Refused(words)
        return self.text(name)

    def ticked(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.raw(name) == "yes"

    def many(self, name: str) -> list[str]:
        """Every value given under one name."""
        return [v for v in self.values.getall(name, []) if isinstance(v, str)]

    def day(self, name: str, label: str) -> date | None:
        """A date, or None where the field is empty."""
        try:
            return date.fromisoformat(self.text(name)) if self.text(name) else None
        except ValueError:
            raise Refused(f"{label}: this is not a date.") from None

    def needed_day(self, name: str, label: str) -> date:
        """A date that must be there."""
        found = self.day(name, label)
        if found is None:
            raise Refused(f"{label}: give a date.")
        return found

    def moment(self, name: str, label: str, zone: str) -> int | None:
        """Local date and time as an instant, or None where the field is empty.

        Where the clocks go back an hour twice, the first of the two is meant.
        """
        if not self.text(name):
            return None
        try:
            typed = datetime.fromisoformat(self.text(name))
        except ValueError:
            raise Refused(f"{label}: give date and time.") from None
        return to_ms(typed.replace(tzinfo=ZoneInfo(zone)))

    def needed_moment(self, name: str, label: str, zone: str) -> int:
        """Date and time that must be there."""
        found = self.moment(name, label, zone)
        if found is None:
            raise Refused(f"{label}: give date and time.")
        return found

    def number(self, name: str, label: str) -> int | None:
        """A small whole number, or None where the field is empty."""
        text = self.text(name)
        if not text:
            return None
        if not (text.isascii() and text.isdigit() and len(text) <= 6):
            raise Refused(f"{label}: give a whole number.")
        return int(text)


async def read(request: Request[Any, Any, Any]) -> Form:
    """The dependency `form`: what this request submits."""
    return Form(await request.form())


Filled: TypeAlias = NamedDependency[Form]  # how a handler asks for it
