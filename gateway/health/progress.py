"""Whether every loop of a process still gets on with its work. Pure: time is a parameter."""

from collections.abc import Mapping


class Progress:
    """Each loop has its own limit: it reports within that time, or says that it rests."""

    def __init__(self, limits_s: Mapping[str, float], now: float) -> None:
        self._limits_s = dict(limits_s)
        self._due: dict[str, float | None] = {name: now + s for name, s in limits_s.items()}
        self._unheard = set(limits_s)

    def report(self, loop: str, now: float) -> None:
        """A loop got something done."""
        self._due[loop] = now + self._limits_s[loop]
        self._unheard.discard(loop)

    def rest(self, loop: str) -> None:
        """A loop has nothing to do until something happens, and is well."""
        assert loop in self._limits_s, loop
        self._due[loop] = None
        self._unheard.discard(loop)

    def late(self, now: float) -> tuple[str, ...]:
        """The loops that are over their limit."""
        return tuple(name for name, due in self._due.items() if due is not None and now > due)

    @property
    def started(self) -> bool:
        """Whether every loop has been heard of once."""
        return not self._unheard
