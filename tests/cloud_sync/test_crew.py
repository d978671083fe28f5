import asyncio
from collections.abc import Callable
from threading import Event

import pytest

from cloud_sync.crew import Crew, PartEnded


def work(*parts: Callable[[], None], dismiss: bool = False) -> None:
    async def run() -> None:
        crew = Crew()
        for number, part in enumerate(parts):
            crew.hire(f"part {number}", part)
        if dismiss:
            crew.dismiss()
        await asyncio.wait_for(crew.done.wait(), 10)
        released.set()
        for number in range(len(parts)):
            await asyncio.to_thread(crew.see_off, f"part {number}")
        crew.report()

    asyncio.run(run())


released = Event()


@pytest.fixture(autouse=True)
def _fresh() -> None:
    released.clear()


def wait() -> None:
    assert released.wait(10)


def fail() -> None:
    raise OSError("disk")


def test_a_dismissed_crew_reports_nothing() -> None:
    work(wait, wait, dismiss=True)


def test_a_part_that_fails_ends_the_work_and_is_named() -> None:
    with pytest.raises(PartEnded, match="part 1 ended by itself") as raised:
        work(wait, fail)
    assert isinstance(raised.value.__cause__, OSError)


def test_a_part_that_returns_early_is_a_failure_too() -> None:
    with pytest.raises(PartEnded, match="part 0"):
        work(lambda: None, wait)


def test_a_failure_after_the_dismissal_is_still_reported() -> None:
    def fail_late() -> None:
        wait()
        fail()

    with pytest.raises(PartEnded, match="part 0"):
        work(fail_late, dismiss=True)
