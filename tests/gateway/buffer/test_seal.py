"""Envelopes as the hub builds them: for the right key, in the right suite, for the clinic alone."""

from pathlib import Path

import msgspec
import pytest

from cloud_sync.contract import envelope, keyset
from cloud_sync.contract.envelope import Envelope
from gateway import trust
from gateway.buffer.seal import Sealer
from gateway.config import load
from tests.gateway.clinic_keys import HUB, ClinicKeys, enrolled, observed
from tests.support.golden_keys import signing_key

KEY = signing_key("hub")


def sealed(tmp_path: Path, clinic: ClinicKeys, suite: int, raw_keys: bytes) -> Envelope:
    enrolled(tmp_path, clinic)
    config = msgspec.structs.replace(load(tmp_path), suite=suite)
    keys = trust.usable(raw_keys, config, clinic.root.public_key())
    assert keys is not None
    found = envelope.parse(Sealer(config, keys, KEY).seal(observed(1), epoch=9, seq=4))
    assert isinstance(found, Envelope)
    return found


@pytest.mark.parametrize("suite", [1, 2, 3])
def test_only_the_clinic_opens_what_the_hub_sealed(tmp_path: Path, suite: int) -> None:
    clinic = ClinicKeys()
    found = sealed(tmp_path, clinic, suite, clinic.keyset())
    assert clinic.open(found.raw) == observed(1)
    assert ClinicKeys().open(found.raw) is None
    assert envelope.verify(found, KEY.public_key())
    header = found.header
    assert (header.suite, header.key_id, header.epoch, header.seq) == (suite, suite * 10, 9, 4)
    assert header.hub.hex() == HUB


def test_the_hub_never_seals_below_the_clinics_minimum(tmp_path: Path) -> None:
    clinic = ClinicKeys()
    found = sealed(tmp_path, clinic, 1, clinic.keyset(min_suite=2))
    assert found.header.suite == 2


def test_a_clinic_without_the_wanted_suite_gets_another_it_allows(tmp_path: Path) -> None:
    clinic = ClinicKeys()
    found = sealed(tmp_path, clinic, 2, clinic.keyset(suites=(1,)))
    assert found.header.suite == 1


def test_a_key_set_of_another_clinic_or_root_is_not_used(tmp_path: Path) -> None:
    clinic = ClinicKeys()
    enrolled(tmp_path, clinic)
    config = load(tmp_path)
    root = clinic.root.public_key()
    assert trust.usable(ClinicKeys().keyset(), config, root) is None
    good = keyset.verify(clinic.keyset(), root)
    assert good is not None
    foreign = keyset.sign(msgspec.structs.replace(good, clinic="d" * 32), clinic.root)
    assert trust.usable(foreign, config, root) is None
