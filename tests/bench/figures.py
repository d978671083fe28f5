"""The arithmetic: pairs measured in turn, their ratios, and what the table says of them. Pure.

A machine drifts: ours and the limit are measured A B A B, each pair gives one ratio, and the
median of the ratios is the figure. Ratios of medians would compare two moments of the machine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What we do, what the machine could do, and how the two compare over all pairs."""

    name: str
    limit_is: str  # the same work without us, in words
    unit: str
    ours: float
    limit: float
    ratio: float
    low: float  # quartiles of the pairs' ratios
    high: float
    pairs: int
    aim: float | None = None
    more_is_better: bool = True

    @property
    def met(self) -> bool | None:
        """Whether the ratio reaches its aim; None where there is none."""
        if self.aim is None:
            return None
        return self.ratio >= self.aim if self.more_is_better else self.ratio <= self.aim


@dataclass(frozen=True, kw_only=True)
class What:
    """The part of a figure that is known before it is measured."""

    name: str
    limit_is: str
    unit: str
    aim: float | None = None
    more_is_better: bool = True


def compared(what: What, ours: Sequence[float], limits: Sequence[float]) -> Figure:
    """A figure of pairs: the n-th of ours was measured beside the n-th limit."""
    ratios = [mine / bare for mine, bare in zip(ours, limits, strict=True)]
    return _figure(what, quantile(ours, 0.5), quantile(limits, 0.5), ratios, median(ratios))


def tail(what: What, ours: Sequence[float], limits: Sequence[float], share: float) -> Figure:
    """A figure of one quantile: a high one has no pairs, so it is a ratio of two quantiles."""
    mine, bare = quantile(ours, share), quantile(limits, share)
    ratios = [each / other for each, other in zip(ours, limits, strict=True)]
    return _figure(what, mine, bare, ratios, mine / bare)


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


def _figure(what: What, ours: float, limit: float, ratios: Sequence[float], ratio: float) -> Figure:
    return Figure(
        name=what.name,
        limit_is=what.limit_is,
        unit=what.unit,
        ours=ours,
        limit=limit,
        ratio=ratio,
        low=quantile(ratios, 0.25),
        high=quantile(ratios, 0.75),
        pairs=len(ratios),
        aim=what.aim,
        more_is_better=what.more_is_better,
    )
