"""Fixtures every room may use, and where the suite keeps its files: in memory if it may.

Thousands of small databases each flush at every commit. On a slow disk that takes minutes and
proves nothing: what a disk keeps is shown by fault injection, not by waiting for it.
"""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The same examples each time, so that a red run is about the change; new ones are drawn by
# `python -m pytest --hypothesis-profile=deep`. No deadline: a busy machine is no fault.
settings.register_profile("usual", derandomize=True, deadline=None, print_blob=True)
settings.register_profile(
    "deep",
    max_examples=5_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("usual")

pytest_plugins = ["tests.support.postgres", "tests.support.clinic"]
_MEMORY = Path("/dev/shm")
_WANTED_BYTES = 1024**3


def pytest_configure(config: pytest.Config) -> None:
    if config.option.basetemp is None and _roomy():
        config.option.basetemp = str(_MEMORY / f"vitals-tests-{os.getpid()}")


def pytest_unconfigure(config: pytest.Config) -> None:
    base = config.option.basetemp
    if base is not None and Path(base).parent == _MEMORY:
        shutil.rmtree(base, ignore_errors=True)


def _roomy() -> bool:
    return os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _WANTED_BYTES
