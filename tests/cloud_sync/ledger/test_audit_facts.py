"""What the self-audit is given of a ledger; what is on file: cloud_sync.ledger.audit_files."""

from datetime import date

import pytest

from cloud_sync.ledger import closing, tables
from cloud_sync.ledger.audit_facts import months_between, practice_facts
from cloud_sync.ledger.engine import Store
from cloud_sync.rules.audit.practice import DeviceMonth, DeviceUnit
from cloud_sync.rules.calendar import Span
from tests.cloud_sync.ledger.records import (
    ANN,
    BOB,
    CUFF,
    DOCTOR,
    NURSE,
    assign,
    fact,
    ms,
    observe,
    people,
    put,
    work,
)

AT = ms("2026-03-03T12:00:00+00:00")
MONTHS = ("2026-01", "2026-02")


def test_a_range_of_months_has_every_one() -> None:
    assert months_between("2025-11", "2026-01") == ("2025-11", "2025-12", "2026-01")
    assert len(months_between("2024-01", "2025-12")) == 24
    for first, last in (("2026-02", "2026-01"), ("2024-01", "2026-01"), ("May", "2026-01")):
        with pytest.raises(ValueError, match=r"month|isoformat"):
            months_between(first, last)


def test_the_facts_of_a_practice(store: Store) -> None:
    people(store)
    on = "2026-01-01T05:00:00+00:00"
    fact(store, "patient", {"established_on": "2024-05-01"}, on)
    old = fact(store, "consents", {"program": "RPM", "given_on": "2025-01-01"}, on)
    fact(store, "consents", {"program": "RPM", "given_on": "2026-01-01"}, on, corrects=old)
    fact(
        store, "orders", {"program": "RPM", "ordered_on": "2026-01-01", "practitioner": DOCTOR}, on
    )
    fact(store, "episodes", {"program": "RPM", "start": "2026-01-01"}, on)
    fact(store, "other_claims", {"code": "99454", "month": "2026-02", "practitioner": "X"}, on)
    assign(store, ANN, on, "2026-02-10T05:00:00+00:00")
    for day in range(2, 18):
        observe(store, f"2026-01-{day:02}T13:00:00+00:00")
    observe(store, "2026-01-05T23:00:00+00:00")
    observe(store, "2026-02-03T13:00:00+00:00")
    observe(store, "2026-02-03T13:05:00+00:00", kind="failed_measurement")
    kept = work(store, "2026-02-01T04:30:00+00:00", "2026-02-01T04:50:00+00:00")  # 31 Jan, local
    wrong = work(store, "2026-01-21T15:00:00+00:00", "2026-01-21T15:20:00+00:00")
    right = work(store, "2026-01-21T15:00:00+00:00", "2026-01-21T15:10:00+00:00", corrects=wrong)
    gone = work(store, "2026-01-22T15:00:00+00:00", "2026-01-22T15:20:00+00:00")
    void = {"care_time_id": gone, "reason": "x", "voided_at_ms": AT, "author": NURSE}
    put(store, tables.care_time_void, **void)
    work(store, "2026-03-01T15:00:00+00:00", "2026-03-01T15:20:00+00:00")
    with store.write() as db:
        closing.close(db, ANN, "2026-01", author=NURSE, at_ms=AT)
    with store.read() as db:
        found = practice_facts(db, MONTHS, "America/New_York", AT)

    ann = found.patients[ANN]
    assert (ann.established_on, ann.first_rpm_on) == (date(2024, 5, 1), date(2026, 1, 2))
    assert [one.given_on for one in ann.consents] == [date(2026, 1, 1)]
    assert [one.practitioner for one in ann.orders] == ["P1"]  # the practice's only practitioner
    assert [(one.code, one.practitioner) for one in ann.claims] == [("99454", "X")]
    assert found.patients[BOB].first_rpm_on is None
    assert [(one.id, one.on) for one in found.time] == [
        (right, date(2026, 1, 21)),
        (kept, date(2026, 1, 31)),
    ]
    assert found.device_months == (
        DeviceMonth(patient_id=ANN, month="2026-01", days=16, devices=1),
        DeviceMonth(patient_id=ANN, month="2026-02", days=1, devices=1),
    )
    (lent,) = found.lent
    assert (lent.device_id, lent.readings) == (CUFF, 18)
    assert lent.held == Span(first=date(2026, 1, 1), last=date(2026, 2, 9))
    assert found.units == (DeviceUnit(patient_id=ANN, month="2026-01", code="99454", units=1),)
    assert found.late_entry_hours == 48


def test_what_does_not_count_makes_no_device_month(store: Store) -> None:
    people(store, automatic=False)
    assign(store, ANN, "2026-01-01T05:00:00+00:00")
    observe(store, "2026-01-05T13:00:00+00:00")
    with store.read() as db:
        found = practice_facts(db, MONTHS, "America/New_York", AT)
    assert found.device_months == ()
    assert [(one.automatic, one.readings) for one in found.lent] == [(False, 1)]
