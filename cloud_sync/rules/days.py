"""Transmission days: where periods lie, which dates count in each, and what was left out.

A transmission day is a local date with at least one counting reading; days of several devices
are one union of dates (CY2021 and CY2026 final rules).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from cloud_sync.rules.calendar import ONE_DAY, Span, month_of
from cloud_sync.rules.facts import Case, Episode
from cloud_sync.rules.readings import Judged, judged
from cloud_sync.rules.reasons import Reason
from cloud_sync.rules.tables import BUNDLED, RuleBook


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """A period in which a reading falls, with the readings that count in it.

    `other_days` is the number of days by the other clock, over the same dates. `episode` is the
    one that anchors it, None where periods are fixed. `left_out` counts readings by reason.
    """

    span: Span
    episode: Episode | None
    counting: tuple[Judged, ...]
    other_days: int
    left_out: Mapping[Reason, int]
    missing: frozenset[Reason]
    usable_readings: int
    is_open: bool

    @property
    def days(self) -> tuple[date, ...]:
        """The transmission days, in order."""
        return _dates(self.counting)

    def days_of(self, episode: Episode) -> int:
        return len(_dates(found for found in self.counting if found.episode is episode))

    def days_left(self, as_of_day: date) -> int:
        """Days on which a reading can still be taken, that one included."""
        return max(0, (self.span.last - max(self.span.first, as_of_day)).days + 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class DayLedger:
    """Every reading with its judgement, and the periods they fall in."""

    readings: tuple[Judged, ...]
    periods: tuple[Period, ...]
    stray: Mapping[Reason, int]  # readings left out that fall in no period

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(sorted({day for period in self.periods for day in period.days}))

    def usable_in(self, span: Span) -> bool:
        """True where a usable reading was measured on a day of the span."""
        return any(
            not found.unusable and found.reading.measured_on in span for found in self.readings
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Track:
    """Periods of one length from an anchor, to the one in which an episode ends."""

    anchor: date
    length: int | None  # None: calendar months
    last: date | None = None
    episode: Episode | None = None

    def period_of(self, day: date) -> Span | None:
        if day < self.anchor or (self.last is not None and self.last < day):
            return None
        if self.length is None:
            return month_of(day)
        first = day - timedelta(days=(day - self.anchor).days % self.length)
        return Span(first=first, last=first + timedelta(days=self.length - 1))


def transmission_days(case: Case, book: RuleBook = BUNDLED) -> tuple[date, ...]:
    """Every date of the case that counts in a period, in order."""
    return day_ledger(case, book).days


def periods(case: Case, book: RuleBook = BUNDLED) -> tuple[Period, ...]:
    """The periods in which a reading of any kind falls, in order."""
    return day_ledger(case, book).periods


def day_ledger(case: Case, book: RuleBook = BUNDLED) -> DayLedger:
    """The whole count of days, with what was left out and why."""
    readings = judged(case, book)
    tracks = _tracks(case, book, readings)
    placed: dict[Span, list[Judged]] = {}
    owner: dict[Span, _Track] = {}
    stray: Counter[Reason] = Counter()
    for found in readings:
        place = _place(tracks, found.on)
        if place is None:
            stray.update(found.unusable | found.too_late_for_episode())
        else:
            span, owner[span] = place
            placed.setdefault(span, []).append(found)
    return DayLedger(
        readings=readings,
        periods=tuple(
            _period(case, span, owner[span], placed[span], readings) for span in sorted(placed)
        ),
        stray=stray,
    )


def _place(tracks: Iterable[_Track], day: date) -> tuple[Span, _Track] | None:
    found = ((track.period_of(day), track) for track in tracks)
    return next(((span, track) for span, track in found if span is not None), None)


def _tracks(case: Case, book: RuleBook, readings: tuple[Judged, ...]) -> tuple[_Track, ...]:
    if not readings:
        return ()
    if case.period_start == "calendar_month":
        return (_Track(anchor=date.min, length=None),)
    if case.period_start != "first_reading":
        return (_Track(anchor=case.period_start, length=_length(book, case.period_start)),)
    usable = [found for found in readings if not found.unusable]
    if not usable:
        anchor = min(found.on for found in readings)
        return (_Track(anchor=anchor, length=_length(book, anchor)),)
    return _rolling(case, book, usable)


def _rolling(case: Case, book: RuleBook, usable: list[Judged]) -> tuple[_Track, ...]:
    """One track an episode, each beginning after the earlier one's last period."""
    tracks: list[_Track] = []
    after = date.min
    for episode in case.rpm_episodes:
        days = [found.on for found in usable if found.episode is episode and found.on > after]
        if not days:
            continue
        anchor = min(days)
        track = _Track(anchor=anchor, length=_length(book, anchor), episode=episode)
        if episode.end is None:
            return (*tracks, track)
        closing = track.period_of(max(episode.end, anchor))
        assert closing is not None, "an anchor lies in its own track"
        after = closing.last
        tracks.append(
            _Track(anchor=anchor, length=track.length, last=closing.last, episode=episode)
        )
    return tuple(tracks)


def _length(book: RuleBook, day: date) -> int:
    return (book.rpm_on(day) or book.rpm[0]).period_days


def _period(
    case: Case, span: Span, track: _Track, inside: list[Judged], readings: tuple[Judged, ...]
) -> Period:
    against = [(found, _left_out(case, span, track, found)) for found in inside]
    kept = [found for found, reasons in against if not reasons]
    other = {
        found.other_on
        for found in readings
        if found.sound and found.other_on in span and _monitored(case, track, found.other_on)
    }
    return Period(
        span=span,
        episode=track.episode,
        counting=tuple(found for found in kept if not found.missing),
        other_days=len(other),
        left_out=Counter(reason for _, reasons in against for reason in reasons),
        missing=frozenset().union(*(found.missing for found in kept)),
        usable_readings=sum(not found.unusable for found in inside),
        is_open=case.is_open(span),
    )


def _monitored(case: Case, track: _Track, day: date) -> bool:
    """Days to the end of an episode count, by either clock."""
    episodes = case.rpm_episodes if track.episode is None else (track.episode,)
    return any(day in episode for episode in episodes)


def _left_out(case: Case, span: Span, track: _Track, found: Judged) -> frozenset[Reason]:
    reasons = set(found.unusable)
    reasons |= found.too_late_for_episode()
    if track.episode is not None and found.episode is not track.episode:
        reasons.add("outside_episode")
    latest = span.last + case.settings.late_receipt_days * ONE_DAY
    if case.settings.day_rule == "measured" and found.reading.received_on > latest:
        reasons.add("received_too_late")
    return frozenset(reasons)


def _dates(found: Iterable[Judged]) -> tuple[date, ...]:
    return tuple(sorted({one.on for one in found}))
