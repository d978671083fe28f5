"""The evidence packet of a patient's closed month: a zip whose bytes are the same each time.

It holds what the month rests on, the hubs' signed envelopes as they came, proofs that all of it is
in the clinic's signed ledger, a copy to read, and its own verifier.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files as resources
from typing import Any

import msgspec
from sqlalchemy import Connection

from cloud_sync.config import ClinicConfig
from cloud_sync.contract.canonical import canonical
from cloud_sync.export import document, evidence, ledgers, standalone, views
from cloud_sync.export.evidence import Evidence, Row
from cloud_sync.export.verifier.archive import archive
from cloud_sync.export.verifier.report import PACKET
from cloud_sync.identity import checkpoint, keys, keyset
from cloud_sync.identity.keys import ReceiptSigner
from cloud_sync.ledger import proofs, snapshots
from cloud_sync.ledger.month_facts import case_of_month
from cloud_sync.ledger.people import find
from cloud_sync.ledger.proofs import Proof
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.snapshots import Snapshot

Packed = dict[str, bytes]


@dataclass(frozen=True, kw_only=True)
class Seal:
    """What the clinic signs a packet with, and the chains from its root to that key."""

    signer: ReceiptSigner
    keyset: bytes
    root: bytes
    checkpoint_key: bytes
    checkpoint_key_signature: bytes
    clinic: str  # its name, for people


def load_seal(config: ClinicConfig) -> Seal:
    """A clinic's own; Refused where the root has not signed the checkpoint's key."""
    directory = config.directory
    try:
        line = (directory / checkpoint.PUBLIC).read_bytes()
        signature = (directory / checkpoint.CERTIFIED).read_bytes()
    except FileNotFoundError:
        raise Refused(
            "The root key has not signed the checkpoint's key yet: put keys/root.key back for a"
            " moment and run `vitals-clinic checkpoint`."
        ) from None
    return Seal(
        signer=keys.load_receipt(config.keys),
        keyset=keyset.load_signed(directory),
        root=keyset.load_root_public(directory),
        checkpoint_key=line,
        checkpoint_key_signature=signature,
        clinic=config.name,
    )


def build(db: Connection, seal: Seal, patient_id: str, month: str) -> bytes:
    """The packet of the newest snapshot.

    Refused where the facts no longer are the snapshot's, Unsigned where no checkpoint has them.
    """
    patient = find(db, patient_id)
    snapshot = snapshots.latest(db, patient_id, month)
    if snapshot is None:
        raise Refused("This month has not been closed yet: close it first.")
    facts = snapshot.facts
    found = evidence.gather(db, patient, month, facts)
    case_file = case_of_month(db, patient, month, snapshot.made_at_ms)
    case = canonical(case_file)
    if hashlib.sha256(case).hexdigest() != facts["case_sha256"] or not found.matches(facts):
        raise Refused("Facts changed since this month was closed: close it again first.")
    proof = proofs.prove(db, found.chained, found.sent)
    packed = {
        "README.txt": (resources("cloud_sync.export") / "README.txt").read_bytes(),
        "verify.py": standalone.source().encode(),
        "snapshot.json": snapshot.body.encode(),
        "determination.json": canonical(facts["determination"]),
        "case.json": case,
        "signatures.json": canonical(evidence.month_versions(db, patient_id, month)),
        "releases.json": canonical(evidence.releases(db, patient_id, month)),
        **_shown(found, facts, case_file, seal),
        **_ledger(proof, seal),
        "keyset.bin": seal.keyset,
        "root.pub": seal.root,
        **{f"envelopes/{name}.bin": body for name, body in views.envelopes(found).items()},
    }
    packed["evidence.pdf"] = _document(found, snapshot, case_file, (proof, seal), packed)
    manifest = canonical(_manifest(snapshot, packed))
    packed["manifest.json"] = manifest
    packed["manifest.sig"] = seal.signer.key.sign(PACKET + manifest)
    return archive(packed)


def _shown(found: Evidence, facts: Row, case_file: Row, seal: Seal) -> Packed:
    """The rows as JSON and as tables."""
    zone = facts["zone"]
    readings, time = views.readings(found), views.time(found)
    days = ledgers.judged(readings, facts, case_file)
    return {
        "patient.json": canonical(views.patient(found)),
        "settings.json": canonical(views.settings(found)),
        "staff.json": canonical(found.staff),
        "hubs.json": canonical(views.hubs(found)),
        "facts.jsonl": _lines(views.on_file(found)),
        "devices.jsonl": _lines(views.devices(found)),
        "readings.jsonl": _lines(readings),
        "receipts.jsonl": _lines(views.receipts(found, seal.signer)),
        "time.jsonl": _lines(time),
        "thresholds.jsonl": _lines(views.thresholds(found)),
        "alerts.jsonl": _lines(views.alerts(found)),
        **{f"{name}.jsonl": _lines(rows) for name, rows in views.histories(found).items()},
        "day_ledger.csv": ledgers.days(days, zone),
        "left_out.csv": ledgers.days([one for one in days if not one.period], zone),
        "time_ledger.csv": ledgers.time(time, zone),
    }


def _document(
    found: Evidence, snapshot: Snapshot, case_file: Row, vouched: tuple[Proof, Seal], packed: Packed
) -> bytes:
    """The copy for reading."""
    from cloud_sync.export import pdf

    proof, seal = vouched
    shown = document.Shown(
        evidence=found,
        clinic=seal.clinic,
        snapshot=snapshot,
        days=ledgers.judged(views.readings(found), snapshot.facts, case_file),
        time=views.time(found),
        on_file=views.on_file(found),
        devices=views.devices(found),
        settings=views.settings(found),
        signatures=msgspec.json.decode(packed["signatures.json"]),
        releases=msgspec.json.decode(packed["releases.json"]),
        proof=proof,
    )
    return pdf.draw(document.compose(shown, packed))


def _ledger(proof: Proof, seal: Seal) -> Packed:
    """Canonical records, what proves them, and what vouches for the checkpoint."""
    made = {
        "ledger/entries.jsonl": b"".join(one + b"\n" for one in proof.records.values()),
        "ledger/batches.jsonl": _lines(proof.batches),
        "ledger/proof.json": canonical(
            {"size": proof.size, "hashes": [one.hex() for one in proof.hashes]}
        ),
        "ledger/checkpoint": proof.note.encode(),
        "ledger/checkpoint.vkey": seal.checkpoint_key,
        "ledger/checkpoint.vkey.sig": seal.checkpoint_key_signature,
    }
    for number, one in enumerate(proof.tokens, 1):
        made[f"timestamps/{number}.tst"] = one.token
        made[f"timestamps/{number}.pem"] = one.trusted.encode()
    return made


def _manifest(snapshot: Snapshot, packed: Packed) -> dict[str, Any]:
    return {
        "v": 2,
        "patient": snapshot.patient_id,
        "month": snapshot.month,
        "version": snapshot.version,
        "made_at_ms": snapshot.made_at_ms,
        "snapshot_sha256": snapshot.digest.hex(),
        "files": {name: hashlib.sha256(body).hexdigest() for name, body in packed.items()},
    }


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(canonical(row) + b"\n" for row in rows)
