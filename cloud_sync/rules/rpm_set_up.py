"""The set-up code: once an episode of care, with its first period that has enough days."""

from collections.abc import Iterator

from cloud_sync.rules.calendar import Span
from cloud_sync.rules.counts import when
from cloud_sync.rules.facts import Case, Episode
from cloud_sync.rules.outcome import Judgement
from cloud_sync.rules.reasons import Reason
from cloud_sync.rules.rpm_period import PeriodFacts
from cloud_sync.rules.tables import RpmTable


def set_up_codes(case: Case, periods: tuple[PeriodFacts, ...]) -> dict[Span, Judgement]:
    """The set-up code in each period in which it is in question."""
    found: dict[Span, list[Judgement]] = {}
    for episode in case.rpm_episodes:
        own = [one for one in periods if _belongs(one, episode)]
        for judgement in _of_episode(own, episode):
            found.setdefault(judgement.span, []).append(judgement)
    return {span: _once(judgements) for span, judgements in found.items()}


def _once(judgements: list[Judgement]) -> Judgement:
    """Where episodes share a period: the first that earns the code, else the last one's word."""
    return next((one for one in judgements if one.earned), judgements[-1])


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
        elif _device_added(one, episode):
            yield _judge(one, episode, frozenset({"episode_already_set_up"}))


def _judge(one: PeriodFacts, episode: Episode, faults: frozenset[Reason]) -> Judgement:
    oldest = next(table.set_up for table in one.counts.book.rpm if table.set_up is not None)
    rule = one.table.set_up if one.table is not None else None
    return one.judge(
        oldest.code,
        "set_up",
        days=one.period.days_of(episode),
        need=(rule or oldest).days_from,
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


def _device_added(one: PeriodFacts, episode: Episode) -> bool:
    """A period may reach into the next episode: a device that came with that one is its own."""
    return any(
        device.assigned_from is not None
        and device.assigned_from in one.span
        and device.assigned_from in episode
        for device in one.counts.case.devices
    )
