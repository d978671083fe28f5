"""What a run says, line by line and at its end."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Outcome(NamedTuple):
    """How one scenario ended; `detail` is its figure or its fault."""

    guest: str
    scenario: str
    result: str
    seconds: float
    detail: str


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
