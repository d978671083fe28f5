"""One RPM period beside the rule sets of its first and last day: what every period code asks."""

from collections.abc import Callable
from dataclasses import dataclass

from cloud_sync.rules.calendar import Span
from cloud_sync.rules.counts import Counts, when
from cloud_sync.rules.days import Period
from cloud_sync.rules.exclusions import blocked
from cloud_sync.rules.outcome import Judgement
from cloud_sync.rules.reasons import Reason
from cloud_sync.rules.tables import Block, RpmTable

Earns = Callable[[RpmTable, int], bool]


@dataclass(frozen=True, kw_only=True, slots=True)
class PeriodFacts:
    """A period takes the rule set of its last day; `at_first` is that of its first day."""

    counts: Counts
    period: Period
    table: RpmTable | None
    at_first: RpmTable | None

    @property
    def span(self) -> Span:
        return self.period.span

    def judge(  # noqa: PLR0913 - what differs between a device code and the set-up code
        self,
        code: str,
        group: Block,
        *,
        days: int,
        need: int,
        earns: Earns,
        faults: frozenset[Reason],
    ) -> Judgement:
        """A code earned by counting days, with every reason for and against it."""
        now = _earned(earns, self.table, days)
        by_clock = _earned(earns, self.table, self.period.other_days)
        by_first_day = _earned(earns, self.at_first, days)
        differing = when(by_clock != now, "measured_and_received_differ") | when(
            by_first_day != now, "rule_set_changes_in_period"
        )
        blocks = faults | self.blocks(group)
        only_otherwise = frozenset() if now or blocks else differing
        return Judgement(
            code=code,
            span=self.span,
            program="RPM",
            units=int(now),
            is_open=self.period.is_open,
            lacking={"days_below_threshold": (days, need)} if days < need else {},
            blocks=blocks,
            reviews=differing | self.reviews(),
            excuses=only_otherwise | frozenset(self.period.left_out) | self.period.missing,
            evidence=self._evidence(),
        )

    def blocks(self, group: Block) -> frozenset[Reason]:
        """What other claims leave no room for."""
        return blocked(self.counts.case, self.table, group, self.span)

    def reviews(self) -> frozenset[Reason]:
        """Why a person must decide, whatever the code."""
        unknown = self.table is not None and not self.table.known_on(self.span.last)
        return when(unknown, "rule_unknown") | when(self._ended(), "episode_ended_in_period")

    def _ended(self) -> bool:
        anchor = self.period.episode
        episodes = self.counts.case.rpm_episodes if anchor is None else (anchor,)
        return any(
            one.end is not None and self.span.first <= one.end < self.span.last for one in episodes
        )

    def _evidence(self) -> dict[str, object]:
        days = self.period.days
        clocks = (len(days), self.period.other_days)
        by_receipt = self.counts.case.settings.day_rule == "received"
        received, measured = clocks if by_receipt else clocks[::-1]
        return {
            "days": len(days),
            "days_measured": measured,
            "days_received": received,
            "dates": [day.isoformat() for day in days],
        }


def period_facts(counts: Counts) -> tuple[PeriodFacts, ...]:
    """The periods of a case, each with its rule sets."""
    return tuple(
        PeriodFacts(
            counts=counts,
            period=period,
            table=counts.book.rpm_on(period.span.last),
            at_first=counts.book.rpm_on(period.span.first),
        )
        for period in counts.days.periods
    )


def _earned(earns: Earns, table: RpmTable | None, days: int) -> bool:
    return table is not None and earns(table, days)
