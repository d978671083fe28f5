from sqlalchemy import update

from cloud_sync.contract import state as contract
from cloud_sync.identity import enrolment, fleet
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import hub
from tests.support.hubs import hub_state, loose_hub


def test_the_list_shows_what_each_hub_last_said(store: Store) -> None:
    made = loose_hub()
    with store.write() as db:
        silent = enrolment.invite(db, "cellar", 1).hub
        spoke = enrolment.invite(db, "kitchen", 2).hub
        message = contract.sign(hub_state(spoke, 5), made.signing)
        db.execute(
            update(hub)
            .where(hub.c.id == spoke)
            .values(
                state="active",
                verify_key=made.signing.public_key().public_bytes_raw(),
                state_message=message,
                state_at_ms=1_772_635_000_000,
                link_up=True,
            )
        )
        first, second = fleet.overview(db)
    assert (first["hub"], first["state"], first["held"], first["state_at"]) == (
        silent,
        "pending",
        None,
        None,
    )
    assert (second["hub"], second["label"], second["held"], second["days_of_room"]) == (
        spoke,
        "kitchen",
        3,
        365,
    )
    assert (second["state_at"], second["link_up"]) == ("2026-03-04T14:36:40+00:00", True)


def test_a_message_that_the_hub_did_not_sign_says_nothing() -> None:
    made, other = loose_hub(), loose_hub()
    message = contract.sign(hub_state(made.id, 5), other.signing)
    assert fleet.last_state(message, made.signing.public_key().public_bytes_raw()) is None
    assert fleet.last_state(None, None) is None
