"""The whole server as a process of its own."""

import os
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from cloud_sync import stores
from cloud_sync.commands import hub as hub_commands
from cloud_sync.config import ClinicConfig
from cloud_sync.contract import topics
from cloud_sync.contract.enrolment import Answer, Ticket, parse_ticket
from cloud_sync.ledger.tables import observation
from tests.support.clinic import Close, Link, make_clinic, verified, wait_for, write_tls
from tests.support.hubs import Hub, entries, hub_request
from tests.support.readings import plaintext

ROOT = Path(__file__).parents[2]


@dataclass(kw_only=True)
class Server:
    config: ClinicConfig
    process: subprocess.Popen[str]

    def broker_pid(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        (pid,) = children.split()
        return int(pid)


def start(config: ClinicConfig) -> Server:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.serving", config.directory],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()
    return Server(config=config, process=process)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = start(make_clinic(tmp_path / "clinic"))
    yield running
    if running.process.poll() is None:
        running.process.kill()
    running.process.communicate()


def add_hub(config: ClinicConfig, capsys: pytest.CaptureFixture[str]) -> Ticket:
    assert hub_commands.add(config.directory, "kitchen", as_json=True) == 0
    ticket = parse_ticket(msgspec.json.decode(capsys.readouterr().out)["ticket"])
    assert isinstance(ticket, Ticket)
    return ticket


def enrol(config: ClinicConfig, ticket: Ticket) -> Hub:
    signing, tls = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    context = ssl.create_default_context(cafile=str(config.directory / "ca.pem"))
    request = urllib.request.Request(
        f"{ticket.url}/enrol", msgspec.json.encode(hub_request(ticket.code, signing, tls))
    )
    with urllib.request.urlopen(request, timeout=20, context=context) as reply:
        answer = msgspec.json.decode(reply.read(), type=Answer)
    return Hub(
        id=answer.hub,
        signing=signing,
        keyset=verified(config, answer),
        tls=write_tls(config.directory / "hubs" / answer.hub, tls, answer),
    )


def test_from_the_ticket_to_the_ledger_and_an_orderly_end(
    server: Server, closing: Close, capsys: pytest.CaptureFixture[str]
) -> None:
    config = server.config
    hub = enrol(config, add_hub(config, capsys))
    assert hub.tls is not None
    link = closing(Link(config, hub.tls, config.directory / "ca.pem"))
    assert link.subscribe(topics.ack(hub.id)) == 1
    raws = [hub.seal(seq, plaintext(hub.id, seq)) for seq in (1, 2)]
    assert link.publish(topics.up(hub.id), topics.join(raws)) == 0
    assert entries(link.receive(), hub) == [(1, "STORED", "NONE"), (2, "STORED", "NONE")]
    store = stores.visit(config)

    def stored() -> int:
        with store.read() as db:
            return int(db.scalar(select(func.count()).select_from(observation)) or 0)

    wait_for(lambda: stored() == 2)
    store.close()
    assert hub_commands.revoke(config.directory, hub.id) == 0
    assert "connection is cut" in capsys.readouterr().out
    link.wait_until_gone()
    link.close()
    broker_pid = server.broker_pid()
    server.process.send_signal(signal.SIGTERM)
    _, errors = server.process.communicate(timeout=20)
    assert (server.process.returncode, errors) == (0, "")
    assert not Path(f"/proc/{broker_pid}").exists()


def test_a_broker_that_dies_ends_the_server(server: Server) -> None:
    os.kill(server.broker_pid(), signal.SIGKILL)
    _, errors = server.process.communicate(timeout=20)
    assert server.process.returncode != 0
    assert "the broker ended by itself" in errors


def test_a_killed_server_takes_its_broker_along_and_can_start_again(server: Server) -> None:
    broker_pid = server.broker_pid()
    server.process.kill()
    server.process.communicate()
    wait_for(lambda: not _runs(broker_pid))
    again = start(server.config)
    again.process.send_signal(signal.SIGINT)
    _, errors = again.process.communicate(timeout=20)
    assert (again.process.returncode, errors) == (0, "")


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
