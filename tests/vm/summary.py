"""What a run says at its end, and the arithmetic of what was lost or counted twice."""

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Outcome(NamedTuple):
    """How one scenario ended; `detail` is its figure or its fault."""

    guest: str
    scenario: str
    result: str
    seconds: float
    detail: str


class Balance(NamedTuple):
    """What was acknowledged against what is there."""

    acknowledged: int
    lost: int
    doubled: int

    def __str__(self) -> str:
        return f"{self.acknowledged} acknowledged, {self.lost} lost, {self.doubled} doubled"


def balance(acknowledged: Iterable[Hashable], held: Iterable[Hashable]) -> Balance:
    """What is held beyond the acknowledged is no fault: its acknowledgement was cut off."""
    wanted, there = set(acknowledged), Counter(held)
    return Balance(
        acknowledged=len(wanted),
        lost=len(wanted - there.keys()),
        doubled=sum(count - 1 for count in there.values()),
    )


def line(outcome: Outcome) -> str:
    """One scenario on the terminal."""
    name = f"{outcome.guest}::{outcome.scenario}"
    text = f"{name} {outcome.result.upper()} [{outcome.seconds:.1f} s]"
    return f"{text} {outcome.detail}" if outcome.detail else text


def last_line(outcomes: Sequence[Outcome], seconds: float) -> str:
    """As pytest words it."""
    counts = Counter(outcome.result for outcome in outcomes)
    named = [f"{counts[r]} {r}" for r in (FAILED, PASSED, SKIPPED) if counts[r]]
    return f"{', '.join(named) or 'no scenarios ran'} in {seconds:.2f}s"


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """0 where every scenario ran and passed; what was skipped was not shown."""
    return 0 if outcomes and all(outcome.result == PASSED for outcome in outcomes) else 1


def write(outcome: Outcome) -> str:
    return json.dumps(outcome._asdict())


def read(text: str) -> list[Outcome]:
    """The results of a run, from its file of JSON lines."""
    return [Outcome(**json.loads(row)) for row in text.splitlines() if row.strip()]
