"""From facts to a determination: every code that is earned, and every reason why another is not."""

from collections.abc import Mapping

from cloud_sync.rules import ccm, rpm_device, rpm_time
from cloud_sync.rules.calendar import Span
from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.counts import Counts, counted, notices
from cloud_sync.rules.facts import Case
from cloud_sync.rules.minutes import months
from cloud_sync.rules.outcome import Findings, Notice, joined
from cloud_sync.rules.reasons import SENTENCES
from cloud_sync.rules.rpm_period import period_facts
from cloud_sync.rules.rpm_set_up import set_up_codes
from cloud_sync.rules.tables import BUNDLED, RuleBook


def determine(
    document: Mapping[str, object], book: RuleBook = BUNDLED, month: Span | None = None
) -> dict[str, object]:
    """The determination of a case file; `{"case", "error"}` where it cannot be read.

    With a `month`, only what ends in it: the month's own codes and those of its periods.
    """
    case = read(document)
    if isinstance(case, Problem):
        name = document.get("id") if isinstance(document, Mapping) else None
        return {"case": name if isinstance(name, str) else None, "error": str(case)}
    found = findings(case, book)
    return plain(case, found if month is None else of_month(found, month))


def of_month(found: Findings, month: Span) -> Findings:
    """What ends in the month: its own codes, and those of the periods that end in it."""
    return Findings(
        lines=tuple(one for one in found.lines if one.span.last in month),
        shortfalls=tuple(one for one in found.shortfalls if one.span.last in month),
        warnings=tuple(one for one in found.warnings if one.span and one.span.last in month),
        rule_sets=found.rule_sets,
    )


def findings(case: Case, book: RuleBook = BUNDLED) -> Findings:
    """Periods by date, then months by date with RPM before CCM, then what concerns the case."""
    return findings_of(counted(case, book))


def findings_of(counts: Counts) -> Findings:
    """The same, of what has been counted already."""
    spans = months(counts.case)
    rpm = {span: rpm_time.month_findings(counts, span) for span in spans}
    parts = [_periods(counts, {span: found.earned() for span, found in rpm.items()})]
    for span in spans:
        parts += [rpm[span], ccm.month_findings(counts, span)]
    return joined([*parts, _of_the_case(counts)])


def _periods(counts: Counts, earned: rpm_device.Earned) -> Findings:
    facts = period_facts(counts)
    set_up = set_up_codes(counts.case, facts)
    parts: list[Findings] = []
    for one in facts:
        if one.span in set_up:
            parts.append(set_up[one.span].findings())
        parts.append(rpm_device.period_findings(one, earned))
    return joined(parts)


def _of_the_case(counts: Counts) -> Findings:
    stray = notices(counts.days.stray, None, "RPM", ("reading", "readings"))
    if counts.case.payer == "medicare":
        return Findings(warnings=stray)
    payer = Notice(reason="payer_check", detail=SENTENCES["payer_check"])
    return Findings(warnings=(*stray, payer))


def plain(case: Case, found: Findings) -> dict[str, object]:
    """The findings as the documented dictionary."""
    return {
        "case": case.id,
        "rule_sets": list(found.rule_sets),
        "lines": [line.plain() for line in found.lines],
        "shortfalls": [shortfall.plain() for shortfall in found.shortfalls],
        "warnings": [warning.plain() for warning in found.warnings],
    }
