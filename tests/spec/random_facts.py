"""Random facts as a case file writes them: settings, and what is on file for a patient."""

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


class DrawOnFile:
    """The dates and places of one random case, and what is on file for its patient."""

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

    def month(self) -> str:
        """Most often a month in which something is going on."""
        day = self.first + self.random.choice(self.busy)
        return day.isoformat()[:7] if self.chance(70) else self.day()[:7]

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
