"""Each fault of docs/reliability.md has the test it names."""

import ast
from pathlib import Path

import pytest

from tests.faults_by_name import PAGE, named

ROOT = PAGE.parents[1]


@pytest.mark.parametrize("test", named())
def test_the_test_that_a_fault_names_is_there(test: str) -> None:
    path, _, name = test.partition("::")
    found = ast.parse((ROOT / path).read_text()).body
    assert name in {node.name for node in found if isinstance(node, ast.FunctionDef)}


def test_every_row_of_a_fault_names_one_test_and_no_test_stands_for_two() -> None:
    tables = PAGE.read_text().partition("## Fault by fault")[2].partition("## Figures")[0]
    rows = [line for line in tables.splitlines() if line.startswith("|")]
    faults = [row for row in rows if not row.startswith(("| fault |", "|---"))]
    assert len(faults) == len(set(named())) == len(named()) > 50


def test_the_page_names_what_the_radio_must_withstand() -> None:
    """The faults that were asked for by name."""
    page = Path(PAGE).read_text()
    for fault in (
        *("no agent", "stale bond", "doubled signals", "early value", "daemon crash and return"),
        *("InProgress", "device removed while pairing", "no descriptor leaks", "just works"),
        *("passkey", "bond wiped", "clock at 1970, 60 records", "middle of a report", "deletes on"),
    ):
        assert fault in page, fault
