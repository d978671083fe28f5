"""Every way a backup file can be wrong, each with its own sentence."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from gateway.provisioning import archive
from gateway.provisioning.archive import Bond, Contents, Refused, SavedDevice

GOLDEN = Path(__file__).parents[2] / "golden" / "backup-v1.json"
SECRET = b"0123456789ABCDEFGHJKMNPQRS"
SALT, NONCE = bytes(range(16)), bytes(range(12))
CONTENTS = Contents(
    taken_ms=1_795_000_000_000,
    software="test",
    hub="ab" * 16,
    clinic="c1" * 16,
    adapter="C0:FF:EE:00:00:01",
    devices=(
        SavedDevice(
            id="ble:c0ffee000651", profile="and/ua-651ble", name="cuff", paired_ms=5, last_kept=41
        ),
    ),
    bonds=(Bond(device="C0:FF:EE:00:06:51", info=b"[General]\n\xff", cache=b"x"),),
)
FILE = archive.lock(CONTENTS, SECRET, salt=SALT, nonce=NONCE)


def why(raw: bytes, secret: bytes = SECRET) -> str:
    found = archive.unlock(raw, secret)
    assert isinstance(found, Refused), "it was taken"
    return found.error


def test_what_was_locked_is_what_is_unlocked() -> None:
    assert archive.unlock(FILE, SECRET) == CONTENTS


def test_nothing_inside_can_be_read_from_outside() -> None:
    for words in (b"ua-651ble", b"C0:FF:EE", b"General", b"abab", SECRET):
        assert words not in FILE


def test_each_file_has_a_key_of_its_own() -> None:
    other = archive.lock(CONTENTS, SECRET, salt=bytes(16), nonce=NONCE)
    assert other[archive._HEADER.size :] != FILE[archive._HEADER.size :]


def test_a_wrong_code_is_told_from_a_damaged_file() -> None:
    assert why(FILE, b"1" + SECRET[1:]) == "this is not the recovery code of this backup"


def test_every_single_changed_bit_is_refused() -> None:
    for position in range(len(FILE) * 8):
        changed = bytearray(FILE)
        changed[position // 8] ^= 1 << position % 8
        assert why(bytes(changed))
    assert why(FILE[:-1] + bytes([FILE[-1] ^ 1])).startswith("this backup was altered")


def test_every_shorter_file_is_refused_and_said_to_be_short() -> None:
    for length in range(1, len(FILE)):
        assert "cut short" in why(FILE[:length]), length
    assert "not a backup" in why(b"")


def test_bytes_behind_the_end_are_not_taken_for_the_file() -> None:
    assert "altered" in why(FILE + b"\0")


def test_another_format_is_named() -> None:
    later = FILE[:4] + b"\x02" + FILE[5:]
    assert "format 2" in why(later)
    assert "release" in why(later)


@pytest.mark.parametrize("raw", [b"PK\x03\x04" + bytes(99), b"V", bytes(archive.MAX_BYTES + 1)])
def test_what_is_no_backup(raw: bytes) -> None:
    assert "not a backup" in why(raw) or raw == b"V"


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_noise_is_refused_and_never_a_fault(noise: bytes) -> None:
    assert why(noise)
    assert why(b"VHBK\x01" + noise)


def test_what_this_release_wrote_is_read_by_every_later_one() -> None:
    golden = json.loads(GOLDEN.read_text())
    found = archive.unlock(bytes.fromhex(golden["file_hex"]), golden["secret"].encode())
    assert isinstance(found, Contents)
    assert json.loads(msgspec.json.encode(found)) == golden["contents"]
