"""The HTTP end of enrolment: two routes without sign-in, since the code is the credential."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from litestar import Response, Router, get, post
from litestar.params import RawBody

from cloud_sync.contract import enrolment as contract
from cloud_sync.contract.enrolment import Answer, Rejected, Request
from cloud_sync.identity import authority, enrolment
from cloud_sync.identity.authority import Authority
from cloud_sync.ledger.engine import Store

MAX_BODY_BYTES = 16_384
_MALFORMED = Rejected(error="this is no enrolment request: update the hub's software")


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the routes need: where hubs go afterwards, and whom to tell."""

    store: Store
    authority: Authority
    clinic: str
    keyset: bytes
    broker_host: str
    broker_port: int
    clock: Callable[[], int]  # milliseconds since 1970 UTC
    admitted: Callable[[str], None]  # opens the broker to a hub; after the commit


def answer(desk: Desk, body: bytes) -> Answer | Rejected:
    """Redeem one request, whatever the bytes are."""
    try:
        request = _decoder.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return _MALFORMED
    with desk.store.write() as db:
        member = enrolment.redeem(db, request, desk.authority, desk.clock())
    if isinstance(member, Rejected):
        return member
    desk.admitted(member.hub)
    return Answer(
        hub=member.hub,
        clinic=desk.clinic,
        certificate_pem=member.certificate_pem,
        ca_pem=authority.pem(desk.authority.certificate),
        keyset=desk.keyset,
        broker_host=desk.broker_host,
        broker_port=desk.broker_port,
    )


def build_router(desk: Desk) -> Router:
    """`POST /enrol` and `GET /enrol/ca.pem`, without session: a hub has no browser."""

    @post("/", status_code=200, sync_to_thread=True, request_max_body_size=MAX_BODY_BYTES)
    def enrol(body: RawBody) -> Response[bytes]:
        reply = answer(desk, body)
        status = 403 if isinstance(reply, Rejected) else 200
        return Response(msgspec.json.encode(reply), status_code=status, media_type=_JSON)

    @get("/ca.pem", sync_to_thread=False)
    def authority_certificate() -> Response[str]:
        return Response(authority.pem(desk.authority.certificate), media_type=_PEM)

    return Router(
        path=contract.PATH,
        route_handlers=[enrol, authority_certificate],
        include_in_schema=False,
    )


_JSON = "application/json"
_PEM = "application/x-pem-file"
_decoder = msgspec.json.Decoder(Request)
