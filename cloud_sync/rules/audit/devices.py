"""Questions about devices: whether they are managed, how many are billed, and what they are."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby

from cloud_sync.rules.audit.finding import (
    DOJ_2025,
    OIG_2025,
    Evidence,
    Figure,
    Finding,
    Question,
    of_patients,
)
from cloud_sync.rules.audit.practice import DeviceMonth, LentDevice, Limits, Practice
from cloud_sync.rules.calendar import month_named
from cloud_sync.rules.tables import RuleBook

UNMANAGED = Question(
    key="device_without_management",
    title="A device month after month, and nobody's time",
    asked="Was anything done with these readings? Device codes without any management look like"
    " rented hardware.",
    source=OIG_2025,
    to_do="Plan a review of these patients each month, or ask with them whether monitoring still"
    " serves an aim, and end it with the reason where it does not.",
)
UNITS = Question(
    key="several_units",
    title="More than one device unit in a month",
    asked="Why was the device code billed more than once in this month? One unit in 30 days,"
    " whatever the number of devices.",
    source=OIG_2025,
    to_do="Check that two 30-day periods really ended in this month: with rolling periods that"
    " happens. Keep the day ledger of the packet at hand.",
)
SEVERAL = Question(
    key="several_devices",
    title="Several devices in one patient's hands",
    asked="Does each device answer an order? Several devices are one unit, and raise the question"
    " of need.",
    source=OIG_2025,
    to_do="Name the condition and parameter of each device in the order; take back what is not"
    " used.",
)
TYPED = Question(
    key="typed_values",
    title="Readings of devices that do not send by themselves",
    asked="Were values typed in or told by phone? They never count towards device days.",
    source=DOJ_2025,
    to_do="Replace the device by one that sends its readings. These readings are not counted.",
)
NOT_FDA = Question(
    key="not_fda_defined",
    title="Devices that FDA law does not define as medical devices",
    asked="What is the legal basis of this device: class, listing, clearance?",
    source=DOJ_2025,
    to_do="Record the FDA basis on the device, or take it back. Its readings are not counted.",
)


def findings(practice: Practice, limits: Limits, book: RuleBook) -> tuple[Finding, ...]:
    """In the order of the page."""
    holders = {one.patient_id for one in practice.lent if not one.test}
    return (
        _unmanaged(practice, limits, book),
        _units(practice),
        of_patients(SEVERAL, "patients with a device", _several(practice), len(holders)),
        _kind(TYPED, practice, [one for one in practice.lent if not one.automatic]),
        _kind(NOT_FDA, practice, [one for one in practice.lent if not one.fda_defined]),
    )


def _may_earn(one: DeviceMonth, book: RuleBook) -> bool:
    """Whether a period with so many days would earn a device code by the month's own rules."""
    table = book.rpm_on(month_named(one.month).last)
    return table is not None and table.device_code(one.days) is not None


def _unmanaged(practice: Practice, limits: Limits, book: RuleBook) -> Finding:
    worked = {(one.patient_id, one.month) for one in practice.time if one.program == "RPM"}
    earning = [one for one in practice.device_months if _may_earn(one, book)]
    place = {month: number for number, month in enumerate(practice.months)}
    by_patient: dict[str, list[DeviceMonth]] = defaultdict(list)
    for one in earning:
        if (one.patient_id, one.month) not in worked:
            by_patient[one.patient_id].append(one)
    found: list[Evidence] = []
    for patient_id, months in sorted(by_patient.items()):
        ordered = sorted(months, key=lambda one: place[one.month])
        # Months in a row keep the same distance to their number in the row.
        for _, row in groupby(enumerate(ordered), lambda pair: place[pair[1].month] - pair[0]):
            together = [one for _, one in row]
            if len(together) >= limits.unmanaged_months:
                found += [
                    Evidence(
                        words=f"{one.days} device days in {one.month}, no RPM time",
                        patient_id=patient_id,
                        month=one.month,
                    )
                    for one in together
                ]
    had = len({one.patient_id for one in earning})
    return of_patients(UNMANAGED, "patients with months that may earn a device code", found, had)


def _units(practice: Practice) -> Finding:
    total: dict[tuple[str, str], list[str]] = defaultdict(list)
    for unit in practice.units:
        total[unit.patient_id, unit.month] += [unit.code] * unit.units
    evidence = tuple(
        Evidence(words=f"{' and '.join(codes)} in {month}", patient_id=patient_id, month=month)
        for (patient_id, month), codes in sorted(total.items())
        if len(codes) > 1
    )
    words = "closed patient-months with a device code"
    figure = Figure(words=words, count=len(evidence), of=len(total))
    return Finding(question=UNITS, figures=(figure,), flagged=bool(evidence), evidence=evidence)


def _several(practice: Practice) -> Iterator[Evidence]:
    """Patients who had two or more at once; one exchanged for another is no second one."""
    held: dict[str, list[LentDevice]] = defaultdict(list)
    for one in practice.lent:
        if not one.test:
            held[one.patient_id].append(one)
    for patient_id, devices in sorted(held.items()):
        together = {
            one.device_id: one.label
            for one in devices
            for other in devices
            if other.device_id != one.device_id and one.held.meets(other.held)
        }
        if together:
            words = f"{len(together)} at once: {', '.join(sorted(together.values()))}"
            yield Evidence(words=words, patient_id=patient_id)


def _kind(question: Question, practice: Practice, devices: list[LentDevice]) -> Finding:
    used = [one for one in devices if one.readings and not one.test]
    evidence = tuple(
        Evidence(words=f"{one.label}: readings {one.readings}", patient_id=one.patient_id)
        for one in used
    )
    figure = Figure(
        words="readings of lent devices",
        count=sum(one.readings for one in used),
        of=sum(one.readings for one in practice.lent if not one.test),
    )
    return Finding(question=question, figures=(figure,), flagged=bool(used), evidence=evidence)
