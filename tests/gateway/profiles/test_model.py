from decimal import Decimal

import msgspec
import pytest

from gateway.decoders import Hints
from gateway.profiles.model import Clock, Link, Match, Session


def test_unknown_keys_and_values_outside_the_lists_are_errors() -> None:
    with pytest.raises(msgspec.ValidationError, match="names"):
        msgspec.convert({"local_names": ["A*"], "names": "B"}, Match)
    with pytest.raises(msgspec.ValidationError, match="way"):
        msgspec.convert({"way": "guess"}, Clock)
    with pytest.raises(msgspec.ValidationError, match="pairing"):
        msgspec.convert({"transport": "ble", "pairing": "maybe", "mode": ""}, Link)
    with pytest.raises(msgspec.ValidationError, match="after_confirmation"):
        msgspec.convert({"machine": "push"}, Session)


def test_numbers_people_read_are_text() -> None:
    hints = msgspec.convert({"weight_step_kg": "0.05"}, Hints)
    assert hints.weight_step_kg == Decimal("0.05")


def test_a_profile_cannot_be_changed() -> None:
    clock = Clock(way="none")
    with pytest.raises(AttributeError):
        clock.way = "date_time_2a08"  # type: ignore[misc]
