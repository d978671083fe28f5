"""Ten years later: what is due is destroyed with its keys, everywhere; the rest can be read."""

import json
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from cloud_sync import stores
from cloud_sync.export import packet
from cloud_sync.identity import checkpoint, erasure_proof
from cloud_sync.identity.data_keys import ClinicKeyFile
from cloud_sync.ledger import (
    care_entries,
    closing,
    entries,
    erasures,
    evidence,
    holds,
    people,
    readings,
    retention,
    tables,
)
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.engine import open_store
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.vault import KeyLost
from cloud_sync.rules import determine
from tests.support.ten_years import AT, FIRST, LATER, World, ms, world

__all__ = ["world"]

CANARIES = ("Zanzibaria", "Quillfeather", "MRN-CANARY", "1931-07-19", "canaries sang", "systolic")


def raw(world: World) -> bytes:
    """Every byte that the database holds, its log and a compacted copy."""
    if world.store.writer.dialect.name == "postgresql":
        with world.store.read() as db:
            rows = [
                value
                for table in tables.metadata.sorted_tables
                for row in db.execute(text(f"select * from {table.name}"))
                for value in row
            ]
        return b"\n".join(bytes(v) if isinstance(v, bytes) else str(v).encode() for v in rows)
    path = Path(world.store.writer.url.database or "")
    copy = path.with_name("copy.db")
    with sqlite3.connect(path) as db:
        db.execute("vacuum into ?", (str(copy),))
    found = b"".join(one.read_bytes() for one in path.parent.glob(f"{path.name}*"))
    found += copy.read_bytes()
    copy.unlink()
    return found


def test_no_personal_content_lies_in_the_database_before_or_after(world: World) -> None:
    with world.store.read() as db:
        assert people.find(db, world.ida).name == "Zanzibaria Quillfeather"
        assert len(readings.of_patient(db, world.ida)) == 1
    for _ in range(2):
        found = raw(world)
        assert b"sealed:1:" in found
        for canary in CANARIES:
            assert canary.encode() not in found, canary
        if world.store.writer.dialect.name == "postgresql":
            break
        world.store.truncate_log()
    world.erase()
    after = raw(world)
    assert b"sealed:1:" in after, "the ciphertext stays; its keys are gone"
    assert not [one for one in CANARIES if one.encode() in after]


def test_what_was_due_is_gone_and_the_rest_is_there(world: World) -> None:
    world.erase()
    with world.store.read() as db:
        named = {one.id: one.name for one in people.everyone(db)}
        assert named == {world.ida: "Erased record", world.bo: "Bo Stays"}
        assert people.find(db, world.ida).birth_date is None
        assert people.facts(db, world.ida) == []
        assert len(people.facts(db, world.bo)) == 1
        assert readings.of_patient(db, world.ida) == []
        (left,) = readings.of_patient(db, world.bo)
        assert left.measured_at_ms is not None
        assert left.measured_at_ms > ms(LATER) - 86_400_000 * 2
        notes = [one.note for one in care_entries.of_patient(db, world.bo, 0, AT)]
        assert [note.startswith("All canaries") for note in notes] == [False, True]
        assert [one.period for one in erasures.of_patient(db, world.ida)] == ["", "2026"]
        assert [one.period for one in erasures.of_patient(db, world.bo)] == ["2026"]
        assert retention.review(db, AT).over == ()
        found = evidence.verify(db, {})
        assert isinstance(found, evidence.Sound)
        assert found.erased > 0


def test_an_erased_month_refuses_in_words_and_counting_goes_on(world: World) -> None:
    world.erase()
    with world.store.write() as db:
        standing = closing.close(db, world.ida, "2026-03", author=world.doctor, at_ms=AT)
        assert standing.state == "erased"
        assert standing.signature is not None, "who signed it when is still known"
        with pytest.raises(Refused, match="erased under retention"):
            closing.reopen(
                db, world.ida, "2026-03", reason="why", author=world.doctor, at_ms=AT
            )  # fmt: skip
        with pytest.raises(Refused, match="erased under retention"):
            packet.build(db, packet.load_seal(world.config), world.ida, "2026-03")
        for one in (world.ida, world.bo):
            assert "error" not in determine(build_case(db, one, AT))
        case = build_case(db, world.bo, AT)
        assert [entry["start"][:4] for entry in case["time"]] == ["2033"]
        assert [entry["measured_at"][:4] for entry in case["readings"]] == ["2026", "2033"]
        assert closing.standing(db, people.find(db, world.bo), "2033-03", AT).state == "signed"


def test_nothing_is_added_to_what_was_erased(world: World) -> None:
    world.erase()
    with world.store.read() as db:
        (gone, _kept) = care_entries.of_patient(db, world.bo, 0, AT)
    with pytest.raises(Refused, match="erased under retention"), world.store.write() as db:
        people.record_fact(
            db, patient_id=world.ida, kind="orders", author=world.doctor, at_ms=AT,
            body={"program": "RPM", "ordered_on": "2036-06-01"},
        )  # fmt: skip
    row = {
        "care_time_id": gone.id, "reason": "late", "voided_at_ms": AT, "author": world.doctor
    }  # fmt: skip
    with pytest.raises(Refused, match="erased under retention"), world.store.write() as db:
        entries.add(db, tables.care_time_void, row, author=world.doctor, at_ms=AT)
    with world.store.write() as db:  # Bo's file is kept: something new may be said
        people.record_fact(
            db, patient_id=world.bo, kind="orders", author=world.doctor, at_ms=AT,
            body={"program": "RPM", "ordered_on": "2036-06-01"},
        )  # fmt: skip


def test_a_hold_or_a_younger_record_keeps_it(world: World) -> None:
    with world.store.write() as db:
        for one in (world.ida, world.bo):
            holds.place(db, patient_id=one, reason="Case", author=world.doctor, at_ms=AT)
    keyfile = (world.config.keys / "data.key").read_bytes()
    with pytest.raises(Refused, match="Nothing is due"):
        world.erase()
    with pytest.raises(Refused, match="Nothing is due"):
        world.erase(ms(FIRST))
    assert (world.config.keys / "data.key").read_bytes() == keyfile
    with world.store.read() as db:
        assert people.find(db, world.ida).name == "Zanzibaria Quillfeather"


def test_the_proof_proves_and_every_alteration_shows(world: World) -> None:
    proof = world.erase()
    verifier = (world.config.directory / checkpoint.PUBLIC).read_text()
    found = erasure_proof.verify(proof, verifier)
    assert isinstance(found, erasure_proof.Sound)
    assert found.statement["keys_destroyed"] == 5  # two years, one file, two months of hubs
    assert found.size_before < found.size_after
    with world.store.read() as db:
        assert erasures.contradiction(db, found.statement, found.digest) is None
        assert erasures.contradiction(db, found.statement, b"\0" * 32) is not None
    document = json.loads(proof)
    document["statement"]["approved_by"] = "Somebody Else"
    altered = json.dumps(document).encode()
    assert isinstance(erasure_proof.verify(altered, verifier), erasure_proof.Flaw)
    assert isinstance(erasure_proof.verify(b"{}", verifier), erasure_proof.Flaw)
    another = checkpoint.load_signer(_directory(world.config.directory / "other"), "f" * 32)
    line = (world.config.directory / "other" / checkpoint.PUBLIC).read_text()
    assert another.name in line
    assert isinstance(erasure_proof.verify(proof, line), erasure_proof.Flaw)


def _directory(path: Path) -> Path:
    (path / "keys").mkdir(parents=True)
    return path


def test_a_key_goes_only_with_an_erasure_on_record(world: World) -> None:
    for change in (
        "delete from data_key",
        "update data_key set subject = 'patient/none'",
        "update data_key set period = '1999'",
    ):
        with pytest.raises(DBAPIError, match="data_key"), world.store.write() as db:
            db.execute(text(change))


def test_a_row_whose_key_vanished_is_no_erased_row(world: World) -> None:
    with world.store.write() as db:
        for name in ("data_key_guards_delete", "data_key_guard"):
            on = " on data_key" if db.dialect.name == "postgresql" else ""
            db.execute(text(f"drop trigger if exists {name}{on}"))
        db.execute(text("delete from data_key"))
    fresh = open_store(world.config.database_url, keys=ClinicKeyFile(world.config.keys))
    try:
        with fresh.read() as db:
            found = evidence.verify(db, {})
        assert isinstance(found, evidence.Fault)
        assert "no erasure on record" in found.words
    finally:
        fresh.close()
        if world.store.writer.dialect.name == "postgresql":  # shared by the tests
            with world.store.write() as db:
                db.execute(
                    text(
                        "create trigger data_key_guard before update or delete on data_key "
                        "for each row execute function data_key_guard()"
                    )
                )


def test_an_older_copy_cannot_be_opened_with_the_new_key(world: World, tmp_path: Path) -> None:
    if world.store.writer.dialect.name != "sqlite":
        pytest.skip("a copy of a file")
    world.store.truncate_log()
    copy = shutil.copy(world.store.writer.url.database or "", tmp_path / "backup.db")
    world.erase()
    old = open_store(f"sqlite:///{copy}", keys=ClinicKeyFile(world.config.keys))
    with old.read() as db, pytest.raises(KeyLost, match=r"data\.key"):
        people.find(db, world.ida)
    old.close()


def test_an_erasure_cut_short_after_its_commit_loses_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as cut:
        cut.setattr(ClinicKeyFile, "settle", lambda _self: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            world.erase()
    fresh = stores.open_own(world.config)
    with fresh.read() as db:
        assert people.find(db, world.bo).name == "Bo Stays"
        assert people.find(db, world.ida).name == "Erased record"
    with fresh.write() as db:  # a key made now is under the next one, and survives
        people.add_patient(db, name="New", zone="America/Denver", author=world.doctor, at_ms=AT)
    again = World(config=world.config, store=fresh, doctor=world.doctor, ida=world.ida, bo=world.bo)
    again.erase(ms(datetime(2044, 6, 1, tzinfo=UTC)))
    assert not (world.config.keys / "data.key.next").exists()
    with fresh.read() as db:
        assert {one.name for one in people.everyone(db)} == {"Erased record", "New"}
    fresh.close()


def test_leaves_of_sealed_rows_are_salted(world: World) -> None:
    with world.store.read() as db:
        salts = list(db.execute(select(tables.patient_detail.c.salt)).scalars())
    assert len(set(salts)) == 2
    assert all(len(salt or "") == 32 for salt in salts)
