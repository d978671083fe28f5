"""Random case files for the two readings of the rules: every kind of fact, crowded together.

A case is a function of one number, so that a case that fails can be had again by it. Most facts
of a case are ordinary, so that the few odd ones can be seen in the answer.
"""

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from tests.spec.random_facts import DrawOnFile, Fact

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


def random_case(number: int) -> Fact:
    """The case of this number; the same one each time."""
    return Draw(Random(number)).case(f"random-{number}")


class Draw(DrawOnFile):
    """One case being drawn."""

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
