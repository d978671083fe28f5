"""Which readings are usable, and for each one that is not, every reason why."""

from dataclasses import dataclass
from datetime import date, timedelta

from cloud_sync.rules.facts import Case, Episode, Reading
from cloud_sync.rules.on_file import Missing, missing_for
from cloud_sync.rules.reasons import Reason
from cloud_sync.rules.shape import Device
from cloud_sync.rules.tables import RuleBook


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A reading, the date it belongs to, and what speaks against it.

    `other_on` is the date by the other of the two clocks. `missing` is what was not on file on
    the date; it keeps a usable reading from counting.
    """

    reading: Reading
    on: date
    other_on: date
    episode: Episode | None
    unusable: frozenset[Reason]
    missing: frozenset[Reason]

    @property
    def sound(self) -> bool:
        """Passes every test but lateness, which depends on the period."""
        return not self.unusable and not self.missing

    def too_late_for_episode(self) -> frozenset[Reason]:
        """Days to an episode's end count: by receipt, a usable reading may come after it."""
        over = self.episode is not None and self.episode.ended_before(self.on)
        return frozenset({"outside_episode"} if over else ())


def judged(case: Case, book: RuleBook) -> tuple[Judged, ...]:
    """Every known reading with its judgement, by the moment of measurement."""
    missing = missing_for(case, "RPM")
    return tuple(_judge(case, book, reading, missing) for reading in case.readings)


def _judge(case: Case, book: RuleBook, reading: Reading, missing: Missing) -> Judged:
    by_receipt = case.settings.day_rule == "received"
    on = reading.received_on if by_receipt else reading.measured_on
    other_on = reading.measured_on if by_receipt else reading.received_on
    episode = next((one for one in case.rpm_episodes if reading.measured_on in one), None)
    reasons = _device_reasons(case, reading)
    if not reading.automatic:
        reasons.add("manual_readings")
    if not reading.measurement:
        reasons.add("not_a_measurement")
    if reading.measured_at > reading.received_at + _tolerance(book, reading):
        reasons.add("implausible_clock")
    if episode is None:
        reasons.add("outside_episode")
    return Judged(
        reading=reading,
        on=on,
        other_on=other_on,
        episode=episode,
        unusable=frozenset(reasons),
        missing=missing(on),
    )


def _device_reasons(case: Case, reading: Reading) -> set[Reason]:
    """One device may have been assigned more than once: the assignment on that date speaks."""
    entries = [device for device in case.devices if device.id == reading.device]
    assigned = [device for device in entries if _assigned(device, reading.measured_on)]
    reasons: set[Reason] = set() if assigned else {"unassigned_device"}
    for device in (assigned or entries)[-1:]:
        if device.test:
            reasons.add("test_device")
        if not device.fda_defined:
            reasons.add("device_not_fda_defined")
        if not device.automatic:
            reasons.add("manual_readings")
    return reasons


def _assigned(device: Device, day: date) -> bool:
    begun = device.assigned_from is None or device.assigned_from <= day
    return begun and (device.assigned_to is None or day <= device.assigned_to)


def _tolerance(book: RuleBook, reading: Reading) -> timedelta:
    table = book.rpm_on(reading.received_on) or book.rpm[0]
    return timedelta(minutes=table.clock_ahead_minutes)
