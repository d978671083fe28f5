"""The document as a reader sees it: text of every page, by poppler.

Through it: cloud_sync.export.document, .paper, .paper_file, .paper_ledgers.
"""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cloud_sync.export import pdf
from cloud_sync.export.paper import Pairs, Paper, Section, Table, Words, measured, said
from cloud_sync.export.paper_file import after, before
from tests.cloud_sync.export.conftest import CLOSED_MS, DAYS, Practice
from tests.cloud_sync.export.test_verify import unpacked

# The order of rules.md, section 14: what a payer asks for.
SECTIONS = (
    "Codes of this month", "Order", "Consent", "Relationship and initiating visit", "Conditions",
    "Devices", "Episode, set-up and teaching", "Day ledger", "Readings left out", "Time ledger",
    "Live contact", "Alerts and their handling", "Care plan and its sharing",
    "Oversight by the practitioner", "Stays and other claims",
    "Both day counts, arithmetic, rules and settings", "Corrections and late entries",
    "Signatures", "Releases to billing", "How this packet was made", "Abbreviations",
)  # fmt: skip


def pages(raw: bytes, tmp_path: Path) -> list[str]:
    """The text of each page."""
    file = tmp_path / "evidence.pdf"
    file.write_bytes(raw)
    ran = subprocess.run(
        ["pdftotext", "-layout", file, "-"], capture_output=True, text=True, check=True
    )
    return ran.stdout.split("\f")[:-1]


def paper(*sections: Section, name: str = "Ida Invented") -> Paper:
    return Paper(
        title="Evidence", head=(("Patient", name),), foot="foot", sections=sections, made_at_ms=0
    )


def worded(text: str) -> Paper:
    return paper(Section(title="One", blocks=[Words(text=text)]), name=text)


def test_each_page_says_whose_when_and_by_whom(practice: Practice, tmp_path: Path) -> None:
    found = pages(unpacked(practice.raw)["evidence.pdf"], tmp_path)
    assert len(found) > 2
    for number, text in enumerate(found, 1):
        assert re.search(r"Patient\s+Ida Invented", text)
        assert re.search(r"Dates of service\s+2026-01-01 to 2026-01-31", text)
        provider = "Dora Doctor, MD, NPI 1234567893, Lakeside Family Practice, NPI 1245319599"
        assert re.search(rf"Provider\s+{provider}", text)
        assert f"Page {number} of {len(found)}" in text


def test_the_sections_stand_in_the_order_payers_ask_for(practice: Practice, tmp_path: Path) -> None:
    text = "\n".join(pages(unpacked(practice.raw)["evidence.pdf"], tmp_path))
    headings = re.findall(r"^\s*(\d+)\. (.+?)\s*$", text, flags=re.MULTILINE)
    assert headings == [(str(n), title) for n, title in enumerate(SECTIONS, 1)]
    assert len(re.findall(r"Blood pressure 1\d\d/80 mmHg", text)) == DAYS
    assert re.search(r"17 by day of measurement, 17 by day of receipt", text)
    assert "1260 seconds = 21 min 0 s" in text
    assert "Dora Doctor, practitioner" in text
    assert "practitioner, MD" in text
    assert re.search(
        r"manufacturer Constructed; model BP-1; serial 0042", re.sub(r"\s+", " ", text)
    )
    assert "=Called the patient" in text
    alert = re.sub(r"\s+", " ", text.split("Alerts and their handling")[1])
    assert re.search(r"Systolic pressure above 100 mmHg .*Dora Doctor", alert)
    assert re.search(r"Systolic pressure 1\d\d mmHg", alert)
    assert "handled by Dora Doctor" in alert
    assert "cuff sat loose" in alert
    assert "Nothing was released to billing." in text
    assert "\u201cI have reviewed the days" in text
    assert "$" not in text
    for name in unpacked(practice.raw):
        if not name.startswith(("envelopes/", "manifest.", "evidence.pdf")):
            assert name in text, name


def test_its_date_is_the_snapshots(practice: Practice, tmp_path: Path) -> None:
    file = tmp_path / "evidence.pdf"
    file.write_bytes(unpacked(practice.raw)["evidence.pdf"])
    ran = subprocess.run(["pdfinfo", "-isodates", file], capture_output=True, text=True, check=True)
    assert re.search(r"CreationDate:\s+2026-02-02T12:00:00Z", ran.stdout), CLOSED_MS
    assert re.search(r"Title:\s+Evidence of services, 2026-01", ran.stdout)


@pytest.mark.parametrize(
    "text",
    [
        "Ana-Sofía Núñez Øst",
        "<b>Bold</b> & <font name='x'>\"quoted\"</font>",
        "Zażółć Ελένη Иванова",
        "王小明 and \U0001f600",
        "محمد שלום",
        "e\u0301 combined, tab\tand\u200bzero",
        "x" * 600,
        "",
    ],
)
def test_no_text_stops_it_and_none_is_lost(text: str, tmp_path: Path) -> None:
    (page,) = pages(pdf.draw(worded(text)), tmp_path)
    shown = re.sub(r"\s", "", page)
    for character in re.sub(r"\s", "", text.replace("e\u0301", "\u00e9")):
        assert character in shown or f"[U+{ord(character):04X}]" in shown, hex(ord(character))


def test_where_the_system_has_no_wider_font_it_is_spelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = pdf._glyphs()
    monkeypatch.setattr(pdf, "_glyphs", lambda: known | {"DejaVu": frozenset()})
    (page,) = pages(pdf.draw(worded("Иван")), tmp_path)
    assert "[U+0418][U+0432]" in re.sub(r"\s", "", page)
    monkeypatch.setattr(pdf, "_SYSTEM_FONT", tmp_path / "none.ttf")
    assert pdf._system_font() == frozenset()


def test_the_same_document_is_the_same_bytes() -> None:
    """In another process too, with another zone, another hashing and another idea of the date."""
    script = (
        "import hashlib; from tests.cloud_sync.export.test_pdf import long_paper, pdf;"
        "print(hashlib.sha256(pdf.draw(long_paper())).hexdigest())"
    )
    strange = {"PYTHONHASHSEED": "77", "SOURCE_DATE_EPOCH": "5", "TZ": "Asia/Tokyo", "LANG": "C"}
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **strange},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == hashlib.sha256(pdf.draw(long_paper())).hexdigest()


def long_paper() -> Paper:
    rows = [(str(number), "Žoë, Иван") for number in range(200)]
    table = Table(headings=("A", "B"), widths=(1, 2), rows=rows, marked=frozenset({3, 9}))
    return paper(Section(title="T", blocks=[table, Pairs(rows=[("k", "v")])]))


def test_a_long_table_has_its_headings_on_each_page(tmp_path: Path) -> None:
    table = Table(
        headings=("Left", "Right"), widths=(1, 2), rows=[(str(n), "b") for n in range(99)]
    )
    found = pages(pdf.draw(paper(Section(title="T", blocks=[table]))), tmp_path)
    assert len(found) > 1
    assert all(re.search(r"Left\s+Right", text) for text in found)


def test_a_cell_longer_than_a_page_is_not_cut(tmp_path: Path) -> None:
    note = " ".join(f"word{number}" for number in range(2500))
    table = Table(headings=("Note",), widths=(1,), rows=[(note,)])
    text = " ".join(pages(pdf.draw(paper(Section(title="T", blocks=[table]))), tmp_path))
    assert set(note.split()) <= set(text.split())


def test_facts_that_say_more_are_shown_with_all_they_say() -> None:
    """A later version of a fact has keys that nobody knows here, and so may a kind be."""
    row = {
        "id": "f1", "kind": "consents", "author": "s1", "recorded_at_ms": 0, "corrects": None,
        "body": {"zeal": {"x": [1, True]}, "given_on": "2026-01-01", "taken_by": "s1"},
    }  # fmt: skip
    unknown = row | {"kind": "spirit_levels"}
    shown = before([row, unknown], [], {"s1": "Nia"}, "UTC")
    consent = next(one for one in shown if one.title == "Consent")
    (table,) = consent.blocks
    assert isinstance(table, Table)
    assert table.rows[0][1] == "given on: 2026-01-01\ntaken by: Nia\nzeal: x 1; yes"
    assert after([row, unknown], {}, "UTC")[-1].title == "Also on file"


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (
            {"kind": "blood_pressure", "systolic": "120", "diastolic": "80", "unit": "mmHg"},
            "120/80 mmHg",
        ),
        ({"kind": "glucose", "value": "104", "unit": "mg/dL"}, "104 mg/dL"),
        ({"kind": "glucose", "value": None, "unit": "mg/dL", "flags": ["above_range"]},
         "no value (above range)"),
        ({"kind": "pulse_oximetry", "spo2": "97", "unit": "%"}, "97 %"),
        ({"kind": "ketone", "raw_value": "7", "analyte": "ketone"}, "7 ketone"),
        ({"kind": "racp_count"}, "no value"),
    ],
)  # fmt: skip
def test_a_reading_has_the_devices_unit_and_digits(outcome: dict[str, object], text: str) -> None:
    assert measured(outcome) == text


def test_values_are_said_in_words() -> None:
    assert said({}, {}) == "none"
    assert said([None, False, {"a_b": 1}], {}) == "none; no; a b 1"
