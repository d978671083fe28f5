"""Constructed, plausible values: the nth measurement of a seed is always the same."""

import random
from typing import NamedTuple


class Pressure(NamedTuple):
    """What the cuff will show."""

    systolic: int
    diastolic: int
    pulse: int


class Sugar(NamedTuple):
    """What the meter will show; `meal` is the context's code."""

    mg_dl: int
    meal: int


def pressure(seed: int, number: int) -> Pressure:
    dice = random.Random(f"{seed} pressure {number}")
    systolic = round(dice.gauss(134, 9))
    diastolic = round(dice.gauss(82, 6))
    return Pressure(
        systolic=min(max(systolic, 104), 178),
        diastolic=min(max(diastolic, 58), 98),
        pulse=round(dice.uniform(58, 88)),
    )


def sugar(seed: int, number: int) -> Sugar:
    dice = random.Random(f"{seed} sugar {number}")
    fasting = dice.random() < 0.5
    typical = dice.gauss(112, 14) if fasting else dice.gauss(158, 24)
    return Sugar(mg_dl=min(max(round(typical), 68), 260), meal=3 if fasting else 2)
