from decimal import Decimal

import msgspec
import pytest

from gateway.decoders.hints import BY_THE_BOOK, NAMED, Hints


def test_the_book_deviates_nowhere_and_every_named_hint_somewhere() -> None:
    assert Hints() == BY_THE_BOOK
    assert BY_THE_BOOK not in NAMED.values()


@pytest.mark.parametrize("step", ["0", "-0.05", "NaN", "Infinity"])
def test_a_weight_step_is_a_number_above_0(step: str) -> None:
    with pytest.raises(ValueError, match="weight_step_kg"):
        Hints(weight_step_kg=Decimal(step))


def test_an_unknown_hint_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError, match="pulse_little_endian"):
        msgspec.convert({"pulse_little_endian": True}, Hints)
