"""What the JSON files show is what the rows say, and the receipts are receipts.

Through it: cloud_sync.export.evidence.
"""

import json

from cloud_sync.contract import receipt
from cloud_sync.contract.receipt import Status
from cloud_sync.identity import keyset
from tests.cloud_sync.export.conftest import DAYS, Practice
from tests.cloud_sync.export.test_verify import unpacked


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
