from hypothesis import given, strategies as st

from gateway.health.progress import Progress

LIMITS = {"a": 10.0, "b": 60.0}


def test_each_loop_has_its_own_limit() -> None:
    progress = Progress(LIMITS, 0.0)
    assert progress.late(10.0) == ()
    assert progress.late(10.1) == ("a",)
    progress.report("a", 55.0)
    assert progress.late(60.5) == ("b",)
    assert progress.late(65.5) == ("a", "b")


def test_a_resting_loop_is_well_until_it_has_work_again() -> None:
    progress = Progress(LIMITS, 0.0)
    progress.rest("a")
    assert progress.late(59.0) == ()
    progress.report("a", 100.0)
    progress.report("b", 100.0)
    assert progress.late(111.0) == ("a",)


@given(st.lists(st.tuples(st.sampled_from(sorted(LIMITS)), st.floats(0, 40)), max_size=30))
def test_started_once_every_loop_was_heard_of(events: list[tuple[str, float]]) -> None:
    progress, now = Progress(LIMITS, 0.0), 0.0
    for loop, pause in events:
        now += pause
        progress.report(loop, now)
    assert progress.started == ({loop for loop, _ in events} == set(LIMITS))
