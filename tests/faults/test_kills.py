"""Collector, uplink, broker and clinic are killed at random; nothing is lost or stored twice.

`kill -9` keeps the page cache: this proves the protocol between the four, not the disk.
"""

import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.demo.stage import Stage, init_clinic, run, start_clinic
from tests.faults.feeder import DEVICE
from tests.support.processes import Child, children_of, wait_until

READINGS = int(os.environ.get("VITALS_KILL_READINGS", "5000"))
KILLS = int(os.environ.get("VITALS_KILLS", "200"))
SEED = int(os.environ.get("VITALS_SEED", str(random.randrange(10**6))))
WEIGHTS = {"collector": 7, "uplink": 7, "broker": 4, "clinic": 2}
DRAIN_SECONDS = 120
HELD = "select held from account"


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    made = Stage(tmp_path, zone="America/Denver")
    init_clinic(made)
    start_clinic(made)
    ticket = run("-m", "cloud_sync.cli", "hub", "add", str(made.clinic), "kills").strip()
    run("-m", "gateway.cli", "enrol", ticket, "--state", str(made.hub))
    return made


def count(path: Path, query: str) -> int:
    """A number from a database that others write; -1 while it cannot be read."""
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    except sqlite3.OperationalError:
        return -1
    try:
        found: int = connection.execute(query).fetchone()[0]
    except sqlite3.OperationalError:
        return -1
    else:
        return found
    finally:
        connection.close()


def strike(victim: str, children: dict[str, Child]) -> bool:
    """SIGKILL to one of the four; False where it was not there to be killed."""
    if victim != "broker":
        if not children[victim].alive:
            return False
        children[victim].kill()
        return True
    if not children["clinic"].alive:
        return False
    brokers = [pid for pid in children_of(children["clinic"].pid) if _is_broker(pid)]
    for pid in brokers:
        os.kill(pid, signal.SIGKILL)
    return bool(brokers)


def _is_broker(pid: int) -> bool:
    try:
        return "mosquitto" in Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return False


def revive(children: dict[str, Child]) -> None:
    """What systemd does on a hub and at a clinic."""
    for child in children.values():
        if not child.alive:
            child.start()


def test_nothing_is_lost_and_nothing_stored_twice(stage: Stage) -> None:
    dice = random.Random(SEED)
    children = {child.name: child for child in stage.children}
    feeder = ["-m", "tests.faults.feeder", "--hub", str(stage.hub), "--records", str(READINGS)]
    uplink = ["-m", "gateway.cli", "uplink", "--state", str(stage.hub)]
    for name, command in {"collector": feeder, "uplink": uplink}.items():
        children[name] = Child(name, [sys.executable, *command], stage.logs / f"{name}.log")
        stage.children.append(children[name])
    kills: Counter[str] = Counter()
    database = stage.clinic / "clinic.db"
    started = time.monotonic()
    try:
        revive(children)
        while kills.total() < KILLS:
            time.sleep(dice.uniform(0.05, 0.5))
            victim = dice.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            kills[victim] += strike(victim, children)
            revive(children)
        struck = time.monotonic() - started

        def drained() -> bool:
            revive(children)
            arrived = count(database, "select count(*) from observation") >= READINGS
            held = count(stage.hub / "collector" / "sealed.db", HELD)
            return arrived and held == 0

        assert wait_until(drained, DRAIN_SECONDS, every=0.5), (
            f"seed {SEED}: {count(database, 'select count(*) from observation')} of {READINGS}\n"
            + "\n".join(child.last_words() for child in children.values())
        )
    finally:
        stage.stop()
    drained_after = time.monotonic() - started - struck
    print(f"seed {SEED}: {dict(kills)} in {struck:.0f} s, drained {drained_after:.0f} s later")
    assert min(kills[victim] for victim in WEIGHTS) > 0
    assert count(database, "select count(*) from observation") == READINGS
    sequences = f"select count(distinct sequence) from observation where device_id = '{DEVICE}'"
    assert count(database, sequences) == READINGS
    kept = count(database, "select count(*) from envelope")
    sealed = count(stage.hub / "collector" / "sealed.db", "select max(seq) from envelope")
    assert kept == sealed
    assert count(database, "select count(*) from opening where outcome = 'unopenable'") == 0
    assert count(database, "select count(*) from quarantine") == 0
