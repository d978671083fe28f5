"""The limit does the work it claims: rows are there, a signature that is not true is found."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.contract import envelope
from tests.bench import bare
from tests.support.hubs import Hub, loose_hub


def take(path: Path, messages: list[list[bytes]], hub: Hub) -> None:
    rows = bare.Sqlite(path, table=bare.CLINIC_TABLE, journal="WAL", synchronous="FULL")
    with closing(rows):
        bare.Clinic(rows, hub.signing.public_key()).take(messages, first=1)


def test_the_bare_clinic_stores_every_envelope(tmp_path: Path) -> None:
    hub = loose_hub()
    raws = [hub.seal(seq, b"{}") for seq in (1, 2, 3)]
    take(tmp_path / "rows.db", [raws[:2], raws[2:]], hub)
    with closing(sqlite3.connect(tmp_path / "rows.db")) as db:
        found = db.execute("SELECT seq, body, id FROM envelope ORDER BY seq").fetchall()
    assert found == [(n + 1, raw, _identity(raw)) for n, raw in enumerate(raws)]


def test_the_bare_clinic_checks_signatures(tmp_path: Path) -> None:
    hub = loose_hub()
    hub.signing, signed = Ed25519PrivateKey.generate(), hub.seal(1, b"{}")
    with pytest.raises(InvalidSignature):
        take(tmp_path / "rows.db", [[signed]], loose_hub())


def test_the_bare_hub_commits_one_row_a_time(tmp_path: Path) -> None:
    path = tmp_path / "rows.db"
    rows = bare.Sqlite(path, table=bare.HUB_TABLE, journal="DELETE", synchronous="EXTRA")
    with closing(rows), closing(sqlite3.connect(path)) as other:
        rows.commit([(1, b"i", b"raw", 5)])
        assert other.execute("SELECT * FROM envelope").fetchall() == [(1, b"i", b"raw", 5)]


def _identity(raw: bytes) -> bytes:
    found = envelope.parse(raw)
    assert isinstance(found, envelope.Envelope)
    return found.id
