"""A collector without a radio, for fault tests: keeps made-up readings as fast as it can.

`python -m tests.gateway.feeder STATE_DIR FIRST COUNT` prints each sequence number after its
commit, settles now and then, and ends after COUNT readings. It may be killed at any moment.
"""

import sys
from pathlib import Path

from gateway.buffer.custody import open_custody
from gateway.config import load
from tests.gateway.clinic_keys import observed, received

_SETTLE_EVERY = 20


def main(directory: Path, first: int, count: int) -> None:
    custody = open_custody(load(directory))
    for number in range(first, first + count):
        print(custody.keep(observed(number)), flush=True)
        if number % _SETTLE_EVERY == 0:
            custody.settle()
            custody.report(received(), devices=1)
    custody.settle()
    custody.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
