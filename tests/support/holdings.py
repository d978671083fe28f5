"""What this process holds, counted exactly: for tests that it grows no more."""

import asyncio
import gc
import sys
from pathlib import Path
from typing import NamedTuple


class Holdings(NamedTuple):
    """Open descriptors, living tasks, blocks of Python memory, resident memory."""

    descriptors: int
    tasks: int
    blocks: int
    rss_kb: int


def holdings() -> Holdings:
    """After a full collection. The blocks are exact; resident memory comes in coarse steps."""
    for _ in range(2):  # what a finaliser lets go of is garbage only then
        gc.collect()
    status = Path("/proc/self/status").read_text()
    rss = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return Holdings(
        descriptors, len(asyncio.all_tasks()), sys.getallocatedblocks(), int(rss.split()[1])
    )
