"""The verifier finds every altered byte, on its own and in the product, and both say the same.

Through it: cloud_sync.export.verifier.archive, .notes, .ledger, .sent, .contents, .report.
"""

import hashlib
import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509 import load_pem_x509_certificates

from cloud_sync.export import standalone
from cloud_sync.export.packet import load_seal
from cloud_sync.export.verifier.archive import archive, json_text
from cloud_sync.export.verifier.ledger import CHECKPOINT_KEY
from cloud_sync.export.verifier.report import KEYSET, PACKET, examine
from cloud_sync.export.verify import problems
from cloud_sync.identity import checkpoint, keys
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


@pytest.fixture(scope="module")
def lone() -> Callable[[bytes], list[str]]:
    """The stand-alone verifier's word, in this process: a thousand times is too often to start."""
    module = ModuleType("lone_verifier")
    sys.modules[module.__name__] = module  # its data classes look there
    exec(compile(standalone.source(), "verify.py", "exec"), module.__dict__)
    found: Callable[[bytes], list[str]] = module.problems
    return found


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
        changes += [content[:-1], content + b"\n", b""]
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


def test_a_rewritten_manifest_needs_the_clinics_key(practice: Practice) -> None:
    files = unpacked(practice.raw)
    manifest = files["manifest.json"]
    forged = Ed25519PrivateKey.generate().sign(PACKET + manifest)
    assert problems(archive(files | {"manifest.sig": forged})) == [
        "The manifest is not signed by a key of the key set."
    ]


def signed_anew(files: Files, key: Ed25519PrivateKey) -> bytes:
    """As somebody does who has the key that signs packets, and no other."""
    manifest = json.loads(files["manifest.json"])
    snapshot = files["snapshot.json"]
    manifest["snapshot_sha256"] = hashlib.sha256(snapshot).hexdigest()
    manifest["files"] = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if not name.startswith("manifest.")
    }
    body = json.dumps(manifest).encode()
    return archive(files | {"manifest.json": body, "manifest.sig": key.sign(PACKET + body)})


def replaced(files: Files, name: str, old: bytes, new: bytes) -> Files:
    assert old in files[name], (name, old)
    return {name: files[name].replace(old, new, 1)}


def rows(files: Files, name: str, change: Callable[[list[Any]], object]) -> Files:
    """The JSON lines of a file after a change to them."""
    found = [json.loads(line) for line in files[name].splitlines()]
    change(found)
    return {name: b"".join(json_text(one) + b"\n" for one in found)}


def set_in(place: int, key: str, value: object) -> Callable[[list[Any]], object]:
    return lambda found: found[place].__setitem__(key, value)


def cases(files: Files) -> dict[str, Files]:
    """What is said, and the change that brings it about."""
    envelope = next(name for name in sorted(files) if name.startswith("envelopes/"))
    readings = files["readings.jsonl"].splitlines(keepends=True)
    plain = json.loads(readings[0])["plaintext"]
    foreign = checkpoint.Signer(name=f"vitals-gateway/{'c' * 32}", key=Ed25519PrivateKey.generate())
    said = files["ledger/checkpoint"].decode().split("\n")
    stamped = hashlib.sha256(files["ledger/checkpoint"]).digest()
    return {
        "its envelope is not there": {envelope: files[envelope][:-1] + b"\0"},
        "keys of the hubs": replaced(files, "hubs.json", b'["', b'["00'),
        "readings are not those": {"readings.jsonl": b"".join(readings[1:])},
        "it is not as the ledger has it": rows(
            files, "readings.jsonl", set_in(0, "plaintext", plain.replace('"121"', '"122"'))
        ),
        "rules were not given it": rows(files, "readings.jsonl", set_in(2, "measured_at_ms", 1)),
        "the receipt is not one for": rows(
            files, "receipts.jsonl", set_in(0, "committed_at_ms", 1)
        ),
        "the receipt has another time": rows(
            files, "receipts.jsonl", set_in(3, "committed_at_ms", 1)
        ),
        "case file is not": {"case.json": files["case.json"] + b" "},
        "day ledger do not": replaced(files, "day_ledger.csv", b",yes,", b",no,"),
        "determination is not": {"determination.json": b"{}"},
        "snapshot is not as the ledger": replaced(
            files, "snapshot.json", b'"RPM":1260', b'"RPM":2460'
        ),
        "Time entries: ": rows(files, "time.jsonl", set_in(0, "end_ms", 1_800_000_000_000)),
        "Facts on file: ": rows(files, "facts.jsonl", lambda found: found.pop()),
        "Facts on file: they are not those": rows(
            files, "facts.jsonl", lambda found: found.append(found[0])
        ),
        "Devices: ": rows(files, "devices.jsonl", set_in(0, "assigned_from_ms", 1)),
        "given back": rows(files, "devices.jsonl", set_in(0, "assigned_to_ms", 1)),
        "readings it worked on": rows(files, "time.jsonl", set_in(0, "readings", ["00" * 32])),
        "what took it out": rows(files, "time.jsonl", set_in(0, "void", {"reason": "x"})),
        "Settings: ": {"settings.json": b'[{"id":"x","value":1}]'},
        "patient's details": replaced(files, "patient.json", b"Ida", b"Eda"),
        "Versions and signatures": replaced(files, "signatures.json", b"I have", b"I had"),
        "entries are not those that the checkpoint": replaced(
            files, "ledger/entries.jsonl", b"cuff placed again", b"cuff placed twice"
        ),
        "not written as the ledger has it": replaced(
            files, "ledger/entries.jsonl", b'{"at_ms"', b'{ "at_ms"'
        ),
        "of the ledger's entries does not hold": replaced(
            files, "ledger/proof.json", b'"hashes":[', b'"hashes":["' + b"0" * 64 + b'",'
        ),
        "The rows of batch": replaced(files, "ledger/batches.jsonl", b'"seq":1,', b'"seq":2,'),
        "The proof of batch": rows(
            files, "ledger/batches.jsonl", set_in(0, "hashes", ["00" * 32] * 9)
        ),
        "The checkpoint is not signed": replaced(files, "ledger/checkpoint", b"time 1", b"time 2"),
        "key of the checkpoint": {
            "ledger/checkpoint": foreign.sign(int(said[1]), bytes(32), 1).encode(),
            "ledger/checkpoint.vkey": foreign.verifier().encode(),
        },
        "something else": replaced(files, "timestamps/1.tst", stamped, bytes(32)),
        "no trusted certificate": {"timestamps/1.pem": load_other()},
        "envelopes or receipts of no reading": {"envelopes/" + "0" * 64 + ".bin": b"x"},
    }


def load_other() -> bytes:
    """The root of an authority that stamped nothing."""
    import tempfile

    with tempfile.TemporaryDirectory() as room:
        return tsa.make(Path(room) / "tsa").root_pem.encode()


def test_signed_contents_that_contradict_the_ledger_are_found(
    practice: Practice, lone: Callable[[bytes], list[str]]
) -> None:
    """Whoever has the key that signs packets still cannot change what the ledger says."""
    key = load_seal(practice.config).signer.key
    files = unpacked(practice.raw)
    assert problems(signed_anew(files, key)) == []
    for words, change in cases(files).items():
        raw = signed_anew(files | change, key)
        found = problems(raw)
        assert any(words in one for one in found), (words, found)
        assert lone(raw) == found


def test_a_clinic_made_up_as_a_whole_is_told_by_its_root(practice: Practice) -> None:
    """Every key is foreign and every signature right: only the root had from elsewhere shows it."""
    files, root = unpacked(practice.raw), Ed25519PrivateKey.generate()
    packets = keys.load_receipt(practice.config.keys).key
    line = files["ledger/checkpoint.vkey"]
    made = files | {
        "root.pub": root.public_key().public_bytes_raw(),
        "keyset.bin": root.sign(KEYSET + files["keyset.bin"][64:]) + files["keyset.bin"][64:],
        "ledger/checkpoint.vkey.sig": root.sign(CHECKPOINT_KEY + line),
    }
    raw = signed_anew(made, packets)
    assert problems(raw) == []
    assert problems(raw, files["root.pub"]) == [
        "The packet was made by another clinic: its root key is not the expected one."
    ]
