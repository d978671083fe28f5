"""Writes tests/golden/contract-v1.json. Run once a format version; old files are never rewritten.

python -m tests.support.golden_contract tests/golden/contract-v1.json
"""

import json
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from cloud_sync.contract import envelope, keyset, observation, readings, receipt, state, topics
from tests.support.golden_keys import recipient_key, recipient_public_bytes, signing_key

HUB = "1f" * 8 + "2e" * 8
CLINIC = "c0" * 16
EPOCH = 0x01020304


def sample_observation(note_length: int) -> observation.Observation:
    """A constructed blood pressure; `note_length` stretches it into the wanted bucket."""
    frame = observation.Frame(
        device="ble:f0f1f2f3f4f5",
        profile="and/ua-651ble",
        channel="2A35",
        raw=bytes.fromhex("1e870051006300ea070304091f2d4800020400"),
        received=observation.Received(
            wall_ms=1772616705123,
            boot="b" * 32,
            monotonic_ms=987654,
            synchronised=True,
            error_ms=40,
        ),
        arrival=7,
    )
    outcome = readings.BloodPressure(
        systolic=Decimal(135),
        diastolic=Decimal(81),
        mean=Decimal(99),
        unit="mmHg",
        flags=("irregular_pulse",),
        pulse_bpm=Decimal(72),
        user=2,
        device_time=datetime(2026, 3, 4, 9, 31, 45),  # noqa: DTZ001  a device's clock has no zone
    )
    return observation.observe(HUB, frame, outcome, "0.1.0" + "+" * note_length)


def sample_keyset() -> keyset.KeySet:
    return keyset.KeySet(
        version=3,
        not_before_ms=1772000000000,
        clinic=CLINIC,
        recipients=tuple(
            keyset.Recipient(id=suite * 16, suite=suite, key=recipient_public_bytes(suite))
            for suite in (1, 2, 3)
        ),
        min_suite=1,
        receipt_keys=(
            keyset.ReceiptKey(id=5, key=signing_key("receipt").public_key().public_bytes_raw()),
        ),
    )


def sample_receipt() -> receipt.Receipt:
    fates = (
        (receipt.Status.STORED, receipt.Reason.NONE),
        (receipt.Status.ALREADY_STORED, receipt.Reason.NONE),
        (receipt.Status.REFUSED, receipt.Reason.BAD_SIGNATURE),
    )
    entries = tuple(
        receipt.Receipted(seq=seq, envelope_id=bytes([seq]) * 32, status=status, reason=reason)
        for seq, (status, reason) in enumerate(fates, start=1)
    )
    return receipt.Receipt(
        key_id=5,
        epoch=EPOCH,
        hub=bytes.fromhex(HUB),
        committed_at_ms=1772616706000,
        entries=entries,
    )


def sample_state() -> state.HubState:
    return state.HubState(
        hub=HUB,
        at_ms=1772616706000,
        clock_synchronised=True,
        boot="b" * 32,
        epoch=EPOCH,
        held=2,
        oldest_held_ms=1772616705123,
        refused=0,
        last_seq=9,
        days_of_room=3650,
        disk_free_bytes=20_000_000_000,
        keyset_version=3,
        key_storage_tier="file",
        software="0.1.0",
        devices=2,
    )


def vectors() -> dict[str, Any]:
    hub_key, root = signing_key("hub"), signing_key("root")
    envelopes = []
    for suite in (1, 2, 3):
        public = recipient_key(suite).public_key()
        for seq, stretch in enumerate((None, 0, 450), start=1):
            text = (
                b'{"v":1}' if stretch is None else observation.encode(sample_observation(stretch))
            )
            header = envelope.Header(
                suite=suite,
                epoch=EPOCH,
                clinic=bytes.fromhex(CLINIC),
                hub=bytes.fromhex(HUB),
                seq=seq,
                key_id=suite * 16,
            )
            raw = envelope.build(header, text, public, hub_key)
            envelopes.append(
                {"suite": suite, "seq": seq, "plaintext": text.decode(), "envelope": raw.hex()}
            )
    return {
        "hub": HUB,
        "clinic": CLINIC,
        "epoch": EPOCH,
        "envelopes": envelopes,
        "receipt": receipt.sign(sample_receipt(), signing_key("receipt")).hex(),
        "keyset": keyset.sign(sample_keyset(), root).hex(),
        "state": state.sign(sample_state(), hub_key).hex(),
        "message": topics.join([b"one", b"two!"]).hex(),
        "topics": [topics.up(HUB), topics.ack(HUB), topics.state(HUB), topics.command(HUB)],
    }


def main() -> None:
    path = Path(sys.argv[1])
    if path.exists():
        sys.exit(f"{path} exists: a released vector is never rewritten")
    path.write_text(json.dumps(vectors(), indent=1) + "\n")


if __name__ == "__main__":
    main()
