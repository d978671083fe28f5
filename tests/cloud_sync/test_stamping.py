"""Time stamps from a real authority over HTTP: asked once a day, never waited for.

Through it: cloud_sync.identity.stamping, cloud_sync.ledger.time_tokens.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.x509 import load_pem_x509_certificates
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from cloud_sync import stores
from cloud_sync.anchor import Anchor
from cloud_sync.cli import app
from cloud_sync.config import ClinicConfig
from cloud_sync.export.verifier.timestamp import read_token
from cloud_sync.identity import stamping
from cloud_sync.identity.stamping import Chosen
from cloud_sync.ledger import incidents, people, schema, time_tokens
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import time_token
from cloud_sync.ledger.time_tokens import Kept
from cloud_sync.stamping import DAY_MS, Stamper, StampError, ask, first_false
from tests.support import tsa
from tests.support.clinic import free_ports
from tests.support.seeded import Hand
from tests.support.tsa import Authority


@pytest.fixture
def opened(clinic: ClinicConfig) -> Iterator[Store]:
    """The clinic's database, on each kind, with one person in it."""
    store = stores.open_own(clinic)
    schema.upgrade(store)
    add(store)
    yield store
    store.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return tsa.make(tmp_path_factory.mktemp("stamps") / "tsa")


def add(store: Store) -> None:
    with store.write() as db:
        people.add_patient(db, name="Rosa", zone="America/Denver", author="a" * 32, at_ms=5)


def choose(config: ClinicConfig, authority: Authority, url: str) -> Chosen:
    chosen = Chosen(name="first", url=url, trusted=authority.root_pem)
    stamping.add(config.directory, chosen)
    return chosen


def nobody() -> str:
    """An address where nothing listens."""
    return f"http://127.0.0.1:{free_ports(1)[0]}/"


def test_once_a_day_over_the_newest_checkpoint(
    clinic: ClinicConfig, opened: Store, authority: Authority
) -> None:
    clock = Hand()
    anchor, stamper = Anchor(clinic, opened, clock), Stamper(clinic, opened, clock)
    assert stamper.take() == [], "no authority is chosen until the practice does"
    with tsa.listening(authority) as url:
        chosen = choose(clinic, authority, url)
        assert stamper.take() == [], "there is no checkpoint yet"
        note = anchor.take()
        assert note is not None
        (first,) = stamper.take()
        assert first.stamp is not None, first.words
        clock.advance(hours=1)
        add(opened)
        assert anchor.take() != note
        assert stamper.take() == [], "not before its day is over"
        clock.advance(hours=23)
        (second,) = stamper.take()
        assert second.stamp is not None
        clock.advance(days=2)
        assert stamper.take() == [], "nothing was added since"
        assert stamper.take(due_only=False) == []
    with opened.read() as db:
        assert time_tokens.count(db) == 2
        kept = db.execute(select(time_token).order_by(time_token.c.size)).mappings().all()
        latest = time_tokens.latest(db)["first"]
    trusted = load_pem_x509_certificates(chosen.trusted.encode())
    assert read_token(bytes(kept[0]["token"]), note.encode(), trusted) == first.stamp
    assert latest.size == kept[1]["size"] > kept[0]["size"]


def test_an_authority_that_is_down_is_seen_and_asked_again(
    clinic: ClinicConfig, opened: Store, authority: Authority
) -> None:
    clock = Hand()
    stamper = Stamper(clinic, opened, clock)
    Anchor(clinic, opened, clock).take()
    choose(clinic, authority, nobody())
    for _hour in range(3):
        (outcome,) = stamper.take()
        assert outcome.stamp is None
        assert outcome.words.startswith("it cannot be reached: ")
        clock.advance(hours=1)
    with opened.read() as db:
        (alarm,) = incidents.newest(db)
        assert (alarm.kind, alarm.detail[:28]) == ("time_stamp", "first: it cannot be reached:")
        assert time_tokens.count(db) == 0
    with tsa.listening(authority) as url:
        choose(clinic, authority, url)
        (outcome,) = stamper.take()
        assert outcome.stamp is not None


def test_files_that_somebody_broke_stop_nothing(
    clinic: ClinicConfig, opened: Store, authority: Authority
) -> None:
    Anchor(clinic, opened, Hand()).take()
    choose(clinic, authority, nobody())
    for name, content in (("first.pem", "no certificate"), ("first.toml", "url ="), ("x.toml", "")):
        (clinic.directory / "timestamp" / name).write_text(content)
        (outcome,) = Stamper(clinic, opened, Hand()).take()
        assert outcome.stamp is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "no time-stamp response"),
        (b"<html>", "no time-stamp response"),
        (bytes.fromhex("30053003020102"), "refused, status 2"),
        (None, "does not verify"),
        (bytes(70_000), "too long"),
    ],
)
def test_what_an_authority_says_is_kept_only_if_it_verifies(
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    said: bytes | None,
    words: str,
) -> None:
    real = Authority.answer

    def answer(self: Authority, query: bytes) -> bytes:
        raw = real(self, query)
        return raw[:-1] + bytes([raw[-1] ^ 1]) if said is None else said

    monkeypatch.setattr(Authority, "answer", answer)
    with tsa.listening(authority) as url, pytest.raises(StampError, match=words):
        ask(Chosen(name="x", url=url, trusted=authority.root_pem), b"note")


def test_an_answer_to_another_question_is_refused(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A replayed token over the same checkpoint has another nonce."""
    real, kept = Authority.answer, list[bytes]()

    def replay(self: Authority, query: bytes) -> bytes:
        kept.append(real(self, query))
        return kept[0]

    monkeypatch.setattr(Authority, "answer", replay)
    with tsa.listening(authority) as url:
        chosen = Chosen(name="x", url=url, trusted=authority.root_pem)
        ask(chosen, b"note")
        with pytest.raises(StampError, match="not the answer to this question"):
            ask(chosen, b"note")
        other = tsa.make(tmp_path / "other").root_pem
        with pytest.raises(StampError, match="no trusted certificate"):
            ask(replace(chosen, trusted=other), b"note")


def test_a_token_cannot_be_changed(
    clinic: ClinicConfig, opened: Store, authority: Authority
) -> None:
    Anchor(clinic, opened, Hand()).take()
    with tsa.listening(authority) as url:
        choose(clinic, authority, url)
        Stamper(clinic, opened, Hand()).take()
    with opened.read() as db:
        assert first_false(db) is None
    for statement in ("update time_token set authority = 'x'", "delete from time_token"):
        with pytest.raises(DatabaseError, match="append-only"), opened.write() as db:
            db.execute(text(statement))


def test_a_token_put_there_by_hand_is_found(
    clinic: ClinicConfig, opened: Store, authority: Authority
) -> None:
    """`verify-ledger` asks for it: a token of another authority, or over something else."""
    Anchor(clinic, opened, Hand()).take()
    with opened.read() as db:
        newest = time_tokens.newest_checkpoint(db)
        assert newest is not None
    with tsa.listening(authority) as url:
        token, _stamp = ask(Chosen(name="x", url=url, trusted=authority.root_pem), b"else")
    kept = Kept(
        size=newest["size"], authority="x", trusted=authority.root_pem, token=token,
        stamped_at_ms=1, taken_at_ms=1,
    )  # fmt: skip
    with opened.write() as db:
        time_tokens.keep(db, kept)
    with opened.read() as db:
        assert "time stamp of something else" in str(first_false(db))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "../x"}, "small letters"),
        ({"url": "file:///etc/passwd"}, "begins with http"),
        ({"url": "https://"}, "begins with http"),
        ({"trusted": "no certificate"}, "has none"),
    ],
)
def test_what_cannot_be_an_authority_is_refused(
    tmp_path: Path, authority: Authority, changes: dict[str, str], words: str
) -> None:
    sound = Chosen(name="first", url="https://tsa.example/", trusted=authority.root_pem)
    with pytest.raises(ValueError, match=words):
        stamping.add(tmp_path, replace(sound, **changes))
    assert stamping.chosen(tmp_path) == []
    stamping.add(tmp_path, sound)
    assert stamping.chosen(tmp_path) == [sound]


def run(*words: str) -> int:
    code: int = app(["timestamp", *words], result_action="return_value", exit_on_error=False)
    return code


def test_the_commands(
    clinic: ClinicConfig,
    opened: Store,
    authority: Authority,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    room, root = str(clinic.directory), tmp_path / "root.pem"
    root.write_text(authority.root_pem)
    run("list", room)
    assert "No time-stamp authority is chosen" in capsys.readouterr().out
    assert run("take", room) == 0
    run("add", room, "first", nobody(), str(root))
    assert run("take", room) == 1
    assert "first: it cannot be reached" in capsys.readouterr().out
    with tsa.listening(authority) as url:
        run("add", room, "first", url, str(root))
        assert run("take", room) == 0
    assert "first: stamped at " in capsys.readouterr().out
    run("list", room, "--json")
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["name"], found["due"], found["entries"] > 0) == ("first", False, True)
    run("list", room)
    assert "first" in capsys.readouterr().out
    run("remove", room, "first")
    with pytest.raises(SystemExit):
        run("remove", room, "first")
    with opened.read() as db:
        assert time_tokens.count(db) == 1


def test_a_day_is_a_day() -> None:
    from cloud_sync.stamping import due

    assert due(None, 0)
    assert not due(0, DAY_MS - 3_600_000)
    assert due(0, DAY_MS)
