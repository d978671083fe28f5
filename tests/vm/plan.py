"""How often a run does what; a release runs more."""

from typing import NamedTuple


class Plan(NamedTuple):
    """Counts a guest."""

    reconnects: int = 1
    early: int = 20
    control: int = 20
    kills: int = 10
    cuts: int = 10
    backlog: int = 20
