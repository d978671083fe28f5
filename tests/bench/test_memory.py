"""What a process holds, from the kernel's own words."""

import os

import pytest

from tests.bench.memory import LIBRARIES, pss_mb, rollup

# Layout: Documentation/filesystems/proc.rst, /proc/PID/smaps_rollup.
ROLLUP = """\
00100000-ff709000 ---p 00000000 00:00 0                                  [rollup]
Rss:               30720 kB
Pss:               20480 kB
Pss_Anon:          10240 kB
"""


def test_pss_is_the_line_of_that_name() -> None:
    assert pss_mb(ROLLUP) == 20.0


def test_the_kernel_here_says_it_too() -> None:
    assert 1 < pss_mb(rollup(os.getpid())) < 4096


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_limit_imports_libraries_and_nothing_of_ours(name: str) -> None:
    compile(LIBRARIES[name], name, "exec")
    assert "gateway" not in LIBRARIES[name]
    assert "cloud_sync" not in LIBRARIES[name]
