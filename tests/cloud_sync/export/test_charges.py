"""The charge list, and the command that writes it (cloud_sync.commands.release)."""

import csv
import io
import json
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cloud_sync.anchor import Anchor
from cloud_sync.cli import app
from cloud_sync.config import load
from cloud_sync.export.charges import COLUMNS, charge_list
from cloud_sync.export.packet import build, load_seal
from cloud_sync.export.verify import problems
from cloud_sync.ledger import closing, people, release_rows, releasing, snapshots
from cloud_sync.stores import open_own
from tests.cloud_sync.export.conftest import CLOSED_MS, MONTH, Practice
from tests.cloud_sync.export.test_contradictions import signed_anew
from tests.cloud_sync.export.test_pdf import pages
from tests.cloud_sync.export.test_verify import unpacked

DAY_MS = 86_400_000


@pytest.fixture
def copy(practice: Practice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Practice]:
    """The practice, to be changed: its month is closed and signed."""
    directory = tmp_path / "clinic"
    shutil.copytree(practice.config.directory, directory)
    monkeypatch.setattr("time.time_ns", lambda: (CLOSED_MS + DAY_MS) * 1_000_000)
    config = load(directory)
    store = open_own(config)
    yield replace(practice, config=config, store=store)
    store.close()


def run(practice: Practice, *words: str) -> int:
    found = app(
        ["release", str(practice.config.directory), *words],
        result_action="return_value",
        exit_on_error=False,
    )
    assert isinstance(found, int)
    return found


def refused(practice: Practice, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        run(practice, *words)
    assert ended.value.code == 2
    return capsys.readouterr().err


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))


def reopened(practice: Practice) -> None:
    """Opened again, and signed again."""
    at_ms = CLOSED_MS + DAY_MS
    with practice.store.write() as db:
        shown = closing.reopen(
            db, practice.patient, MONTH, reason="A scan is late", author=practice.doctor,
            at_ms=at_ms,
        ).snapshot  # fmt: skip
        assert shown is not None
        closing.sign(
            db, practice.patient, MONTH, digest=shown.digest.hex(), staff_id=practice.doctor,
            at_ms=at_ms,
        )  # fmt: skip


def test_a_line_for_each_code_and_no_amount(copy: Practice, tmp_path: Path) -> None:
    with copy.store.write() as db:
        changes = {"record_number": "=1+1", "birth_date": None}
        people.change_patient(
            db, copy.patient, changes, author=copy.doctor, at_ms=CLOSED_MS, reason="Typed wrongly"
        )
        made = releasing.make(db, copy.patient, MONTH, author=copy.doctor, at_ms=CLOSED_MS).release
        snapshot = snapshots.latest(db, copy.patient, MONTH)
    assert made is not None
    assert snapshot is not None
    with copy.store.read() as db:
        raw = charge_list(db, [[made]])
        assert charge_list(db, [[made]]) == raw
    (tmp_path / "list.csv").write_bytes(raw)
    device, time = rows_of(tmp_path / "list.csv")
    assert tuple(device) == COLUMNS
    assert not any("amount" in name or "charge" in name for name in COLUMNS)
    assert device == {
        "release": made.id,
        "released": "2026-02-02T07:00:00-05:00",
        "replaces": "",
        "practice": "Lakeside Family Practice",
        "practice NPI": "1245319599",
        "billing practitioner": "Dora Doctor",
        "billing practitioner NPI": "1234567893",
        "patient": copy.patient,
        "record number": "'=1+1",
        "name": "Ida Invented",
        "birth date": "",
        "payer": "medicare",
        "from": "2026-01-02",
        "to": "2026-01-31",
        "code": "99454",
        "units": "1",
        "program": "RPM",
        "days": "17",
        "minutes": "",
        "live contact": "",
        "released by decision because": "",
        "snapshot SHA-256": snapshot.digest.hex(),
    }
    told = ("code", "days", "minutes", "live contact", "from", "to")
    assert [time[one] for one in told] == [
        "99457", "", "21", "2026-01-11", "2026-01-01", "2026-01-31",
    ]  # fmt: skip


def test_the_command_releases_once_and_lists_again(
    copy: Practice, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    assert run(copy, MONTH, "--dry-run", "--json") == 0
    (offered,) = json.loads(capsys.readouterr().out)
    assert ([one["code"] for one in offered["lines"]], offered["release"]) == (
        ["99454", "99457"],
        None,
    )
    with copy.store.read() as db:
        assert release_rows.of_patient(db, copy.patient, MONTH) == []
    assert run(copy, MONTH, "--csv", str(first)) == 0
    assert "1 month released, 2 lines in all." in capsys.readouterr().out
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert [row["code"] for row in rows_of(first)] == ["99454", "99457"]
    assert run(copy, MONTH, "--csv", str(second)) == 1, "nothing is left to release"
    assert rows_of(second) == []
    second.unlink()
    assert run(copy, MONTH, "--again", "--csv", str(second)) == 0
    assert second.read_bytes() == first.read_bytes()
    reopened(copy)
    assert run(copy, MONTH, "--again") == 1
    second.unlink()
    assert run(copy, MONTH, "--csv", str(second)) == 0
    old, new = rows_of(first), rows_of(second)
    assert {row["replaces"] for row in new} == {old[0]["release"]}
    assert [row["code"] for row in new] == [row["code"] for row in old]


def test_what_is_refused_says_what_to_do_and_leaves_no_list(
    copy: Practice, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "list.csv"
    ida = ("--patient", copy.patient)
    asked = {
        ("January",): "2026-01",
        (MONTH, "--dry-run", "--again"): "A dry run",
        (MONTH, "--also", "99454=Because"): "--patient ID",
        (MONTH, *ida, "--also", "99454"): "the reason",
        (MONTH, *ida, "--also", "99454=Because", "--csv", str(target)): "99454: no line",
        ("2025-12", *ida, "--csv", str(target)): "not been closed",
        (MONTH, "--patient", "nobody"): "no such patient",
    }
    for words, said in asked.items():
        assert said in refused(copy, capsys, *words)
        assert not target.exists()
    target.write_text("mine")
    assert "cannot be written" in refused(copy, capsys, MONTH, "--csv", str(target))
    assert target.read_text() == "mine"
    with copy.store.read() as db:
        assert release_rows.of_patient(db, copy.patient, MONTH) == [], "no list, no release"
    assert run(copy, MONTH, *ida) == 0
    assert "released already" in refused(copy, capsys, MONTH, *ida)


def test_a_packet_shows_and_proves_what_was_released(
    copy: Practice, lone: Callable[[bytes], list[str]], tmp_path: Path
) -> None:
    assert run(copy, MONTH) == 0
    reopened(copy)
    assert run(copy, MONTH) == 0
    Anchor(copy.config, copy.store, lambda: CLOSED_MS + DAY_MS).take()
    seal = load_seal(copy.config)
    with copy.store.read() as db:
        raw = build(db, seal, copy.patient, MONTH)
        known = release_rows.of_patient(db, copy.patient, MONTH)
    files = unpacked(raw)
    first, second = json.loads(files["releases.json"])
    assert [first["id"], second["id"]] == [one.id for one in known]
    assert (first["void_reason"], second["void_reason"]) == ("A scan is late", None)
    assert [one["code"] for one in second["lines"]] == ["99454", "99457"]
    assert problems(raw) == lone(raw) == []
    paper = " ".join(" ".join(pages(files["evidence.pdf"], tmp_path)).split())
    (said,) = re.findall(r"Releases to billing (.*) How this packet was made", paper)
    assert said.count("Released by operator at the server's terminal") == 2
    assert said.count("charge list of 2026-01") == 2
    assert "Void since 2026-02-03 07:00:00 EST, by Dora Doctor: A scan is late" in said
    assert said.count("2026-01-02 to 2026-01-31") == 2
    changed = files["releases.json"].replace(b'"99454"', b'"99457"')
    told = ["Releases to billing are not as the ledger has them."]
    assert problems(signed_anew({**files, "releases.json": changed}, seal.signer.key)) == told
