"""What is old enough, counted from the later of service and claim; what keeps it longer."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from cloud_sync.identity.data_keys import ClinicKeyFile
from cloud_sync.ledger import (
    closing,
    entries,
    holds,
    practice_settings,
    retention,
    snapshots,
    tables,
)
from cloud_sync.ledger.casefile import build_case
from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.practice_settings import Change
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.retention import Review, later_by
from tests.cloud_sync.ledger.records import (
    ANN,
    BOB,
    DOCTOR,
    NURSE,
    assign,
    ms,
    observe,
    people,
    work,
)

READ = "2026-03-04T13:00:00+00:00"
WORKED = ("2026-05-06T15:00:00+00:00", "2026-05-06T15:20:00+00:00")
DAY_MS = 86_400_000


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    """One that seals: of what is not sealed nothing is due."""
    opened = open_store(database_url, keys=ClinicKeyFile(tmp_path))
    yield opened
    opened.close()


def reviewed(store: Store, at: str) -> Review:
    with store.read() as db:
        return retention.review(db, ms(at))


def closed(store: Store, month: str, at: str, patient_id: str = ANN) -> closing.Standing:
    with store.write() as db:
        return closing.close(db, patient_id, month, author=NURSE, at_ms=ms(at))


def signed(store: Store, month: str, at: str) -> None:
    shown = closed(store, month, at)
    assert shown.snapshot is not None
    with store.write() as db:
        closing.sign(
            db, ANN, month, digest=shown.snapshot.digest.hex(), staff_id=DOCTOR, at_ms=ms(at)
        )


def served(store: Store) -> None:
    """Ann has a reading in March and work in May, both months closed."""
    people(store)
    assign(store, ANN, "2026-01-01T05:00:00+00:00")
    observe(store, READ)
    work(store, *WORKED)
    for month in ("2026-03", "2026-05"):
        closed(store, month, "2026-06-02T12:00:00+00:00")


def test_ten_years_from_the_last_service(store: Store) -> None:
    served(store)
    before = reviewed(store, "2036-05-06T15:19:59+00:00")
    assert (before.years, before.over, before.not_yet) == (10, (), 1)
    assert before.next_ms == ms("2036-05-06T15:20:00+00:00")
    (one,) = reviewed(store, "2036-05-06T15:20:00+00:00").over
    assert (one.patient_id, one.year, one.due, one.blocks) == (ANN, 2026, True, ())


def test_a_later_claim_counts_instead(store: Store) -> None:
    served(store)
    signed(store, "2026-05", "2026-08-09T12:00:00+00:00")
    assert reviewed(store, "2036-08-09T11:59:59+00:00").over == ()
    (one,) = reviewed(store, "2036-08-09T12:00:00+00:00").over
    assert one.last_claim_ms == ms("2026-08-09T12:00:00+00:00")


def test_a_release_is_the_claim_and_so_is_its_correction(store: Store) -> None:
    served(store)
    signed(store, "2026-05", "2026-08-09T12:00:00+00:00")
    released_ms = ms("2026-09-01T12:00:00+00:00")
    with store.write() as db:
        found = snapshots.latest(db, ANN, "2026-05")
        assert found is not None
        signature = snapshots.signature_of(db, found.id)
        assert signature is not None
        row = {
            "id": "9" * 32, "snapshot_id": found.id, "attestation_id": signature.id,
            "digest": found.digest, "lines": "[]", "author": NURSE,
            "released_at_ms": released_ms,
        }  # fmt: skip
        entries.add(db, tables.release, row, author=NURSE, at_ms=released_ms)
    assert reviewed(store, "2036-09-01T11:59:59+00:00").over == ()
    (one,) = reviewed(store, "2036-09-01T12:00:00+00:00").over
    assert one.last_claim_ms == released_ms
    corrected = ms("2026-10-03T12:00:00+00:00")
    with store.write() as db:
        closing.reopen(db, ANN, "2026-05", reason="A copy", author=NURSE, at_ms=corrected)
    assert reviewed(store, "2036-10-03T11:59:59+00:00").over == ()
    assert reviewed(store, "2036-10-03T12:00:00+00:00").over[0].last_claim_ms == corrected


def test_a_claim_of_january_keeps_the_december_it_rests_on(store: Store) -> None:
    people(store)
    assign(store, ANN, "2026-01-01T05:00:00+00:00")
    observe(store, "2026-12-20T13:00:00+00:00")
    closed(store, "2026-12", "2027-01-05T12:00:00+00:00")
    signed(store, "2027-01", "2027-02-03T12:00:00+00:00")
    assert reviewed(store, "2037-02-03T11:59:59+00:00").over == ()
    assert [one.due for one in reviewed(store, "2037-02-03T12:00:00+00:00").over] == [True]


def test_a_hold_keeps_it_and_says_so(store: Store) -> None:
    served(store)
    late = "2036-06-01T00:00:00+00:00"
    with store.write() as db:
        hold = holds.place(
            db, patient_id=ANN, reason="Subpoena", author=NURSE, at_ms=ms("2030-01-02T12:00:00Z")
        )
    (one,) = reviewed(store, late).over
    assert not one.due
    assert one.blocks == ("legal hold on the patient since 2030-01-02: Subpoena",)
    with store.write() as db:
        holds.lift(db, hold, reason="Dismissed", author=NURSE, at_ms=ms(late))
        holds.place(db, patient_id=BOB, reason="Another's", author=NURSE, at_ms=ms(late))
    assert [one.due for one in reviewed(store, late).over] == [True]
    with store.write() as db:
        holds.place(db, patient_id=None, reason="Audit", author=NURSE, at_ms=ms(late))
    assert "on the practice" in reviewed(store, late).over[0].blocks[0]


def test_a_month_that_was_never_closed_keeps_it(store: Store) -> None:
    served(store)
    observe(store, "2026-04-04T13:00:00+00:00")
    # Where she lives this is still March, which is closed.
    work(store, "2026-04-01T03:30:00+00:00", "2026-04-01T03:40:00+00:00")
    (one,) = reviewed(store, "2037-01-01T00:00:00+00:00").over
    assert one.blocks == ("2026-04 was never closed",)


def test_readings_of_nobody_are_kept_as_long(store: Store) -> None:
    people(store)
    observe(store, READ, patient_id=None)
    assert reviewed(store, "2036-03-04T12:59:59+00:00").over == ()
    (one,) = reviewed(store, "2036-03-04T13:00:00+00:00").over
    assert (one.patient_id, one.due) == (None, True)


def test_each_year_and_patient_is_kept_by_itself(store: Store) -> None:
    served(store)
    work(store, "2027-02-01T15:00:00+00:00", "2027-02-01T15:10:00+00:00")
    work(store, "2026-02-01T15:00:00+00:00", "2026-02-01T15:10:00+00:00", patient_id=BOB)
    closed(store, "2026-02", "2026-03-02T12:00:00+00:00", BOB)
    found = {(one.patient_id, one.year) for one in reviewed(store, "2036-12-01T00:00:00Z").over}
    assert found == {(ANN, 2026), (BOB, 2026)}
    found = {(one.patient_id, one.year) for one in reviewed(store, "2037-12-01T00:00:00Z").over}
    assert found == {(ANN, 2026), (BOB, 2026), (ANN, 2027)}


def years(store: Store, value: object, from_ms: int = 1) -> None:
    change = Change(
        name="retention_years",
        value=value,
        effective_from_ms=from_ms,
        reason="The partners' decision",
        recorded_at_ms=2,
        author=NURSE,
    )
    with store.write() as db:
        practice_settings.record(db, change)


@pytest.mark.parametrize("value", [6, 0, -1, 101, True, "8", 7.5, None])
def test_seven_years_are_the_floor(value: object, store: Store) -> None:
    with pytest.raises(Refused):
        years(store, value)


def test_the_practice_may_keep_longer_or_as_short_as_the_floor(store: Store) -> None:
    served(store)
    years(store, 12)
    assert reviewed(store, "2036-06-01T00:00:00+00:00").over == ()
    assert len(reviewed(store, "2038-06-01T00:00:00+00:00").over) == 1
    years(store, 7, ms("2030-01-01T00:00:00+00:00"))
    assert reviewed(store, "2029-12-31T00:00:00+00:00").years == 12
    assert len(reviewed(store, "2033-06-01T00:00:00+00:00").over) == 1


def test_the_setting_is_none_of_the_rules_business(store: Store) -> None:
    served(store)
    years(store, 12)
    with store.read() as db:
        settings = build_case(db, ANN, ms("2026-06-01T00:00:00+00:00"))["settings"]
    assert settings == {"time_zone": "America/New_York"}


def test_leap_day_counts_to_the_day_after() -> None:
    leap = ms("2028-02-29T10:00:00+00:00")
    assert later_by(leap, 10) == ms("2038-03-01T10:00:00+00:00")
    assert later_by(leap, 8) == ms("2036-02-29T10:00:00+00:00")
    assert datetime.fromisoformat("2038-03-01T10:00:00+00:00").timestamp() * 1000 == later_by(
        leap, 10
    )
