import time
from datetime import datetime

from gateway.health.clock import SystemClock, kernel_sync


def test_the_clocks_are_those_of_this_machine() -> None:
    before = time.time_ns() // 1_000_000
    clock = SystemClock()
    first, second = clock.received(), clock.received()
    assert before <= first.wall_ms <= time.time_ns() // 1_000_000
    assert first.boot == second.boot
    assert len(first.boot) == 32
    assert int(first.boot, 16)
    assert 0 < first.monotonic_ms <= second.monotonic_ms


def test_local_time_is_naive_wall_time() -> None:
    local = SystemClock().local()
    assert local.tzinfo is None
    assert abs((local - datetime.now()).total_seconds()) < 60  # noqa: DTZ005


def test_an_error_is_stated_only_where_the_kernel_bounds_it() -> None:
    synchronised, error_ms = kernel_sync()
    assert isinstance(synchronised, bool)
    assert error_ms is None or (synchronised and 0 <= error_ms < 16_000)
