"""Random case files for the two readings of the rules: every kind of fact, crowded together.

A case is a function of one number, so that a case that fails can be had again by it. Most facts
of a case are ordinary, so that the few odd ones can be seen in the answer.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

Fact = dict[str, Any]

ZONES = (
    *("America/Denver", "America/Denver", "America/New_York", "UTC", "Europe/London"),
    *("America/Sao_Paulo", "America/Havana", "Asia/Beirut", "America/St_Johns"),
    *("Australia/Lord_Howe", "Pacific/Kiritimati", "Asia/Kolkata"),
)
FIRST_DAYS = (
    *("2025-11-20", "2025-12-05", "2026-01-01", "2026-02-10", "2026-03-01", "2026-10-20") * 3,
    *("2025-03-01", "2025-09-25", "2026-11-25", "2026-12-15", "2019-12-10", "2020-11-20"),
    *("2021-12-01", "2024-01-31", "2018-10-20"),
)
MINUTES = (5, 9, 10, 10, 12, 19, 20, 20, 25, 29, 30, 30, 31, 40, 45, 59, 60, 61, 80, 90, 130)
NOTES = (
    *["Compared the values of this week with the last ones"] * 16,
    *["Spoke with the daughter about walking goals and meals"] * 16,
    *(
        "called",
        "Patient call - 5 minutes",
        "Called patient, no issues",
        "",
        "3 calls, 20 min each",
    ),
    "Routine monthly follow-up",
    "Pt's wife's log ok",
    "Went through the readings and asked for a refill of the pills",
    "Asked the specialist's office about the cuff and the new pills",
    "Sent labs and an alert: BP-log to the pharmacy",
    "Labelled the cuffs and read the laboratory's letter aloud",
)
MODES = ("phone", "phone", "video", "in_person", "text", "voicemail", "portal", "none")
CLAIMS = (
    *("G0181", "90951", "90970", "90971", "99424", "99427", "G0556", "99490", "99439", "99491"),
    *("99487", "98975", "98981", "98982", "98986", "99453", "99454", "99445", "99457", "99458"),
    *("99470", "99495", "99484", "99453", "99454"),
)

SINCE = {
    "99453": 2019,
    "99454": 2019,
    "99457": 2019,
    "99458": 2020,
    "99491": 2019,
    "99439": 2021,
    "99445": 2026,
    "99470": 2026,
    "98975": 2022,
    "98981": 2022,
    "98986": 2026,
    "99424": 2022,
    "99427": 2022,
    "G0556": 2025,
}


def random_case(number: int) -> Fact:
    """The case of this number; the same one each time."""
    return Draw(Random(number)).case(f"random-{number}")


class Draw:
    """One case being drawn."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.zone = random.choice(ZONES)
        self.first = date.fromisoformat(random.choice(FIRST_DAYS)) + self.days(0, 9)
        self.span = random.choice((20, 35, 35, 60, 70, 100))
        self.busy = [self.days(0, self.span) for _ in range(random.choice((1, 2, 3, 9)))]

    def days(self, low: int, high: int) -> timedelta:
        return timedelta(days=self.random.randint(low, high))

    def chance(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def day(self, low: int = 0, high: int | None = None) -> str:
        """A date from `low` days after the first one, by default within the case."""
        return (self.first + self.days(low, self.span if high is None else high)).isoformat()

    def written(self, moment: datetime) -> str:
        """The same instant, by whatever clock."""
        zone = self.random.choice((self.zone, "UTC", "Asia/Tokyo"))
        return moment.astimezone(ZoneInfo(zone)).isoformat()

    def moment(self) -> datetime:
        """Often near midnight or the end of a month; the busy hours are few, so things meet."""
        day = self.first + self.random.choice(self.busy)
        if self.chance(20):
            day = day.replace(day=1) - timedelta(days=self.random.randint(0, 1))
        hour = self.random.choice((0, 9, 9, 9, 10, 10, 15, 23))
        minute = self.random.choice((0, 0, 5, 15, 30, 50, 59))
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(self.zone))
        return local.astimezone(UTC)

    def some(self, percent: int, most: int, one: Callable[[], Fact]) -> list[Fact] | None:
        """A list of up to so many facts in so many cases out of a hundred, else no such key."""
        if not self.chance(percent):
            return None
        return [one() for _ in range(self.random.randint(0, most))]

    def case(self, name: str) -> Fact:
        bare = self.chance(8)
        often = 90 if bare else 12
        drawn = {
            "patient": self.patient() if self.chance(often) else None,
            "consents": self.some(max(often, 20), 3, self.consent),
            "orders": self.some(often, 2, self.order),
            "initiating_visits": self.some(often, 2, self.visit),
            "care_plans": self.some(often, 2, self.plan),
            "decision_making": self.some(40, 3, self.decision),
            "lane_choices": self.lane_choices() if self.chance(35) else None,
            "episodes": self.episodes() if self.chance(max(often, 55)) else None,
            "devices": self.devices() if self.chance(max(often, 35)) else None,
            "readings": self.readings(),
            "reading_days": self.some(60, 3, self.reading_days),
            "time": self.some(75, 10, self.entry),
            "minutes": self.some(60, 3, self.short),
            "stays": self.some(15, 2, self.stay),
            "other_claims": self.some(25, 3, self.claim),
        }
        found = {key: value for key, value in drawn.items() if value is not None}
        roles = {"S2": "clinical_staff", "P2": "practitioner", "N1": "non_clinical"}
        always: Fact = {"id": name, "as_of": self.as_of(), "settings": self.settings()}
        always["staff"] = [{"id": worker, "role": role} for worker, role in roles.items()]
        return found | always | ({"defaults": False} if bare else {})

    def as_of(self) -> str:
        if self.chance(70):
            return "2028-01-01T00:00:00Z"
        day = self.first + self.days(0, self.span + 40)
        if self.chance(40):
            day = day.replace(day=1)  # the very midnight at which a month closes
        local = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone))
        return self.written(local - timedelta(seconds=self.random.choice((0, 0, 1, 43_200))))

    def settings(self) -> Fact:
        found: Fact = {"time_zone": self.zone}
        if self.chance(40):
            start = self.random.choice(("calendar_month", "calendar_month", self.day(-40)))
            found["period_start"] = start
        if self.chance(30):
            found["day_rule"] = self.random.choice(("measured", "received"))
        if self.chance(30):
            found["late_receipt_days"] = self.random.choice((0, 1, 10, 40))
        if self.chance(25):
            code = self.random.choice(("99458", "99439", "99437", "99489"))
            found["caps"] = {code: self.random.randint(0, 3)}
        if self.chance(10):
            found["rpm_contact_required"] = False
        if self.chance(30):
            found["ccm_consent"] = "written"
        if self.chance(20):
            found["late_entry_hours"] = self.random.choice((0, 24, 100))
        return found

    def patient(self) -> Fact:
        found: Fact = {}
        if self.chance(50):
            found["established_on"] = self.random.choice((None, self.day(), "2015-01-01"))
        if self.chance(30):
            found["payer"] = self.random.choice(("medicare", "UHC"))
        if self.chance(50):
            found["conditions"] = [
                {
                    "icd10": "I10",
                    "expected_months": self.random.choice((3, 12, 24)),
                    "risk": self.chance(80),
                }
                for _ in range(self.random.randint(1, 3))
            ]
        return found

    def by(self) -> Fact:
        return {"practitioner": "P2"} if self.chance(12) else {}

    def early(self) -> str:
        """Mostly before the case, else within it."""
        return self.day(-300, -5) if self.chance(60) else self.day()

    def consent(self) -> Fact:
        found: Fact = {"program": self.random.choice(("RPM", "CCM")), "given_on": self.early()}
        if self.chance(60):
            found["mode"] = self.random.choice(("verbal", "written", "electronic"))
        if self.chance(20):
            found["documented"] = False
        if self.chance(25):
            found["revoked_on"] = self.day(5)
        return found | self.by()

    def order(self) -> Fact:
        return {"program": "RPM", "ordered_on": self.early()} | self.by()

    def visit(self) -> Fact:
        on = self.random.choice((self.day(-10, 10), self.day(-375, -355), self.day()))
        discussed = self.random.choice((["CCM"], ["CCM"], ["CCM", "RPM"], ["RPM"], []))
        return {"on": on, "discussed": discussed} | self.by()

    def plan(self) -> Fact:
        found: Fact = {"on": self.early()} | self.by()
        if self.chance(20):
            found["shared_with_patient"] = False
        return found | ({"substantially_revised": True} if self.chance(40) else {})

    def month(self) -> str:
        """Most often a month in which something is going on."""
        day = self.first + self.random.choice(self.busy)
        return day.isoformat()[:7] if self.chance(70) else self.day()[:7]

    def decision(self) -> Fact:
        level = self.random.choice(("low", "moderate", "high", "high"))
        return {"month": self.month(), "level": level} | self.by()

    def lane_choices(self) -> list[Fact]:
        months = {self.month() for _ in range(self.random.randint(1, 2))}
        lanes = ("staff", "practitioner", "complex")
        return [{"month": month, "lane": self.random.choice(lanes)} for month in sorted(months)]

    def episodes(self) -> list[Fact]:
        found: list[Fact] = []
        start = -self.random.choice((0, 0, 3, 40))
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 2, 3))):
            length = self.random.randint(5, 50)
            found.append(self.episode(start, start + length if self.chance(60) else None))
            if found[-1]["end"] is None:
                break
            start += length + self.random.randint(1, 20)
        if self.chance(40):
            found.append(
                {"program": "CCM", "start": self.random.choice((self.day(), self.early()))}
            )
        return found

    def episode(self, start: int, end: int | None) -> Fact:
        on = (self.first + timedelta(days=start)).isoformat()
        found: Fact = {"program": "RPM", "start": on, "end": None}
        if end is not None:
            found["end"] = (self.first + timedelta(days=end)).isoformat()
        for key in ("set_up_on", "educated_on"):
            if self.chance(90):
                found[key] = on if self.chance(80) else self.day()
        return found

    def devices(self) -> list[Fact]:
        """D1 perhaps given twice, D2 and D3 in all states; D9 is never there."""
        change = self.random.randint(5, self.span)
        first: Fact = {"id": "D1"}
        if self.chance(50):
            first["assigned_from"] = self.day(-30, 5)
        if self.chance(30):
            first["assigned_to"] = (self.first + timedelta(days=change)).isoformat()
        found = [first]
        if "assigned_to" in first and self.chance(60):
            again = self.first + timedelta(days=change) + self.days(1, 10)
            found.append({"id": "D1", "assigned_from": again.isoformat()} | self.flaws(20))
        found.append({"id": "D2"} | self.flaws(40))
        if self.chance(50):
            found.append({"id": "D3", "assigned_from": self.day()} | self.flaws(20))
        return found

    def flaws(self, percent: int) -> Fact:
        kinds: tuple[Fact, ...] = ({"fda_defined": False}, {"automatic": False}, {"test": True})
        return self.random.choice(kinds) if self.chance(percent) else {}

    def device(self) -> str:
        return self.random.choice(("D1",) * 20 + ("D2", "D2", "D3", "D9"))

    def readings(self) -> list[Fact]:
        """Runs of readings a day or so apart, sent at once, together, late, or ahead of time."""
        found: list[Fact] = []
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 3))):
            at, step = self.moment(), timedelta(hours=self.random.choice((24, 24, 24, 23, 12, 49)))
            same: Fact = {"device": self.device()}
            if self.chance(10):
                same["source"] = "manual"
            if self.chance(15):
                same["result"] = self.random.choice(("failed", "control"))
            delay = timedelta(
                minutes=self.random.choice((0, 0, 0, 1, 90, 900, 1_500, 6_000, -5, -6))
            )
            moments = [at + step * n for n in range(self.random.randint(1, 22))]
            together = moments[-1] if self.chance(25) else None
            for moment in moments:
                one = same | {"measured_at": self.written(moment)}
                if together or delay:
                    one["received_at"] = self.written(together or moment + delay)
                found.append(one)
        return found

    def reading_days(self) -> Fact:
        first, step = self.first + self.days(0, self.span), self.random.choice((1, 1, 1, 2))
        count = self.random.choice((1, 2, 3, 10, 15, 16, 17, 25))
        found: Fact = {
            "device": self.device(),
            "dates": [(first + timedelta(days=step * n)).isoformat() for n in range(count)],
        }
        if self.chance(10):
            found["per_day"] = 2
        if self.chance(12):
            found["source"] = "manual"
        if self.chance(15):
            found["received"] = self.written(self.moment())
        return found

    def entry(self) -> Fact:
        start = self.moment()
        length = timedelta(minutes=self.random.choice(MINUTES))
        if self.chance(15):
            length += timedelta(seconds=self.random.choice((-1, 1, 30)))
        end = start + length
        found: Fact = {
            "program": self.random.choice(("RPM",) * 5 + ("CCM",) * 6 + ("other",)),
            "start": self.written(start),
            "end": self.written(end),
            "staff": self.random.choice(
                ("S1",) * 10 + ("P1",) * 7 + ("S2", "S2", "P2", "N1", "X9")
            ),
            "note": self.random.choice(NOTES),
        }
        if self.chance(60):
            found["interactive"] = self.chance(90)
        if self.chance(15):
            found["mode"] = self.random.choice(MODES)
        if self.chance(20):
            hours = self.random.choice((0, 1, 24, 48, 49, 100, 101, 900))
            found["entered_at"] = self.written(end + timedelta(hours=hours))
        if self.chance(15):
            found["patients"] = self.random.choice((1, 2, 3, 7))
        if self.chance(8):
            found["other_patient"] = True
        return found

    def short(self) -> Fact:
        found: Fact = {
            "program": self.random.choice(("RPM", "CCM", "CCM")),
            "month": self.month(),
            "minutes": self.random.choice((0, *MINUTES)),
            "staff": self.random.choice(("S1",) * 4 + ("P1",) * 3 + ("N1",)),
        }
        if self.chance(10):
            found["seconds"] = self.random.choice((1, 59))
        return found | ({"interactive": True} if self.chance(70) else {})

    def stay(self) -> Fact:
        first = self.first + self.days(0, self.span)
        last = first + self.days(0, 12)
        kind = self.random.choice(("inpatient", "snf"))
        return {"kind": kind, "from": first.isoformat(), "to": last.isoformat()}

    def claim(self) -> Fact:
        when = {"month": self.month()} if self.chance(50) else {"on": self.day(-10)}
        by = {"practitioner": self.random.choice(("P1", "P2"))}
        year = int(next(iter(when.values()))[:4])
        codes = [code for code in CLAIMS if SINCE.get(code, 0) <= year]
        return {"code": self.random.choice(codes)} | when | by
