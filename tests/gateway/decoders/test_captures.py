"""Every public capture: whole, cut at every byte, with a tail, with reserved bits set."""

from typing import Any

import pytest

from cloud_sync.contract.readings import Refusal
from gateway.decoders import CHANNELS, TEXT, decode
from gateway.decoders.batch import fields
from tests.gateway.decoders.captures import CASES, payload

READ = [case for case in CASES if "expect" in case]
BINARY = [case for case in READ if "hex" in case]

# Where the end of a payload is not the end of its last field, the bytes that are needed: the unused
# end of a clock block; the enquiry after a frame; bytes a device sends after its last field.
NEEDED = {
    "omron-clock-7382t1": 14,
    "omron-clock-7380t1": 14,
    "omron-clock-6232t": 14,
    "contour-usb-header": 195,
    "advert-sbm69": None,  # a list of structures: shorter ones are legal, see its own test
}
# The frame of this channel has an exact length, or its tail is more of the same.
NO_TAIL = {"yonker.frame", "advertisement"}
# Masks of reserved bits, by offset, that leave every capture of the channel as it is.
RESERVED = {
    "2A18": {0: 0xE0},
    "2A1C": {0: 0xF8},
    "2A35": {0: 0xE0},
    "2A5E": {0: 0xE0},
    "2A9C": {1: 0xE0},
    "2A9D": {0: 0xF0},
}


def _ids(case: dict[str, Any]) -> str:
    return str(case["id"])


def _decode(case: dict[str, Any], data: bytes | str) -> Any:
    return decode(case["channel"], data, case["profile_hint"])


def test_the_captures_are_all_there_and_reach_every_channel_but_three() -> None:
    assert len(CASES) == 133
    assert len({case["id"] for case in CASES}) == 133
    assert all(case["source"] for case in CASES)
    # Intermediate temperature and continuous oximetry have tests of their own.
    assert CHANNELS - {case["channel"] for case in CASES} == {"2A1E", "2A5F"}


@pytest.mark.parametrize("case", CASES, ids=_ids)
def test_whole(case: dict[str, Any]) -> None:
    outcome = _decode(case, payload(case))
    if case.get("refused"):
        assert isinstance(outcome, Refusal)
        return
    assert not isinstance(outcome, Refusal), outcome.reason
    said = fields(outcome)
    assert {key: said.get(key) for key in case["expect"]} == case["expect"]


@pytest.mark.parametrize("case", READ, ids=_ids)
def test_cut_at_every_byte(case: dict[str, Any]) -> None:
    whole = payload(case)
    needed = NEEDED.get(case["id"], len(whole))
    if needed is None:
        return
    for size in range(len(whole)):
        outcome = _decode(case, whole[:size])
        assert isinstance(outcome, Refusal) == (size < needed), size
        assert size < needed or outcome == _decode(case, whole)


@pytest.mark.parametrize("case", BINARY, ids=_ids)
@pytest.mark.parametrize(
    "tail", [b"\0", b"\xff", b"\x01\x02\x03\x04\x05\x06\x07\x08"], ids=bytes.hex
)
def test_bytes_after_the_last_field_are_ignored(case: dict[str, Any], tail: bytes) -> None:
    whole = bytes.fromhex(case["hex"])
    if case["channel"] in NO_TAIL:
        assert isinstance(_decode(case, whole + b"\x05"), Refusal)
    else:
        assert _decode(case, whole + tail) == _decode(case, whole)


@pytest.mark.parametrize("case", [c for c in BINARY if c["channel"] in RESERVED], ids=_ids)
def test_reserved_bits_are_ignored(case: dict[str, Any]) -> None:
    changed = bytearray.fromhex(case["hex"])
    for offset, mask in RESERVED[case["channel"]].items():
        changed[offset] |= mask
    assert _decode(case, bytes(changed)) == _decode(case, bytes.fromhex(case["hex"]))


@pytest.mark.parametrize("case", [c for c in READ if c["channel"] in TEXT], ids=_ids)
def test_a_line_is_exact_and_may_come_as_bytes(case: dict[str, Any]) -> None:
    line = case["text"]
    assert _decode(case, line.encode("ascii")) == _decode(case, line)
    assert isinstance(_decode(case, line + "\n"), Refusal)
    assert isinstance(_decode(case, " " + line), Refusal)


@pytest.mark.parametrize("case", READ, ids=_ids)
def test_a_refusal_names_a_place_and_never_quotes_the_payload(case: dict[str, Any]) -> None:
    whole = payload(case)
    outcome = _decode(case, whole[: len(whole) // 2])
    if isinstance(outcome, Refusal):
        assert outcome.field
        assert not any(character.isdigit() for character in outcome.reason)


def test_unknown_channels_and_the_wrong_form_of_payload_are_refused() -> None:
    assert decode("2A99", b"\0") == Refusal(reason="unknown channel", field="channel")
    assert decode("2a35", bytes.fromhex("00780050005d00")).__class__ is Refusal
    assert decode("2A35", "00780050005d00").__class__ is Refusal
    assert decode("visomat.record", b"\xff" * 20).__class__ is Refusal
    assert decode("visomat.record", "\u0661" * 20).__class__ is Refusal
