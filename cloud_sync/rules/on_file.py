"""What must be on file for a day or a second to count: consent, order, relationship, visit."""

from collections.abc import Callable
from datetime import date
from functools import cache

from cloud_sync.rules.calendar import a_year_before, local_date, month_of
from cloud_sync.rules.facts import Case
from cloud_sync.rules.reasons import Reason
from cloud_sync.rules.shape import BILLING, BilledProgram, Consent

Missing = Callable[[date], frozenset[Reason]]


def missing_for(case: Case, program: BilledProgram) -> Missing:
    """A function from a date to what is missing on it for this program, computed once a date."""
    return _rpm_missing(case) if program == "RPM" else _ccm_missing(case)


def _rpm_missing(case: Case) -> Missing:
    @cache
    def missing(day: date) -> frozenset[Reason]:
        reasons = set(consent_missing(case, "RPM", day))
        if case.established_on is None or day < case.established_on:
            reasons.add("not_established")
        if not any(order.ordered_on <= day for order in case.orders):
            reasons.add("order_missing")
        return frozenset(reasons)

    return missing


def _ccm_missing(case: Case) -> Missing:
    @cache
    def missing(day: date) -> frozenset[Reason]:
        reasons = set(consent_missing(case, "CCM", day))
        if not _initiated(case, day):
            reasons.add("initiating_visit_missing")
        return frozenset(reasons)

    return missing


def consent_missing(case: Case, program: BilledProgram, day: date) -> frozenset[Reason]:
    """Empty where consent to this program and practitioner is in force on the date."""
    found = [
        consent
        for consent in case.consents
        if consent.program == program and consent.practitioner == BILLING
    ]
    if not found:
        return frozenset({"consent_missing"})
    faults = [_faults(case, consent, day) for consent in found]
    if not all(faults):
        return frozenset()
    return frozenset().union(*faults)


def _faults(case: Case, consent: Consent, day: date) -> frozenset[Reason]:
    if not consent.documented:
        return frozenset({"consent_undocumented"})
    reasons: set[Reason] = set()
    written = consent.mode in {"written", "electronic"}
    if consent.program == "CCM" and case.settings.ccm_consent == "written" and not written:
        reasons.add("consent_not_written")
    if day < consent.given_on:
        reasons.add("consent_after_service")
    if _ended(consent, day):
        reasons.add("consent_missing")
    return frozenset(reasons)


def _ended(consent: Consent, day: date) -> bool:
    """RPM ends with the day of revocation, CCM with its calendar month."""
    if consent.revoked_on is None:
        return False
    if consent.program == "RPM":
        return consent.revoked_on < day
    return month_of(consent.revoked_on).last < day


def _initiated(case: Case, day: date) -> bool:
    earliest = a_year_before(_began(case, day))
    return any(
        visit.practitioner == BILLING and "CCM" in visit.discussed and earliest <= visit.on <= day
        for visit in case.visits
    )


def _began(case: Case, day: date) -> date:
    """When the CCM that serves this day began: its episode's start, else the first entry."""
    starts = [episode.start for episode in case.ccm_episodes]
    if starts:
        return max((start for start in starts if start <= day), default=min(starts))
    return min(
        (
            local_date(entry.start, case.zone)
            for entry in case.entries
            if entry.program == "CCM" and not entry.other_patient
        ),
        default=day,
    )
