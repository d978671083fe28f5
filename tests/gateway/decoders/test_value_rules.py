from decimal import Decimal

import pytest

from gateway.decoders.cursor import Refused
from gateway.decoders.numbers import Special
from gateway.decoders.value_rules import marked, optional, plausible, possible

# quantity, unit, greater than, at most, plausible from, to: typed again from the published table.
TABLE = """
systolic    mmHg     0   400  50   300
diastolic   mmHg     0   400  20   200
systolic    kPa      0   54   6.5  40
diastolic   kPa      0   54   2.5  27
pulse_bpm   /min     0   400  25   250
glucose     mg/dL    0   2000 10   600
glucose     mmol/L   0   111  0.6  33.3
spo2        %        0   100  50   100
temperature Cel      0   100  30   44
temperature [degF]   32  212  86   111.2
weight      kg       0   400  2    300
weight      [lb_av]  0   700  4.4  660
fat_percent %        0   100  0    100
mean        mmHg     0   400  0    400
mean        kPa      0   54   0    54
"""
ROWS = [line.split() for line in TABLE.split("\n") if line]
TICK = Decimal("0.001")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_each_limit_holds_on_both_of_its_sides(row: list[str]) -> None:
    quantity, unit = row[:2]
    above, most, low, high = map(Decimal, row[2:])
    for value in (above + TICK, most):
        assert possible(quantity, unit, value) == value
    for value in (above, above - TICK, most + TICK):
        with pytest.raises(Refused):
            possible(quantity, unit, value)
    assert plausible(quantity, unit, low)
    assert plausible(quantity, unit, high)
    assert not plausible(quantity, unit, low - TICK)
    assert not plausible(quantity, unit, high + TICK)


def test_a_refusal_names_the_quantity_and_not_the_value() -> None:
    with pytest.raises(Refused) as caught:
        possible("systolic", "mmHg", Decimal(182400))
    assert caught.value.refusal.field == "systolic"
    assert "182400" not in caught.value.refusal.reason


@pytest.mark.parametrize("absent", [None, Decimal(0), Decimal("0.00"), *Special])
def test_0_and_special_words_are_absent(absent: Decimal | Special | None) -> None:
    assert optional("pulse_bpm", "/min", absent) is None


def test_an_optional_number_that_is_there_must_be_possible() -> None:
    assert optional("pulse_bpm", "/min", Decimal(64)) == 64
    with pytest.raises(Refused):
        optional("mean", "mmHg", Decimal(-1))
    assert plausible("pulse_bpm", "/min", None)


def test_implausible_is_the_last_flag() -> None:
    assert marked(("cuff_loose",), is_plausible=False) == ("cuff_loose", "implausible")
    assert marked(("cuff_loose",), is_plausible=True) == ("cuff_loose",)
