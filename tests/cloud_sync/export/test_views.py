"""What the JSON files show is what the rows say, and the receipts are receipts.

Through it: cloud_sync.export.evidence.
"""

import json
from datetime import date
from pathlib import Path

from cloud_sync.anchor import Anchor
from cloud_sync.contract import receipt
from cloud_sync.contract.receipt import Status
from cloud_sync.export import packet
from cloud_sync.export.verify import problems
from cloud_sync.identity import keyset
from cloud_sync.ledger import closing, device_details, people, staff, staff_details
from tests.cloud_sync.export.conftest import CLOSED_MS, DAYS, MONTH, Practice, furnished
from tests.cloud_sync.export.test_verify import unpacked
from tests.support.readings import DEVICE
from tests.support.seeded import PASSWORD


def test_each_envelope_has_a_receipt_that_a_hub_would_take(practice: Practice) -> None:
    """By the contract's own reader, not the packet's verifier."""
    files, known = unpacked(practice.raw), keyset.load(practice.config.directory)
    shown = [json.loads(line) for line in files["receipts.jsonl"].splitlines()]
    assert len(shown) == DAYS
    for row in shown:
        said = receipt.verify(bytes.fromhex(row["receipt"]), known.receipt_public_keys())
        assert said is not None
        (held,) = said.entries
        assert (held.status, held.envelope_id.hex()) == (
            Status.ALREADY_STORED,
            row["envelope_id"],
        )
        assert (said.hub.hex(), said.epoch, held.seq, said.committed_at_ms) == (
            row["hub"],
            row["epoch"],
            row["seq"],
            row["committed_at_ms"],
        )


def test_a_device_is_shown_with_the_days_it_was_the_patients(practice: Practice) -> None:
    (device,) = [json.loads(line) for line in unpacked(practice.raw)["devices.jsonl"].splitlines()]
    assert (device["kind"], device["assigned_to_ms"]) == ("blood_pressure", None)
    assert device["patient_id"] == practice.patient
    assert device["fda_defined"] is True


def test_whoever_wrote_or_signed_is_named(practice: Practice) -> None:
    staff = json.loads(unpacked(practice.raw)["staff.json"])
    assert [(row["full_name"], row["billing_role"]) for row in staff] == [
        ("Dora Doctor", "practitioner")
    ]


def test_a_worker_is_shown_as_of_the_day_of_the_work(tmp_path: Path) -> None:
    """In the time ledger and in the staff's history; what came to be later is another date's."""
    made = furnished(tmp_path / "clinic", days=2)
    at_ms = CLOSED_MS + 60_000
    with made.store.write() as db:
        for since, changes in (
            (date(2026, 1, 1), {"credential": "MD", "npi": "1234567893"}),
            (date(2026, 2, 1), {"credential": "MD, retired"}),
        ):
            staff_details.record(
                db, made.doctor, changes, effective_from=since, reason="as licensed",
                author=made.doctor, at_ms=at_ms,
            )  # fmt: skip
        device_details.record(
            db, DEVICE, {"serial": "20A-117", "fda_basis": "K200001"},
            effective_from=date(2026, 1, 1), reason="read off the label", author=made.doctor,
            at_ms=at_ms,
        )  # fmt: skip
        nurse = staff.create(
            db, made.store, username="nia", full_name="Nia Nurse", role="clinician",
            billing_role="clinical_staff", password=PASSWORD, at_ms=at_ms,
        )  # fmt: skip
        people.record_fact(
            db, patient_id=made.patient, kind="consents", author=made.doctor, at_ms=at_ms,
            body={"program": "CCM", "given_on": "2026-01-02", "taken_by": nurse},
        )  # fmt: skip
        closing.reopen(
            db, made.patient, MONTH, reason="labels", author=made.doctor, at_ms=at_ms + 1
        )
    Anchor(made.config, made.store, lambda: at_ms + 2).take()
    with made.store.read() as db:
        raw = packet.build(db, packet.load_seal(made.config), made.patient, MONTH)
    made.store.close()
    files = unpacked(raw)
    (work,) = [json.loads(line) for line in files["time.jsonl"].splitlines()]
    assert (work["credential"], work["billing_role"]) == ("MD", "practitioner")
    known = {one["full_name"]: one for one in json.loads(files["staff.json"])}
    assert set(known) == {"Dora Doctor", "Nia Nurse"}, "who took a consent is named too"
    changes = known["Dora Doctor"]["details"][1:]
    assert [one["credential"] for one in changes] == ["MD", "MD, retired"]
    (device,) = [json.loads(line) for line in files["devices.jsonl"].splitlines()]
    assert (device["serial"], device["over_time"][0]["reason"]) == ("20A-117", "read off the label")
    assert problems(raw, files["root.pub"]) == []
