"""Hubs as staff see them."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert, update

from cloud_sync.contract import state
from cloud_sync.contract.state import HubState
from cloud_sync.ledger import hubs
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.hubs import SILENT_AFTER_MS, Hub
from cloud_sync.ledger.tables import hub
from tests.support.seeded import HUB, NOW_MS

REPORT = HubState(
    hub=HUB,
    at_ms=NOW_MS,
    clock_synchronised=True,
    boot="b",
    epoch=1,
    held=3,
    oldest_held_ms=NOW_MS,
    refused=0,
    last_seq=9,
    days_of_room=900,
    disk_free_bytes=1,
    keyset_version=1,
    key_storage_tier="software",
    software="1",
    devices=2,
)


def test_a_hub_is_shown_with_what_it_said_last(store: Store) -> None:
    with store.write() as db:
        db.execute(
            insert(hub).values(
                id=HUB,
                label="H",
                state="active",
                created_at_ms=1,
                link_up=True,
                state_message=state.sign(REPORT, Ed25519PrivateKey.generate()),
                state_at_ms=NOW_MS,
            )
        )
    with store.read() as db:
        (found,), before = hubs.everything(db), hubs.version(db)
    assert found.report == REPORT
    with store.write() as db:
        db.execute(update(hub).values(link_up=False))
    with store.read() as db:
        assert hubs.version(db) != before


def test_a_report_that_cannot_be_read_is_none(store: Store) -> None:
    with store.write() as db:
        db.execute(
            insert(hub).values(
                id=HUB,
                label="H",
                state="active",
                created_at_ms=1,
                link_up=True,
                state_message=b"x" * 70,
            )
        )
    with store.read() as db:
        assert hubs.everything(db)[0].report is None


@pytest.mark.parametrize(
    ("kind", "link_up", "heard", "silent"),
    [
        ("active", False, NOW_MS - SILENT_AFTER_MS - 1, True),
        ("active", False, NOW_MS - SILENT_AFTER_MS, False),
        ("active", True, NOW_MS - 10 * SILENT_AFTER_MS, False),
        ("revoked", False, 0, False),
        ("pending", False, 0, False),
        ("active", False, None, True),
    ],
)
def test_when_a_hub_is_silent(kind: str, *, link_up: bool, heard: int | None, silent: bool) -> None:
    one = Hub(
        id=HUB,
        label="H",
        state=kind,
        created_at_ms=0,
        enrolled_at_ms=0,
        link_up=link_up,
        state_at_ms=heard,
        report=None,
    )
    assert one.silent(NOW_MS) is silent
