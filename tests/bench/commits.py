"""Sealed durable commits: `Custody.keep` of an enrolled hub beside the bare commit of its row."""

from contextlib import closing
from pathlib import Path

from gateway.buffer.custody import Custody, open_custody
from gateway.config import HubConfig
from tests.bench.bare import HUB_TABLE, Sqlite, seconds
from tests.bench.figures import Figure, What, compared, in_turn
from tests.bench.ground import reading

ROWS = 10  # commits a turn
AIM = 0.5
_SAME = "bare SQLite commit of the same row, same pragmas (DELETE journal, EXTRA)"
_FULL = "the same with synchronous=FULL, which syncs the directory once less"


def measure(config: HubConfig, directory: Path, rounds: int) -> list[Figure]:
    """Commits a second, against the bare commit under our own pragmas and under FULL."""
    with closing(open_custody(config)) as custody:
        custody.keep(reading(config.hub, 0))
        row = _row(custody)
        same = _bare(directory / "bare-same.db", *_pragmas(custody))
        full = _bare(directory / "bare-full.db", "DELETE", "FULL")
        with closing(same), closing(full):

            def ours(turn: int) -> float:
                readings = [reading(config.hub, 1 + turn * ROWS + n) for n in range(ROWS)]
                return ROWS / seconds(lambda: [custody.keep(each) for each in readings])

            kept, at_same, at_full = in_turn(
                rounds,
                ours,
                lambda turn: _rate(same, row, turn),
                lambda turn: _rate(full, row, turn),
            )
    name = "sealed durable commits"
    return [
        compared(What(name=name, limit_is=_SAME, unit="1/s", aim=AIM), kept, at_same),
        compared(What(name=name, limit_is=_FULL, unit="1/s", aim=AIM), kept, at_full),
    ]


def _rate(bare: Sqlite, row: tuple[bytes, bytes, int], turn: int) -> float:
    def work() -> None:
        for number in range(ROWS):
            bare.commit([(1 + turn * ROWS + number, *row)])

    return ROWS / seconds(work)


def _bare(path: Path, journal: str, synchronous: str | int) -> Sqlite:
    return Sqlite(path, table=HUB_TABLE, journal=journal, synchronous=synchronous)


def _row(custody: Custody) -> tuple[bytes, bytes, int]:
    query = "SELECT id, raw, kept_at_ms FROM envelope LIMIT 1"
    found: tuple[bytes, bytes, int] = custody._store._writer.read(
        lambda db: db.execute(query).fetchone()
    )
    return found


def _pragmas(custody: Custody) -> tuple[str, int]:
    """As the product set them: the limit follows it."""

    def look(name: str) -> str | int:
        found: str | int = custody._store._writer.read(
            lambda db: db.execute(f"PRAGMA {name}").fetchone()[0]
        )
        return found

    return str(look("journal_mode")), int(look("synchronous"))
