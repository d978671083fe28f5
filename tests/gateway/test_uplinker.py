"""The uplink against a real broker and a clinic that answers, keeps silent, or lies."""

import gc
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.contract import state, topics
from cloud_sync.contract.receipt import Status
from gateway import uplinker
from gateway.buffer import outbox, receipts
from gateway.buffer.custody import Custody, open_custody
from gateway.config import HubConfig
from gateway.uplink import mqtt
from gateway.uplinker import Uplinker
from tests.gateway.broker import Authority, Broker, Clinic, key_pem, wait_until
from tests.gateway.clinic_keys import HUB, ClinicKeys, enrolled, observed, received


class Site:
    """One enrolled hub, one broker, one clinic."""

    def __init__(self, directory: Path) -> None:
        self.keys = ClinicKeys()
        self.authority = Authority()
        self.broker = Broker(directory / "broker", self.authority)
        self.broker.start()
        self.config = enrolled(directory / "hub", self.keys, port=self.broker.port)
        key = ec.generate_private_key(ec.SECP256R1())
        self.config.clinic_ca.write_bytes(self.authority.pem)
        self.config.tls_key.write_bytes(key_pem(key))
        self.config.certificate.write_bytes(self.authority.issue(HUB, key.public_key()))
        self.clinic = Clinic(self.keys, self.broker.worker_port)
        wait_until(lambda: self.clinic.ready)

    def close(self) -> None:
        self.clinic.close()
        self.broker.kill()

    def trouble(self) -> str:
        link = receipts.read_link(self.config.receipts_db)
        return link.trouble if isinstance(link, receipts.Link) else ""

    def reason(self) -> str:
        link = receipts.read_link(self.config.receipts_db)
        return link.reason if isinstance(link, receipts.Link) else ""

    def connected(self) -> bool:
        link = receipts.read_link(self.config.receipts_db)
        return isinstance(link, receipts.Link) and link.connected

    def held(self) -> int:
        view = outbox.look(self.config.sealed_db)
        assert isinstance(view, outbox.View)
        return view.counters.held


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture
def custody(site: Site) -> Iterator[Custody]:
    made = open_custody(site.config)
    yield made
    made.close()


@contextmanager
def uplink(config: HubConfig) -> Iterator[None]:
    """The uplink in a thread of its own, with a short pause between connections."""
    made: list[Uplinker] = []

    def run() -> None:
        made.append(Uplinker(config, reconnect_seconds=(1, 1)))
        made[0].run()

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: bool(made))
    try:
        yield
    finally:
        made[0].stop()
        thread.join(20)
        assert not thread.is_alive()


def flipped(raw: bytes) -> bytes:
    """One bit of the signature is wrong."""
    return raw[:-1] + bytes([raw[-1] ^ 1])


def settled(custody: Custody, count: int) -> bool:
    custody.settle()
    return custody.report(received(), devices=0).held == count


def test_readings_reach_the_clinic_whole_and_are_forgotten_on_its_receipt(
    site: Site, custody: Custody
) -> None:
    for number in range(45):
        custody.keep(observed(number))
    custody.report(received(), devices=1)
    with uplink(site.config):
        wait_until(lambda: settled(custody, 0))
        custody.keep(observed(45))
        wait_until(lambda: settled(custody, 0))
        wait_until(lambda: len(site.clinic.states) >= 1)
    opened = [site.keys.open(raw) for raw in site.clinic.stored]
    assert opened == [observed(number) for number in range(46)]
    assert [len(message) for message in site.clinic.messages] == [20, 20, 5, 1]
    key = Ed25519PrivateKey.from_private_bytes(site.config.signing_key.read_bytes()).public_key()
    told = state.verify(site.clinic.states[0], key)
    assert told is not None
    assert told.hub == HUB
    wait_until(lambda: site.clinic.states[-1] == state.GONE)


def test_the_brokers_word_alone_forgets_nothing(site: Site, custody: Custody) -> None:
    site.clinic.answer = lambda _: []
    custody.keep(observed(0))
    with uplink(site.config):
        wait_until(lambda: len(site.clinic.messages) == 1)
        wait_until(lambda: f"Sending PUBACK to {HUB}" in site.broker.log)
        assert custody.settle() == 0
        assert site.held() == 1
    site.clinic.answer = lambda raws: [site.keys.receipt(raws, Status.ALREADY_STORED)]
    with uplink(site.config):
        wait_until(lambda: settled(custody, 0))
    first, second = site.clinic.messages
    assert first == second


def test_forged_receipts_are_ignored_and_never_stored(site: Site, custody: Custody) -> None:
    stranger = ClinicKeys()
    site.clinic.answer = lambda raws: [
        stranger.receipt(raws),
        flipped(site.keys.receipt(raws)),
        b"",
        site.keys.receipt([flipped(site.clinic.stored[0])]),
    ]
    custody.keep(observed(0))
    with uplink(site.config):
        wait_until(lambda: len(site.clinic.messages) == 1)
        site.clinic.answer = lambda raws: [site.keys.receipt(raws)]
        custody.keep(observed(1))
        site.clinic.publish(topics.ack(HUB), b"and some noise")
        found = receipts.pending(site.config.receipts_db, file="", settled=0)
        assert isinstance(found, receipts.Pending)
        assert found.rows == ()
        assert custody.settle() == 0
    with uplink(site.config):
        wait_until(lambda: settled(custody, 0))


def test_a_broker_that_dies_with_all_it_had_costs_nothing(site: Site, custody: Custody) -> None:
    site.clinic.answer = lambda _: []
    custody.keep(observed(0))
    with uplink(site.config):
        wait_until(lambda: len(site.clinic.messages) == 1)
        site.broker.kill()
        wait_until(lambda: not site.connected())
        custody.keep(observed(1))
        site.clinic.answer = lambda raws: [site.keys.receipt(raws)]
        site.clinic.ready = False
        site.broker.start()
        wait_until(lambda: settled(custody, 0))
    assert {site.keys.open(raw) for raw in site.clinic.stored} == {observed(0), observed(1)}


def test_a_refused_reading_leaves_the_order_and_is_shown(site: Site, custody: Custody) -> None:
    site.clinic.answer = lambda raws: [site.keys.receipt(raws, Status.REFUSED)]
    custody.keep(observed(0))
    with uplink(site.config):
        wait_until(lambda: settled(custody, 0))
    assert custody.report(received(), devices=0).refused == 1


def test_a_newer_key_set_is_taken_and_a_forged_or_older_one_is_not(
    site: Site, custody: Custody
) -> None:
    forger = ClinicKeys()
    with uplink(site.config):
        wait_until(site.connected)
        for raw in (forger.keyset(version=9), site.keys.keyset(version=1), b"noise"):
            site.clinic.publish(topics.KEYSET, raw)
        newer = site.keys.keyset(version=3, suites=(1,))
        site.clinic.publish(topics.KEYSET, newer, retain=True)
        wait_until(site.config.keysets[1].exists)
        assert site.config.keysets[1].read_bytes() == newer
        custody.settle()
        custody.keep(observed(0))
        wait_until(lambda: settled(custody, 0))
    assert [raw[5] for raw in site.clinic.stored] == [1]


def test_a_publish_that_the_broker_forbids_counts_as_not_sent_and_raises_the_alarm(
    site: Site, custody: Custody
) -> None:
    site.broker.kill()
    site.broker.allow("state")
    site.clinic.ready = False
    site.broker.start()
    wait_until(lambda: site.clinic.ready)
    custody.keep(observed(0))
    with uplink(site.config):
        wait_until(lambda: site.trouble() == uplinker.REFUSED)
    assert site.clinic.messages == []
    assert not settled(custody, 0)


def test_nobody_listening_is_said_and_nothing_is_forgotten(site: Site, custody: Custody) -> None:
    site.clinic.close()
    custody.keep(observed(0))
    with uplink(site.config):
        wait_until(lambda: site.reason() == uplinker.NOBODY)
    assert site.held() == 1


def test_a_hub_displaced_by_its_double_says_so_and_leaves_it_the_field(site: Site) -> None:
    made = Uplinker(site.config, reconnect_seconds=(1, 1))
    made._open_link()
    made._handle(mqtt.Disconnected(session=1, code=mqtt.TAKEN_OVER))
    assert made._link is None
    made._step()
    assert made._link is None
    made._receipts.close()
    assert site.trouble() == uplinker.CLONED


# paho leaves the socket of a failed TLS handshake to the garbage collector
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_that_the_clinic_did_not_vouch_for_gets_nothing(
    site: Site, custody: Custody
) -> None:
    site.config.clinic_ca.write_bytes(Authority().pem)
    custody.keep(observed(0))
    with uplink(site.config):
        wait_until(lambda: site.reason().startswith("no answer"))
    gc.collect()
    assert site.clinic.messages == []


def test_the_uplink_process_ends_cleanly_on_sigterm(site: Site, custody: Custody) -> None:
    custody.keep(observed(0))
    command = [sys.executable, "-m", "gateway.cli", "uplink", "--state"]
    with subprocess.Popen([*command, str(site.config.directory)], stderr=subprocess.PIPE) as child:
        wait_until(lambda: settled(custody, 0))
        second = subprocess.run(
            [*command, str(site.config.directory)], capture_output=True, check=False, text=True
        )
        assert second.returncode == 78
        assert "another process" in second.stderr
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 0
    assert not site.connected()
