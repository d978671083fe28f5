"""Releasing a signed month: what goes, what stays, and what a late fact does to it; on both.

The rows are cloud_sync.ledger.release_rows'.
"""

import json
from typing import Any

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from cloud_sync.ledger import (
    closing,
    entries,
    release_rows,
    releasing,
    reopening,
    snapshots,
    tables,
    training,
)
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.people import Patient, find
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.release_rows import Line, Release
from tests.cloud_sync.ledger.records import (
    ANN,
    BOB,
    DOCTOR,
    NURSE,
    assign,
    fact,
    ms,
    observe,
    people,
    work,
)
from tests.cloud_sync.ledger.test_reopening import ON_FILE

AT = ms("2026-02-03T12:00:00+00:00")
LATER = AT + 86_400_000
MONTH = "2026-01"
BILLER = "e" * 32


@pytest.fixture
def served(store: Store) -> Store:
    """Ann's January: three days of readings, 21 minutes."""
    people(store)
    for kind, body in ON_FILE:
        fact(store, kind, body, "2026-01-01T05:00:00+00:00")
    assign(store, ANN, "2026-01-01T05:00:00+00:00")
    for day in (2, 3, 4):
        observe(store, f"2026-01-{day:02}T13:00:00+00:00")
    work(store, "2026-01-20T15:00:00+00:00", "2026-01-20T15:21:00+00:00")
    return store


def sign(store: Store, at_ms: int = AT) -> None:
    with store.write() as db:
        shown = closing.close(db, ANN, MONTH, author=NURSE, at_ms=at_ms).snapshot
        assert shown is not None
        closing.sign(db, ANN, MONTH, digest=shown.digest.hex(), staff_id=DOCTOR, at_ms=at_ms)


def release(store: Store, at_ms: int = AT, **keys: Any) -> Release:
    with store.write() as db:
        made = releasing.make(db, ANN, MONTH, author=BILLER, at_ms=at_ms, **keys).release
    assert made is not None
    return made


def of_ann(store: Store) -> list[Release]:
    with store.read() as db:
        return release_rows.of_patient(db, ANN, MONTH)


def test_a_signed_month_is_released_once(served: Store) -> None:
    with pytest.raises(Refused, match="not been closed"):
        release(served)
    with served.write() as db:
        closing.close(db, ANN, MONTH, author=NURSE, at_ms=AT)
    with pytest.raises(Refused, match="not signed"):
        release(served)
    sign(served)
    made = release(served)
    assert made.lines == (
        Line(code="99445", units=1, first="2026-01-02", last="2026-01-31", program="RPM"),
        Line(code="99457", units=1, first="2026-01-01", last="2026-01-31", program="RPM"),
    )
    assert made.stands
    assert (made.version, made.author, made.released_at_ms) == (1, BILLER, AT)
    with pytest.raises(Refused, match="released already"):
        release(served)
    assert of_ann(served) == [made]
    with served.read() as db:
        assert release_rows.of_month(db, MONTH, [ANN, BOB]) == {ANN: [made]}
        kept = db.execute(select(tables.release)).mappings().one()
        assert kept["lines"] == json.dumps(
            json.loads(kept["lines"]), separators=(",", ":"), sort_keys=True
        )
        assert entries.head(db).size == 3  # closing, signature, release: each with its entry
    with served.write() as db, pytest.raises(DBAPIError):  # whoever comes past the rules
        db.execute(insert(tables.release).values(dict(kept) | {"id": "0" * 32}))


def test_only_the_version_that_was_shown_is_released(served: Store) -> None:
    sign(served)
    with pytest.raises(Refused, match="meanwhile"):
        release(served, digest="00" * 32)
    with served.read() as db:
        shown = snapshots.latest(db, ANN, MONTH)
    assert shown is not None
    assert release(served, digest=shown.digest.hex()).digest == shown.digest


def test_a_late_reading_voids_the_release_with_the_signature(served: Store) -> None:
    sign(served)
    first = release(served)
    observe(served, "2026-01-29T13:00:00+00:00", committed="2026-02-03T13:00:00+00:00")
    with pytest.raises(Refused, match="close it again"):
        release(served, LATER)
    with served.write() as db:
        after = reopening.settled(db, ANN, MONTH, LATER)
    assert after.snapshot is not None
    (voided,) = of_ann(served)
    assert (voided.stands, voided.voided_at_ms) == (False, LATER)
    assert voided.void_reason == after.snapshot.reason
    assert "1 reading arrived" in str(voided.void_reason)
    assert voided.lines == first.lines, "what was released stays as it was"
    with pytest.raises(Refused, match="not signed"):
        release(served, LATER)
    sign(served, LATER)
    again = release(served, LATER + 1)
    assert [(one.id, one.version, one.stands) for one in of_ann(served)] == [
        (first.id, 1, False),
        (again.id, 2, True),
    ]
    with served.write() as db:
        reasons = ("A copy is missing", "And another")
        for reason in reasons:  # the second finds the release void already
            closing.reopen(db, ANN, MONTH, reason=reason, author=NURSE, at_ms=LATER + 2)
    assert [one.void_reason for one in of_ann(served)] == [voided.void_reason, reasons[0]]
    with served.read() as db:
        assert db.scalar(select(func.count()).select_from(tables.release_void)) == 2


def test_a_reopening_that_fails_leaves_the_release(served: Store) -> None:
    sign(served)
    release(served)
    with served.writer.connect() as db:
        closing.reopen(db, ANN, MONTH, reason="A copy", author=NURSE, at_ms=LATER)
        db.rollback()
    assert [one.stands for one in of_ann(served)] == [True]


def test_a_line_that_asks_for_a_person_goes_only_by_name_and_reason(served: Store) -> None:
    work(served, "2026-01-21T15:00:00+00:00", "2026-01-21T15:20:00+00:00", entered_at_ms=AT - 1000)
    sign(served)
    with served.read() as db:
        shown = snapshots.latest(db, ANN, MONTH)
    assert shown is not None
    status = {one["code"]: one["status"] for one in shown.facts["determination"]["lines"]}
    asking = [code for code, one in status.items() if one == "needs_review"]
    assert asking == ["99458"], status
    with served.read() as db:
        found = releasing.offer(closing.standing(db, _ann(served), MONTH, AT))
    assert [one.code for one, _status in found.behind] == ["99458"]
    for decisions, words in (
        ({"99445": "Because"}, "99445: no line"),
        ({"99458": " "}, "say why"),
        ({"99458/2026-01-09": "Because"}, "no line"),
    ):
        with pytest.raises(Refused, match=words):
            release(served, decisions=decisions)
    made = release(served, decisions={"99458/2026-01-01": "Checked the log with the nurse"})
    assert {one.code: one.decision for one in made.lines} == {
        "99445": None,
        "99457": None,
        "99458": "Checked the log with the nurse",
    }


def _ann(store: Store) -> Patient:
    with store.read() as db:
        return find(db, ANN)


LINE = {"code": "99454", "units": 1, "from": "2026-01-01", "to": "2026-01-30", "program": "RPM"}


def standing_of(store: Store, *lines: dict[str, Any]) -> closing.Standing:
    """A signed month with these lines, as no rule needs to make them."""
    body = json.dumps({"determination": {"lines": lines}})
    snapshot = snapshots.Snapshot(
        id="1" * 32, patient_id=ANN, month=MONTH, version=1, body=body, digest=b"", reason=None,
        made_at_ms=AT, author=NURSE,
    )  # fmt: skip
    return closing.Standing(
        patient=_ann(store), month=MONTH, state="signed", snapshot=snapshot, signature=None,
        changes=(),
    )  # fmt: skip


def test_a_held_line_never_goes_and_two_of_a_code_are_told_apart(store: Store) -> None:
    people(store)
    waits = LINE | {"status": "held"}
    with pytest.raises(Refused, match="none of them is billable"):
        releasing.offer(standing_of(store, waits))
    with pytest.raises(Refused, match="no line of this code"):
        releasing.offer(standing_of(store, waits), {"99454": "All is well"})
    first = LINE | {"status": "needs_review"}
    second = first | {"from": "2026-01-31", "to": "2026-01-31"}
    two = standing_of(store, first, second)
    with pytest.raises(Refused, match="99454/2026-01-01 or 99454/2026-01-31"):
        releasing.offer(two, {"99454": "All is well"})
    found = releasing.offer(two, {"99454/2026-01-31": "All is well"})
    assert [(one.first, one.decision) for one in found.lines] == [("2026-01-31", "All is well")]
    assert [(one.first, status) for one, status in found.behind] == [("2026-01-01", "needs_review")]


def test_a_training_practice_never_releases(store: Store) -> None:
    with store.write() as db:
        training.mark(db, AT)
    row = {
        "id": "1" * 32, "snapshot_id": "2" * 32, "attestation_id": "3" * 32, "digest": bytes(32),
        "lines": "[]", "released_at_ms": AT, "author": BILLER,
    }  # fmt: skip
    with pytest.raises(DBAPIError, match="never bills"), store.write() as db:
        db.execute(insert(tables.release).values(row))
    with store.write() as db, pytest.raises(Refused, match="TRAINING - NOT FOR BILLING"):
        releasing.make(db, ANN, MONTH, author=BILLER, at_ms=AT)
