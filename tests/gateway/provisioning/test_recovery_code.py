import pytest
from hypothesis import given, strategies as st

from cloud_sync.contract.enrolment import CROCKFORD
from gateway.provisioning import recovery_code

RANDOM = st.binary(min_size=17, max_size=17)
PLACES = [place for place in range(34) if place % 5 != 4]  # every fifth is a hyphen


@given(RANDOM)
def test_a_code_is_read_back_however_it_is_written(random: bytes) -> None:
    code = recovery_code.make(random)
    secret = recovery_code.secret_of(code)
    assert secret is not None
    careless = f"  {code.lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')}\n"
    assert recovery_code.secret_of(careless) == secret


def test_the_shape_is_seven_groups_of_four_and_every_random_bit_counts() -> None:
    first = recovery_code.make(bytes(17))
    assert [len(group) for group in first.split("-")] == [4] * 7
    made = {first}
    for bit in range(130):
        made.add(recovery_code.make((1 << bit).to_bytes(17, "big")))
    assert len(made) == 131


@given(RANDOM, st.sampled_from(PLACES), st.sampled_from(CROCKFORD))
def test_one_wrong_letter_is_noticed_nearly_always(random: bytes, place: int, letter: str) -> None:
    """The check has 10 bits; what it lets through, the file's own check does not."""
    code = recovery_code.make(random)
    wrong = code[:place] + letter + code[place + 1 :]
    found = recovery_code.secret_of(wrong)
    assert found is None or (found == recovery_code.secret_of(code)) == (wrong == code)


def test_a_letter_changed_in_each_place_of_one_code() -> None:
    code = recovery_code.make(bytes(range(17)))
    passed = [
        (place, letter)
        for place in PLACES
        for letter in CROCKFORD
        if letter != code[place]
        and recovery_code.secret_of(code[:place] + letter + code[place + 1 :]) is not None
    ]
    assert len(passed) <= 4  # of 868; about one in a thousand is expected


@pytest.mark.parametrize("typed", ["", "7ZK3", "Ü" * 28, "0" * 28, "U" * 28, "0" * 29])
def test_what_is_no_code(typed: str) -> None:
    assert recovery_code.secret_of(typed) is None
