"""Staff work of the played days, recorded by the clinic's own clock functions at virtual times."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from cloud_sync.ledger import care_time, staff
from cloud_sync.ledger.care_entries import Work
from cloud_sync.ledger.refused import Refused
from tests.demo.cast import visiting
from tests.demo.stage import Stage

CALL = Work(
    activity="Call about readings",
    note="Called patient: morning blood pressure readings above goal, cuff technique reviewed.",
    mode="phone",
    interactive=True,
)
REVIEW = Work(
    activity="Review of readings",
    note="Reviewed this week's blood pressure and glucose trend, no reading out of range.",
)
PLAN = Work(
    activity="Care plan",
    note="Updated goals for diabetes education and diet with the community nurse.",
)
# (days before today, program, minutes, work)
WORK = [
    (16, "RPM", 6, REVIEW), (13, "RPM", 8, CALL), (9, "RPM", 5, REVIEW), (4, "RPM", 4, REVIEW),
    (15, "CCM", 12, PLAN), (6, "CCM", 10, PLAN),
]  # fmt: skip


def play(stage: Stage, patient: str, days: int) -> dict[str, int]:
    """Minutes recorded for each program; those of an earlier run are there already."""
    zone = ZoneInfo(stage.zone)
    today = datetime.now(zone).date()
    recorded = {"RPM": 0, "CCM": 0}
    with visiting(stage) as store:
        for back, program, minutes, work in WORK:
            if back > days:
                continue
            hour = time(10 if program == "RPM" else 14)
            start = datetime.combine(today - timedelta(days=back), hour, zone)
            start_ms = int(start.timestamp() * 1000)
            with store.write() as db:
                nurse = staff.by_username(db, "nurse").id
                try:
                    care_time.start(
                        db, staff_id=nurse, patient_id=patient, program=program, at_ms=start_ms
                    )
                except Refused:  # an earlier run of this day recorded it: it counts once
                    continue
                end_ms = start_ms + minutes * 60_000
                care_time.stop(db, staff_id=nurse, at_ms=end_ms, work=work)
            recorded[program] += minutes
    return recorded
