"""From the rows in a packet to the clinic's signed checkpoint, and on to a time stamp over it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.x509 import Certificate, load_pem_x509_certificates

from cloud_sync.export.verifier.archive import Files, json_lines, json_text
from cloud_sync.export.verifier.merkle import ProofError, proven_root
from cloud_sync.export.verifier.notes import Note, read_note, signed
from cloud_sync.export.verifier.timestamp import Stamp, TokenError, read_token

CHECKPOINT_KEY = b"rpm-checkpoint-key-v1\0"
_ID = {"observation": "id", "envelope": "id"}  # the 32 bytes a row of a batch is known by

Row = Mapping[str, Any]


@dataclass(kw_only=True)
class Ledger:
    """What was proven: rows by table and id, and the checkpoint that signs them."""

    note: Note | None = None
    entries: dict[str, dict[str, Row]] = field(default_factory=dict)
    sent: dict[str, dict[str, Row]] = field(default_factory=dict)
    stamps: list[Stamp] = field(default_factory=list)

    def rows(self, kind: str) -> list[Row]:
        """The proven rows of a table, in the order in which they were recorded."""
        return list(self.entries.get(kind, {}).values())

    def counts(self) -> tuple[int, int]:
        """How many rows are proven by an entry of their own, and how many in a batch."""
        return (
            sum(len(rows) for rows in self.entries.values()),
            sum(len(rows) for rows in self.sent.values()),
        )


def open_ledger(files: Files, authorities: Sequence[Certificate], found: Ledger) -> Iterator[str]:
    """Fill `found` with what is proven; what is wrong comes out in words."""
    line = files["ledger/checkpoint.vkey"]
    if not signed(files["root.pub"], CHECKPOINT_KEY, files["ledger/checkpoint.vkey.sig"] + line):
        yield "The key of the checkpoint is not one that the root key signed."
    found.note = read_note(files["ledger/checkpoint"], line)
    if found.note is None:
        yield "The checkpoint is not signed by its key."
        return
    yield from _entries(files, found.note, found)
    yield from _sent(files, found)
    yield from _stamps(files, authorities, found)


def _entries(files: Files, note: Note, found: Ledger) -> Iterator[str]:
    """Each record's digest is a leaf of the tree whose root the checkpoint signs."""
    proof, leaves, last = json.loads(files["ledger/proof.json"]), {}, 0
    for line in files["ledger/entries.jsonl"].splitlines():
        record = json.loads(line)
        if json_text(record) != line or record["seq"] <= last:
            yield f"Entry {record['seq']} of the ledger is not written as the ledger has it."
            return
        last = record["seq"]
        leaves[last - 1] = sha256(line).digest()
        row = dict(record["row"])
        found.entries.setdefault(record["kind"], {})[record["row_id"]] = row
    try:
        root = proven_root(note.size, leaves, [bytes.fromhex(one) for one in proof["hashes"]])
    except ProofError as error:
        yield f"The proof of the ledger's entries does not hold: {error}."
        return
    if root != note.root or proof["size"] != note.size:
        yield "The ledger's entries are not those that the checkpoint signs."


def _sent(files: Files, found: Ledger) -> Iterator[str]:
    """Each row of a hub's is a leaf of a batch's tree, whose root is in the batch's own entry."""
    for batch in json_lines(files, "ledger/batches.jsonl"):
        kind, rows = batch["kind"], batch["rows"]
        leaves = {
            place: bytes.fromhex(row[_ID[kind]])
            + sha256(json_text({"kind": kind, "row": row})).digest()
            for place, row in zip(batch["places"], rows, strict=True)
        }
        vouched = found.entries.get("batch", {}).get(batch["batch"], {})
        try:
            root = _batch_digest(batch, leaves)
        except ProofError as error:
            yield f"The proof of batch {batch['batch']} does not hold: {error}."
            continue
        says = (vouched.get("kind"), vouched.get("size"), vouched.get("digest"))
        if says != (kind, batch["size"], root.hex()):
            yield f"The rows of batch {batch['batch']} are not those that the ledger has."
        found.sent.setdefault(kind, {}).update({row[_ID[kind]]: row for row in rows})


def _batch_digest(batch: Row, leaves: Mapping[int, bytes]) -> bytes:
    """The root of a batch's tree; of one from before batches were trees, a hash over its list."""
    if "members" not in batch:
        return proven_root(batch["size"], leaves, [bytes.fromhex(one) for one in batch["hashes"]])
    members = [bytes.fromhex(one) for one in batch["members"]]
    if len(members) != batch["size"] or any(members[at] != leaf for at, leaf in leaves.items()):
        raise ProofError("a row is not in its list")
    return sha256(b"".join(members)).digest()


def _stamps(files: Files, authorities: Sequence[Certificate], found: Ledger) -> Iterator[str]:
    """Time stamps over the checkpoint, by the authorities given or those that the clinic names."""
    for name in sorted(files):
        if not name.startswith("timestamps/") or not name.endswith(".tst"):
            continue
        trusted = list(authorities) or load_pem_x509_certificates(
            files[name.removesuffix(".tst") + ".pem"]
        )
        try:
            found.stamps.append(read_token(files[name], files["ledger/checkpoint"], trusted))
        except TokenError as error:
            yield f"{name}: {error}."
