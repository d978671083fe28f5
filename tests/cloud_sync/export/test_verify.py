"""The verifier finds every altered byte, on its own and in the product."""

import io
import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.export.verifier.archive import archive
from cloud_sync.export.verifier.report import PACKET
from cloud_sync.export.verify import problems
from tests.cloud_sync.export.conftest import DAYS, Practice


def unpacked(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def alone(tmp_path: Path, raw: bytes, *more: str) -> tuple[int, str]:
    """As an auditor runs it: the packet's own verifier, without the product."""
    (tmp_path / "verify.py").write_bytes(unpacked(raw)["verify.py"])
    (tmp_path / "packet.zip").write_bytes(raw)
    ran = subprocess.run(
        [sys.executable, "-I", "verify.py", "packet.zip", *more],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_a_sound_packet_is_sound_here_and_alone(practice: Practice, tmp_path: Path) -> None:
    root = unpacked(practice.raw)["root.pub"]
    assert problems(practice.raw, root) == []
    code, said = alone(tmp_path, practice.raw, root.hex())
    assert (code, said.splitlines()[0]) == (0, "SOUND: every byte is as it was signed.")
    assert f"- {DAYS} readings: each came in an envelope that its hub signed" in said
    assert "compare the root key" in alone(tmp_path, practice.raw)[1]


def test_another_root_is_named(practice: Practice, tmp_path: Path) -> None:
    assert problems(practice.raw, bytes(32)) == [
        "The packet was made by another clinic: its root key is not the expected one."
    ]
    assert alone(tmp_path, practice.raw, "00" * 32)[0] == 1


def test_every_altered_byte_of_the_file_is_found(practice: Practice) -> None:
    """Each byte outside the contents, and every 13th within: headers, names, directory, files."""
    chance = random.Random(11)
    tail = practice.raw.index(b"PK\1\2")
    places = {*range(0, tail, 13), *range(tail, len(practice.raw), 3), *range(60)}
    for place in sorted(places):
        changed = bytearray(practice.raw)
        changed[place] ^= 1 << chance.randrange(8)
        assert problems(bytes(changed)), place


def test_every_altered_file_is_found_in_a_zip_made_anew(practice: Practice) -> None:
    files = unpacked(practice.raw)
    assert len(files) > DAYS + 15
    for name, content in files.items():
        for place in {0, len(content) // 2, len(content) - 1}:
            changed = bytearray(content)
            changed[place] ^= 4
            assert problems(archive(files | {name: bytes(changed)})), (name, place)
        assert problems(archive({k: v for k, v in files.items() if k != name})), name
    assert problems(archive(files | {"more.txt": b"x"}))


@pytest.mark.parametrize("raw", [b"", b"PK", b"PK\5\6" + bytes(18), bytes(400)])
def test_what_is_no_packet_is_said_to_be_none(raw: bytes) -> None:
    assert problems(raw)


def test_a_rewritten_manifest_needs_the_clinics_key(practice: Practice) -> None:
    files = unpacked(practice.raw)
    manifest = files["manifest.json"]
    forged = Ed25519PrivateKey.generate().sign(PACKET + manifest)
    assert problems(archive(files | {"manifest.sig": forged})) == [
        "The manifest is not signed by a key of the key set."
    ]


def test_signed_contents_that_contradict_each_other_are_found(practice: Practice) -> None:
    """Even the clinic's own key cannot make an unsigned envelope or a missing day sound."""
    from cloud_sync.export.packet import load_seal

    key = load_seal(practice.config.directory).signer.key
    files = unpacked(practice.raw)
    first = next(name for name in sorted(files) if name.startswith("envelopes/"))
    lines = files["readings.jsonl"].splitlines(keepends=True)
    cases = {
        "envelope is not there": {first: files[first][:-1] + b"\0"},
        "keys of the hubs": {"hubs.json": files["hubs.json"].replace(b'["', b'["00')},
        "readings are not those": {"readings.jsonl": b"".join(lines[1:])},
        "receipt has another time": {
            "receipts.jsonl": files["receipts.jsonl"].replace(b'_ms":17', b'_ms":18')
        },
        "case file is not": {"case.json": files["case.json"] + b" "},
        "day ledger": {"day_ledger.csv": files["day_ledger.csv"].replace(b",yes,", b",no,", 1)},
        "determination is not": {"determination.json": b"{}"},
    }
    for words, change in cases.items():
        assert any(words in one for one in problems(_signed_anew(files | change, key))), words


def _signed_anew(files: dict[str, bytes], key: Ed25519PrivateKey) -> bytes:
    import hashlib

    manifest = json.loads(files["manifest.json"])
    manifest["files"] = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if not name.startswith("manifest.")
    }
    body = json.dumps(manifest).encode()
    return archive(files | {"manifest.json": body, "manifest.sig": key.sign(PACKET + body)})
