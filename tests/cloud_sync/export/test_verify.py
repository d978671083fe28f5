"""The verifier finds every altered byte, on its own and in the product, and both say the same.

Through it: cloud_sync.export.verifier.archive, cloud_sync.export.verifier.report.
"""

import io
import json
import random
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509 import load_pem_x509_certificates

from cloud_sync.export.verifier.archive import archive
from cloud_sync.export.verifier.report import PACKET, examine
from cloud_sync.export.verify import problems
from tests.cloud_sync.export.conftest import DAYS, Practice
from tests.support import tsa

Files = dict[str, bytes]


def unpacked(raw: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def alone(tmp_path: Path, raw: bytes, *more: str) -> tuple[int, str]:
    """As an auditor runs it: the packet's own verifier, without the product."""
    (tmp_path / "verify.py").write_bytes(unpacked(raw)["verify.py"])
    (tmp_path / "packet.zip").write_bytes(raw)
    ran = subprocess.run(
        [sys.executable, "-I", "verify.py", *(more or ("packet.zip",))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_a_sound_packet_is_sound_here_and_alone(practice: Practice, tmp_path: Path) -> None:
    root = unpacked(practice.raw)["root.pub"]
    report = examine(practice.raw, root)
    assert report.problems == []
    code, said = alone(tmp_path, practice.raw, "packet.zip", root.hex())
    assert (code, said) == (0, report.text())
    assert said.splitlines()[0] == "SOUND: every byte is as it was signed."
    assert f"- {DAYS} readings: each came in an envelope that its hub signed" in said
    assert "CN=Constructed stamps says by time stamp" in said
    assert "compare the root key" not in said
    code, said = alone(tmp_path, practice.raw, "packet.zip", "--json")
    assert (code, json.loads(said)) == (0, examine(practice.raw).plain())
    assert "compare the root key" in said


def test_it_says_how_it_is_used(practice: Practice, tmp_path: Path) -> None:
    code, said = alone(tmp_path, practice.raw, "--help")
    assert code == 0
    assert "python3 verify.py january.zip" in said
    for words in (("none.zip",), ("packet.zip", "no hex"), ("packet.zip", "--authority", "none")):
        code, said = alone(tmp_path, practice.raw, *words)
        assert (code, said[:27]) == (2, "There is nothing to check: "), said


def test_a_library_too_old_is_said_to_be(
    practice: Practice,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Debian 12 has version 38: no packet may seem unsound because of it."""
    from cloud_sync.export import verify

    (tmp_path / "packet.zip").write_bytes(practice.raw)
    monkeypatch.setattr(verify, "Certificate", object)
    assert verify.main([str(tmp_path / "packet.zip")]) == 2
    assert "too old" in capsys.readouterr().err


def test_another_root_is_named(practice: Practice, tmp_path: Path) -> None:
    assert problems(practice.raw, bytes(32)) == [
        "The packet was made by another clinic: its root key is not the expected one."
    ]
    assert alone(tmp_path, practice.raw, "packet.zip", "00" * 32)[0] == 1


def test_the_auditors_own_authority_counts(practice: Practice, tmp_path: Path) -> None:
    own = load_pem_x509_certificates(practice.authority.root_pem.encode())
    report = examine(practice.raw, None, own)
    assert report.sound
    assert not any("--authority" in one for one in report.not_verified)
    other = tsa.make(tmp_path / "tsa").root_pem
    (tmp_path / "other.pem").write_text(other)
    code, said = alone(tmp_path, practice.raw, "packet.zip", "--authority", "other.pem")
    assert (code, "timestamps/1.tst: no trusted certificate" in said) == (1, True)


def frame_bytes(raw: bytes) -> list[int]:
    """Where the zip file's own bytes lie: headers with names, directory, end."""
    files, at, found = unpacked(raw), 0, list[int]()
    for name in sorted(files):
        head = 30 + len(name)
        found += range(at, at + head)
        at += head + len(files[name])
    return [*found, *range(at, len(raw))]


def test_every_altered_byte_of_the_file_is_found(
    practice: Practice, lone: Callable[[bytes], list[str]]
) -> None:
    """Every 7th byte of the zip's own structure, every 149th of the contents, at random bits."""
    chance = random.Random(11)
    places = {*frame_bytes(practice.raw)[::7], *range(0, len(practice.raw), 149)}
    for number, place in enumerate(sorted(places)):
        changed = bytearray(practice.raw)
        changed[place] ^= 1 << chance.randrange(8)
        found = problems(bytes(changed))
        assert found, place
        if number % 4 == 0:
            assert lone(bytes(changed)) == found, place


def test_every_altered_file_is_found_in_a_zip_made_anew(
    practice: Practice, lone: Callable[[bytes], list[str]]
) -> None:
    files = unpacked(practice.raw)
    assert len(files) > DAYS + 25
    for name, content in files.items():
        step = max(1, len(content) // 8)
        changes = [content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]
                   for at in range(0, len(content), step)]  # fmt: skip
        changes += [content[:-1], content + b"\n", b""] if content else [b"\n"]
        for number, changed in enumerate(changes):
            raw = archive(files | {name: changed})
            found = problems(raw)
            assert found, name
            if number % 4 == 0:
                assert lone(raw) == found
        raw = archive({k: v for k, v in files.items() if k != name})
        assert problems(raw), name
        assert lone(raw) == problems(raw)


def test_added_swapped_and_cut_files_are_found(
    practice: Practice, lone: Callable[[bytes], list[str]]
) -> None:
    files = unpacked(practice.raw)
    one, other = sorted(name for name in files if name.startswith("envelopes/"))[:2]
    for raw in (
        archive(files | {"more.txt": b"x"}),
        archive(files | {one: files[other], other: files[one]}),
        *(practice.raw[:cut] for cut in range(0, len(practice.raw), len(practice.raw) // 50)),
        practice.raw + b"\0",
        practice.raw + practice.raw,
    ):
        assert problems(raw)
        assert lone(raw) == problems(raw)


@pytest.mark.parametrize("raw", [b"", b"PK", b"PK\5\6" + bytes(18), bytes(400)])
def test_what_is_no_packet_is_said_to_be_none(raw: bytes) -> None:
    assert problems(raw)


def test_a_bomb_is_not_unpacked() -> None:
    """A hostile packet of a few KB must not fill the auditor's memory."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("snapshot.json", bytes(30_000_000))
    tracemalloc.start()
    assert problems(target.getvalue()) == ["The zip file is not as it was made."]
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 5_000_000


def test_a_rewritten_manifest_needs_the_clinics_key(practice: Practice) -> None:
    files = unpacked(practice.raw)
    manifest = files["manifest.json"]
    forged = Ed25519PrivateKey.generate().sign(PACKET + manifest)
    assert problems(archive(files | {"manifest.sig": forged})) == [
        "The manifest is not signed by a key of the key set."
    ]
