"""The seeded clinic of the pages' tests, for the queries behind them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud_sync.web.conftest import copied, template
from tests.support.seeded import Seeded

__all__ = ["template"]


@pytest.fixture
def practice(template: Seeded, tmp_path: Path) -> Iterator[Seeded]:
    """A seeded clinic of this test's own."""
    yield from copied(template, tmp_path)
