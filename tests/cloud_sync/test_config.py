from pathlib import Path

import pytest

from cloud_sync import config

MINIMAL = """
clinic_id = "abababababababababababababababab"
name = "Lakeside"
zone = "America/Chicago"
host = "clinic.example"
broker_port = 8883
worker_port = 8884
web_port = 8443
"""


def test_what_is_left_out_has_a_safe_default(tmp_path: Path) -> None:
    (tmp_path / "clinic.toml").write_text(MINIMAL)
    found = config.load(tmp_path)
    assert (found.local_web_port, found.bind) == (None, None)
    assert found.database_url == f"sqlite:///{tmp_path / 'clinic.db'}"
    assert (found.keys, found.broker) == (tmp_path / "keys", tmp_path / "broker")


def test_a_directory_without_a_clinic_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        config.load(tmp_path)
