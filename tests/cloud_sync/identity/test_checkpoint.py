"""Checkpoint notes as any C2SP reader takes them."""

import base64
import stat
from pathlib import Path

from cloud_sync.identity import checkpoint
from cloud_sync.identity.checkpoint import Checkpoint

ROOT = bytes(range(32))


def made(directory: Path) -> tuple[str, str]:
    (directory / "keys").mkdir()
    note = checkpoint.load_signer(directory, "c" * 32).sign(7, ROOT, 1_795_000_000_000)
    return note, (directory / checkpoint.PUBLIC).read_text()


def test_the_note_has_the_lines_of_the_format(tmp_path: Path) -> None:
    note, verifier = made(tmp_path)
    origin, size, root, time, empty, signature, last = note.split("\n")
    assert (origin, size, empty, last) == ("vitals-gateway/" + "c" * 32, "7", "", "")
    assert base64.b64decode(root) == ROOT
    assert time == "time 1795000000000"
    assert signature.startswith(f"\u2014 {origin} ")
    assert len(base64.b64decode(signature.split(" ")[2])) == 4 + 64
    assert verifier.startswith(f"{origin}+")
    assert checkpoint.verify(note, verifier) == Checkpoint(
        size=7, root=ROOT, at_ms=1_795_000_000_000
    )


def test_a_verifier_of_another_program_reads_the_key() -> None:
    """The example key of the signed-note specification, by its own arithmetic."""
    key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    name, identity, encoded = key.split("+", 2)
    assert checkpoint._key_id(name, base64.b64decode(encoded)[1:]).hex() == identity


def test_no_changed_byte_verifies(tmp_path: Path) -> None:
    note, verifier = made(tmp_path)
    for place in range(len(note)):
        other = "A" if note[place] != "A" else "B"
        assert checkpoint.verify(note[:place] + other + note[place + 1 :], verifier) is None
    assert checkpoint.verify(note[:20], verifier) is None
    assert checkpoint.verify(note, "nonsense") is None


def test_the_key_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    note, verifier = made(tmp_path)
    private = tmp_path / "keys" / "checkpoint.key"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    again = checkpoint.load_signer(tmp_path, "c" * 32).sign(7, ROOT, 1_795_000_000_000)
    assert again == note
    checkpoint.keep(tmp_path, note)
    assert checkpoint.verify((tmp_path / checkpoint.LATEST).read_text(), verifier) is not None
