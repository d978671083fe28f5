"""Questions about enrolment and what is on file: who began when, and on what."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date

from cloud_sync.rules.audit.finding import (
    CONTRACTORS,
    OIG_2024,
    OIG_2025,
    Evidence,
    Figure,
    Finding,
    Question,
    of_patients,
)
from cloud_sync.rules.audit.practice import Limits, PatientFile, Practice
from cloud_sync.rules.calendar import ONE_DAY, month_named
from cloud_sync.rules.shape import BILLING, Consent

Files = Mapping[str, PatientFile]

RPM_CODES = frozenset({"99091", "99453", "99454", "99445", "99457", "99458", "99470"})
RTM_CODES = frozenset({*(str(n) for n in range(98975, 98982)), "98984", "98985", "98986"})

SPIKE = Question(
    key="spike",
    title="A sudden rise of new RPM patients",
    asked="Why did so many patients begin in one month? A rise by 150 % or more over the month"
    " before looks like enrolment by a sales campaign, not by need.",
    source=OIG_2025,
    to_do="Keep the reason on record: a new site, a new clinician, a program that opened. Look"
    " through the orders of that month's patients.",
)
NO_VISIT = Question(
    key="no_prior_visit",
    title="No prior visit with the practice",
    asked="Had the practice seen this patient before it began to monitor them?",
    source=OIG_2025,
    to_do="Record since when the patient is established. Without it none of their device days"
    " count: see the patient's file.",
)
NO_ORDER = Question(
    key="no_order",
    title="Monitoring without an order",
    asked="Who ordered the monitoring, when, for which condition? Claims without an ordering"
    " provider were a main finding.",
    source=f"{OIG_2024}; {CONTRACTORS}",
    to_do="Have the practitioner order it, and put the order on file; what came before it does not"
    " count.",
)
NO_CONSENT = Question(
    key="no_consent",
    title="No documented consent",
    asked="Where is it written down that the patient agreed to this program of this practitioner?",
    source=CONTRACTORS,
    to_do="Ask for consent and document it: who took it, when, how, what was told. What came before"
    " does not count.",
)
NOT_WRITTEN = Question(
    key="consent_not_written",
    title="Consent given by word of mouth only",
    asked="May we see the signed consent? Medicare accepts a documented verbal one; some auditors"
    " ask for a signature all the same.",
    source=CONTRACTORS,
    to_do="Send the printable form for signature at the next contact. Nothing is lost by it.",
)
PRACTICES = Question(
    key="several_practices",
    title="Another practice bills RPM for the same patient",
    asked="Why do two practices monitor one patient? Device codes are one practitioner's in 30"
    " days.",
    source=OIG_2025,
    to_do="Ask the patient which practice they chose, and end the other enrolment in writing.",
)
RTM = Question(
    key="rpm_beside_rtm",
    title="RPM beside RTM",
    asked="Was therapeutic monitoring billed for days that also had physiologic monitoring?",
    source=CONTRACTORS,
    to_do="Choose one of the two for these days: the determination leaves RPM out.",
)
INCOMPLETE = Question(
    key="incomplete",
    title="One of set-up, device and management is missing",
    asked="Did the patient really get all three parts of RPM? About 43 % of all patients lacked"
    " one.",
    source=OIG_2024,
    to_do="Record set-up and teaching where they were given; ask patients without readings whether"
    " they still want the device; plan time for those whose readings nobody works on.",
)


def findings(practice: Practice, limits: Limits) -> tuple[Finding, ...]:
    """In the order of the page."""
    rpm = practice.in_rpm()
    both = {**rpm, **practice.in_ccm()}
    return (
        _spike(practice, limits),
        of_patients(NO_VISIT, "patients in RPM", _no_visit(rpm), len(rpm)),
        of_patients(NO_ORDER, "patients in RPM", _no_order(rpm), len(rpm)),
        of_patients(NO_CONSENT, "patients in RPM or CCM", _no_consent(practice), len(both)),
        of_patients(NOT_WRITTEN, "patients in RPM or CCM", _not_written(practice), len(both)),
        of_patients(PRACTICES, "patients in RPM", _practices(practice, rpm), len(rpm)),
        of_patients(RTM, "patients in RPM", _rtm(practice, rpm), len(rpm)),
        of_patients(INCOMPLETE, "patients in RPM", _incomplete(practice, rpm), len(rpm)),
    )


def began_on(one: PatientFile) -> date | None:
    """When RPM began: the first reading, the first RPM entry, or the first episode's start."""
    starts = [episode.start for episode in one.episodes if episode.program == "RPM"]
    return min([*starts, *([one.first_rpm_on] if one.first_rpm_on else [])], default=None)


def _spike(practice: Practice, limits: Limits) -> Finding:
    began = {one.id: on for one in practice.patients.values() if (on := began_on(one))}
    new = Counter(f"{on:%Y-%m}" for on in began.values())
    figures, flagged = [], set()
    for month in practice.months:
        before = f"{month_named(month).first - ONE_DAY:%Y-%m}"
        figures.append(
            Figure(
                words=f"new in {month}, against {before}",
                count=new[month],
                of=new[before],
                joint="against",
            )
        )
        rise = new[month] - new[before]
        if new[month] >= limits.spike_patients and rise >= limits.spike_rise * new[before]:
            flagged.add(month)
    evidence = tuple(
        Evidence(words=f"began on {on}", patient_id=key, month=f"{on:%Y-%m}")
        for key, on in sorted(began.items(), key=lambda pair: pair[1])
        if f"{on:%Y-%m}" in practice.months
    )
    return Finding(question=SPIKE, figures=tuple(figures), flagged=bool(flagged), evidence=evidence)


def _no_visit(rpm: Files) -> Iterator[Evidence]:
    for one in rpm.values():
        began = began_on(one)
        if one.established_on is None:
            yield Evidence(words="no prior visit is on file", patient_id=one.id)
        elif began is not None and one.established_on > began:
            words = f"RPM began on {began}, established on {one.established_on}"
            yield Evidence(words=words, patient_id=one.id)


def _no_order(rpm: Files) -> Iterator[Evidence]:
    for one in rpm.values():
        began = began_on(one)
        ordered = [order.ordered_on for order in one.orders if order.practitioner == BILLING]
        if not ordered:
            yield Evidence(words="no order is on file", patient_id=one.id)
        elif began is not None and min(ordered) > began:
            words = f"RPM began on {began}, ordered on {min(ordered)}"
            yield Evidence(words=words, patient_id=one.id)


def _consents(practice: Practice) -> Iterator[tuple[PatientFile, str, list[Consent]]]:
    """Each patient's documented consents to each program they are in."""
    for program, whose in (("RPM", practice.in_rpm()), ("CCM", practice.in_ccm())):
        for one in whose.values():
            given = [
                consent
                for consent in one.consents
                if consent.program == program
                and consent.practitioner == BILLING
                and consent.documented
            ]
            yield one, program, given


def _no_consent(practice: Practice) -> Iterator[Evidence]:
    for one, program, given in _consents(practice):
        if not given:
            yield Evidence(words=f"no documented consent to {program}", patient_id=one.id)


def _not_written(practice: Practice) -> Iterator[Evidence]:
    for one, program, given in _consents(practice):
        if given and all(consent.mode == "verbal" for consent in given):
            words = f"consent to {program} is verbal, given on {given[0].given_on}"
            yield Evidence(words=words, patient_id=one.id)


def _practices(practice: Practice, rpm: Files) -> Iterator[Evidence]:
    for one in rpm.values():
        for claim in one.claims:
            theirs = claim.code in RPM_CODES and claim.practitioner != BILLING
            if theirs and claim.days.meets(practice.span):
                words = f"{claim.code} of another practitioner, {claim.days.first}"
                yield Evidence(words=words, patient_id=one.id, month=f"{claim.days.first:%Y-%m}")


def _rtm(practice: Practice, rpm: Files) -> Iterator[Evidence]:
    served = {(one.patient_id, one.month) for one in practice.device_months}
    served |= {(one.patient_id, one.month) for one in practice.time if one.program == "RPM"}
    for one in rpm.values():
        for claim in one.claims:
            month = f"{claim.days.first:%Y-%m}"
            if claim.code in RTM_CODES and (one.id, month) in served:
                words = f"{claim.code} of {claim.days.first}, and RPM in the same month"
                yield Evidence(words=words, patient_id=one.id, month=month)


def _incomplete(practice: Practice, rpm: Files) -> Iterator[Evidence]:
    read = {one.patient_id for one in practice.device_months}
    worked = {one.patient_id for one in practice.time if one.program == "RPM"}
    for one in rpm.values():
        episodes = [episode for episode in one.episodes if episode.program == "RPM"]
        set_up = any(episode.set_up_on or episode.educated_on for episode in episodes)
        parts = (("set-up", set_up), ("readings", one.id in read), ("RPM time", one.id in worked))
        missing = [name for name, there in parts if not there]
        if missing:
            yield Evidence(words=f"without {' and without '.join(missing)}", patient_id=one.id)
