import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.contract import envelope, receipt, state
from cloud_sync.contract.receipt import Status
from gateway import trust
from gateway.buffer.custody import open_custody
from gateway.buffer.receipts import ReceiptStore
from gateway.buffer.store import Status as Fate
from gateway.config import HubConfig, load
from tests.gateway.clinic_keys import (
    DAY_MS,
    START_MS,
    ClinicKeys,
    enrolled,
    observed,
    received,
)


@pytest.fixture
def clinic() -> ClinicKeys:
    return ClinicKeys()


@pytest.fixture
def config(tmp_path: Path, clinic: ClinicKeys) -> HubConfig:
    return enrolled(tmp_path / "hub", clinic)


def rows(config: HubConfig) -> dict[int, tuple[int, bytes]]:
    with closing(sqlite3.connect(config.sealed_db)) as db:
        found = db.execute("SELECT seq, status, raw FROM envelope").fetchall()
        return {seq: (status, raw) for seq, status, raw in found}


def receive(config: HubConfig, *raws: bytes) -> None:
    store = ReceiptStore(config.receipts_db)
    for raw in raws:
        store.add(raw)
    store.close()


def hub_key(config: HubConfig) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(config.signing_key.read_bytes())


def test_what_is_kept_is_sealed_to_the_clinic_signed_by_the_hub_and_numbered_from_one(
    config: HubConfig, clinic: ClinicKeys
) -> None:
    custody = open_custody(load(config.directory))
    readings = [observed(number) for number in range(3)]
    assert [custody.keep(reading) for reading in readings] == [1, 2, 3]
    custody.close()
    stored = rows(config)
    assert [clinic.open(raw) for _, raw in stored.values()] == readings
    for seq, (_, raw) in stored.items():
        parsed = envelope.parse(raw)
        assert isinstance(parsed, envelope.Envelope)
        assert parsed.header.seq == seq
        assert parsed.header.hub.hex() == config.hub
        assert envelope.verify(parsed, hub_key(config).public_key())


def test_numbers_and_epoch_go_on_after_a_restart(config: HubConfig) -> None:
    custody = open_custody(config)
    custody.keep(observed(0))
    custody.close()
    again = open_custody(config)
    assert again.keep(observed(1)) == 2
    again.close()
    epochs = {raw[8:12] for _, raw in rows(config).values()}
    assert len(epochs) == 1


def test_a_receipt_settles_once_and_only_its_own_bytes(
    config: HubConfig, clinic: ClinicKeys
) -> None:
    custody = open_custody(config)
    for number in range(3):
        custody.keep(observed(number))
    first, second, third = (raw for _, raw in rows(config).values())
    altered = third[:-1] + bytes([third[-1] ^ 1])
    receive(
        config,
        clinic.receipt([first, second]),
        clinic.receipt([first], Status.ALREADY_STORED),
        clinic.receipt([altered]),
    )
    assert custody.settle() == 2
    assert custody.settle() == 0
    assert {seq: status for seq, (status, _) in rows(config).items()} == {1: 1, 2: 1, 3: 0}
    fates = [custody.fate(seq) for seq in (1, 2, 3, 4)]
    assert fates == [Fate.RECEIVED, Fate.RECEIVED, Fate.HELD, None]
    custody.close()


def test_the_collector_believes_no_receipt_that_the_clinic_did_not_sign(
    config: HubConfig, clinic: ClinicKeys
) -> None:
    custody = open_custody(config)
    custody.keep(observed(0))
    (raw,) = (raw for _, raw in rows(config).values())
    good = clinic.receipt([raw])
    stranger = ClinicKeys()
    receive(
        config,
        stranger.receipt([raw]),
        good[:-1] + bytes([good[-1] ^ 1]),
        clinic.receipt([raw], key_id=8),
        clinic.receipt([raw], key=hub_key(config)),
        good[:40],
        b"",
    )
    assert custody.settle() == 0
    receive(config, good)
    assert custody.settle() == 1
    custody.close()


def test_a_receipt_for_another_hub_or_epoch_settles_nothing(
    config: HubConfig, clinic: ClinicKeys
) -> None:
    custody = open_custody(config)
    custody.keep(observed(0))
    (raw,) = (raw for _, raw in rows(config).values())
    parsed = envelope.parse(raw)
    assert isinstance(parsed, envelope.Envelope)
    genuine = receipt.verify(clinic.receipt([raw]), {7: clinic.receipts.public_key()})
    assert genuine is not None
    for change in ({"hub": bytes(16)}, {"epoch": genuine.epoch ^ 1}):
        changed = msgspec.structs.replace(genuine, **change)
        receive(config, receipt.sign(changed, clinic.receipts))
    assert custody.settle() == 0
    custody.close()


def test_a_refused_reading_stays_and_is_counted_and_a_later_receipt_still_counts(
    config: HubConfig, clinic: ClinicKeys
) -> None:
    custody = open_custody(config)
    custody.keep(observed(0))
    (raw,) = (raw for _, raw in rows(config).values())
    receive(config, clinic.receipt([raw], Status.REFUSED))
    assert custody.settle() == 0
    state_now = custody.report(received(), devices=1)
    assert (state_now.held, state_now.refused) == (0, 1)
    receive(config, clinic.receipt([raw]))
    assert custody.settle() == 1
    assert custody.report(received(), devices=1).refused == 0
    custody.close()


def test_received_envelopes_go_after_thirty_days_of_the_clinics_clock_and_held_ones_never(
    config: HubConfig, clinic: ClinicKeys
) -> None:
    custody = open_custody(config)
    for number in range(4):
        custody.keep(observed(number, at_ms=START_MS))
    raws = [raw for _, raw in rows(config).values()]
    receive(config, clinic.receipt([raws[0]], at_ms=START_MS))
    receive(config, clinic.receipt([raws[1]], at_ms=START_MS + DAY_MS))
    assert custody.settle() == 2
    assert set(rows(config)) == {1, 2, 3, 4}
    receive(config, clinic.receipt([raws[2]], at_ms=START_MS + 31 * DAY_MS))
    assert custody.settle() == 1
    assert set(rows(config)) == {2, 3, 4}
    custody.close()


def test_a_remade_receipts_file_is_read_from_its_start(
    config: HubConfig, clinic: ClinicKeys
) -> None:
    custody = open_custody(config)
    custody.keep(observed(0))
    custody.keep(observed(1))
    raws = [raw for _, raw in rows(config).values()]
    receive(config, clinic.receipt([raws[0]]))
    assert custody.settle() == 1
    config.receipts_db.unlink()
    receive(config, clinic.receipt([raws[1]]))
    assert custody.settle() == 1
    custody.close()


def test_the_state_is_signed_and_a_quiet_hub_does_not_write_it_again(config: HubConfig) -> None:
    custody = open_custody(config)
    custody.report(received(START_MS), devices=2)
    first = status_document(config)
    custody.report(received(START_MS + 60_000), devices=2)
    assert status_document(config) == first
    custody.keep(observed(0, at_ms=START_MS))
    custody.report(received(START_MS + 120_000), devices=2)
    custody.close()
    told = state.verify(status_document(config), hub_key(config).public_key())
    assert told is not None
    assert (told.held, told.last_seq, told.devices) == (1, 1, 2)
    assert told.oldest_held_ms == START_MS
    assert told.days_of_room > 0


def status_document(config: HubConfig) -> bytes:
    with closing(sqlite3.connect(config.sealed_db)) as db:
        return bytes(db.execute("SELECT document FROM status").fetchone()[0])


def test_a_newer_key_set_brought_by_the_uplink_is_used_a_forged_or_older_one_is_not(
    config: HubConfig, clinic: ClinicKeys
) -> None:
    custody = open_custody(config)
    newest = config.keysets[1]
    forger = ClinicKeys()
    newest.write_bytes(forger.keyset(version=9, suites=(1,)))
    custody.settle()
    custody.keep(observed(0))
    newest.write_bytes(clinic.keyset(version=2, suites=(1,)))
    custody.settle()
    custody.keep(observed(1))
    custody.close()
    assert [raw[5] for _, raw in rows(config).values()] == [2, 1]


def test_no_suite_below_the_minimum_is_ever_used(tmp_path: Path, clinic: ClinicKeys) -> None:
    config = enrolled(tmp_path / "low", clinic, suite=1, min_suite=2)
    custody = open_custody(config)
    custody.keep(observed(0))
    custody.close()
    assert [raw[5] for _, raw in rows(config).values()] == [2]
    config.keysets[0].write_bytes(clinic.keyset(suites=(1,), min_suite=2))
    with pytest.raises(trust.NoKeySet):
        open_custody(config)


def test_a_held_row_names_the_envelope_by_its_hash(config: HubConfig) -> None:
    custody = open_custody(config)
    custody.keep(observed(0))
    custody.close()
    with closing(sqlite3.connect(config.sealed_db)) as db:
        identity, raw = db.execute("SELECT id, raw FROM envelope").fetchone()
    assert identity == hashlib.sha256(raw).digest()
