import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar import Litestar
from litestar.testing import TestClient

from cloud_sync.config import ClinicConfig
from cloud_sync.contract.enrolment import Answer, Rejected, Request
from cloud_sync.identity import enrolment, enrolment_route
from cloud_sync.ledger.engine import Store
from tests.support.clinic import desk
from tests.support.hubs import hub_request


@pytest.fixture
def request_body(store: Store) -> Request:
    with store.write() as db:
        code = enrolment.invite(db, "kitchen", 0).code
    signing, tls = Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    return hub_request(code, signing, tls)


def test_a_hub_enrols_by_http_and_the_broker_is_told_after_the_commit(
    clinic: ClinicConfig, store: Store, request_body: Request
) -> None:
    told: list[str] = []
    made = desk(clinic, store, admitted=told.append, clock=lambda: 1)
    with TestClient(Litestar([enrolment_route.build_router(made)])) as client:
        reply = client.post("/enrol", content=msgspec.json.encode(request_body))
        again = client.get("/enrol/ca.pem")
    assert reply.status_code == 200
    answer = msgspec.json.decode(reply.content, type=Answer)
    assert told == [answer.hub]
    assert answer.ca_pem == again.text
    assert (answer.clinic, answer.broker_port) == (clinic.clinic_id, clinic.broker_port)


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 403), (b"{}", 403), (b"\xff", 403), (b'{"x":' + b"[" * 5000, 403), (b"x" * 20_000, 413)],
    ids=["empty", "no fields", "no text", "deep", "huge"],
)
def test_hostile_bodies_are_answered_in_words(
    clinic: ClinicConfig, store: Store, body: bytes, status: int
) -> None:
    app = Litestar([enrolment_route.build_router(desk(clinic, store))])
    with TestClient(app) as client:
        reply = client.post("/enrol", content=body)
    assert reply.status_code == status
    if status == 403:
        assert msgspec.json.decode(reply.content, type=Rejected).error


def test_a_broker_that_does_not_answer_leaves_the_hub_enrolled(
    clinic: ClinicConfig, store: Store, request_body: Request
) -> None:
    told: list[str] = []
    made = desk(clinic, store, admitted=told.append, clock=lambda: 1)
    body = msgspec.json.encode(request_body)
    first = enrolment_route.answer(made, body)
    again = enrolment_route.answer(made, body)
    assert isinstance(first, Answer)
    assert isinstance(again, Answer)
    assert told == [first.hub] * 2, "asking again opens the broker again"
