import pytest

from cloud_sync.contract.readings import Advertisement, Refusal
from gateway.decoders import decode

SBM69 = "060953424d36390201060302101804ff130601"


def _read(in_hex: str) -> object:
    return decode("advertisement", bytes.fromhex(in_hex))


def test_a_cut_is_legal_between_structures_and_nowhere_else() -> None:
    ends = {0, 7, 10, 14, 19}
    for size in range(len(SBM69) // 2 + 1):
        assert isinstance(_read(SBM69[: 2 * size]), Refusal) == (size not in ends), size
    assert _read(SBM69[:14]) == Advertisement(local_name="SBM69")
    assert _read("") == Advertisement()


def test_length_0_ends_and_what_follows_is_padding() -> None:
    assert _read(SBM69 + "00ffff") == _read(SBM69)
    assert isinstance(_read(SBM69 + "05"), Refusal)


def test_services_of_both_types_once_each() -> None:
    assert _read("0502101808180303 1018".replace(" ", "")) == Advertisement(
        service_uuids=("1810", "1808")
    )


def test_the_complete_name_goes_before_the_short_one() -> None:
    assert _read("03084142" + "0409414243") == Advertisement(local_name="ABC")
    assert _read("03084142") == Advertisement(local_name="AB")
    assert _read("0309ff41") == Advertisement(local_name="\ufffdA")


def test_manufacturer_in_upper_case() -> None:
    assert _read("05ff1106abcd") == Advertisement(manufacturer="0611", manufacturer_data="ABCD")
    assert _read("03ff1106") == Advertisement(manufacturer="0611", manufacturer_data="")


@pytest.mark.parametrize("in_hex", ["020310", "02ff11"])
def test_half_an_identifier_is_refused(in_hex: str) -> None:
    assert isinstance(_read(in_hex), Refusal)
