"""Proportional memory of the hub's two processes beside processes that import their libraries.

The collector runs as on a hub without a radio: imports, custody and devices opened, its loop
trying the system's Bluetooth again every few seconds. Conversations would add a little.
"""

import sys
import time
from contextlib import ExitStack
from pathlib import Path

from gateway.config import HubConfig
from tests.bench.figures import Figure, What, compared
from tests.support.processes import Child

AIM = 1.3
SETTLE_SECONDS = 2.5
_IDLE = "import time; time.sleep(600)"
_SEALING = (
    "import logging, msgspec, sqlite3, sqlite_utils, cryptography.hazmat.primitives.hpke,"
    " cryptography.hazmat.primitives.asymmetric.ed25519; "
)
LIBRARIES = {
    "collect": "import asyncio, bleak, dbus_fast; " + _SEALING + _IDLE,
    "uplink": "import ssl, paho.mqtt.client; " + _SEALING + _IDLE,
}
_LIMIT_IS = {
    "collect": "imports bleak, dbus_fast, sqlite_utils, cryptography, msgspec and idles",
    "uplink": "imports paho, ssl, sqlite_utils, cryptography, msgspec and idles",
}


def measure(config: HubConfig, logs: Path, rounds: int) -> list[Figure]:
    """Megabytes of each process, side by side with its limit."""
    return [_process(name, config, logs, rounds) for name in ("collect", "uplink")]


def _process(name: str, config: HubConfig, logs: Path, rounds: int) -> Figure:
    product = [sys.executable, "-m", "gateway.cli", name, "--state", str(config.directory)]
    commands = {"ours": product, "bare": [sys.executable, "-c", LIBRARIES[name]]}
    ours: list[float] = []
    limits: list[float] = []
    for _ in range(rounds):
        with ExitStack() as stack:
            children = {
                side: stack.enter_context(Child(side, command, logs / f"{name}-{side}.log"))
                for side, command in commands.items()
            }
            time.sleep(SETTLE_SECONDS)
            for child in children.values():
                assert child.alive, child.last_words()
            ours.append(pss_mb(rollup(children["ours"].pid)))
            limits.append(pss_mb(rollup(children["bare"].pid)))
    what = What(
        name=f"PSS of vitals-hub {name}",
        limit_is=_LIMIT_IS[name],
        unit="MB",
        aim=AIM,
        more_is_better=False,
    )
    return compared(what, ours, limits)


def rollup(pid: int) -> str:
    return Path(f"/proc/{pid}/smaps_rollup").read_text()


def pss_mb(text: str) -> float:
    """The `Pss:` line of a smaps_rollup, which is in kB, as megabytes of 1024 kB."""
    line = next(line for line in text.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) / 1024
