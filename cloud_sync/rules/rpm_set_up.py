"""The set-up code: once an episode of care, with its first period that has enough days."""

from collections.abc import Iterator

from cloud_sync.rules.calendar import Span
from cloud_sync.rules.counts import when
from cloud_sync.rules.facts import Case, Episode
from cloud_sync.rules.outcome import Judgement
from cloud_sync.rules.reasons import Reason
from cloud_sync.rules.rpm_period import PeriodFacts
from cloud_sync.rules.tables import RpmTable


def set_up_codes(case: Case, periods: tuple[PeriodFacts, ...]) -> dict[Span, list[Judgement]]:
    """The set-up codes in question in each period."""
    found: dict[Span, list[Judgement]] = {one.span: [] for one in periods}
    for episode in case.rpm_episodes:
        own = [one for one in periods if _belongs(one, episode)]
        for judgement in _of_episode(own, episode):
            found[judgement.span].append(judgement)
    return found


def _belongs(one: PeriodFacts, episode: Episode) -> bool:
    if one.period.episode is not None:
        return one.period.episode is episode
    return episode.start <= one.span.last and not episode.ended_before(one.span.first)


def _of_episode(own: list[PeriodFacts], episode: Episode) -> Iterator[Judgement]:
    """Up to the first period with enough days; after it only where a device was added."""
    if episode.claimed:
        return
    settled = False
    for one in own:
        if not settled:
            judgement = _judge(one, episode, _faults(one, episode))
            settled = judgement.units > 0
            yield judgement
        elif _device_added(one):
            yield _judge(one, episode, frozenset({"episode_already_set_up"}))


def _judge(one: PeriodFacts, episode: Episode, faults: frozenset[Reason]) -> Judgement:
    latest = one.counts.book.rpm[-1].set_up
    assert latest is not None, "the newest rule set has a set-up code"
    rule = one.table.set_up if one.table is not None else None
    return one.judge(
        latest.code,
        "set_up",
        days=one.period.days_of(episode),
        need=(rule or latest).days_from,
        earns=_enough,
        faults=faults | when(rule is None, "not_in_force"),
    )


def _enough(table: RpmTable, days: int) -> bool:
    return table.set_up is not None and table.set_up.days_from <= days


def _faults(one: PeriodFacts, episode: Episode) -> frozenset[Reason]:
    last = one.span.last
    recorded = (episode.set_up_on, episode.educated_on)
    in_time = all(day is not None and day <= last for day in recorded)
    claimed = _claimed_before(one, episode)
    return when(not in_time, "set_up_undocumented") | when(claimed, "episode_already_set_up")


def _claimed_before(one: PeriodFacts, episode: Episode) -> bool:
    latest = one.counts.book.rpm[-1].set_up
    days = Span(first=episode.start, last=one.span.last)
    return latest is not None and any(
        claim.code == latest.code and claim.days.meets(days) for claim in one.counts.case.claims
    )


def _device_added(one: PeriodFacts) -> bool:
    return any(
        device.assigned_from is not None and device.assigned_from in one.span
        for device in one.counts.case.devices
    )
