import msgspec
import pytest

from gateway.profiles import Profile, find
from gateway.profiles.matching import Ambiguous, Unmatched, match, short_uuid
from gateway.profiles.model import Match


def _profile(profile_id: str, pattern: str, service: str | None = None) -> Profile:
    base = find("and/ua-651ble")
    assert base is not None
    wanted = Match(local_names=(pattern, "other name"), service=service)
    return msgspec.structs.replace(base, id=profile_id, match=wanted)


ANY = _profile("a/any", "CUFF*")
SIG = _profile("a/sig", "CUFF-2*", "1810")
PROFILES = (ANY, SIG)


def test_one_profile_fits_or_none() -> None:
    assert match(PROFILES, "CUFF-1", []) is ANY
    assert match((SIG,), "CUFF-2", ["1810"]) is SIG
    assert match((SIG,), "CUFF-2", ["1809"]) == Unmatched()
    assert match((SIG,), "CUFF-2", []) == Unmatched()
    assert match((SIG,), "other name", ["1810"]) is SIG
    assert match(PROFILES, None, ["1810"]) == Unmatched()


def test_two_that_fit_are_an_error_value_whatever_their_order() -> None:
    for order in (PROFILES, PROFILES[::-1]):
        assert match(order, "CUFF-2", ["1810"]) == Ambiguous(("a/any", "a/sig"))


def test_names_are_compared_with_their_case_and_as_a_whole() -> None:
    assert match((ANY,), "cuff-1", []) == Unmatched()
    assert match((ANY,), "my CUFF-1", []) == Unmatched()


@pytest.mark.parametrize(
    ("uuid", "short"),
    [
        ("1810", "1810"),
        ("fe4a", "FE4A"),
        ("00001810-0000-1000-8000-00805f9b34fb", "1810"),
        ("ABCD1810-0000-1000-8000-00805F9B34FB", "ABCD1810-0000-1000-8000-00805F9B34FB"),
        ("00001810-0000-1000-8000-00805f9b34fc", "00001810-0000-1000-8000-00805F9B34FC"),
    ],
)
def test_short_identifiers(uuid: str, short: str) -> None:
    assert short_uuid(uuid) == short
    assert (match((SIG,), "CUFF-2", [uuid]) is SIG) == (short == "1810")
