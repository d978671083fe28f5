"""The buffer under kills, a full disk, write errors, and a reader at the wrong moment."""

import hashlib
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from cloud_sync.contract.receipt import Receipt, Receipted, Status
from gateway.buffer import outbox
from gateway.buffer.database import DiskFull, InUse, OwnerDown, StoreFailed
from gateway.buffer.store import SealedStore
from tests.gateway.clinic_keys import START_MS, ClinicKeys, enrolled

EPOCH = 5
HUB = bytes(16)


def store_at(path: Path) -> SealedStore:
    return SealedStore(path, new_epoch=EPOCH)


def raw_of(epoch: int, seq: int) -> bytes:
    return b"%d/%d" % (epoch, seq)


def receipt(*seqs: int, status: Status = Status.STORED, at_ms: int = START_MS) -> Receipt:
    entries = tuple(
        Receipted(seq=seq, envelope_id=hashlib.sha256(raw_of(EPOCH, seq)).digest(), status=status)
        for seq in seqs
    )
    return Receipt(key_id=1, epoch=EPOCH, hub=HUB, committed_at_ms=at_ms, entries=entries)


def rows(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [seq for (seq,) in db.execute("SELECT seq FROM envelope ORDER BY seq")]


def feeder(directory: Path, count: int, first: int = 0) -> list[str]:
    return [sys.executable, "-m", "tests.gateway.feeder", str(directory), str(first), str(count)]


def test_the_settings_that_make_a_commit_survive_a_power_cut(tmp_path: Path) -> None:
    store = store_at(tmp_path / "sealed.db")
    db = store._writer._connection
    assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert db.execute("PRAGMA synchronous").fetchone() == (3,)  # EXTRA
    store.close()


def test_a_second_writer_is_kept_out(tmp_path: Path) -> None:
    store = store_at(tmp_path / "sealed.db")
    with pytest.raises(InUse):
        store_at(tmp_path / "sealed.db")
    store.close()
    store_at(tmp_path / "sealed.db").close()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM envelope",
        "UPDATE envelope SET raw = x'00'",
        "UPDATE envelope SET seq = 9",
        "UPDATE account SET held = -1",
    ],
)
def test_the_database_itself_refuses_to_forget_or_change(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "sealed.db"
    store = store_at(path)
    store.add(raw_of, kept_at_ms=START_MS)
    with pytest.raises(StoreFailed), store._writer.transaction() as db:
        db.execute(statement)
    store.close()
    assert rows(path) == [1]


def test_a_damaged_file_ends_the_process_and_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "sealed.db"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreFailed):
        store_at(path)
    assert path.read_bytes() == b"no database at all" * 100


def test_a_failed_sealing_leaves_no_gap(tmp_path: Path) -> None:
    store = store_at(tmp_path / "sealed.db")

    def fail(_epoch: int, _seq: int) -> bytes:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.add(fail, kept_at_ms=START_MS)
    assert store.add(raw_of, kept_at_ms=START_MS) == 1
    store.close()


def test_every_printed_number_survives_kill_9_and_numbers_never_jump(tmp_path: Path) -> None:
    config = enrolled(tmp_path / "hub", ClinicKeys())
    told = 0
    for patience in (1, 7, 23, 60):
        with subprocess.Popen(feeder(config.directory, 10**6), stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            for _ in range(patience):
                told = max(told, int(child.stdout.readline()))
            child.kill()
            told = max([told, *(int(n) for n in child.stdout.read().split(b"\n")[:-1])])
        kept = outbox_after_repair(config.sealed_db)
        assert kept == list(range(1, len(kept) + 1))
        assert len(kept) >= told > 0


def outbox_after_repair(path: Path) -> list[int]:
    store_at(path).close()  # the owner's next start rolls a half-written transaction back
    view = outbox.look(path, limit=10**6)
    assert isinstance(view, outbox.View)
    assert view.counters.held == len(view.held) == view.counters.last_seq
    assert rows(path) == [each.seq for each in view.held]
    return [each.seq for each in view.held]


def test_a_reader_of_a_half_written_file_is_told_that_its_owner_is_down(tmp_path: Path) -> None:
    path = tmp_path / "sealed.db"
    store = store_at(path)
    store.add(raw_of, kept_at_ms=START_MS)
    store.close()
    script = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from gateway.buffer.store import SealedStore
        store = SealedStore(Path(sys.argv[1]), new_epoch=1)
        with store._writer.transaction() as db:
            db.execute("PRAGMA cache_size = 1")  # so that pages reach the file before the commit
            for seq in range(2, 400):
                row = (seq, bytes(32), bytes(4000), 0)
                db.execute("INSERT INTO envelope (seq, id, raw, kept_at_ms) VALUES (?,?,?,?)", row)
            os.kill(os.getpid(), signal.SIGKILL)
    """)
    child = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert child.returncode == -signal.SIGKILL
    assert path.with_name("sealed.db-journal").exists()
    assert isinstance(outbox.look(path), OwnerDown)
    assert outbox_after_repair(path) == [1]


def test_a_missing_file_is_an_owner_that_has_not_run(tmp_path: Path) -> None:
    assert isinstance(outbox.look(tmp_path / "sealed.db"), OwnerDown)


def test_a_write_error_ends_the_process_and_what_was_told_is_there(tmp_path: Path) -> None:
    config = enrolled(tmp_path / "hub", ClinicKeys())

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writes past the limit then fail
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    child = subprocess.run(
        feeder(config.directory, 10**6),
        capture_output=True,
        check=False,
        preexec_fn=limit,
    )
    assert child.returncode == 74
    told = [int(number) for number in child.stdout.split()]
    assert outbox_after_repair(config.sealed_db)[: len(told)] == told
    assert len(told) > 10


def test_a_full_disk_loses_nothing_and_drains(tmp_path: Path) -> None:
    """On a file system of its own: fill it to the brim, then settle, then keep again."""
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from gateway.buffer import outbox
        from gateway.buffer.custody import open_custody
        from gateway.buffer.database import StoreFailed
        from gateway.buffer.receipts import ReceiptStore
        from tests.gateway.clinic_keys import ClinicKeys, enrolled, observed

        disk, elsewhere = Path(sys.argv[1]), Path(sys.argv[2])
        clinic = ClinicKeys()
        config = enrolled(disk / "hub", clinic, ballast_bytes=1_600_000)
        config.uplink.rmdir()
        elsewhere.mkdir()
        config.uplink.symlink_to(elsewhere)  # the uplink's file does not compete for room
        custody = open_custody(config)
        assert config.ballast.stat().st_size == 1_600_000
        (disk / "logs").write_bytes(bytes(11_000_000))
        kept = []
        try:
            while True:
                kept.append(custody.keep(observed(len(kept))))
        except StoreFailed:
            custody.close()
        assert not config.ballast.exists(), "the ballast was not given up"
        held = outbox.look(config.sealed_db, limit=10**6).held
        assert [each.seq for each in held] == kept, "a reading was lost"
        receipts = ReceiptStore(config.receipts_db)
        for start in range(0, len(held), 20):
            receipts.add(clinic.receipt([each.raw for each in held[start:start + 20]]))
        receipts.close()
        again = open_custody(config)
        assert again.settle() == len(kept)
        for number in range(len(kept)):  # received copies make way for new readings
            again.keep(observed(number))
        again.close()
        print("drained", len(kept))
    """)
    disk = tmp_path / "disk"
    disk.mkdir()
    run = f'exec {sys.executable} -c "$0" {disk} {tmp_path}/elsewhere'
    mount = f"mount -t tmpfs -o size=14m tmpfs {disk} && {run}"
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, script]
    allowed = subprocess.run([*command[:4], "true"], capture_output=True, check=False)
    if allowed.returncode != 0:
        pytest.skip("this system lets no ordinary user make a file system of his own")
    child = subprocess.run(command, capture_output=True, check=False, text=True)
    assert child.returncode == 0, child.stderr
    assert child.stdout.startswith("drained")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 12)), max_size=30))
def test_counters_agree_with_a_full_count(steps: list[tuple[int, int]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "sealed.db"
        store = store_at(path)
        store._writer._connection.execute("PRAGMA synchronous = OFF")
        for number, (kind, seq) in enumerate(steps):
            if kind == 0:
                store.add(raw_of, kept_at_ms=START_MS + number)
            elif kind == 1:
                store.settle([receipt(seq, seq + 1)], file="f", row=number)
            elif kind == 2:
                store.settle([receipt(seq, status=Status.REFUSED)], file="f", row=number)
            else:
                store.purge(committed_before_ms=START_MS + 1)
        counters = store.counters()
        store.close()
        with closing(sqlite3.connect(path)) as db:
            counted = dict(db.execute("SELECT status, count(*) FROM envelope GROUP BY status"))
        assert (counters.held, counters.received, counters.refused) == tuple(
            counted.get(status, 0) for status in (0, 1, 2)
        )


def test_full_is_told_apart_from_failed(tmp_path: Path) -> None:
    store = store_at(tmp_path / "sealed.db")
    store._writer._connection.execute("PRAGMA max_page_count = 20")

    def fill() -> None:
        while True:
            store.add(lambda _e, _s: bytes(4000), kept_at_ms=START_MS)

    with pytest.raises(DiskFull):
        fill()
    counters = store.counters()
    store.close()
    assert rows(tmp_path / "sealed.db") == list(range(1, counters.last_seq + 1))
