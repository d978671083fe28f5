"""Sign-in attempts and their growing delay, per account and per address, shared by all workers.

An attempt is written down as failed before the password is looked at, so that parallel guesses
count against one another.
"""

import hashlib

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from cloud_sync.ledger import locks
from cloud_sync.ledger.tables import sign_in_attempt, staff

FREE_PER_ACCOUNT = 5
FREE_PER_ADDRESS = 20
WINDOW_MS = 60 * 60 * 1000
FIRST_DELAY_MS = 15 * 1000
LONGEST_DELAY_MS = 15 * 60 * 1000
_attempt = sign_in_attempt.c


def begin(db: Connection, *, username: str, address: str, at_ms: int) -> int:
    """The number of the new attempt; negative: refused, come back in so many milliseconds."""
    # Attempts on one account wait for each other (PostgreSQL; SQLite has one writer).
    locks.hold(db, staff, staff.c.username == _name(username))
    account, peer = _hash(_name(username)), _hash(address)
    wait = max(
        _account_wait(db, account, at_ms),
        # One account's success does not clear what else came from its address.
        _wait(db, _attempt.address == peer, at_ms - WINDOW_MS, FREE_PER_ADDRESS, at_ms),
    )
    if wait > 0:
        return -wait
    statement = insert(sign_in_attempt).values(
        account=account, address=peer, at_ms=at_ms, succeeded=False
    )
    number: int = db.execute(statement.returning(sign_in_attempt.c.id)).scalar_one()
    return number


def succeed(db: Connection, number: int) -> None:
    """The password was right: earlier failures of the account no longer count."""
    db.execute(update(sign_in_attempt).where(sign_in_attempt.c.id == number).values(succeeded=True))


def _account_wait(db: Connection, account: str, at_ms: int) -> int:
    mine = _attempt.account == account
    newest_success = select(func.max(_attempt.at_ms)).where(mine, _attempt.succeeded)
    since = max(db.execute(newest_success).scalar() or 0, at_ms - WINDOW_MS)
    return _wait(db, mine, since, FREE_PER_ACCOUNT, at_ms)


def _wait(db: Connection, whose: ColumnElement[bool], since: int, free: int, at_ms: int) -> int:
    failures = select(
        func.count().label("failures"), func.max(_attempt.at_ms).label("latest")
    ).where(whose, _attempt.at_ms > since, ~_attempt.succeeded)
    found = db.execute(failures).one()
    if found.failures < free:
        return 0
    delay: int = min(FIRST_DELAY_MS << min(found.failures - free, 16), LONGEST_DELAY_MS)
    latest: int = found.latest
    return max(0, latest + delay - at_ms)


def _name(username: str) -> str:
    return username.strip().lower()


def _hash(text: str) -> str:
    """Names that were mistyped may be passwords: none is kept in clear."""
    return hashlib.sha256(text.encode()).hexdigest()
