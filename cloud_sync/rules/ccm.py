"""CCM per month: three families of codes, of which a patient and month takes one."""

from dataclasses import dataclass

from cloud_sync.rules.calendar import Span, month_named
from cloud_sync.rules.counts import Counts, TimeIn, when
from cloud_sync.rules.exclusions import blocked
from cloud_sync.rules.facts import Case
from cloud_sync.rules.minutes import Keep, billing_only, everyone, has_entry
from cloud_sync.rules.month import AddOn, BaseCode, Month
from cloud_sync.rules.outcome import Findings, Notice, joined
from cloud_sync.rules.reasons import SENTENCES, Reason
from cloud_sync.rules.shape import BILLING
from cloud_sync.rules.tables import CcmTable, Lane, LaneName


@dataclass(frozen=True, kw_only=True, slots=True)
class _LaneMonth:
    """A lane in a month; `rule` is None where it was not in force, `latest` says its codes."""

    month: Month
    rule: Lane | None
    latest: Lane
    decided: bool  # the decision making that the lane asks for is recorded, if it asks for any

    def worked(self, keep: Keep) -> bool:
        if self.rule is None or not self.decided:
            return False
        return self.month.minutes(keep) >= self.rule.minutes_from

    def is_open(self) -> bool:
        """Staff is always open, another lane where its minutes and decisions are there."""
        return self.latest.name == "staff" or self.worked(everyone)

    def base(self) -> BaseCode:
        return BaseCode(code=self.latest.base, need=self.latest.minutes_from, worked=self.worked)

    def base_code(self, more: frozenset[Reason] = frozenset()) -> Findings:
        faults = when(self.rule is None, "not_in_force")
        faults |= when(not self.decided, "decision_making_missing")
        return self.month.base_code(self.base(), faults | more)

    def codes(self) -> Findings:
        """The base code, and its add-on where the base is earned."""
        base = self.base_code()
        rule = self.rule if self.rule is not None and self.rule.further else self.latest
        if not base.lines or rule.further is None:
            return base
        caps = self.month.time.counts.case.settings.caps
        add_on = AddOn(
            code=rule.further,
            base=self.base(),
            minutes_each=rule.minutes_each,
            cap=caps.get(rule.further, rule.cap),
        )
        in_force = self.rule is not None and self.rule.further is not None
        return joined([base, self.month.add_on(add_on, when(not in_force, "not_in_force"))])


def month_findings(counts: Counts, span: Span) -> Findings:
    """A month with a CCM entry; nothing is in question in any other."""
    if not has_entry(counts.case, "CCM", span):
        return Findings()
    table = counts.book.ccm_on(span.last)
    time = TimeIn(counts=counts, program="CCM", span=span)
    lanes = {lane.name: _lane(time, table, lane) for lane in counts.book.ccm[-1].lane}
    taken = _taken(counts, span, lanes)
    parts = _needing_choice(lanes) if taken is None else _of_lane(lanes, taken)
    parts += _not_open(counts, span, lanes, taken)
    parts.append(
        Findings(
            warnings=(*time.notices(), *_plan_notice(counts.case, span, parts, lanes)),
            rule_sets=(table.id,) if table is not None else (),
        )
    )
    return joined(parts)


def _lane(time: TimeIn, table: CcmTable | None, latest: Lane) -> _LaneMonth:
    own_lanes = table.lane if table is not None else ()
    levels = _levels(time.counts.case, time.span)
    asked = latest.decision_making
    return _LaneMonth(
        month=Month(
            time=time,
            table=table,
            own=billing_only if latest.whose == "billing" else everyone,
            blocks=_blocks(time.counts, table, time.span),
            reviews=frozenset(),
        ),
        rule=next((lane for lane in own_lanes if lane.name == latest.name), None),
        latest=latest,
        decided=not asked or not levels.isdisjoint(asked),
    )


def _levels(case: Case, span: Span) -> frozenset[str]:
    """The complexity of decision making that the billing practitioner recorded."""
    return frozenset(
        found.level
        for found in case.decision_making
        if found.practitioner == BILLING and month_named(found.month) == span
    )


def _blocks(counts: Counts, table: CcmTable | None, span: Span) -> frozenset[Reason]:
    """What must be on file for any CCM code of the month, and what excludes them all."""
    rule = table or counts.book.ccm[0]
    qualifying = [
        condition
        for condition in counts.case.conditions
        if condition.risk and condition.expected_months >= rule.condition_months
    ]
    planned = any(
        plan.on <= span.last and plan.shared_with_patient for plan in counts.case.care_plans
    )
    return (
        when(len(qualifying) < rule.conditions_needed, "conditions_below_two")
        | when(not planned, "care_plan_missing")
        | blocked(counts.case, table, "ccm", span)
    )


def _taken(counts: Counts, span: Span, lanes: dict[LaneName, _LaneMonth]) -> LaneName | None:
    """The lane the month takes, None where a person must choose. Never chosen by money."""
    open_lanes = {name for name, lane in lanes.items() if lane.is_open()}
    chosen = counts.case.lane_choices.get(span)
    if chosen is not None:
        return chosen if chosen in open_lanes else "staff"
    by_staff = counts.time.seconds("CCM", span, lambda entry: not billing_only(entry)) > 0
    if "practitioner" in open_lanes and (by_staff or "complex" in open_lanes):
        return None
    if "complex" in open_lanes:
        return "complex"
    return "practitioner" if "practitioner" in open_lanes else "staff"


def _needing_choice(lanes: dict[LaneName, _LaneMonth]) -> list[Findings]:
    choice = frozenset[Reason]({"lane_choice_needed"})
    return [lane.base_code(choice) for lane in lanes.values() if lane.is_open()]


def _of_lane(lanes: dict[LaneName, _LaneMonth], taken: LaneName) -> list[Findings]:
    """The codes of the lane, and the staff lane's base where another one earned nothing."""
    found = [lanes[taken].codes()]
    if taken != "staff" and not found[0].lines:
        found.append(lanes["staff"].base_code())
    return found


def _not_open(
    counts: Counts, span: Span, lanes: dict[LaneName, _LaneMonth], taken: LaneName | None
) -> list[Findings]:
    """Lanes that are in question though not open: the one chosen, and complex where it is near."""
    chosen = counts.case.lane_choices.get(span)
    near = chosen != "staff" and (
        bool(_levels(counts.case, span))
        or lanes["complex"].month.minutes() >= lanes["complex"].latest.minutes_from
    )
    in_question = {chosen} | ({"complex"} if near else set())
    return [
        lane.base_code()
        for name, lane in lanes.items()
        if name in in_question and name != taken and not lane.is_open()
    ]


def _plan_notice(
    case: Case, span: Span, parts: list[Findings], lanes: dict[LaneName, _LaneMonth]
) -> tuple[Notice, ...]:
    """Complex codes once asked for a plan made or revised in the month; sources differ."""
    complex_base = lanes["complex"].latest.base
    if not any(line.code == complex_base for part in parts for line in part.lines):
        return ()
    first = min((plan.on for plan in case.care_plans), default=None)
    if any(
        plan.on in span and (plan.substantially_revised or plan.on == first)
        for plan in case.care_plans
    ):
        return ()
    detail = SENTENCES["care_plan_not_revised"]
    return (Notice(reason="care_plan_not_revised", detail=detail, span=span, program="CCM"),)
