"""Runs each test that docs/reliability.md names for a fault: python -m tests.faults_by_name."""

import re
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"


def named() -> list[str]:
    """The tests of the page's tables, in its order."""
    return re.findall(r"`(tests/[\w/]+\.py::test_\w+)`", PAGE.read_text())


if __name__ == "__main__":
    sys.exit(pytest.main(["-q", *named()]))
