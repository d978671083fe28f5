"""Checks an evidence packet: `python3 verify.py PACKET.zip [ROOT]`. Needs only `cryptography`.

ROOT is the clinic's root key as 64 hex digits, had from the clinic by another way than the packet:
without it the check proves that nothing was altered, not who made the packet.
"""

import base64
import csv
import hashlib
import io
import json
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PACKET = b"rpm-packet-v1\0"
KEYSET = b"rpm-keyset-v1\0"
ENVELOPE = b"rpm-env-v1\0"
SIGNATURE_BYTES = 64
_STAMP = (0, 0x21)  # midnight of 1 January 1980, the earliest a zip file can say
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")

Files = Mapping[str, bytes]


def archive(files: Files) -> bytes:
    """The one zip file that holds these files: stored, in the order of their names, no dates."""
    body, directory = bytearray(), bytearray()
    for name in sorted(files):
        content, label = files[name], name.encode("ascii")
        size, check, offset = len(content), zlib.crc32(content), len(body)
        same = (20, 0, 0, *_STAMP, check, size, size, len(label), 0)
        body += _LOCAL.pack(b"PK\3\4", *same) + label + content
        directory += _CENTRAL.pack(b"PK\1\2", 20, *same, 0, 0, 0, 0, offset) + label
    count = len(files)
    return bytes(
        body + directory + _END.pack(b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)
    )


def problems(raw: bytes, root: bytes | None = None) -> list[str]:
    """Everything that is wrong with a packet; nothing where every byte is as it was signed."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            files = {name: packed.read(name) for name in packed.namelist()}
        if archive(files) != raw:
            return ["The zip file is not as it was made."]
    except Exception as error:  # noqa: BLE001 - altered bytes raise whatever they hit
        return [f"This is no packet: {type(error).__name__}."]
    try:
        found = list(_signatures(files, root)) + list(_digests(files))
        return found or list(_contents(files))
    except Exception as error:  # noqa: BLE001 - the same
        return [f"The packet cannot be read: {type(error).__name__}."]


def _signatures(files: Files, root: bytes | None) -> Iterator[str]:
    """Manifest, signed by a key of the key set, signed by the root."""
    own_root, keyset = files["root.pub"], files["keyset.bin"]
    if root is not None and root != own_root:
        yield "The packet was made by another clinic: its root key is not the expected one."
    if not _signed(own_root, KEYSET, keyset):
        yield "The key set is not signed by the root key."
    keys = json.loads(keyset[SIGNATURE_BYTES:])["receipt_keys"]
    manifest, signature = files["manifest.json"], files["manifest.sig"]
    if not any(_signed(base64.b64decode(one["key"]), PACKET, signature + manifest) for one in keys):
        yield "The manifest is not signed by a key of the key set."


def _signed(key: bytes, purpose: bytes, raw: bytes) -> bool:
    signature, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, purpose + body)
    except (InvalidSignature, ValueError):
        return False
    return True


def _digests(files: Files) -> Iterator[str]:
    """Every file is in the manifest with its SHA-256, and nothing else is there."""
    listed = json.loads(files["manifest.json"])["files"]
    there = set(files) - {"manifest.json", "manifest.sig"}
    for name in sorted(there | set(listed)):
        if name not in listed or name not in there:
            yield f"{name}: in the manifest or in the packet, not in both."
        elif hashlib.sha256(files[name]).hexdigest() != listed[name]:
            yield f"{name}: altered."


def _contents(files: Files) -> Iterator[str]:
    """That the parts say the same: snapshot, readings, envelopes, time, day ledger."""
    snapshot = json.loads(files["snapshot.json"])
    manifest = json.loads(files["manifest.json"])
    if hashlib.sha256(files["snapshot.json"]).hexdigest() != manifest["snapshot_sha256"]:
        yield "The snapshot is not the one the manifest names."
    if json.loads(files["determination.json"]) != snapshot["determination"]:
        yield "The determination is not the snapshot's."
    if hashlib.sha256(files["case.json"]).hexdigest() != snapshot["case_sha256"]:
        yield "The case file is not the one the determination was made from."
    readings, time = _lines(files, "readings.jsonl"), _lines(files, "time.jsonl")
    for kind, rows in (("readings", readings), ("time", time)):
        ids = [row["id"] for row in rows]
        if ids != snapshot[kind] or _listed(ids) != snapshot[f"{kind}_sha256"]:
            yield f"The {kind} are not those of the snapshot."
    counted = {day for period in snapshot["days"] for day in period["dates"]}
    there = {row["id"] for row in readings}
    ledger = list(csv.DictReader(io.StringIO(files["day_ledger.csv"].decode(), newline="")))
    dates = {row["date"] for row in ledger if row["counts"] == "yes" and row["reading"] in there}
    for day in sorted(counted ^ dates):
        yield f"{day}: the snapshot and the day ledger do not say the same."
    yield from _envelopes(files, readings)


def _envelopes(files: Files, readings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Each reading came in an envelope that its hub signed and the clinic committed."""
    hubs = json.loads(files["hubs.json"])
    receipts = {row["envelope_id"]: row for row in _lines(files, "receipts.jsonl")}
    for row in readings:
        name = row["envelope_id"]
        raw = files.get(f"envelopes/{name}.bin", b"")
        receipt = receipts.get(name, {})
        if hashlib.sha256(raw).hexdigest() != name:
            yield f"Reading {row['id']}: its envelope is not there."
            continue
        body, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
        key = bytes.fromhex(hubs.get(row["hub"], {}).get("verify_key", ""))
        if not _signed(key, ENVELOPE, signature + body):
            yield f"Reading {row['id']}: its envelope is not signed by its hub."
        epoch, hub, seq = body[8:12], body[28:44], body[44:52]
        place = (hub.hex(), int.from_bytes(epoch, "big"), int.from_bytes(seq, "big"))
        if place != (receipt.get("hub"), receipt.get("epoch"), receipt.get("seq")):
            yield f"Reading {row['id']}: the receipt names another envelope."
        if row["committed_at_ms"] != receipt.get("committed_at_ms"):
            yield f"Reading {row['id']}: the receipt has another time."
        if json.loads(row["plaintext"])["id"] != row["id"]:
            yield f"Reading {row['id']}: its text is that of another."


def _lines(files: Files, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in files[name].splitlines()]


def _listed(ids: Sequence[str]) -> str:
    return hashlib.sha256("".join(f"{one}\n" for one in ids).encode()).hexdigest()


def summary(raw: bytes) -> str:
    """What a sound packet is about, and whose root it names."""
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        snapshot = json.loads(packed.read("snapshot.json"))
        root = packed.read("root.pub").hex()
    return (
        f"Patient {snapshot['patient']}, month {snapshot['month']}: "
        f"{len(snapshot['readings'])} readings, {len(snapshot['time'])} time entries.\n"
        f"Root key {root}"
    )


def main(arguments: Sequence[str]) -> int:
    """0 for a sound packet, 1 for one that is not, 2 where there is nothing to check."""
    try:
        with open(arguments[0], "rb") as file:  # noqa: PTH123 - one import less
            raw = file.read()
        root = bytes.fromhex(arguments[1]) if len(arguments) > 1 else None
    except (IndexError, OSError, ValueError) as error:
        sys.stderr.write(f"{__doc__}\n{error}\n")
        return 2
    found = problems(raw, root)
    if found:
        sys.stdout.write("NOT SOUND\n" + "".join(f"- {one}\n" for one in found))
        return 1
    sys.stdout.write(f"SOUND: every byte is as it was signed.\n{summary(raw)}\n")
    if root is None:
        sys.stdout.write("Compare the root key with the one the clinic gives you.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
