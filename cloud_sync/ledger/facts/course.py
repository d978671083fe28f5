"""The course of a program: episodes, set-up and teaching, stays, what others billed."""

from typing import ClassVar, Literal

from msgspec import field

from cloud_sync.ledger.facts.base import Day, Entry, Id, Program, Short, Words, before
from cloud_sync.rules.shape import BILLING, Code, MonthText


class Episode(Entry, frozen=True, kw_only=True):
    """A program from its start to its end."""

    CASE_KEYS: ClassVar[frozenset[str]] = frozenset(
        {"program", "start", "end", "set_up_on", "educated_on"}
    )
    program: Program
    start: Day
    end: Day | None = None  # entries of before `episode_ends`
    set_up_on: Day | None = None
    educated_on: Day | None = None
    reason: Words | None = None  # what it is to achieve

    def problem(self) -> str | None:
        return "an episode cannot end before it starts." if before(self.start, self.end) else None


class EpisodeEnd(Entry, frozen=True, kw_only=True):
    """The end of an episode, and why."""

    episode: Id
    end: Day
    reason: Words


class SetUp(Entry, frozen=True, kw_only=True):
    """A device set up, somebody taught to use it: what, by whom, when."""

    program: Literal["RPM"] = "RPM"
    set_up_on: Day | None = None
    set_up_by: Short | None = None
    device: Short | None = None
    educated_on: Day | None = None
    educated_by: Short | None = None
    taught: tuple[Literal["patient", "caregiver"], ...] = ()
    topics: Words | None = None
    shown_back: bool = False  # the learner did it while the teacher watched
    note: Words | None = None

    def problem(self) -> str | None:
        if self.set_up_on is None and self.educated_on is None:
            return "give the date of the set-up, of the teaching, or both."
        return None


class Stay(Entry, frozen=True, kw_only=True):
    """A stay as an inpatient or in a skilled nursing facility."""

    CASE_KEYS: ClassVar[frozenset[str]] = frozenset({"kind", "from", "to"})
    kind: Literal["inpatient", "snf"]
    first: Day = field(name="from")
    last: Day = field(name="to")
    facility: Short | None = None
    told_by: Short | None = None

    def problem(self) -> str | None:
        return "a stay cannot end before it starts." if before(self.first, self.last) else None


class OtherClaim(Entry, frozen=True, kw_only=True):
    """What else was or will be billed, in a month or on a day, by whom."""

    CASE_KEYS: ClassVar[frozenset[str]] = frozenset({"code", "month", "on", "practitioner"})
    code: Code
    month: MonthText | None = None
    on: Day | None = None
    practitioner: Short = BILLING
    practice: Short | None = None
    told_by: Short | None = None

    def problem(self) -> str | None:
        if (self.month is None) == (self.on is None):
            return "give either the month or the day of the claim."
        return None
