"""Virtual wall time: a JSON file with its offset from real time, moved by the radio alone."""

import json
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cloud_sync.contract.observation import Received


class PlayClock:
    """Wall time as the virtual home sees it. Satisfies the hub's clock protocol.

    The offset moves in steps (a virtual day each), so monotonic time follows wall time: in the
    home those hours have really passed.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @classmethod
    def create(cls, file: Path, *, zone: str = "UTC") -> "PlayClock":
        """A clock at real time, unless the file is there already."""
        clock = cls(file)
        if not file.exists():
            now = _real_ms()
            clock._store({"offset_ms": 0, "zone": zone, "boot": uuid.uuid4().hex, "boot_ms": now})
        return clock

    def now_ms(self) -> int:
        return _real_ms() + int(self._load()["offset_ms"])

    def at(self, wall_ms: int) -> datetime:
        """The naive local time in the home at this moment."""
        moment = datetime.fromtimestamp(wall_ms / 1000, tz=UTC)
        return moment.astimezone(ZoneInfo(str(self._load()["zone"]))).replace(tzinfo=None)

    def local(self) -> datetime:
        return self.at(self.now_ms())

    def zone(self) -> ZoneInfo:
        return ZoneInfo(str(self._load()["zone"]))

    def received(self) -> Received:
        state, now = self._load(), self.now_ms()
        return Received(
            wall_ms=now,
            boot=str(state["boot"]),
            monotonic_ms=max(0, now - int(state["boot_ms"])),
            synchronised=True,
            error_ms=50,
        )

    def move_to(self, wall_ms: int) -> None:
        """Set virtual time. Monotonic time starts again (a new boot) where time goes backwards."""
        state = self._load()
        if wall_ms < self.now_ms():
            state |= {"boot": uuid.uuid4().hex, "boot_ms": wall_ms}
        self._store(state | {"offset_ms": wall_ms - _real_ms()})

    def return_to_real(self) -> None:
        self._store(self._load() | {"offset_ms": 0})

    def _load(self) -> dict[str, int | str]:
        state: dict[str, int | str] = json.loads(self._file.read_text())
        return state

    def _store(self, state: dict[str, int | str]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(state))
        fresh.replace(self._file)


def _real_ms() -> int:
    return time.time_ns() // 1_000_000
