"""What was checked, what was found, and what no check of a packet can show, in plain words."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography.x509 import Certificate

from cloud_sync.export.verifier.archive import Files, hex_digest, json_lines, unpacked
from cloud_sync.export.verifier.contents import check_contents
from cloud_sync.export.verifier.ledger import Ledger, open_ledger
from cloud_sync.export.verifier.notes import SIGNATURE_BYTES, signed
from cloud_sync.export.verifier.registered import registers
from cloud_sync.export.verifier.sent import check_readings, receipt_keys_of

PACKET, KEYSET = b"rpm-packet-v1\0", b"rpm-keyset-v1\0"
_BEYOND = (
    (
        "that an envelope holds the text shown as its reading: it is encrypted, and only the holder"
        " of the clinic's opening key can open it"
    ),
    (
        "that what staff wrote is true, and that nothing was left unrecorded or left out here: the"
        " ledger shows what was recorded, by whom, when, and that it is unaltered"
    ),
    (
        "what kind of meter a device is and what it is called now: they are the clinic's word, and"
        " not entries of its ledger; each name it was given is in device_history.jsonl"
    ),
    "the rules: give case.json to `vitals-clinic determine` or to rules of your own",
    (
        "that evidence.pdf and the tables show what the rows say: their bytes are signed, their"
        " words are a copy for reading"
    ),
)
_NAMES = (
    "the names of staff, the role an account was opened with and what a device was registered as:"
    " in this packet they are the clinic's word, signed but not entries of its ledger"
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """Sound where there are no problems. `verified` and `not_verified` are sentences."""

    problems: list[str]
    verified: list[str] = field(default_factory=list)
    not_verified: list[str] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def plain(self) -> dict[str, Any]:
        """For a script."""
        return {
            "sound": self.sound,
            "problems": self.problems,
            "verified": self.verified,
            "not_verified": self.not_verified,
            **self.about,
        }

    def text(self) -> str:
        """For a person."""
        if not self.sound:
            return "NOT SOUND\n" + "".join(f"- {one}\n" for one in self.problems)
        checked = "".join(f"- {one}.\n" for one in self.verified)
        beyond = "".join(f"- {one}.\n" for one in self.not_verified)
        return (
            "SOUND: every byte is as it was signed.\n"
            f"Patient {self.about['patient']}, month {self.about['month']}, version "
            f"{self.about['version']}. Packet {self.about['packet_sha256']}\n"
            f"Root key {self.about['root']}\n\n"
            f"Verified:\n{checked}\nNot verified by this:\n{beyond}"
        )


def examine(
    raw: bytes, root: bytes | None = None, authorities: Sequence[Certificate] = ()
) -> Report:
    """Everything about a packet. `root` and `authorities` are known from elsewhere, if given."""
    try:
        files = unpacked(raw)
    except Exception as error:  # noqa: BLE001 - altered bytes raise whatever they hit
        if isinstance(error, ValueError) and "as it was made" in str(error):
            return Report(problems=["The zip file is not as it was made."])
        return Report(problems=[f"This is no packet: {type(error).__name__}."])
    ledger = Ledger()
    try:
        found = list(_manifest_signatures(files, root)) + list(_digests(files))
        if not found:
            keys = receipt_keys_of(_keyset(files))
            found += open_ledger(files, authorities, ledger)
            found += check_contents(files, ledger)
            found += check_readings(files, ledger, keys)
        if found:
            return Report(problems=found)
        return _sound(raw, files, ledger, pinned=root is not None, named=bool(authorities))
    except Exception as error:  # noqa: BLE001 - the same
        return Report(problems=[f"The packet cannot be read: {type(error).__name__}."])


def _keyset(files: Files) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files["keyset.bin"][SIGNATURE_BYTES:])
    return found


def _manifest_signatures(files: Files, root: bytes | None) -> Iterator[str]:
    """Manifest, signed by a key of the key set, signed by the root."""
    own_root = files["root.pub"]
    if root is not None and root != own_root:
        yield "The packet was made by another clinic: its root key is not the expected one."
    if not signed(own_root, KEYSET, files["keyset.bin"]):
        yield "The key set is not signed by the root key."
    keys = receipt_keys_of(_keyset(files)).values()
    manifest = files["manifest.sig"] + files["manifest.json"]
    if len(files["manifest.sig"]) != SIGNATURE_BYTES or not any(
        signed(key, PACKET, manifest) for key in keys
    ):
        yield "The manifest is not signed by a key of the key set."


def _digests(files: Files) -> Iterator[str]:
    """Every file is in the manifest with its SHA-256, and nothing else is there."""
    listed = json.loads(files["manifest.json"])["files"]
    there = set(files) - {"manifest.json", "manifest.sig"}
    for name in sorted(there | set(listed)):
        if name not in listed or name not in there:
            yield f"{name}: in the manifest or in the packet, not in both."
        elif hex_digest(files[name]) != listed[name]:
            yield f"{name}: altered."


def _sound(raw: bytes, files: Files, ledger: Ledger, *, pinned: bool, named: bool) -> Report:
    snapshot, manifest = json.loads(files["snapshot.json"]), json.loads(files["manifest.json"])
    note = ledger.note
    assert note is not None, "a sound packet has a checkpoint"
    about = {
        "patient": snapshot["patient"],
        "month": snapshot["month"],
        "version": manifest["version"],
        "readings": len(snapshot["readings"]),
        "time_entries": len(snapshot["time"]),
        "root": files["root.pub"].hex(),
        "packet_sha256": hex_digest(raw),
        "checkpoint": {"size": note.size, "root": note.root.hex(), "at_ms": note.at_ms},
        "time_stamps": [one.at.isoformat() for one in ledger.stamps],
    }
    entries, sent = ledger.counts()
    facts = len(json_lines(files, "facts.jsonl"))
    verified = [
        f"all {len(files)} files are as the clinic's key signed them, which the root key signed",
        (
            f"{about['readings']} readings: each came in an envelope that its hub signed, and for"
            " which the clinic gave a signed receipt when it had committed it"
        ),
        (
            f"{about['time_entries']} time entries, {facts} facts on file, alerts, the"
            " snapshot, its versions, signatures and releases are as the clinic's ledger has them"
        ),
        (
            f"{entries} records and {sent} rows of hubs are in the ledger of {note.size} entries"
            f" that the checkpoint of {_said(note.at_ms)} signs, whose key the root key signed"
        ),
    ]
    beyond = list(_BEYOND)
    if registers(ledger):
        verified.append(
            "the names of staff, the role each account was opened with and what each device was"
            " registered as are as the clinic's ledger has them"
        )
    else:
        beyond.append(_NAMES)
    verified += [
        f"{one.authority} says by time stamp {one.serial} that this checkpoint was there at"
        f" {one.at.isoformat(sep=' ', timespec='seconds')}"
        for one in ledger.stamps
    ]
    if not ledger.stamps:
        beyond.insert(0, "when all this was recorded: no time-stamp authority vouches for it")
    elif not named:
        beyond.insert(
            0,
            "that the time-stamp authority is one you trust: its certificate is the one the clinic "
            "configured; give your own with --authority",
        )
    if not pinned:
        beyond.insert(
            0,
            "that the root key is this clinic's: compare the root key with the one the clinic "
            "gives you, and run this again with it",
        )
    return Report(problems=[], verified=verified, not_verified=beyond, about=about)


def _said(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
