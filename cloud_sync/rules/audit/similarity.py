"""Which notes say the same: exactly, and fast enough for a practice of ten thousand patients.

Two notes are alike when they share at least so much of their runs of three words: common runs
divided by all runs of both (Jaccard). Case, digits and punctuation do not matter, so that a copied
note with other values is still a copied note.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import ceil

from cloud_sync.rules.notes import words_of

RUN = 3  # words
Runs = frozenset[tuple[str, ...]]


def runs(note: str) -> Runs:
    """The runs of three words of a note; of a shorter one, the whole as one run."""
    words = words_of(note)
    if len(words) < RUN:
        return frozenset([tuple(words)]) if words else frozenset()
    return frozenset(tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))


def likeness(one: Runs, other: Runs) -> Fraction:
    """0 for nothing in common, 1 for the same runs."""
    every = len(one | other)
    return Fraction(len(one & other), every) if every else Fraction(0)


def groups(notes: Sequence[str], at_least: Fraction) -> list[list[int]]:
    """Positions of notes that are alike, directly or through others; largest group first.

    Exact: of two sets that are so much alike, the rarest few runs of each share one (prefix
    filtering, as set-similarity joins do it), so only those few are compared.
    """
    distinct: dict[Runs, list[int]] = defaultdict(list)
    for position, note in enumerate(notes):
        if found := runs(note):
            distinct[found].append(position)
    kinds = sorted(distinct, key=lambda one: (len(one), distinct[one][0]))
    root = list(range(len(kinds)))
    for left, right in _pairs(kinds, at_least):
        root[_root(root, right)] = _root(root, left)
    together: dict[int, list[int]] = defaultdict(list)
    for number, kind in enumerate(kinds):
        together[_root(root, number)] += distinct[kind]
    several = [sorted(one) for one in together.values() if len(one) > 1]
    return sorted(several, key=lambda one: (-len(one), one[0]))


def _pairs(kinds: Sequence[Runs], at_least: Fraction) -> Iterable[tuple[int, int]]:
    """Every pair that is alike. `kinds` come shortest first."""
    frequency = Counter(run for kind in kinds for run in kind)
    # Any order with the rare ones first will do; equal ones stay as they came.
    place = {run: n for n, run in enumerate(sorted(frequency, key=frequency.__getitem__))}
    by_run: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, kind in enumerate(kinds):
        ordered = sorted(place[run] for run in kind)
        prefix = ordered[: len(kind) - ceil(at_least * len(kind)) + 1]
        for other in _candidates(kinds, len(kind), prefix, by_run, at_least):
            if likeness(kinds[other], kind) >= at_least:
                yield other, number
        for position, run in enumerate(prefix):
            by_run[run].append((number, position))


def _candidates(
    kinds: Sequence[Runs],
    size: int,
    prefix: Sequence[int],
    by_run: Mapping[int, list[tuple[int, int]]],
    at_least: Fraction,
) -> list[int]:
    """Earlier kinds that could still share enough, by where in their order the first runs lie.

    Runs stand in one order in every kind; what comes after a shared run bounds what more there is.
    """
    shared: dict[int, int] = {}
    hopeless = -size
    for position, run in enumerate(prefix):
        for other, theirs in by_run.get(run, ()):
            before = shared.get(other, 0)
            length = len(kinds[other])
            most = before + min(size - position, length - theirs)
            # So many common runs of all runs of both are at least the share that is asked for.
            fits = most * (at_least.denominator + at_least.numerator) >= at_least.numerator * (
                size + length
            )
            shared[other] = before + 1 if fits else hopeless
    return sorted(other for other, count in shared.items() if count > 0)


def _root(root: list[int], number: int) -> int:
    while root[number] != number:
        root[number] = root[root[number]]
        number = root[number]
    return number
