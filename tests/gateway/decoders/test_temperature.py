from typing import Any

import pytest

from cloud_sync.contract.readings import FailedMeasurement, Refusal
from gateway.decoders import decode

SITES = [
    "armpit",
    "body",
    "ear",
    "finger",
    "gastrointestinal",
    "mouth",
    "rectum",
    "toe",
    "tympanum",
]


@pytest.mark.parametrize(("code", "site"), [*enumerate(SITES, 1), (0, "code_0"), (10, "code_10")])
@pytest.mark.parametrize("channel", ["2A1C", "2A1E"])
def test_sites(channel: str, code: int, site: str) -> None:
    reading: Any = decode(channel, bytes.fromhex("04700100ff") + bytes([code]))
    assert (reading.site, str(reading.value)) == (site, "36.8")


def test_an_ieee_754_float_is_refused_by_its_exponent() -> None:
    # 36.6 as binary32, as one maker sends it.
    assert isinstance(decode("2A1C", bytes.fromhex("0066661242")), Refusal)


@pytest.mark.parametrize("word", ["ffff7f00", "00008000", "feff7f00", "02008000", "01008000"])
def test_no_number_is_a_failed_attempt_that_keeps_site_and_time(word: str) -> None:
    failed = decode("2A1C", bytes.fromhex(f"06{word}ea07010f08000003"))
    assert isinstance(failed, FailedMeasurement)
    assert (failed.of, failed.site) == ("temperature", "ear")
    assert failed.device_time is not None
