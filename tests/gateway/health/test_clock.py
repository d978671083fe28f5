import time
from datetime import datetime
from pathlib import Path

from gateway.health.clock import SystemClock, boot_id, kernel_sync


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


def test_the_flag_of_the_time_service_counts_where_the_kernel_cannot_be_asked(
    tmp_path: Path,
) -> None:
    flag = tmp_path / "synchronized"
    assert SystemClock(flag).received().synchronised is kernel_sync()[0]
    flag.touch()
    assert SystemClock(flag).received().synchronised


def test_the_boot_id_is_that_of_the_unit_or_of_the_kernel() -> None:
    named = "0F0F0F0F-0000-4000-8000-00000000ABCD"
    assert boot_id({"BOOT_ID": named}) == "0f0f0f0f00004000800000000000abcd"
    kernel = Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")
    assert boot_id({}) == boot_id({"BOOT_ID": ""}) == kernel
    assert SystemClock(environment={"BOOT_ID": named}).received().boot == boot_id(
        {"BOOT_ID": named}
    )
