"""The tables that a biller reads say what the examples say, and the engine says the same."""

import json
from typing import Any

import pytest

from cloud_sync.rules import determine
from tests.spec.examples_page import COLUMNS, GOLDEN, PAGE, earned, on_record, page, refused, words

CASES: dict[str, dict[str, Any]] = {case["id"]: case for case in json.loads(GOLDEN.read_text())}


def rows() -> list[dict[str, str]]:
    """The rows of the page as it lies in the tree, read back."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    found = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    wanted = [cells for cells in found if cells[0] in CASES]
    return [dict(zip(COLUMNS, cells, strict=True)) for cells in wanted]


def test_the_page_is_made_of_the_examples() -> None:
    assert PAGE.read_text() == page(list(CASES.values()))


def test_every_example_has_its_row() -> None:
    assert [row[""] for row in rows()] == list(CASES)
    assert len(CASES) == 68


def test_no_two_examples_read_the_same() -> None:
    assert len({row["on record"] for row in rows()}) == len(CASES)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[""])
def test_the_engine_gives_what_the_row_says(row: dict[str, str]) -> None:
    found: dict[str, Any] = determine(CASES[row[""]])
    assert "; ".join(earned(line) for line in found["lines"]) == row["earned"]
    short = {refused(one) for one in found["shortfalls"]}
    assert set(filter(None, row["refused"].split("; "))) <= short
    warned = {words(one["reason"]) for one in found["warnings"]}
    assert set(filter(None, row["warned"].split("; "))) <= warned
    assert not {line["code"] for line in found["lines"]} & set(row["never"].split())


def test_a_fact_that_no_sentence_tells_is_noticed() -> None:
    with pytest.raises(AssertionError, match="not told"):
        list(on_record(CASES["A1"] | {"orders": []}))
    with pytest.raises(AssertionError, match="not told"):
        list(on_record(CASES["A23"] | {"stays": [CASES["A23"]["stays"][0] | {"why": "a fall"}]}))
