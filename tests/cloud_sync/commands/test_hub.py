import json
from pathlib import Path

import pytest

from cloud_sync import setup
from cloud_sync.commands import hub
from cloud_sync.config import ClinicConfig
from cloud_sync.contract.enrolment import Ticket, parse_ticket
from cloud_sync.identity import services
from tests.support.clinic import make_clinic


@pytest.fixture
def config(tmp_path: Path) -> ClinicConfig:
    return make_clinic(tmp_path / "clinic")


def test_a_ticket_is_one_line_that_a_hub_can_read(
    config: ClinicConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hub.add(config.directory, "kitchen") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert isinstance(parse_ticket(line), Ticket)


def test_hubs_are_listed_for_people_and_for_scripts(
    config: ClinicConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.add(config.directory, "kitchen", as_json=True)
    identity = json.loads(capsys.readouterr().out)["hub"]
    assert hub.list_hubs(config.directory, as_json=True) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["hub"], listed["label"], listed["state"]) == (identity, "kitchen", "pending")
    assert hub.list_hubs(config.directory) == 0
    shown = capsys.readouterr().out
    assert "kitchen" in shown
    assert identity in shown, "whole, to be copied"


def test_revoking_works_while_nothing_runs(
    config: ClinicConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    issuer = services.load_authority(config.directory)
    services.issue(config.directory, issuer, config.host, setup.now())
    hub.add(config.directory, "kitchen", as_json=True)
    identity = json.loads(capsys.readouterr().out)["hub"]
    assert hub.revoke(config.directory, identity) == 0
    assert "is revoked" in capsys.readouterr().out
    hub.list_hubs(config.directory, as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["state"] == "revoked"


def test_revoking_before_the_first_start_works_too(
    config: ClinicConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.add(config.directory, "kitchen", as_json=True)
    identity = json.loads(capsys.readouterr().out)["hub"]
    assert hub.revoke(config.directory, identity) == 0


def test_mistakes_are_told_in_words(
    config: ClinicConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hub.revoke(config.directory, "0f" * 16) == 1
    assert "There is no hub" in capsys.readouterr().err
    for wrong in (
        hub.add(tmp_path / "none", "x"),
        hub.list_hubs(tmp_path / "none"),
        hub.revoke(tmp_path / "none", "x"),
    ):
        assert wrong == 2
    assert "run vitals-clinic init first" in capsys.readouterr().err
