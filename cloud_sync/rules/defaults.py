"""What an ordinary case has, for each key that a case file leaves out."""

from dataclasses import replace
from datetime import date

from msgspec import UNSET

from cloud_sync.rules import shape
from cloud_sync.rules.calendar import a_year_before, local_date
from cloud_sync.rules.facts import Case, Episode

ESTABLISHED_ON = date(2020, 1, 1)
CONDITIONS = tuple(
    shape.Condition(icd10=icd10, expected_months=12, risk=True) for icd10 in ("I10", "E11.9")
)


def supplied(case: Case, file: shape.CaseFile) -> Case:
    """The case with a default for each absent key, so dated that it serves every day of it."""
    early = _early(case)
    patient = file.patient
    return replace(
        case,
        payer="medicare" if patient.payer is UNSET else case.payer,
        established_on=early if patient.established_on is UNSET else case.established_on,
        conditions=CONDITIONS if patient.conditions is UNSET else case.conditions,
        consents=_consents(early) if file.consents is None else case.consents,
        orders=_orders(early) if file.orders is None else case.orders,
        visits=_visits(case, early) if file.initiating_visits is None else case.visits,
        care_plans=(shape.CarePlan(on=early),) if file.care_plans is None else case.care_plans,
        devices=(shape.Device(id="D1"),) if file.devices is None else case.devices,
        rpm_episodes=_episodes(case) if file.episodes is None else case.rpm_episodes,
    )


def _early(case: Case) -> date:
    """Before every fact of the case, and no later than 2020."""
    days = [reading.measured_on for reading in case.readings]
    days += [local_date(entry.start, case.zone) for entry in case.entries]
    days += [episode.start for episode in case.ccm_episodes + case.rpm_episodes]
    return min([ESTABLISHED_ON, *(a_year_before(day) for day in days)])


def _consents(on: date) -> tuple[shape.Consent, ...]:
    return (
        shape.Consent(program="RPM", given_on=on),
        shape.Consent(program="CCM", given_on=on),
    )


def _orders(on: date) -> tuple[shape.Order, ...]:
    return (shape.Order(program="RPM", ordered_on=on),)


def _visits(case: Case, early: date) -> tuple[shape.Visit, ...]:
    """One visit a year holds good, so each beginning of CCM and its first entry get their own."""
    days = {episode.start for episode in case.ccm_episodes}
    days |= {
        local_date(entry.start, case.zone)
        for entry in case.entries
        if entry.program == "CCM" and not entry.other_patient
    }
    return tuple(shape.Visit(on=day, discussed=("CCM",)) for day in sorted(days | {early}))


def _episodes(case: Case) -> tuple[Episode, ...]:
    """An open one from the first reading, whose set-up was claimed long ago."""
    if not case.readings:
        return ()
    return (Episode(start=case.readings[0].measured_on, end=None, claimed=True),)
