"""The evidence packet of a patient's closed month: a zip whose bytes are the same each time.

It holds what the month rests on, the hubs' signed envelopes as they came, and its own verifier.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from cloud_sync.contract.canonical import canonical
from cloud_sync.export import evidence, ledgers
from cloud_sync.export.verify import PACKET, archive
from cloud_sync.identity import keys, keyset
from cloud_sync.identity.keys import ReceiptSigner
from cloud_sync.ledger import closing
from cloud_sync.ledger.closing import Snapshot
from cloud_sync.ledger.month_facts import case_of_month
from cloud_sync.ledger.people import find
from cloud_sync.ledger.refused import Refused


@dataclass(frozen=True, kw_only=True)
class Seal:
    """What the clinic signs a packet with, and the chain from its root to that key."""

    signer: ReceiptSigner
    keyset: bytes
    root: bytes


def load_seal(directory: Path) -> Seal:
    """From a clinic's directory."""
    return Seal(
        signer=keys.load_receipt(directory / "keys"),
        keyset=keyset.load_signed(directory),
        root=keyset.load_root_public(directory),
    )


def build(db: Connection, seal: Seal, patient_id: str, month: str) -> bytes:
    """The packet of the newest snapshot; Refused where the facts no longer are the snapshot's."""
    patient = find(db, patient_id)
    snapshot = closing.latest(db, patient_id, month)
    if snapshot is None:
        raise Refused("This month has not been closed yet: close it first.")
    facts = snapshot.facts
    found = evidence.gather(db, patient, facts)
    case_file = case_of_month(db, patient, month, snapshot.made_at_ms)
    case = canonical(case_file)
    if hashlib.sha256(case).hexdigest() != facts["case_sha256"] or not found.matches(facts):
        raise Refused("Facts changed since this month was closed: close it again first.")
    packed = {
        "README.txt": _README.encode(),
        "verify.py": (resources("cloud_sync.export") / "verify.py").read_bytes(),
        "snapshot.json": snapshot.body.encode(),
        "determination.json": canonical(facts["determination"]),
        "case.json": case,
        "signatures.json": canonical(_signatures(db, snapshot)),
        "patient.json": canonical(found.patient),
        "settings.json": canonical(found.settings),
        "staff.json": canonical(found.staff),
        "hubs.json": canonical(found.hubs),
        "facts.jsonl": _lines(found.facts),
        "devices.jsonl": _lines(found.devices),
        "readings.jsonl": _lines(found.readings),
        "receipts.jsonl": _lines(found.receipts),
        "time.jsonl": _lines(found.time),
        "day_ledger.csv": ledgers.days(found, facts, case_file),
        "time_ledger.csv": ledgers.time(found, patient.zone),
        "keyset.bin": seal.keyset,
        "root.pub": seal.root,
        **{f"envelopes/{name}.bin": body for name, body in found.envelopes.items()},
    }
    manifest = canonical(_manifest(snapshot, packed))
    packed["manifest.json"] = manifest
    packed["manifest.sig"] = seal.signer.key.sign(PACKET + manifest)
    return archive(packed)


def _manifest(snapshot: Snapshot, packed: dict[str, bytes]) -> dict[str, Any]:
    return {
        "v": 1,
        "patient": snapshot.patient_id,
        "month": snapshot.month,
        "version": snapshot.version,
        "made_at_ms": snapshot.made_at_ms,
        "snapshot_sha256": snapshot.digest.hex(),
        "files": {name: hashlib.sha256(body).hexdigest() for name, body in packed.items()},
    }


def _signatures(db: Connection, newest: Snapshot) -> list[dict[str, Any]]:
    """Every version of the month with its reason, its signature and what voided that."""
    found = []
    for one in closing.versions(db, newest.patient_id, newest.month):
        signature = closing.signature_of(db, one.id)
        entry: dict[str, Any] = {
            "version": one.version,
            "snapshot_sha256": one.digest.hex(),
            "made_at_ms": one.made_at_ms,
            "reason": one.reason,
        }
        if signature is not None:
            entry["signature"] = {
                "by": signature.full_name,
                "at_ms": signature.signed_at_ms,
                "statement": signature.statement,
                "void_reason": signature.void_reason,
                "voided_at_ms": signature.voided_at_ms,
            }
        found.append(entry)
    return found


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(canonical(row) + b"\n" for row in rows)


_README = """EVIDENCE PACKET OF ONE PATIENT'S MONTH

Check it:  python3 verify.py PACKET.zip ROOT     (Python 3.11 or newer, with `cryptography`)
ROOT is the clinic's root key. Ask the clinic for it; do not take it from this packet.
Better still, take verify.py from the clinic's software, not from a packet you doubt.

snapshot.json       the month as it was closed: days, seconds, ids, settings, determination
determination.json  codes earned, codes not earned with every reason, warnings
case.json           the facts the rules were given
facts.jsonl         consents, orders, visits, plans, episodes; corrections beside what they correct
readings.jsonl      each reading with the text the hub sealed, as it was opened
envelopes/          what the hub signed and sent, byte for byte; sealed to the clinic
receipts.jsonl      when the clinic committed each envelope
hubs.json           the keys that the hubs' signatures are checked with
day_ledger.csv      each reading with its date, and whether it counts or why not
time_ledger.csv     each interval of work; late and corrected ones are marked
signatures.json     every version of the month, who signed it, what voided a signature
manifest.json/.sig  SHA-256 of each file, signed by a key of keyset.bin, signed by the root

Instants end in _ms: milliseconds since 1970 UTC. An envelope is encrypted: that readings.jsonl has
its text is the clinic's word, which only the holder of its opening key can repeat.
RPM: remote physiologic monitoring. CCM: chronic care management.
"""
