from cloud_sync.contract.readings import Refusal
from gateway.decoders import decode
from tests.gateway.decoders.captures import first

FRAME = first("yonker-result")


def test_the_length_is_exact_and_the_start_is_fixed() -> None:
    assert isinstance(decode("yonker.frame", FRAME + b"\0"), Refusal)
    assert isinstance(decode("yonker.frame", FRAME[:-1]), Refusal)
    assert isinstance(decode("yonker.frame", b"\x80" + FRAME[1:]), Refusal)


def test_the_unused_bytes_change_nothing() -> None:
    changed = FRAME[:4] + b"\xff\xff" + FRAME[6:11] + b"\xff\xff\xff\xff"
    assert decode("yonker.frame", changed) == decode("yonker.frame", FRAME)
