"""Readings: what was measured, in which envelope it came, who signed that, when it was taken."""

import json
import struct
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from cloud_sync.export.verifier.archive import Files, hex_digest, json_lines
from cloud_sync.export.verifier.ledger import Ledger
from cloud_sync.export.verifier.notes import SIGNATURE_BYTES, signed

ENVELOPE, RECEIPT = b"rpm-env-v1\0", b"rpm-ack-v1\0"
# magic, version, entries, zero, key id, epoch, hub, commit time; then seq, hash, status, reason
_RECEIPT = struct.Struct(">4sBBHII16sQQ32sBB")
_HELD = {1, 2}  # stored, already stored


def check_readings(
    files: Files, ledger: Ledger, receipt_keys: Mapping[int, bytes]
) -> Iterator[str]:
    """Each reading: row of the ledger, envelope, hub's signature, clinic's receipt."""
    receipts = {row["envelope_id"]: row for row in json_lines(files, "receipts.jsonl")}
    readings = json_lines(files, "readings.jsonl")
    for row in readings:
        for problem in _reading(files, ledger, row, receipts, receipt_keys):
            yield f"Reading {row['id']}: {problem}."
    used = {row["envelope_id"] for row in readings}
    bodies = {n[10:-4] for n in files if n.startswith("envelopes/") and n.endswith(".bin")}
    if used != bodies or used != set(receipts):
        yield "There are envelopes or receipts of no reading."
    listed = {(row["hub_id"], row["verify_key"]) for row in ledger.rows("hub_key")}
    shown = json.loads(files["hubs.json"])
    if listed != {(hub, key) for hub, one in shown.items() for key in one["verify_keys"]}:
        yield "The keys of the hubs are not those of the ledger."


def _reading(
    files: Files,
    ledger: Ledger,
    row: Mapping[str, Any],
    receipts: Mapping[str, Mapping[str, Any]],
    receipt_keys: Mapping[int, bytes],
) -> Iterator[str]:
    known = ledger.sent.get("observation", {}).get(row["id"], {})
    shown = {
        "device_id": row["device"],
        "envelope_id": row["envelope_id"],
        "hub_id": row["hub"],
        "plaintext": row["plaintext"].encode().hex(),
        **{name: row[name] for name in ("kind", "received_at_ms", "committed_at_ms", "user_slot")},
    }
    if any(known.get(name) != value for name, value in shown.items()):
        yield "it is not as the ledger has it"
    said = json.loads(row["plaintext"])
    if said["id"] != row["id"] or said["frame"]["device"] != row["device"]:
        yield "its text is that of another"
    raw = files.get(f"envelopes/{row['envelope_id']}.bin", b"")
    if hex_digest(raw) != row["envelope_id"]:
        yield "its envelope is not there"
        return
    body = raw[:-SIGNATURE_BYTES]
    keys = [r["verify_key"] for r in ledger.rows("hub_key") if r["hub_id"] == row["hub"]]
    turned = raw[-SIGNATURE_BYTES:] + body
    if not any(signed(bytes.fromhex(key), ENVELOPE, turned) for key in keys):
        yield "its envelope is not signed by its hub"
    epoch, hub, seq = body[8:12], body[28:44], body[44:52]
    place = (hub.hex(), int.from_bytes(epoch, "big"), int.from_bytes(seq, "big"))
    sealed = ledger.sent.get("envelope", {}).get(row["envelope_id"], {})
    if place != (sealed.get("hub_id"), sealed.get("epoch"), sealed.get("seq")):
        yield "its envelope is not as the ledger has it"
    receipt = receipts.get(row["envelope_id"], {})
    told = (receipt.get("hub"), receipt.get("epoch"), receipt.get("seq"))
    if place != told or not _received(receipt, receipt_keys):
        yield "the receipt is not one for its envelope"
    times = {row["committed_at_ms"], sealed.get("committed_at_ms"), receipt.get("committed_at_ms")}
    if len(times) != 1:
        yield "the receipt has another time"


def _received(row: Mapping[str, Any], receipt_keys: Mapping[int, bytes]) -> bool:
    """Whether the clinic's signed receipt says what the row says."""
    raw = bytes.fromhex(row["receipt"])
    if len(raw) != _RECEIPT.size + SIGNATURE_BYTES:
        return False
    magic, version, count, zero, key_id, epoch, hub, at_ms, seq, envelope, status, reason = (
        _RECEIPT.unpack(raw[:-SIGNATURE_BYTES])
    )
    says = (magic, version, count, zero, epoch, hub.hex(), at_ms, seq, envelope.hex(), reason)
    return (
        says
        == (
            b"RPMA", 1, 1, 0, row["epoch"], row["hub"], row["committed_at_ms"], row["seq"],
            row["envelope_id"], 0,
        )
        and status in _HELD
        and signed(
            receipt_keys.get(key_id, b""),
            RECEIPT,
            raw[-SIGNATURE_BYTES:] + raw[:-SIGNATURE_BYTES],
        )
    )  # fmt: skip


def receipt_keys_of(keyset: Mapping[str, Any]) -> dict[int, bytes]:
    """The keys that sign receipts and packets, by their id."""
    return {one["id"]: b64decode(one["key"]) for one in keyset["receipt_keys"]}
