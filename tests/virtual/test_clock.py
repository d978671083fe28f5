from datetime import datetime
from pathlib import Path

from tests.virtual.clock import PlayClock


def test_time_moves_for_every_process_that_reads_the_file(tmp_path: Path) -> None:
    radio = PlayClock.create(tmp_path / "clock.json", zone="America/New_York")
    hub = PlayClock(tmp_path / "clock.json")
    start, first = hub.now_ms(), hub.received()
    radio.move_to(start + 86_400_000)
    second = hub.received()
    assert second.wall_ms - first.wall_ms >= 86_400_000
    assert second.monotonic_ms - first.monotonic_ms >= 86_400_000
    assert second.boot == first.boot
    assert PlayClock.create(tmp_path / "clock.json").now_ms() >= start + 86_400_000


def test_time_that_goes_back_is_a_new_boot(tmp_path: Path) -> None:
    clock = PlayClock.create(tmp_path / "clock.json")
    before = clock.received()
    clock.move_to(before.wall_ms - 5 * 86_400_000)
    after = clock.received()
    assert after.boot != before.boot
    assert after.wall_ms < before.wall_ms
    assert after.monotonic_ms >= 0
    clock.return_to_real()
    assert clock.received().wall_ms >= before.wall_ms


def test_local_time_follows_the_zone_and_its_summer(tmp_path: Path) -> None:
    clock = PlayClock.create(tmp_path / "clock.json", zone="America/New_York")
    winter, summer = 1_795_521_600_000, 1_783_080_000_000  # 2026-11-24 12:00 and 2026-07-03 12:00 Z
    assert clock.at(winter) == datetime(2026, 11, 24, 7, 0)  # noqa: DTZ001
    assert clock.at(summer) == datetime(2026, 7, 3, 8, 0)  # noqa: DTZ001
