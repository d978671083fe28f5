"""The self-audit's pages: who may see them, and that every figure opens to what it counts."""

import csv
import io
import re

import pytest
from sqlalchemy import select

from cloud_sync.ledger import care_time
from cloud_sync.ledger.care_entries import Span, Work
from cloud_sync.ledger.tables import read_log
from tests.cloud_sync.web.conftest import SignIn, words
from tests.support.seeded import DAY_MS, NOW_MS, Seeded

COPIED = "Looked at the readings of the week, nothing to change"


@pytest.fixture(name="copied")
def copied_notes(clinic: Seeded) -> Seeded:
    """The nurse wrote the same for both patients, long after the work."""
    with clinic.store.write() as db:
        for number, patient in enumerate((clinic.patient, clinic.other, clinic.other)):
            start = NOW_MS - (5 + number) * DAY_MS
            care_time.enter(
                db,
                staff_id=clinic.staff["clinician"],
                span=Span(
                    patient_id=patient, program="RPM", start_ms=start, end_ms=start + 600_000
                ),
                work=Work(activity="Reviewed readings and trends", note=COPIED),
                at_ms=NOW_MS,
            )
    return clinic


def test_only_the_administrator_and_the_auditor_see_it(as_role: SignIn) -> None:
    for role in ("reader", "biller", "clinician"):
        assert as_role(role).get("/self-audit").status_code == 403
        assert "Self-audit" not in words(as_role(role).get("/patients").text)
    for role in ("admin", "auditor"):
        assert "Self-audit" in words(as_role(role).get("/patients").text)
        assert as_role(role).get("/self-audit").status_code == 200


def test_every_number_opens_and_every_link_behind_it_leads_somewhere(
    as_role: SignIn, copied: Seeded
) -> None:
    auditor = as_role("auditor")
    overview = auditor.get("/self-audit?since=2026-10&until=2026-11").text
    assert "Notes that say the same" in overview
    assert "3 of 3 (100 %)" in words(overview)
    keys = re.findall(r'<th scope="row"><a href="([^"]+)"', overview)
    assert len(keys) == 19
    seen = 0
    for key in keys:
        page = auditor.get(key.replace("&amp;", "&"))
        assert page.status_code == 200
        for link in re.findall(r'<td><a href="([^"#]+)(#[^"]+)?"', page.text):
            seen += 1
            target = auditor.get(link[0])
            assert target.status_code == 200
            assert not link[1] or f'id="{link[1][1:]}"' in target.text
    assert seen > 5
    with copied.store.read() as db:
        routes = set(db.execute(select(read_log.c.route)).scalars())
    assert {"GET /self-audit", "GET /self-audit/{key}"} <= {r.replace(":str", "") for r in routes}


def test_a_range_that_is_none_is_told(as_role: SignIn) -> None:
    auditor = as_role("auditor")
    assert auditor.get("/self-audit?since=2026-11&until=2026-01").status_code == 409
    assert auditor.get("/self-audit?since=Mai").status_code == 409
    assert auditor.get("/self-audit/dance").status_code == 409


@pytest.mark.usefixtures("copied")
def test_the_download_has_every_piece_of_evidence(as_role: SignIn) -> None:
    answer = as_role("auditor").get("/self-audit.csv?since=2026-10&until=2026-11")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    copies = [row for row in rows if row["question"] == "cloned_notes"]
    assert [row["flagged"] for row in copies] == ["yes"] * 3
    assert {row["record_number"] for row in copies} == {"MR-1001", "MR-1002"}
    assert {row["worker"] for row in copies} == {"Nia Okafor RN"}
    assert len({row["question"] for row in rows}) == 19


def test_answers_are_kept_a_while_unless_asked_anew(as_role: SignIn, clinic: Seeded) -> None:
    auditor, page = as_role("auditor"), "/self-audit?since=2026-10&until=2026-11"
    assert "as it stood at 09:30" in auditor.get(page).text
    clinic.clock.advance(minutes=5)
    assert "stood at 09:30" in auditor.get(page).text
    assert "stood at 09:35" in auditor.get(f"{page}&anew=yes").text
    clinic.clock.advance(minutes=10)
    assert "stood at 09:45" in auditor.get(page).text
