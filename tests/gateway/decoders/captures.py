"""The public captures, as cases for the tests. Facts from outside: each keeps its source."""

import json
from pathlib import Path
from typing import Any

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "golden" / "captures.json").read_text("utf-8")
)


def payload(case: dict[str, Any]) -> bytes | str:
    return bytes.fromhex(case["hex"]) if "hex" in case else str(case["text"])


def of(channel: str) -> list[dict[str, Any]]:
    """The cases of one channel that are read."""
    return [case for case in CASES if case["channel"] == channel and "expect" in case]


def first(identity: str) -> bytes:
    """The payload of the case with this id."""
    return bytes.fromhex(next(case["hex"] for case in CASES if case["id"] == identity))
