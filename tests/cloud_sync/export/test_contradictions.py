"""Who has the key that signs packets, and no other, cannot make them say what the ledger does not.

Through it: cloud_sync.export.verifier.ledger, cloud_sync.export.verifier.contents,
cloud_sync.export.verifier.sent, cloud_sync.export.verifier.notes.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.export.packet import load_seal
from cloud_sync.export.verifier.archive import archive, json_text
from cloud_sync.export.verifier.contents import MAY_BE_EMPTY
from cloud_sync.export.verifier.ledger import CHECKPOINT_KEY
from cloud_sync.export.verifier.report import KEYSET, PACKET
from cloud_sync.export.verify import problems
from cloud_sync.identity import checkpoint, keys
from cloud_sync.ledger.tables import metadata
from tests.cloud_sync.export.conftest import Practice
from tests.cloud_sync.export.test_verify import Files, unpacked
from tests.support import tsa


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


NEVER_SHOWN = {"salt"}  # of a leaf


def set_in(place: int, key: str, value: object) -> Callable[[list[Any]], object]:
    return lambda found: found[place].__setitem__(key, value)


def cases(files: Files, other_authority: bytes) -> dict[str, Files]:
    """What is said, and the change that brings it about."""
    envelope = next(name for name in sorted(files) if name.startswith("envelopes/"))
    readings = files["readings.jsonl"].splitlines(keepends=True)
    plain = json.loads(readings[0])["plaintext"]
    foreign = checkpoint.Signer(name=f"vitals-gateway/{'c' * 32}", key=Ed25519PrivateKey.generate())
    said = files["ledger/checkpoint"].decode().split("\n")
    stamped = hashlib.sha256(files["ledger/checkpoint"]).digest()
    return {
        "its envelope is not there": {envelope: files[envelope] + b"\0"},
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
        "The staff's history": rows(files, "staff_history.jsonl", set_in(0, "credential", "DO")),
        "The device's history": {"device_history.jsonl": b""},
        "The practice's history": rows(files, "practice_history.jsonl", set_in(0, "npi", "0")),
        "alerts and plans": rows(
            files, "time.jsonl", set_in(0, "links", [{"kind": "alert", "ref_id": "x"}])
        ),
        "Settings: ": {"settings.json": b'[{"id":"x","value":1}]'},
        "patient's details": replaced(files, "patient.json", b"Ida", b"Eda"),
        "Versions and signatures": replaced(files, "signatures.json", b"I have", b"I had"),
        "Releases to billing": {"releases.json": b'[{"id":"x"}]'},
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
        "no trusted certificate": {"timestamps/1.pem": other_authority},
        "envelopes or receipts of no reading": {"envelopes/" + "0" * 64 + ".bin": b"x"},
    }


def of_alerts(files: Files) -> dict[str, Files]:
    """What was to raise an alert, what did, and what was done, said otherwise."""
    return {
        "Thresholds: ": rows(files, "thresholds.jsonl", set_in(0, "high", "200")),
        "Thresholds: they are not those": {"thresholds.jsonl": b""},
        "Alerts: ": rows(files, "alerts.jsonl", set_in(0, "value", "99")),
        "Alerts: they are not those": {"alerts.jsonl": b""},
        "Alerts: what was done": rows(files, "alerts.jsonl", set_in(0, "handling", [])),
        "Alerts: what was done about them": rows(
            files, "alerts.jsonl", lambda found: found[0]["handling"][0].update(author="0" * 32)
        ),
    }


def filled(files: Files) -> dict[str, Files]:
    """A value where the ledger has none."""
    return {
        "The staff's history: ": rows(files, "staff_history.jsonl", set_in(1, "credential", "DO")),
        "Thresholds:": rows(files, "thresholds.jsonl", set_in(0, "low", "40")),
        "Time entries:": rows(files, "time.jsonl", set_in(0, "direction", "sideways")),
        "Facts on file:": rows(files, "facts.jsonl", set_in(0, "reason", "none was given")),
    }


def renamed(files: Files) -> dict[str, Files]:
    """Somebody or something else than was opened and registered."""
    return {
        "name or role is not": replaced(files, "staff.json", b"Dora Doctor", b"Dora Docter"),
        "staff are not those": {"staff.json": b"[]"},
        "called Dora D": replaced(files, "time.jsonl", b"Dora Doctor", b"Dora D"),
        "called D.": replaced(files, "signatures.json", b"Dora Doctor", b"D."),
        "as the ledger has it registered": rows(files, "devices.jsonl", set_in(0, "test", True)),
    }


def test_signed_contents_that_contradict_the_ledger_are_found(
    practice: Practice, lone: Callable[[bytes], list[str]], tmp_path: Path
) -> None:
    """Whoever has the key that signs packets still cannot change what the ledger says."""
    key = load_seal(practice.config).signer.key
    files, other = unpacked(practice.raw), tsa.make(tmp_path / "tsa").root_pem.encode()
    assert problems(signed_anew(files, key)) == []
    changes = cases(files, other) | of_alerts(files) | filled(files) | renamed(files)
    for words, change in changes.items():
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


def test_the_verifier_knows_every_column_that_may_be_empty() -> None:
    """It must stand alone, so it cannot ask the tables; this asks them for it."""
    assert {
        name: {c.name for c in metadata.tables[name].columns if c.nullable} - NEVER_SHOWN
        for name in MAY_BE_EMPTY
    } == {name: set(columns) for name, columns in MAY_BE_EMPTY.items()}
