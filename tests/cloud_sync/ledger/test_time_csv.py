import pytest

from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.time_csv import parse

HEAD = "patient,staff,program,start,end,note"
NOTE = "Went over the values of this week"


def test_a_row_is_read() -> None:
    text = (
        f"id,{HEAD},mode,interactive,party\n"
        f"7,MR-1,Nia,rpm,2026-11-03T10:00,2026-11-03T10:09,{NOTE},phone,Yes,patient\n\n"
    )
    (row,), problems = parse("\N{ZERO WIDTH NO-BREAK SPACE}" + text)
    assert problems == []
    assert (row.line, row.id, row.staff, row.program) == (2, "7", "nia", "RPM")
    assert (row.work.mode, row.work.interactive, row.work.party) == ("phone", True, "patient")
    assert row.work.activity == "Imported"


def test_a_note_may_be_missing_and_never_counts_then() -> None:
    (row,), problems = parse(f"{HEAD}\nMR-1,nia,CCM,2026-11-03T10:00,2026-11-03T10:09,\n")
    assert (problems, row.work.note) == ([], "")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (",nia,RPM,2026-11-03T10:00,2026-11-03T10:09,x", "names no patient"),
        ("MR-1,nia,PCM,2026-11-03T10:00,2026-11-03T10:09,x", "one of RPM, CCM, other"),
        ("MR-1,nia,RPM,3 Nov,2026-11-03T10:09,x", "start is no date and time"),
        ("MR-1,nia,RPM,2026-11-03T10:00,2026-11-03T10:09,x,y", "too many columns"),
    ],
)
def test_each_bad_row_is_named(line: str, words: str) -> None:
    good = "MR-1,nia,RPM,2026-11-03T10:00,2026-11-03T10:09,x"
    rows, (problem,) = parse(f"{HEAD}\n{good}\n{line}\n")
    assert (len(rows), problem.line) == (1, 3)
    assert words in problem.words


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("interactive,maybe", "yes or no"),
        ("patients,many", "must be a number"),
        ("patients,999", "1 to 100"),
        ("mode,telepathy", "way of contact"),
    ],
)
def test_the_optional_columns_are_looked_at(more: str, words: str) -> None:
    name, value = more.split(",")
    text = f"{HEAD},{name}\nMR-1,nia,RPM,2026-11-03T10:00,2026-11-03T10:09,x,{value}\n"
    _, (problem,) = parse(text)
    assert words in problem.words


@pytest.mark.parametrize("text", ["", "patient,staff\n", f"{HEAD},colour\n"])
def test_what_is_no_such_table_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="must name the columns"):
        parse(text)
