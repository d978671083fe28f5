import socket
from dataclasses import replace
from pathlib import Path

import pytest

from cloud_sync.commands import serve
from tests.support.clinic import free_ports, make_clinic


def test_a_directory_without_a_clinic_is_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve.serve(tmp_path) == 2
    assert "run vitals-clinic init first" in capsys.readouterr().err


def test_a_taken_port_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = make_clinic(tmp_path / "clinic")
    with socket.create_server(("127.0.0.1", config.web_port)):
        assert serve.serve(config.directory) == 1
    assert "choose other ports" in capsys.readouterr().err


def test_a_database_that_does_not_answer_is_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_clinic(tmp_path / "clinic")
    (port,) = free_ports(1)
    settings = config.directory / "clinic.toml"
    url = f"postgresql+psycopg://nobody@127.0.0.1:{port}/none"
    settings.write_text(f'{settings.read_text()}database_url = "{url}"\n')
    assert serve.serve(config.directory) == 1
    assert "The database does not answer" in capsys.readouterr().err
    assert replace(config, database_url=url).database_url == url
