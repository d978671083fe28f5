import stat
from pathlib import Path

import msgspec
import pytest

from cloud_sync.contract import keyset
from gateway import config, files, trust
from gateway.config import HubConfig, NotEnrolled, load, save
from tests.gateway.clinic_keys import CLINIC, HUB, ClinicKeys, enrolled


def settings(directory: Path, **changes: object) -> HubConfig:
    values = {
        "directory": directory,
        "hub": HUB,
        "clinic": CLINIC,
        "broker_host": "h",
        "broker_port": 1,
    }
    return msgspec.convert({**values, **changes}, HubConfig)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    made = settings(tmp_path, suite=3, keep_received_days=90)
    save(made)
    assert load(tmp_path) == made


@pytest.mark.parametrize(
    "change", [{"hub": "ABC"}, {"suite": 4}, {"broker_port": 0}, {"keep_received_days": -1}]
)
def test_impossible_settings_cannot_be_built(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        settings(tmp_path, **change)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"hub": 1}'])
def test_a_damaged_file_is_told_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "hub.json").write_text(text)
    with pytest.raises(NotEnrolled, match="is damaged"):
        load(tmp_path)


def test_nothing_there_means_enrol_first(tmp_path: Path) -> None:
    with pytest.raises(NotEnrolled, match="vitals-hub enrol TICKET"):
        load(tmp_path / "nowhere")


def test_a_file_is_replaced_whole_with_its_mode_whatever_a_crash_left(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    files.write_atomic(path, b"one", 0o600)
    (path.parent / ".secret.new").write_bytes(b"half")
    files.write_atomic(path, b"two", 0o600)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_the_newest_valid_key_set_wins_and_a_set_of_another_clinic_never(tmp_path: Path) -> None:
    clinic = ClinicKeys()
    made = enrolled(tmp_path / "hub", clinic)
    root = trust.read_root(made)
    assert trust.newest(made, root).version == 1
    made.keysets[1].write_bytes(clinic.keyset(version=4))
    assert trust.newest(made, root).version == 4
    made.keysets[1].write_bytes(ClinicKeys().keyset(version=9))
    assert trust.newest(made, root).version == 1
    other = msgspec.structs.replace(made, clinic="d" * 32)
    with pytest.raises(trust.NoKeySet):
        trust.newest(other, root)


@pytest.mark.parametrize(
    ("offered", "wanted", "minimum", "chosen"),
    [
        ((1, 2, 3), 2, 1, 2),
        ((1, 2, 3), 1, 1, 1),
        ((1, 2, 3), 3, 1, 3),
        ((1, 2, 3), 1, 2, 2),
        ((1, 3), 2, 1, 3),
        ((1,), 2, 1, 1),
        ((1,), 2, 2, None),
    ],
)
def test_the_recipient_is_of_the_wanted_suite_and_never_below_the_minimum(
    tmp_path: Path, offered: tuple[int, ...], wanted: int, minimum: int, chosen: int | None
) -> None:
    clinic = ClinicKeys()
    made = enrolled(tmp_path / "hub", clinic)
    raw = clinic.keyset(suites=offered, min_suite=minimum)
    keys = keyset.verify(raw, trust.read_root(made))
    assert keys is not None
    found = trust.recipient(keys, wanted)
    assert (found.suite if found else None) == chosen


def test_the_release_has_a_name() -> None:
    assert config.software()
