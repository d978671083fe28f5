"""RPM per month: the first 10 or 20 minutes and what is added, with one live contact."""

from cloud_sync.rules.calendar import Span
from cloud_sync.rules.counts import Counts, TimeIn, when
from cloud_sync.rules.exclusions import blocked
from cloud_sync.rules.facts import Entry
from cloud_sync.rules.minutes import Keep, entry_days, everyone, has_entry, own
from cloud_sync.rules.month import AddOn, BaseCode, Month
from cloud_sync.rules.outcome import Findings, Notice, joined
from cloud_sync.rules.reasons import SENTENCES
from cloud_sync.rules.tables import Further, RpmTable, TimeTier


def month_findings(counts: Counts, span: Span) -> Findings:
    """A month with an RPM entry; nothing is in question in any other."""
    if not has_entry(counts.case, "RPM", span):
        return Findings()
    table = counts.book.rpm_on(span.last)
    time = TimeIn(counts=counts, program="RPM", span=span)
    month = Month(
        time=time,
        table=table,
        own=everyone,
        blocks=blocked(counts.case, table, "time", span),
        reviews=when(not counts.days.usable_in(span), "no_readings_managed"),
    )
    found = _codes(month, table, counts.book.rpm[-1])
    warnings = (*time.notices(), *_stay(counts, span))
    sets = (table.id,) if table is not None else ()
    return joined([*found, Findings(warnings=warnings, rule_sets=sets)])


def _codes(month: Month, table: RpmTable | None, latest: RpmTable) -> list[Findings]:
    """The highest tier first; a lower one is in question only where no higher is earned."""
    found: list[Findings] = []
    for tier in sorted(latest.time, key=lambda one: -one.minutes_from):
        base = _base(month, tier, table, latest)
        in_force = table is not None and any(one.code == tier.code for one in table.time)
        contact = _contact(month, table or latest, everyone)
        faults = when(not in_force, "not_in_force")
        faults |= when(not contact, "no_interactive_contact")
        found.append(month.base_code(base, faults))
        if found[-1].lines:
            return found + [
                _add_on(month, base, further, table)
                for further in latest.further
                if further.base == tier.code
            ]
    return found


def _base(month: Month, tier: TimeTier, table: RpmTable | None, latest: RpmTable) -> BaseCode:
    own_tables = table.time if table is not None else ()

    def worked(keep: Keep) -> bool:
        contact = _contact(month, table or latest, keep)
        rule = next((one for one in own_tables if one.code == tier.code), None)
        return rule is not None and contact and rule.earned_by(month.minutes(keep))

    return BaseCode(code=tier.code, need=tier.minutes_from, worked=worked)


def _add_on(month: Month, base: BaseCode, latest: Further, table: RpmTable | None) -> Findings:
    own_tables = table.further if table is not None else ()
    in_force = next((one for one in own_tables if one.code == latest.code), None)
    rule = in_force or latest
    caps = month.time.counts.case.settings.caps
    add_on = AddOn(
        code=rule.code,
        base=base,
        minutes_each=rule.minutes_each,
        cap=caps.get(rule.code, rule.cap),
    )
    return month.add_on(add_on, when(in_force is None, "not_in_force"))


def _contact(month: Month, table: RpmTable, keep: Keep) -> bool:
    """One live conversation in the month, by an entry of which some second counts."""
    counts = month.time.counts
    if not counts.case.settings.rpm_contact_required:
        return True
    return any(
        entry.interactive and entry.mode in table.live_modes and keep(entry)
        for entry in counts.time.counting("RPM", month.span)
    )


def _stay(counts: Counts, span: Span) -> tuple[Notice, ...]:
    """RPM time during a stay counts; it is only pointed out."""
    during = [
        entry
        for entry in own(counts.case)
        if entry.program == "RPM" and _in_stay(counts, entry, span)
    ]
    if not during:
        return ()
    detail = SENTENCES["institutional_stay"]
    return (Notice(reason="institutional_stay", detail=detail, span=span, program="RPM"),)


def _in_stay(counts: Counts, entry: Entry, span: Span) -> bool:
    return any(
        day in span and any(day in stay for stay in counts.case.stays)
        for day in entry_days(counts.case, entry)
    )
