"""One program's codes in one calendar month: what base codes and add-ons have in common."""

from collections.abc import Callable
from dataclasses import dataclass

from cloud_sync.rules.calendar import Span
from cloud_sync.rules.counts import TimeIn, when
from cloud_sync.rules.minutes import Keep, everyone
from cloud_sync.rules.outcome import Findings, Judgement, Notice, joined
from cloud_sync.rules.reasons import Reason
from cloud_sync.rules.tables import RuleSet


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseCode:
    """A code that full minutes earn once; `worked` says whether these entries earn it."""

    code: str
    need: int
    worked: Callable[[Keep], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class AddOn:
    """A code for each further full `minutes_each` above its base, up to a cap."""

    code: str
    base: BaseCode
    minutes_each: int
    cap: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Month:
    """The time of a month, and the reasons that hold for every code of it."""

    time: TimeIn
    table: RuleSet | None
    own: Keep  # whose minutes count for these codes
    blocks: frozenset[Reason]
    reviews: frozenset[Reason]

    @property
    def span(self) -> Span:
        return self.time.span

    def minutes(self, keep: Keep = everyone) -> int:
        return self.time.minutes(lambda entry: self.own(entry) and keep(entry))

    def base_code(self, base: BaseCode, faults: frozenset[Reason]) -> Findings:
        """The base code, earned or with its shortfalls."""
        return self._judge(base.code, base.need, faults, lambda keep: int(base.worked(keep)))

    def add_on(self, add_on: AddOn, faults: frozenset[Reason]) -> Findings:
        """The add-on of a base that is earned; above its cap the line stays, with a warning."""
        cap = add_on.cap

        def worked(keep: Keep) -> int:
            if faults or not add_on.base.worked(keep):
                return 0
            return (self.minutes(keep) - add_on.base.need) // add_on.minutes_each

        def capped(keep: Keep) -> int:
            return worked(keep) if cap is None else min(worked(keep), cap)

        units = worked(everyone)
        nothing_allowed = when(units > 0 and cap == 0, "cap_reached")
        need = add_on.base.need + add_on.minutes_each
        found = self._judge(add_on.code, need, faults | nothing_allowed, capped)
        if cap is None or units <= cap:
            return found
        return joined([found, Findings(warnings=(self._cap_notice(add_on.code, units, cap),))])

    def _judge(
        self, code: str, need: int, faults: frozenset[Reason], units_of: Callable[[Keep], int]
    ) -> Findings:
        minutes = self.minutes()
        units = units_of(everyone)
        unknown = self.table is not None and not self.table.known_on(self.span.last)
        return Judgement(
            code=code,
            span=self.span,
            program=self.time.program,
            units=units,
            is_open=self.time.counts.case.is_open(self.span),
            lacking={"minutes_below_threshold": (minutes, need)} if minutes < need else {},
            blocks=self.blocks | faults,
            reviews=self.reviews | when(unknown, "rule_unknown") | self.time.needs(units, units_of),
            excuses=self.time.excuses(),
            evidence={"minutes": minutes},
        ).findings()

    def _cap_notice(self, code: str, units: int, cap: int) -> Notice:
        detail = f"{code}: {units} units were worked, {cap} may be billed."
        return Notice(
            reason="cap_reached", detail=detail, span=self.span, program=self.time.program
        )
