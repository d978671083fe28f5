"""Which notes are alike: the fast search against comparing every pair."""

from fractions import Fraction
from itertools import combinations

from hypothesis import given, settings, strategies as st

from cloud_sync.rules.audit.similarity import groups, likeness, runs

WORDS = st.lists(st.sampled_from("abcd"), max_size=9).map(" ".join)


def slow(notes: list[str], at_least: Fraction) -> set[frozenset[int]]:
    """Every pair compared, then whatever hangs together."""
    together = [{n} for n, note in enumerate(notes) if runs(note)]
    for one, other in combinations(range(len(notes)), 2):
        if runs(notes[one]) and likeness(runs(notes[one]), runs(notes[other])) >= at_least:
            left = next(s for s in together if one in s)
            right = next(s for s in together if other in s)
            if left is not right:
                together.remove(right)
                left |= right
    return {frozenset(s) for s in together if len(s) > 1}


@given(st.lists(WORDS, max_size=14), st.sampled_from([(1, 3), (1, 2), (4, 5), (1, 1)]))
@settings(max_examples=300)
def test_the_search_misses_nothing(notes: list[str], share: tuple[int, int]) -> None:
    at_least = Fraction(*share)
    found = groups(notes, at_least)
    assert {frozenset(one) for one in found} == slow(notes, at_least)
    assert [len(one) for one in found] == sorted((len(one) for one in found), reverse=True)


def test_what_counts_as_a_run() -> None:
    assert runs("BP 135/81, pulse 72; arm's fine") == {
        ("bp", "pulse", "arms"),
        ("pulse", "arms", "fine"),
    }
    assert runs("Too short") == {("too", "short")}
    assert not runs("12:30")
    assert likeness(runs("a b c d"), runs("b c d e")) == Fraction(1, 3)
    assert likeness(runs(""), runs("")) == 0
