"""Every worked case with its answer: lines exactly, named shortfalls and warnings among ours."""

import json
from pathlib import Path
from typing import Any

import pytest

from cloud_sync.rules import determine

GOLDEN = Path(__file__).parent.parent / "golden" / "billing-examples.json"
CASES: list[dict[str, Any]] = json.loads(GOLDEN.read_text())
LINE_KEYS = ("code", "units", "from", "to", "status")


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_case_gets_its_answer(case: dict[str, Any]) -> None:
    found: dict[str, Any] = determine(case)
    expected = case["expect"]
    lines = [{key: line[key] for key in LINE_KEYS} for line in found["lines"]]
    assert lines == expected["lines"]
    for wanted in expected["shortfalls"]:
        assert any(wanted.items() <= short.items() for short in found["shortfalls"]), wanted
    assert set(expected.get("warnings", [])) <= {one["reason"] for one in found["warnings"]}
    assert not set(expected["absent"]) & {line["code"] for line in found["lines"]}


def test_the_examples_are_all_there() -> None:
    assert len(CASES) == 68
