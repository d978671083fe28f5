import pytest

from cloud_sync.contract.readings import DeviceClock, Refusal
from gateway.decoders import decode


@pytest.mark.parametrize(("channel", "rest"), [("2A08", ""), ("2A2B", "028001")])
def test_a_clock_and_one_that_is_not_set(channel: str, rest: str) -> None:
    said = decode(channel, bytes.fromhex("ea07010f081e00" + rest))
    assert isinstance(said, DeviceClock)
    assert said.device_time is not None
    assert said.device_time.isoformat() == "2026-01-15T08:30:00"
    unset = decode(channel, bytes.fromhex("00000000000000" + rest))
    assert unset == DeviceClock(device_time=None)


def test_current_time_is_ten_bytes() -> None:
    assert isinstance(decode("2A2B", bytes.fromhex("ea07010f081e000280")), Refusal)
