"""In the guest: keeps made-up readings through the product's custody, says each number after it.

A line "epoch seq observation-id" is written only when `keep` has returned, so it is the hub's
acknowledgement. `--careless` switches off what makes that true: the control that must fail.
"""

import sys
import time
from pathlib import Path

from cloud_sync.contract.observation import Frame, Received, observe
from cloud_sync.contract.readings import FailedMeasurement
from gateway.buffer.custody import open_custody
from gateway.config import load


def main(acks: Path, *, careless: bool) -> None:
    custody = open_custody(load(Path("/var/lib/vitals")))
    if careless:
        custody._store._writer._connection.execute("PRAGMA synchronous = OFF")
    outcome = FailedMeasurement(of="blood_pressure", flags=())
    with acks.open("wb", buffering=0) as port:
        while True:
            now = time.time_ns()
            frame = Frame(
                device="ble:00000000feed",
                profile="and/ua-651ble",
                channel="2A35",
                raw=now.to_bytes(8),
                received=Received(
                    wall_ms=now // 10**6, boot="f", monotonic_ms=1, synchronised=True
                ),
                arrival=1,
            )
            seen = observe(custody.hub, frame, outcome, "feed")
            custody.keep(seen)
            port.write(f"{seen.id}\n".encode())


if __name__ == "__main__":
    main(Path("/dev/virtio-ports/acks"), careless="--careless" in sys.argv)
