"""RPM per period: the device codes, and a practitioner's own time on the data."""

from collections.abc import Mapping

from cloud_sync.rules.calendar import Span
from cloud_sync.rules.counts import TimeIn, notices, when
from cloud_sync.rules.minutes import Keep, billing_only
from cloud_sync.rules.outcome import Findings, Judgement, joined
from cloud_sync.rules.rpm_period import PeriodFacts
from cloud_sync.rules.tables import DeviceTier

Earned = Mapping[Span, frozenset[str]]


def period_findings(one: PeriodFacts, earned: Earned) -> Findings:
    """One period; `earned` has the RPM time codes of each month."""
    sets = tuple(table.id for table in (one.at_first, one.table) if table is not None)
    left_out = notices(one.period.left_out, one.span, "RPM", ("reading", "readings"))
    rest = Findings(warnings=left_out, rule_sets=sets)
    return joined([device_code(one), analysis_code(one, earned), rest])


def device_code(one: PeriodFacts) -> Findings:
    """One code, one unit: a lower tier is in question only where no higher one is earned."""
    tiers = sorted(one.counts.book.rpm[-1].device, key=lambda tier: -tier.days_from)
    found: list[Findings] = []
    for tier in tiers:
        found.append(_tier(one, tier).findings())
        if found[-1].lines:
            break
    return joined(found)


def _tier(one: PeriodFacts, tier: DeviceTier) -> Judgement:
    in_force = one.table is not None and any(own.code == tier.code for own in one.table.device)
    return one.judge(
        tier.code,
        "device",
        days=len(one.period.days),
        need=tier.days_from,
        earns=lambda table, days: table.device_code(days) == tier.code,
        faults=when(not in_force, "not_in_force"),
    )


def analysis_code(one: PeriodFacts, earned: Earned) -> Findings:
    """A practitioner's own time, in question once there is enough; no contact is needed."""
    rule = (one.table or one.counts.book.rpm[0]).analysis
    time = TimeIn(counts=one.counts, program="RPM", span=one.span)

    def units(keep: Keep) -> int:
        own = time.minutes(lambda entry: billing_only(entry) and keep(entry))
        return int(own >= rule.minutes_from)

    if not units(billing_only):
        return Findings()
    excluded = any(
        month.meets(one.span) and code in rule.excluded_by
        for month, codes in earned.items()
        for code in codes
    )
    usable = one.period.usable_readings > 0
    return Judgement(
        code=rule.code,
        span=one.span,
        program="RPM",
        units=1,
        is_open=one.period.is_open,
        blocks=when(excluded, "excluded_by_code")
        | when(one.table is None, "not_in_force")
        | one.blocks("analysis"),
        reviews=one.reviews() | time.needs(1, units) | when(not usable, "no_readings_managed"),
        excuses=time.excuses(),
        evidence={"minutes": time.minutes(billing_only)},
    ).findings()
