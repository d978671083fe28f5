"""The arithmetic of the bench, on numbers worked out by hand."""

import pytest

from tests.bench.figures import What, compared, in_turn, quantile, tail

RATE = What(name="commits", limit_is="bare", unit="1/s", aim=0.5)
SIZE = What(name="memory", limit_is="bare", unit="MB", aim=1.3, more_is_better=False)


def test_the_ratio_is_the_median_of_the_pairs_not_the_ratio_of_medians() -> None:
    """The machine halved its speed for one pair; both sides of it felt that."""
    figure = compared(RATE, [90.0, 30.0, 80.0], [100.0, 50.0, 100.0])
    assert (figure.ours, figure.limit) == (80.0, 100.0)
    assert figure.ratio == 0.8
    assert (figure.low, figure.high) == pytest.approx((0.7, 0.85))
    assert figure.pairs == 3
    assert figure.met


@pytest.mark.parametrize(
    ("what", "ours", "met"),
    [
        (RATE, 50.0, True),
        (RATE, 49.0, False),
        (SIZE, 130.0, True),
        (SIZE, 131.0, False),
        (What(name="trip", limit_is="bare", unit="ms"), 900.0, None),
    ],
)
def test_an_aim_is_met_from_its_own_side(what: What, ours: float, met: bool | None) -> None:
    assert compared(what, [ours], [100.0]).met is met


def test_a_tail_compares_the_same_quantile_of_both() -> None:
    figure = tail(SIZE, [10.0, 20.0, 30.0], [1.0, 2.0, 5.0], 1.0)
    assert (figure.ours, figure.limit, figure.ratio) == (30.0, 5.0, 6.0)
    assert (figure.low, figure.high) == (None, None)


@pytest.mark.parametrize(
    ("share", "value"), [(0, 1.0), (0.25, 1.75), (0.5, 2.5), (0.99, 3.97), (1, 4.0)]
)
def test_quantiles_lie_between_neighbours(share: float, value: float) -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], share) == pytest.approx(value)


def test_one_value_is_every_quantile() -> None:
    assert quantile([7.0], 0.99) == 7.0


def test_pairs_of_unequal_length_are_no_pairs() -> None:
    with pytest.raises(ValueError, match="shorter"):
        compared(RATE, [1.0, 2.0], [1.0])


def test_works_take_turns() -> None:
    order: list[str] = []

    def work(name: str, gain: int) -> float:
        order.append(name)
        return float(gain)

    measured = in_turn(3, lambda turn: work("a", turn), lambda turn: work("b", 10 * turn))
    assert order == ["a", "b"] * 3
    assert measured == [[0.0, 1.0, 2.0], [0.0, 10.0, 20.0]]
