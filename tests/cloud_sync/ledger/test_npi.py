import pytest

from cloud_sync.ledger.npi import check_npi, is_npi
from cloud_sync.ledger.refused import Refused


def test_the_example_of_the_standard_checks() -> None:
    # The worked example of CMS's paper on the NPI check digit: 123456789, check digit 3.
    assert is_npi("1234567893")
    check_npi("1234567893")
    check_npi(None)


@pytest.mark.parametrize("text", ["1234567890", "1243567893", "123456789", "12345678930", "", "x"])
def test_a_slip_is_found(text: str) -> None:
    assert not is_npi(text)
    with pytest.raises(Refused, match="ten digits"):
        check_npi(text)
