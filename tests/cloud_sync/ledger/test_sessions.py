"""Sessions by an injected clock."""

import pytest
from sqlalchemy import select

from cloud_sync.ledger import sessions, staff
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.sessions import ABSOLUTE_MS, IDLE_MS
from cloud_sync.ledger.tables import session
from tests.support import seeded

T0 = seeded.NOW_MS


@pytest.fixture
def nurse(store: Store) -> str:
    return seeded.add_staff(store, roles=("clinician",))["clinician"]


def opened(store: Store, nurse: str, at_ms: int = T0, replaces: str | None = None) -> str:
    with store.write() as db:
        return sessions.open_session(db, staff_id=nurse, at_ms=at_ms, replaces=replaces).token


def alive(store: Store, token: str, at_ms: int) -> bool:
    with store.read() as db:
        return sessions.find(db, token, at_ms) is not None


def touch(store: Store, token: str, at_ms: int) -> None:
    with store.write() as db:
        found = sessions.find(db, token, at_ms)
        assert found is not None
        sessions.touch(db, found, at_ms)


def test_a_session_ends_after_fifteen_idle_minutes(store: Store, nurse: str) -> None:
    token = opened(store, nurse)
    assert alive(store, token, T0 + IDLE_MS - 1)
    assert not alive(store, token, T0 + IDLE_MS)
    assert IDLE_MS == 15 * 60 * 1000


def test_work_keeps_it_alive_but_not_beyond_twelve_hours(store: Store, nurse: str) -> None:
    token, at = opened(store, nurse), T0
    while at + IDLE_MS // 2 < T0 + ABSOLUTE_MS:
        at += IDLE_MS // 2
        touch(store, token, at)
    assert alive(store, token, T0 + ABSOLUTE_MS - 1)
    assert not alive(store, token, T0 + ABSOLUTE_MS)
    assert ABSOLUTE_MS == 12 * 60 * 60 * 1000


def test_the_database_never_sees_the_token(store: Store, nurse: str) -> None:
    token = opened(store, nurse)
    with store.read() as db:
        (row,) = db.execute(select(session)).all()
    assert row.token_hash == sessions.token_hash(token)
    assert token not in repr(row)
    assert len(token) >= 43, "256 bits"


def test_a_new_sign_in_ends_the_session_the_browser_brought(store: Store, nurse: str) -> None:
    first = opened(store, nurse)
    second = opened(store, nurse, T0 + 1000, replaces=first)
    assert not alive(store, first, T0 + 1000)
    assert alive(store, second, T0 + 1000)


def test_an_invented_token_is_nobodys(store: Store, nurse: str) -> None:
    opened(store, nurse, replaces="attacker-chosen")
    assert not alive(store, "attacker-chosen", T0)


def test_disabling_and_a_new_password_end_every_session(store: Store, nurse: str) -> None:
    tokens = [opened(store, nurse), opened(store, nurse)]
    with store.write() as db:
        staff.set_password(db, seeded.NURSE, "another long enough phrase")
    assert [alive(store, token, T0) for token in tokens] == [False, False]
    token = opened(store, nurse)
    with store.write() as db:
        staff.disable(db, seeded.NURSE, T0)
    assert not alive(store, token, T0)
    assert not alive(store, opened(store, nurse), T0), "a disabled account has no live session"


def test_dead_sessions_are_forgotten(store: Store, nurse: str) -> None:
    opened(store, nurse)
    opened(store, nurse, T0 + IDLE_MS)
    with store.read() as db:
        assert len(db.execute(select(session)).all()) == 1
