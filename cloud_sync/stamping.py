"""Asks time-stamp authorities for a token over the newest checkpoint, once a day each.

An authority that is down is asked again with the next checkpoint, an hour later; an alarm says so.
Nothing else waits for it, and what it answers is kept only if it verifies.
"""

import secrets
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPException

from cryptography.x509 import load_pem_x509_certificates
from sqlalchemy import Connection

from cloud_sync.config import ClinicConfig
from cloud_sync.export.verifier.der import (
    INTEGER,
    OCTETS,
    SEQUENCE,
    DerError,
    element,
    elements,
    integer,
    take,
)
from cloud_sync.export.verifier.timestamp import Stamp, TokenError, read_token
from cloud_sync.identity import stamping
from cloud_sync.identity.stamping import Chosen
from cloud_sync.ledger import alarms, time_tokens
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.time_tokens import Kept

DAY_MS = 24 * 3_600_000
ALARM = "time_stamp"
_SLACK_MS = 10 * 60_000  # the hourly round is never exactly a day after yesterday's
_WAIT_SECONDS = 15.0
_MOST_BYTES = 65_536  # an answer with a long chain of certificates has some 10,000
_SHA256 = bytes.fromhex("300d06096086480165030402010500")  # AlgorithmIdentifier
_GRANTED = (0, 1)  # PKIStatus: granted, granted with modifications


class StampError(Exception):
    """No usable token; the text says why, for people."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of asking one authority: its stamp, or words."""

    authority: str
    stamp: Stamp | None
    words: str


class Stamper:
    """Asks each chosen authority when its day is over."""

    def __init__(self, config: ClinicConfig, store: Store, clock: Callable[[], int]) -> None:
        self._directory = config.directory
        self._store = store
        self._clock = clock

    def take(self, *, due_only: bool = True) -> list[Outcome]:
        """Ask those that are due, or all; nothing where no checkpoint was taken yet."""
        now_ms = self._clock()
        with self._store.read() as db:
            newest, latest = time_tokens.newest_checkpoint(db), time_tokens.latest(db)
        if newest is None:
            return []
        try:
            chosen = stamping.chosen(self._directory)
        except (OSError, ValueError, KeyError) as error:
            words = f"the files under timestamp/ cannot be read: {type(error).__name__}"
            return [self._failed("timestamp", words)]
        found = []
        for one in chosen:
            last = latest.get(one.name)
            if last is not None and (
                last.size == newest["size"] or (due_only and not due(last.taken_at_ms, now_ms))
            ):
                continue
            found.append(self._take(one, newest["size"], str(newest["note"])))
        return found

    def _take(self, authority: Chosen, size: int, note: str) -> Outcome:
        try:
            token, stamp = ask(authority, note.encode())
        except StampError as error:
            return self._failed(authority.name, str(error))
        kept = Kept(
            size=size,
            authority=authority.name,
            trusted=authority.trusted,
            token=token,
            stamped_at_ms=round(stamp.at.timestamp() * 1000),
            taken_at_ms=self._clock(),
        )
        with self._store.write() as db:
            time_tokens.keep(db, kept)
        return Outcome(authority=authority.name, stamp=stamp, words="kept")

    def _failed(self, name: str, words: str) -> Outcome:
        with self._store.write() as db:
            alarms.raise_once(
                db, kind=ALARM, hub_id=None, detail=f"{name}: {words}", at_ms=self._clock()
            )
        return Outcome(authority=name, stamp=None, words=words)


def due(taken_at_ms: int | None, now_ms: int) -> bool:
    """Whether an authority is to be asked again."""
    return taken_at_ms is None or now_ms - taken_at_ms >= DAY_MS - _SLACK_MS


def ask(authority: Chosen, content: bytes) -> tuple[bytes, Stamp]:
    """A token over `content` that verifies, and what it says; StampError where there is none."""
    nonce = secrets.randbits(63)
    token = _token(_post(authority.url, request(content, nonce)))
    try:
        stamp = read_token(token, content, load_pem_x509_certificates(authority.trusted.encode()))
    except (TokenError, ValueError) as error:
        raise StampError(f"its token does not verify: {error}") from None
    if stamp.nonce != nonce:
        raise StampError("its token is not the answer to this question")
    return token, stamp


def first_false(db: Connection) -> str | None:
    """The first kept token that does not hold over its checkpoint, in words."""
    for note, kept in time_tokens.stamped_notes(db):
        try:
            trusted = load_pem_x509_certificates(kept.trusted.encode())
            read_token(kept.token, note.encode(), trusted)
        except (TokenError, ValueError) as error:
            return f"of {kept.authority} over {kept.size} entries: {error}"
    return None


def request(content: bytes, nonce: int) -> bytes:
    """TimeStampReq (RFC 3161, 2.4.1): SHA-256 of the content, a nonce, the certificate wanted."""
    imprint = _der(SEQUENCE, _SHA256 + _der(OCTETS, sha256(content).digest()))
    number = _der(INTEGER, nonce.to_bytes(nonce.bit_length() // 8 + 1, "big"))
    return _der(SEQUENCE, _der(INTEGER, b"\x01") + imprint + number + _der(0x01, b"\xff"))


def _der(tag: int, body: bytes) -> bytes:
    assert len(body) < 0x80, "a request is short"
    return bytes([tag, len(body)]) + body


def _post(url: str, body: bytes) -> bytes:
    asked = urllib.request.Request(  # noqa: S310 - `stamping.add` allows http and https only
        url, data=body, headers={"Content-Type": "application/timestamp-query"}
    )
    try:
        with urllib.request.urlopen(asked, timeout=_WAIT_SECONDS) as answer:  # noqa: S310
            raw: bytes = answer.read(_MOST_BYTES + 1)
    except (HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise StampError(f"it cannot be reached: {reason}") from None
    if len(raw) > _MOST_BYTES:
        raise StampError("its answer is too long")
    return raw


def _token(raw: bytes) -> bytes:
    """The token of a TimeStampResp (RFC 3161, 2.4.2)."""
    try:
        parts = elements(element(raw, SEQUENCE).body)
        status = integer(take(elements(take(parts, SEQUENCE).body), INTEGER))
        if status not in _GRANTED:
            raise StampError(f"it refused, status {status}")
        return take(parts, SEQUENCE).raw
    except DerError:
        raise StampError("its answer is no time-stamp response") from None
