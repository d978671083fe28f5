"""A collector without a radio: a meter's memory of numbered records, kept through real custody.

    python -m tests.faults.feeder --hub STATE_DIR --records 5000

Like a session by record number it resumes from the last *sealed* record, so a kill between
sealing and noting makes it offer a record twice, as a real meter would.
"""

import time
from argparse import ArgumentParser
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from cloud_sync.contract.observation import Frame, Received, observe
from cloud_sync.contract.readings import Glucose
from gateway.buffer.custody import open_custody
from gateway.buffer.devices import DeviceStore
from gateway.config import load

DEVICE = "ble:00000000feed"
PROFILE = "accu-chek/guide"
FIRST = datetime(2026, 1, 1, 7)  # noqa: DTZ001  a meter's clock has no zone
PAUSE_SECONDS = 0.001
SETTLE_EVERY = 40


def record(number: int) -> tuple[Frame, Glucose]:
    """The meter's record of this number: the same bytes whenever it is asked."""
    now = time.time_ns() // 1_000_000
    frame = Frame(
        device=DEVICE,
        profile=PROFILE,
        channel="2A18",
        raw=number.to_bytes(4, "little"),
        received=Received(wall_ms=now, boot="f" * 32, monotonic_ms=now, synchronised=True),
        arrival=number,
    )
    taken = FIRST + timedelta(minutes=number)
    value = Decimal(80 + number % 90)
    reading = Glucose(
        value=value, unit="mg/dL", flags=(), sequence=number, base_time=taken, device_time=taken
    )
    return frame, reading


def feed(state: Path, records: int) -> None:
    """Keep every record once sealed, settle as receipts come, until somebody ends it."""
    config = load(state)
    custody = open_custody(config)
    devices = DeviceStore(config.collector / "devices.db")
    if devices.get(DEVICE) is None:
        devices.pair(DEVICE, profile=PROFILE, name="feeder", at_ms=0)
    known = devices.get(DEVICE)
    assert known is not None
    following = (known.last_kept or 0) + 1
    for number in range(following, records + 1):
        frame, reading = record(number)
        custody.keep(observe(custody.hub, frame, reading, "feeder"))
        devices.note_kept(DEVICE, number)
        if number % SETTLE_EVERY == 0:
            custody.settle()
        time.sleep(PAUSE_SECONDS)
    while True:
        custody.settle()
        time.sleep(0.05)


def main() -> None:
    parser = ArgumentParser(prog="tests.faults.feeder", description=__doc__)
    parser.add_argument("--hub", type=Path, required=True)
    parser.add_argument("--records", type=int, required=True)
    options = parser.parse_args()
    feed(options.hub, options.records)


if __name__ == "__main__":
    main()
