"""The read log."""

from cloud_sync.ledger import audit
from cloud_sync.ledger.engine import Store
from tests.support import seeded


def test_views_are_listed_newest_first_with_who_looked(store: Store) -> None:
    nurse = seeded.add_staff(store, roles=("clinician",))["clinician"]
    with store.write() as db:
        for number, patient in enumerate(("a" * 32, None, "b" * 32)):
            audit.record(db, staff_id=nurse, patient_id=patient, route="GET /x", at_ms=number)
    with store.read() as db:
        found = audit.newest(db, limit=2)
    assert [(read.at_ms, read.patient_id, read.full_name) for read in found] == [
        (2, "b" * 32, "Nia Okafor RN"),
        (1, None, "Nia Okafor RN"),
    ]


def test_what_the_operator_exported_is_listed_too(store: Store) -> None:
    """A command at the server has no account: its row must not vanish from the auditor's list."""
    with store.write() as db:
        audit.record(
            db, staff_id="0" * 32, patient_id="a" * 32, route="vitals-clinic packet", at_ms=1
        )
    with store.read() as db:
        (found,) = audit.newest(db)
    assert (found.full_name, found.role) == ("at the server's terminal", "")
