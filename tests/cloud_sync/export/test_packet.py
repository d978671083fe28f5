"""What a packet holds, and that it is the same each time.

Through it: cloud_sync.export.ledgers, cloud_sync.export.evidence.
"""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud_sync.anchor import Anchor
from cloud_sync.cli import app
from cloud_sync.export import packet
from cloud_sync.export.verifier.report import examine
from cloud_sync.fees import schedule
from cloud_sync.ledger import audit, closing, people
from cloud_sync.ledger.proofs import Unsigned
from cloud_sync.ledger.refused import Refused
from cloud_sync.rules import determine
from tests.cloud_sync.export.conftest import CLOSED_MS, DAYS, MONTH, Practice, furnished
from tests.cloud_sync.export.test_contradictions import signed_anew
from tests.cloud_sync.export.test_verify import unpacked


def table(raw: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode(), newline="")))


def test_the_same_facts_give_the_same_bytes(practice: Practice) -> None:
    with practice.store.read() as db:
        seal = packet.load_seal(practice.config)
        assert packet.build(db, seal, practice.patient, MONTH) == practice.raw


def test_it_is_sound_on_each_kind_of_database(tmp_path: Path, database_url: str) -> None:
    made = furnished(tmp_path / "clinic", database_url=database_url, days=2)
    report = examine(made.raw)
    made.store.close()
    assert report.problems == []
    assert (report.about["readings"], len(report.about["time_stamps"])) == (2, 1)


def test_it_is_sound_after_the_patients_details_were_corrected(tmp_path: Path) -> None:
    made = furnished(tmp_path / "clinic", days=2)
    with made.store.write() as db:
        people.change_patient(
            db, made.patient, {"name": "Ida Elder"}, author=made.doctor, at_ms=CLOSED_MS + 1,
            reason="misspelt",
        )  # fmt: skip
    Anchor(made.config, made.store, lambda: CLOSED_MS + 2).take()
    with made.store.read() as db:
        raw = packet.build(db, packet.load_seal(made.config), made.patient, MONTH)
    made.store.close()
    assert examine(raw).problems == []
    assert json.loads(unpacked(raw)["patient.json"])["name"] == "Ida Elder"


def test_a_packet_from_before_alerts_were_in_it_stays_sound(
    tmp_path: Path, lone: Callable[[bytes], list[str]]
) -> None:
    made = furnished(tmp_path / "clinic", days=2, alerted=False)
    made.store.close()
    files = unpacked(made.raw)
    assert files.pop("alerts.jsonl") == files.pop("thresholds.jsonl") == b""
    raw = signed_anew(files, packet.load_seal(made.config).signer.key)
    assert examine(raw).problems == lone(raw) == []


def test_alerts_are_shown_with_their_handling(practice: Practice) -> None:
    files = unpacked(practice.raw)
    (threshold,) = [json.loads(one) for one in files["thresholds.jsonl"].splitlines()]
    (raised,) = [json.loads(one) for one in files["alerts.jsonl"].splitlines()]
    assert (raised["threshold_id"], raised["bound"]) == (threshold["id"], threshold["high"])
    assert raised["observation_id"] in files["readings.jsonl"].decode()
    assert [(one["action"], one.get("note")) for one in raised["handling"]] == [
        ("seen", None),
        ("handled", "Called, cuff sat loose"),
    ]


def test_the_ledgers_show_days_and_minutes(practice: Practice) -> None:
    files = unpacked(practice.raw)
    days = table(files["day_ledger.csv"])
    assert [row["date"] for row in days] == [f"2026-01-{day:02}" for day in range(2, 2 + DAYS)]
    assert {(row["counts"], row["reasons"], row["period to"]) for row in days} == {
        ("yes", "", "2026-01-31")
    }
    (entry,) = table(files["time_ledger.csv"])
    assert (entry["seconds"], entry["worker"], entry["live contact"]) == (
        "1260",
        "Dora Doctor",
        "yes",
    )
    assert entry["note"].startswith("'=Called")
    assert json.loads(files["time.jsonl"])["note"].startswith("=Called")


def test_the_case_in_the_packet_gives_its_determination(practice: Practice) -> None:
    files = unpacked(practice.raw)
    found = json.loads(files["determination.json"])
    assert [(one["code"], one["status"]) for one in found["lines"]] == [
        ("99454", "billable"),
        ("99457", "billable"),
    ]
    assert determine(json.loads(files["case.json"]))["lines"] == found["lines"]
    (version,) = json.loads(files["signatures.json"])
    assert version["signature"]["by"] == "Dora Doctor"
    assert version["signature"]["void_reason"] is None


def test_nothing_in_it_has_an_amount_of_money(practice: Practice) -> None:
    files = unpacked(practice.raw)
    texts = [v for k, v in files.items() if k.endswith((".json", ".jsonl", ".csv", ".txt"))]
    assert not any(b"$" in text or b"amount" in text.lower() for text in texts)


def test_what_is_not_signed_yet_is_signed_first(practice: Practice, tmp_path: Path) -> None:
    """A month that was closed and never signed by a checkpoint: the command takes one."""
    with practice.store.write() as db:
        other = people.add_patient(
            db, name="Otto Other", zone="America/New_York", author=practice.doctor, at_ms=CLOSED_MS
        )
        closing.close(db, other, MONTH, author=practice.doctor, at_ms=CLOSED_MS)
    with practice.store.read() as db, pytest.raises(Unsigned):
        packet.build(db, packet.load_seal(practice.config), other, MONTH)
    target = tmp_path / "other.zip"
    app(
        ["packet", str(practice.config.directory), other, MONTH, str(target)],
        result_action="return_value",
    )
    report = examine(target.read_bytes())
    assert report.problems == []
    assert (report.about["readings"], report.about["time_entries"]) == (0, 0)


def test_nobody_else_is_in_it(practice: Practice) -> None:
    """No other patient's records, and of batches only hashes that no value can be told from."""
    files = unpacked(practice.raw)
    records = [json.loads(line) for line in files["ledger/entries.jsonl"].splitlines()]
    assert {row["row"]["patient_id"] for row in records if "patient_id" in row["row"]} == {
        practice.patient
    }
    assert {row["kind"] for row in records} <= {
        "assignment", "attestation", "batch", "care_time", "hub_key", "month_snapshot", "patient",
        "patient_detail", "program_fact", "staff_detail", "practice_detail", "device_detail",
        "alert", "alert_handling", "alert_threshold",
        "account_opening", "device_registration",
    }  # fmt: skip


def test_without_the_roots_word_on_the_checkpoint_key_there_is_none(
    practice: Practice, tmp_path: Path
) -> None:
    import shutil
    from dataclasses import replace

    copy = tmp_path / "clinic"
    shutil.copytree(practice.config.directory, copy)
    (copy / "checkpoint.vkey.sig").unlink()
    with pytest.raises(Refused, match="has not signed the checkpoint's key"):
        packet.load_seal(replace(practice.config, directory=copy))


def test_a_fee_schedule_beside_the_clinic_changes_no_packet(practice: Practice) -> None:
    (practice.config.directory / "fees.csv").write_text(schedule.national())
    with practice.store.read() as db:
        seal = packet.load_seal(practice.config)
        raw = packet.build(db, seal, practice.patient, MONTH)
    assert raw == practice.raw
    amounts = re.compile(rb"(?<![0-9.])(19\.73|43\.02|47\.87|52\.11|51\.77)(?![0-9.])")
    texts = {
        k: v
        for k, v in unpacked(raw).items()
        if not k.startswith("envelopes/") and k[-4:] != ".pdf"
    }
    assert not [name for name, text in texts.items() if amounts.search(text)]


def test_a_month_that_was_not_closed_has_no_packet(practice: Practice) -> None:
    seal = packet.load_seal(practice.config)
    with practice.store.read() as db, pytest.raises(Refused, match="close it first"):
        packet.build(db, seal, practice.patient, "2025-12")


def test_the_commands_write_and_check_it(
    practice: Practice, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory, target = str(practice.config.directory), tmp_path / "january.zip"

    def run(*words: str) -> int:
        code: int = app(list(words), result_action="return_value", exit_on_error=False)
        return code

    run("packet", directory, practice.patient, MONTH, str(target))
    assert target.read_bytes() == practice.raw
    with practice.store.read() as db:
        assert audit.newest(db, limit=1)[0].route == "vitals-clinic packet"
    day = tmp_path / "day.zip"
    run("packet", directory, practice.patient, "2026-01-31", str(day))
    assert day.read_bytes() == practice.raw, "a claim's date of service names its month"
    assert run("verify", str(target), "--clinic", directory) == 0
    assert run("verify", str(target), "--root", "00" * 32) == 1
    target.write_bytes(practice.raw.replace(b"Ida", b"Eda"))
    capsys.readouterr()
    assert run("verify", str(target), "--json") == 1
    assert json.loads(capsys.readouterr().out)["sound"] is False
    assert run("verify", str(tmp_path / "none.zip")) == 2
    own = tmp_path / "authority.pem"
    own.write_text(practice.authority.root_pem)
    capsys.readouterr()
    words = ("--clinic", directory, "--authority", str(own))
    assert run("verify", str(day), *words) == 0
    said = capsys.readouterr().out
    assert "Verified:" in said
    assert "Not verified by this:" in said
    assert run("verify", str(day), "--json") == 0
    assert json.loads(capsys.readouterr().out) == examine(practice.raw).plain()
    with pytest.raises(SystemExit):  # a file that is there is never written over
        app(["packet", directory, practice.patient, MONTH, str(target)])
