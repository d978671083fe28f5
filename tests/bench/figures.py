"""The arithmetic: pairs measured in turn, their ratios, and what the table says of them. Pure.

A machine drifts: ours and the limit are measured A B A B, each pair gives one ratio, and the
median of the ratios is the figure. Ratios of medians would compare two moments of the machine.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class What:
    """The part of a figure that is known before it is measured."""

    name: str
    limit_is: str  # the same work without us, in words
    unit: str
    aim: float | None = None
    more_is_better: bool = True


@dataclass(frozen=True, kw_only=True)
class Figure(What):
    """What we do, what the machine could do, and how the two compare over all pairs."""

    ours: float
    limit: float
    ratio: float
    low: float | None  # quartiles of the pairs' ratios; None where there are no pairs
    high: float | None
    pairs: int

    @property
    def met(self) -> bool | None:
        """Whether the ratio reaches its aim; None where there is none."""
        if self.aim is None:
            return None
        return self.ratio >= self.aim if self.more_is_better else self.ratio <= self.aim


def compared(what: What, ours: Sequence[float], limits: Sequence[float]) -> Figure:
    """A figure of pairs: the n-th of ours was measured beside the n-th limit."""
    ratios = [mine / bare for mine, bare in zip(ours, limits, strict=True)]
    return Figure(
        **asdict(what),
        ours=median(ours),
        limit=median(limits),
        ratio=median(ratios),
        low=quantile(ratios, 0.25),
        high=quantile(ratios, 0.75),
        pairs=len(ratios),
    )


def tail(what: What, ours: Sequence[float], limits: Sequence[float], share: float) -> Figure:
    """A figure of one high quantile: the two worst moments are no pair, so it has no spread."""
    mine, bare = quantile(ours, share), quantile(limits, share)
    return Figure(
        **asdict(what),
        ours=mine,
        limit=bare,
        ratio=mine / bare,
        low=None,
        high=None,
        pairs=len(ours),
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Linear between the two nearest values; share 0 is the smallest, 1 the largest."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def in_turn(rounds: int, *works: Callable[[int], float]) -> list[list[float]]:
    """Every work once a round, always in the same order; what each measured, by work."""
    measured: list[list[float]] = [[] for _ in works]
    for number in range(rounds):
        for work, values in zip(works, measured, strict=True):
            values.append(work(number))
    return measured
