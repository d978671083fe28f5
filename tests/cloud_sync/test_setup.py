import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloud_sync import config, setup, stores
from cloud_sync.identity import keyset, services
from cloud_sync.ledger.tables import hub

SETTINGS = setup.Settings(
    name='Lakeside "Clinic" in Łódź\nä',
    zone="America/Chicago",
    host="clinic.example",
    broker_port=8883,
    worker_port=8884,
    web_port=8443,
)


def test_a_clinic_has_all_a_server_needs(tmp_path: Path) -> None:
    made = setup.create(tmp_path / "clinic", SETTINGS, setup.now())
    assert made == config.load(tmp_path / "clinic")
    assert (made.name, made.zone, made.bind) == (SETTINGS.name, SETTINGS.zone, None)
    assert made.database_url == f"sqlite:///{tmp_path / 'clinic' / 'clinic.db'}"
    assert stat.S_IMODE((tmp_path / "clinic").stat().st_mode) == 0o700
    assert keyset.load(made.directory).clinic == made.clinic_id
    assert services.load_authority(made.directory).key is not None
    store = stores.open_own(made)
    with store.read() as db:
        assert db.execute(hub.select()).all() == []
    store.close()


def test_every_setting_comes_back(tmp_path: Path, postgres_url: str) -> None:
    chosen = replace(SETTINGS, local_web_port=8080, bind="127.0.0.1", database_url=postgres_url)
    made = setup.create(tmp_path / "clinic", chosen, setup.now())
    assert (made.local_web_port, made.bind, made.database_url) == (8080, "127.0.0.1", postgres_url)


def test_two_clinics_share_no_key_and_no_id(tmp_path: Path) -> None:
    first, second = (
        setup.create(tmp_path / name, SETTINGS, setup.now()) for name in ("one", "two")
    )
    assert first.clinic_id != second.clinic_id
    for path in first.keys.glob("*.key"):
        assert (
            not (second.keys / path.name).exists()
            or path.read_bytes() != (second.keys / path.name).read_bytes()
        )


def test_what_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(keyset, "publish", broken)
    with pytest.raises(OSError, match="no space"):
        setup.create(tmp_path / "clinic", SETTINGS, setup.now())
    assert list(tmp_path.iterdir()) == []
