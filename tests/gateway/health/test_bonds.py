from typing import NamedTuple

import pytest

from gateway.health.bonds import Ending, Suspicion, ending, suspicion


class Tried(NamedTuple):
    ended: str
    rssi: int = -60


@pytest.mark.parametrize(
    ("fault", "ended"),
    [
        ("Failed: br-connection-key-missing", "key_missing"),  # BlueZ 5.83 and later
        ("org.bluez.Reason.Authentication", "key_missing"),
        ("no answer in time", "no_answer"),
        ("Failed: le-connection-abort-by-local", "no_answer"),
        ("failed to discover services, device disconnected", "dropped"),
        ("NotReady", "other"),
    ],
)
def test_how_an_attempt_ended(fault: str, ended: Ending) -> None:
    assert ending(fault) == ended


@pytest.mark.parametrize(
    ("newest_first", "verdict"),
    [
        ([], "none"),
        ([Tried("no_answer")], "none"),
        ([Tried("no_answer"), Tried("no_answer")], "likely"),
        ([Tried("no_answer"), Tried("dropped"), Tried("no_answer")], "likely"),
        ([Tried("no_answer", -95), Tried("no_answer", -92)], "none"),  # too far, not stale
        ([Tried("no_answer"), Tried("connected"), Tried("no_answer")], "none"),
        ([Tried("connected"), Tried("key_missing")], "none"),
        ([Tried("other"), Tried("key_missing"), Tried("connected")], "certain"),
    ],
)
def test_suspicion(newest_first: list[Tried], verdict: Suspicion) -> None:
    assert suspicion(newest_first) == verdict
