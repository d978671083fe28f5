"""However intervals lie across patients, workers and programs, no minute is billed twice.

The clinic's database refuses a worker's overlapping entries; a case file may come from elsewhere,
and the rules must hold for that one too.
"""

from collections import defaultdict
from fractions import Fraction
from typing import Any

from hypothesis import given, settings, strategies as st

from cloud_sync.rules.case import Problem, read
from cloud_sync.rules.minutes import Keep, everyone, time_ledger
from tests.spec.cases import case_file
from tests.spec.second import facts as second_facts, minutes as second_minutes
from tests.spec.test_minutes import counted

PATIENTS = ("Ann", "Bob", "Cem")
WORKERS = ("S1", "S2", "P1")
SOUND = "Went over the plan and the week with the daughter"

Record = dict[str, Any]


@st.composite
def records(draw: st.DrawFn) -> list[Record]:
    """Activities in three hours around a month's end, each in the record of one patient or more."""
    found: list[Record] = []
    for _ in range(draw(st.integers(1, 9))):
        start = draw(st.integers(0, 170))
        same = {
            "staff": draw(st.sampled_from(WORKERS)),
            "program": draw(st.sampled_from(["RPM", "RPM", "CCM", "CCM", "other"])),
            "start": _instant(start),
            "end": _instant(start + draw(st.sampled_from([1, 5, 10, 25, 60]))),
            "patients": draw(st.sampled_from([1, 1, 1, 2, 3])),
            "note": SOUND,
        }
        whose = draw(st.lists(st.sampled_from(PATIENTS), min_size=1, max_size=4))
        found += [same | {"patient": patient} for patient in whose]
    return found


def _instant(minute: int) -> str:
    """Minutes from 22:30 in Denver on the last day of January, written in UTC."""
    hour, rest = divmod(30 + minute, 60)
    return f"2026-02-01T{5 + hour:02}:{rest:02}:00Z"


GRID = [_instant(minute) for minute in range(240)]


def of_patient(patient: str, found: list[Record]) -> Record:
    """What this patient's case file has: their own entries, and their workers' others."""
    entries = []
    for one in found:
        entry = {key: value for key, value in one.items() if key != "patient"}
        entries.append(entry if one["patient"] == patient else entry | {"other_patient": True})
    return case_file(time=entries, staff=[{"id": "S2", "role": "clinical_staff"}])


def minutes_of(found: list[Record]) -> set[str]:
    """The union of intervals, as the minutes they cover."""
    covered: set[str] = set()
    for one in found:
        covered.update(place for place in GRID if one["start"] <= place < one["end"])
    return covered


@given(records())
@settings(max_examples=80, deadline=None)
def test_no_patient_and_no_worker_has_more_time_than_there_was(found: list[Record]) -> None:
    of_worker = dict.fromkeys(WORKERS, Fraction(0))
    for patient in PATIENTS:
        case = read(of_patient(patient, found))
        assert not isinstance(case, Problem), case
        ledger = time_ledger(case)
        counted = sum((one.counted(everyone) for one in ledger.stretches), Fraction(0))
        own = [one for one in found if one["patient"] == patient and one["program"] != "other"]
        assert counted <= 60 * len(minutes_of(own))
        for worker in WORKERS:
            of_worker[worker] += sum(one.counted(only(worker)) for one in ledger.stretches)
    for worker, seconds in of_worker.items():
        assert seconds <= 60 * len(minutes_of([one for one in found if one["staff"] == worker]))


def only(worker: str) -> Keep:
    return lambda entry: entry.staff == worker


@given(records())
@settings(max_examples=80, deadline=None)
def test_in_no_moment_does_anybody_count_twice(found: list[Record]) -> None:
    """The same, moment by moment: by the second reading of the rules, which keeps the moments."""
    of_worker: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for patient in PATIENTS:
        pieces = second_minutes.pieces(second_facts.read(of_patient(patient, found)))
        shares: dict[str, dict[tuple[str, str], Fraction]] = defaultdict(dict)
        for piece in pieces:
            if not piece["counts"]:
                continue
            share = Fraction(1, piece["entry"]["patients"])
            for minute in range(piece["key"][1][0], piece["key"][1][1], 60_000_000):
                place = (piece["entry"]["staff"], str(minute))
                shares[piece["program"]][place] = max(
                    share, shares[piece["program"]].get(place, share)
                )
        rpm, ccm = ({minute for _, minute in shares[program]} for program in ("RPM", "CCM"))
        assert not rpm & ccm, "one program at a time"
        for program in ("RPM", "CCM"):
            for place, share in shares[program].items():
                of_worker[place] += share
    assert max(of_worker.values(), default=0) <= 1


def test_an_activity_in_more_records_than_it_had_patients_counts_in_none() -> None:
    """Two halves are a whole; a third half would be time that there was not."""
    two = """
        program | start | end   | staff | patients | other
        --------+-------+-------+-------+----------+------
        RPM     | 10:00 | 10:20 | S1    | 2        |
        RPM     | 10:00 | 10:20 | S1    | 2        | yes
    """
    third = "        RPM     | 10:00 | 10:20 | S1    | 2        | yes\n"
    assert counted(two) == {"RPM": 10, "CCM": 0}
    assert counted(two.rstrip() + "\n" + third) == {"RPM": 0, "CCM": 0}
