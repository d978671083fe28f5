"""Enrolment against a real HTTPS server that plays the clinic, honest or not."""

import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from cloud_sync.contract import enrolment
from cloud_sync.contract.enrolment import Answer, Rejected, Request, Ticket
from gateway.buffer.custody import open_custody
from gateway.config import load
from gateway.provisioning import https
from gateway.provisioning.enrol import Enrolled, enrol
from tests.gateway.broker import Authority, key_pem
from tests.gateway.clinic_keys import CLINIC, HUB, ClinicKeys, observed

CODE = "7ZK3QW9XN4M2BHT6VJ8R"


class Clinic:
    """`GET /enrol/ca.pem` and `POST /enrol`; tests change what it presents and answers."""

    def __init__(self, directory: Path, address: str = "127.0.0.1") -> None:
        self.authority = Authority()
        self.shown = self.authority.pem
        self.keys = ClinicKeys()
        self.requests: list[Request] = []
        self.reply: Callable[[Request], tuple[int, bytes]] = self.grant
        key = ec.generate_private_key(ec.SECP256R1())
        (directory / "web.key").write_bytes(key_pem(key))
        (directory / "web.pem").write_bytes(
            self.authority.issue("web", key.public_key(), server=True)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(directory / "web.pem", directory / "web.key")
        self.server = HTTPServer((address, 0), handler(self))
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.host = "localhost" if address == "127.0.0.1" else address
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def ticket(self) -> Ticket:
        return Ticket(
            url=f"https://{self.host}:{self.server.server_port}",
            clinic=CLINIC,
            ca_pin=https.pin_of(self.authority.certificate),
            root=self.keys.root.public_key().public_bytes_raw(),
            code=CODE,
        )

    def answer(self, request: Request) -> Answer:
        csr = x509.load_pem_x509_csr(request.csr_pem.encode())
        public = csr.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        return Answer(
            hub=HUB,
            clinic=CLINIC,
            certificate_pem=self.authority.issue(HUB, public).decode(),
            ca_pem=self.authority.pem.decode(),
            keyset=self.keys.keyset(),
            broker_host="broker.example",
            broker_port=8883,
        )

    def grant(self, request: Request) -> tuple[int, bytes]:
        csr = x509.load_pem_x509_csr(request.csr_pem.encode())
        proof = enrolment.proof_message(csr.public_bytes(Encoding.DER))
        Ed25519PublicKey.from_public_bytes(request.verify_key).verify(request.proof, proof)
        assert csr.is_signature_valid
        return 200, msgspec.json.encode(self.answer(request))


def handler(clinic: Clinic) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send(200 if self.path == "/enrol/ca.pem" else 404, clinic.shown)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = msgspec.json.decode(body, type=Request)
            clinic.requests.append(request)
            self.send(*clinic.reply(request))

        def send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    made = Clinic(tmp_path)
    yield made
    made.close()


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    return tmp_path / "hub"


def enrol_with(desk: Clinic, directory: Path, **changes: Any) -> Enrolled | Rejected:
    ticket = msgspec.structs.replace(desk.ticket, **changes)
    return enrol(enrolment.ticket_text(ticket), directory)


def refused(outcome: Enrolled | Rejected, directory: Path) -> str:
    assert isinstance(outcome, Rejected)
    assert not (directory / "hub.json").exists()
    return outcome.error


def test_an_enrolled_hub_can_seal_and_its_keys_are_its_own(clinic: Clinic, hub: Path) -> None:
    outcome = enrol_with(clinic, hub)
    assert isinstance(outcome, Enrolled)
    assert outcome.fresh
    config = load(hub)
    assert config == outcome.config
    assert (config.hub, config.broker_host, config.broker_port) == (HUB, "broker.example", 8883)
    custody = open_custody(config)
    assert custody.keep(observed(0)) == 1
    custody.close()
    for private in (config.signing_key, config.tls_key):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_cert_chain(config.certificate, config.tls_key)
    assert config.clinic_ca.read_bytes() == clinic.authority.pem


def test_enrolling_again_changes_nothing_and_asks_nobody(clinic: Clinic, hub: Path) -> None:
    enrol_with(clinic, hub)
    again = enrol_with(clinic, hub)
    assert isinstance(again, Enrolled)
    assert not again.fresh
    assert len(clinic.requests) == 1


def test_a_hub_of_another_clinic_is_not_taken_over(clinic: Clinic, hub: Path) -> None:
    enrol_with(clinic, hub)
    outcome = enrol_with(clinic, hub, clinic="d" * 32)
    assert isinstance(outcome, Rejected)
    assert "another clinic" in outcome.error
    assert load(hub).clinic == CLINIC


def test_after_a_crash_the_same_keys_ask_again(clinic: Clinic, hub: Path) -> None:
    enrol_with(clinic, hub)
    (hub / "hub.json").unlink()
    assert isinstance(enrol_with(clinic, hub), Enrolled)
    first, second = clinic.requests
    assert first.verify_key == second.verify_key
    keys = [x509.load_pem_x509_csr(each.csr_pem.encode()).public_key() for each in clinic.requests]
    assert keys[0] == keys[1]


def test_another_authority_than_the_pinned_one_hears_no_code(clinic: Clinic, hub: Path) -> None:
    clinic.shown = Authority().pem
    assert "is not the clinic that made this ticket" in refused(enrol_with(clinic, hub), hub)
    assert clinic.requests == []


def test_a_server_that_shows_the_authority_but_is_not_vouched_for_hears_no_code(
    tmp_path: Path, clinic: Clinic, hub: Path
) -> None:
    (tmp_path / "other").mkdir()
    middle = Clinic(tmp_path / "other")
    try:
        middle.shown = clinic.authority.pem
        outcome = enrol_with(clinic, hub, url=middle.ticket.url)
    finally:
        middle.close()
    assert "is not valid for it" in refused(outcome, hub)
    assert middle.requests == []


def test_a_host_that_the_certificate_does_not_name_hears_no_code(tmp_path: Path, hub: Path) -> None:
    elsewhere = Clinic(tmp_path, "127.0.0.2")
    try:
        outcome = enrol_with(elsewhere, hub)
    finally:
        elsewhere.close()
    assert "is not valid for it" in refused(outcome, hub)
    assert elsewhere.requests == []


def test_the_clinics_reason_reaches_the_technician_without_control_characters(
    clinic: Clinic, hub: Path
) -> None:
    said = Rejected(error="this code has expired\x1b[2J: ask for a new ticket")
    clinic.reply = lambda _: (403, msgspec.json.encode(said))
    words = refused(enrol_with(clinic, hub), hub)
    assert words == "the clinic says: this code has expired?[2J: ask for a new ticket"


def test_a_server_in_trouble_is_told_apart_from_a_rejection(clinic: Clinic, hub: Path) -> None:
    clinic.reply = lambda _: (500, b"<html>")
    assert "status 500" in refused(enrol_with(clinic, hub), hub)


@pytest.mark.parametrize(
    "change",
    [
        {"clinic": "d" * 32},
        {"hub": "e" * 32},
        {"hub": "../../etc"},
        {"broker_port": 0},
        {"keyset": ClinicKeys().keyset()},
        {"certificate_pem": "no certificate"},
        {"certificate_pem": Authority().pem.decode()},
    ],
    ids=["clinic", "hub", "path", "port", "keyset", "damaged", "other authority"],
)
def test_an_answer_that_does_not_hang_on_the_pins_is_not_taken(
    clinic: Clinic, hub: Path, change: dict[str, Any]
) -> None:
    clinic.reply = lambda request: (
        200,
        msgspec.json.encode(msgspec.structs.replace(clinic.answer(request), **change)),
    )
    assert "does not fit the ticket" in refused(enrol_with(clinic, hub), hub)


def test_a_certificate_for_somebody_elses_key_is_not_taken(clinic: Clinic, hub: Path) -> None:
    foreign = clinic.authority.issue(HUB, ec.generate_private_key(ec.SECP256R1()).public_key())
    clinic.reply = lambda request: (
        200,
        msgspec.json.encode(
            msgspec.structs.replace(clinic.answer(request), certificate_pem=foreign.decode())
        ),
    )
    assert "does not fit the ticket" in refused(enrol_with(clinic, hub), hub)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://clinic.example/", "no enrolment ticket"),
        ("vitals-enrol:?url=https%3A%2F%2Fclinic.example", "cut short"),
    ],
)
def test_a_bad_ticket_is_explained_before_any_key_is_made(hub: Path, text: str, says: str) -> None:
    assert says in refused(enrol(text, hub), hub)
    assert not hub.exists()


def test_plain_http_and_a_dead_server_are_explained(clinic: Clinic, hub: Path) -> None:
    assert "no https address" in refused(enrol_with(clinic, hub, url="http://localhost"), hub)
    closed = enrol_with(clinic, hub, url="https://127.0.0.1:1")
    assert "cannot be reached" in refused(closed, hub)
