"""What a list would have counted for: the rules' own minutes, its levels, and what is lost."""

from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st

from cloud_sync.rules.baseline import Baseline, baseline, read
from cloud_sync.rules.baseline.report import MIXED, NO_MINUTES, NO_PROGRAM
from cloud_sync.rules.reasons import SENTENCES

ZONE = ZoneInfo("America/Denver")
HEAD = "date,staff,role,patient,start,end,minutes,program,activity,note,contact,billed"
NOTE = "Went through the week with her and kept the dose"


def counted(*lines: str) -> Baseline:
    rows, bad = read("\n".join([HEAD, *lines]), ZONE)
    assert bad == ()
    return baseline(rows, bad, ZONE)


def line(  # noqa: PLR0917 - the columns
    times: str,
    program: str = "RPM",
    patient: str = "7",
    note: str = NOTE,
    contact: str = "phone",
    staff: str = "N,RN",
    billed: str = "",
) -> str:
    return f"2026-10-05,{staff},{patient},{times},{program},Call,{note},{contact},{billed}"


def months(found: Baseline) -> list[tuple[str, str, int, str | None, tuple[str, int] | None]]:
    return [
        (one.patient, one.program, one.minutes, one.reached, one.lacking) for one in found.months
    ]


def test_minutes_reach_a_level_or_miss_it_by_so_many() -> None:
    found = counted(
        line("09:00,09:11,"),
        line(",,8.99"),
        line(",,20", "CCM", patient="8"),
        line(",,41", patient="9", billed="yes"),
    )
    assert months(found) == [
        ("7", "RPM", 19, "99470", ("99457", 1)),
        ("8", "CCM", 20, "99490", ("99439", 20)),
        ("9", "RPM", 41, "99458", None),
    ]
    assert [(one.patient, one.program) for one in found.uncaptured()] == [
        ("7", "RPM"),
        ("8", "CCM"),
    ]


def test_without_a_live_contact_no_rpm_code_is_uncaptured() -> None:
    found = counted(line(",,25", contact="voicemail"))
    assert (found.months[0].reached, found.months[0].live_contact) == ("99457", False)
    assert found.uncaptured() == ()


def test_why_a_line_does_not_count() -> None:
    found = counted(
        line(",,5", note="Patient call - 5 minutes"),
        line(",,5", staff="D,receptionist"),
        line("09:00,09:10,", "RPM"),
        line("09:05,09:15,", "CCM"),
        line("10:00,10:10,", patient="8"),
        line("10:05,10:15,", patient="9"),
        line(",,5", "", note="How is the family at home these days"),
        line(",,5", "", note="Reminder to measure in the morning hours"),
        line(",,8", note="Side effects and the blood pressure log with her"),
    )
    reasons = [one.reasons for one in found.lines]
    overlap = SENTENCES["overlapping_time"]
    assert reasons == [
        (SENTENCES["vague_note"],),
        (SENTENCES["staff_not_clinical"],),
        *[(overlap,)] * 4,
        (NO_PROGRAM,),
        (NO_MINUTES,),
        (),
    ]
    assert [int(one.counted) // 60 for one in found.lines] == [0, 0, 5, 5, 5, 5, 0, 0, 8]
    assert found.lines[-1].remarks == (MIXED,)
    assert found.excluded()[overlap] == (4, 4 * 5 * 60)


def test_a_line_without_a_program_still_says_what_else_is_wrong_with_it() -> None:
    mixed = counted(line(",,8", "", note="Side effects and the blood pressure log with her"))
    assert mixed.lines[0].reasons == (NO_PROGRAM, SENTENCES["mixed_note"])
    vague = counted(line(",,8", "", note="Patient outreach", staff="D,receptionist"))
    assert set(vague.lines[0].reasons) == {
        NO_PROGRAM, SENTENCES["vague_note"], SENTENCES["staff_not_clinical"],
    }  # fmt: skip


def test_the_same_interval_twice_counts_once_and_two_without_times_count_both() -> None:
    twice = counted(line("09:00,09:10,"), line("09:00,09:10,"), line("09:00,09:10,", staff="M,LPN"))
    assert [int(one.counted) for one in twice.lines] == [0, 0, 600]  # M comes before N
    assert twice.months[0].minutes == 10
    both = counted(line(",,5"), line(",,5"))
    assert [int(one.counted) for one in both.lines] == [300, 300]
    assert both.months[0].minutes == 10


def test_a_program_we_suggest_is_marked_as_a_suggestion() -> None:
    found = counted(line(",,5", "", note="Looked at the readings and called about one"))
    assert (found.lines[0].program, found.lines[0].suggested) == ("RPM", True)
    assert found.lines[0].because == ("readings",)
    assert not counted(line(",,5")).lines[0].suggested


MINUTE = st.integers(0, 120)


@given(
    st.lists(
        st.tuples(
            MINUTE, st.integers(1, 40), st.sampled_from(["RPM", "CCM", "other"]),
            st.sampled_from("78"), st.sampled_from(["N,RN", "M,LPN"]),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_lines_and_months_add_up_and_no_minute_counts_twice(
    spans: list[tuple[int, int, str, str, str]],
) -> None:
    def clock(minute: int) -> str:
        return f"{9 + minute // 60:02}:{minute % 60:02}"

    found = counted(
        *(
            line(f"{clock(begin)},{clock(begin + length)},", program, patient, staff=staff)
            for begin, length, program, patient, staff in spans
        )
    )
    assert sum(one.counted for one in found.lines) == sum(one.seconds for one in found.months)
    for patient in "78":
        touched = {
            minute
            for begin, length, _program, whose, _staff in spans
            if whose == patient
            for minute in range(begin, begin + length)
        }
        counted_s = sum(one.seconds for one in found.months if one.patient == patient)
        assert counted_s <= 60 * len(touched)
