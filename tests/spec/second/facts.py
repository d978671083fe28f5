"""A case file read: shorthands spelled out, defaults supplied, what is not yet known left out."""

from typing import Any

from tests.spec.second import dates

SETTINGS: dict[str, Any] = {
    "time_zone": "America/Denver",
    "period_start": "first_reading",
    "day_rule": "measured",
    "late_receipt_days": 3,
    "caps": {"99458": 3, "99439": 2, "G2058": 2},
    "rpm_contact_required": True,
    "ccm_consent": "documented",
    "late_entry_hours": 48,
}
SOUND = {
    "RPM": "looked at the home values and agreed on two more this week",
    "CCM": "went through the goals and who helps with shopping and meals",
}
ILL = {"icd10": "I10", "expected_months": 12, "risk": True}


def read(case: dict[str, Any]) -> dict[str, Any]:
    given = case.get("settings", {})
    settings = {**SETTINGS, **given, "caps": {**SETTINGS["caps"], **given.get("caps", {})}}
    zone = settings["time_zone"]
    as_of = dates.instant(case["as_of"])
    facts: dict[str, Any] = {"settings": settings, "zone": zone, "as_of": as_of}
    facts["readings"] = [r for r in readings(case, zone) if r["received"] <= as_of]
    entries = [
        *map(entry, case.get("time", [])),
        *(short(m, zone) for m in case.get("minutes", [])),
    ]
    facts["entries"] = [e for e in entries if e["entered"] <= as_of]
    facts["roles"] = {"S1": "clinical_staff", "P1": "practitioner"} | {
        worker["id"]: worker["role"] for worker in case.get("staff", [])
    }
    facts["stays"] = [(dates.day(s["from"]), dates.day(s["to"])) for s in case.get("stays", [])]
    facts["claims"] = [claim(c) for c in case.get("other_claims", [])]
    facts["decisions"] = {
        d["month"]: levels(case, d["month"])
        for d in case.get("decision_making", [])
        if d.get("practitioner", "P1") == "P1"
    }
    facts["choices"] = {c["month"]: c["lane"] for c in case.get("lane_choices", [])}
    facts.update(on_file(case, facts))
    return facts


def levels(case: dict[str, Any], month: str) -> set[str]:
    return {
        d["level"]
        for d in case["decision_making"]
        if d["month"] == month and d.get("practitioner", "P1") == "P1"
    }


def optional_day(written: str | None) -> int | None:
    return None if written is None else dates.day(written)


def on_file(case: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    supplied = ordinary(facts) if case.get("defaults", True) else {"patient": {}}
    patient = {**supplied["patient"], **case.get("patient", {})}
    found = {key: case.get(key, supplied.get(key, [])) for key in LISTS}
    return {
        "established": optional_day(patient.get("established_on")),
        "payer": patient.get("payer"),
        "conditions": patient.get("conditions", []),
        "consents": [
            {
                "program": c["program"],
                "from": dates.day(c["given_on"]),
                "revoked": optional_day(c.get("revoked_on")),
                "documented": c.get("documented", True),
                "written": c.get("mode", "written") in ("written", "electronic"),
            }
            for c in found["consents"]
            if c.get("practitioner", "P1") == "P1"  # one for another practitioner is none
        ],
        "orders": [dates.day(o["ordered_on"]) for o in found["orders"]],
        "visits": [
            dates.day(v["on"])
            for v in found["initiating_visits"]
            if v.get("practitioner", "P1") == "P1" and "CCM" in v.get("discussed", [])
        ],
        "visit_serves_always": "initiating_visits" not in case and case.get("defaults", True),
        "plans": [
            {
                "on": dates.day(p["on"]),
                "shared": p.get("shared_with_patient", True),
                "revised": p.get("substantially_revised", False),
            }
            for p in found["care_plans"]
        ],
        "episodes": [
            {
                "program": e["program"],
                "start": dates.day(e["start"]),
                "end": optional_day(e.get("end")),
                "set_up": optional_day(e.get("set_up_on")),
                "educated": optional_day(e.get("educated_on")),
                "claimed_long_ago": e.get("claimed_long_ago", False),
            }
            for e in found["episodes"]
        ],
        "devices": [
            {
                "id": d["id"],
                "from": dates.day(d["assigned_from"]) if "assigned_from" in d else dates.LONG_AGO,
                "dated": "assigned_from" in d,
                "to": optional_day(d.get("assigned_to")),
                "automatic": d.get("automatic", True),
                "fda": d.get("fda_defined", True),
                "test": d.get("test", False),
            }
            for d in found["devices"]
        ],
    }


LISTS = ("consents", "orders", "initiating_visits", "care_plans", "episodes", "devices")


def ordinary(facts: dict[str, Any]) -> dict[str, Any]:
    """What an ordinary case has; 1900, not 2020, so that it serves every day of any case."""
    long_ago = "1900-01-01"
    episodes = []
    if facts["readings"]:
        first = min(reading["measured_day"] for reading in facts["readings"])
        episodes = [{"program": "RPM", "start": dates.text(first), "claimed_long_ago": True}]
    return {
        "patient": {
            "established_on": long_ago,
            "payer": "medicare",
            "conditions": [ILL, ILL],
        },
        "consents": [{"program": p, "given_on": long_ago} for p in ("RPM", "CCM")],
        "orders": [{"program": "RPM", "ordered_on": long_ago}],
        "care_plans": [{"on": long_ago}],
        "episodes": episodes,
        "devices": [{"id": "D1"}],
    }


def readings(case: dict[str, Any], zone: str) -> list[dict[str, Any]]:
    found = []
    for given in case.get("readings", []):
        measured = dates.instant(given["measured_at"])
        received = dates.instant(given.get("received_at", given["measured_at"]))
        found.append(reading(given, measured, received, zone))
    for given in case.get("reading_days", []):
        for written in given["dates"]:
            for minute in range(given.get("per_day", 1)):
                start = eight_o_clock(dates.day(written), zone)
                measured = start + minute * dates.MINUTE
                said = given.get("received", "same_day")
                received = measured if said == "same_day" else dates.instant(said)
                found.append(reading(given, measured, received, zone))
    return found


def eight_o_clock(day: int, zone: str) -> int:
    """08:00 by the wall clock, whatever the clocks did in the night."""
    about = dates.midnight(day, zone) + 8 * 60 * dates.MINUTE
    return day * dates.DAY + 8 * 60 * dates.MINUTE - dates.offset(about, zone)


def reading(given: dict[str, Any], measured: int, received: int, zone: str) -> dict[str, Any]:
    return {
        "device": given["device"],
        "automatic": given.get("source", "automatic") == "automatic",
        "measurement": given.get("result", "measurement") == "measurement",
        "measured": measured,
        "received": received,
        "measured_day": dates.local_day(measured, zone),
        "received_day": dates.local_day(received, zone),
    }


def entry(given: dict[str, Any]) -> dict[str, Any]:
    interactive = given.get("interactive", False)
    end = dates.instant(given["end"])
    return {
        "program": given["program"],
        "start": dates.instant(given["start"]),
        "end": end,
        "staff": given.get("staff", "S1"),
        "note": given.get("note", ""),
        "contact": interactive
        and given.get("mode", "phone" if interactive else "none")
        in ("phone", "video", "in_person"),
        "entered": dates.instant(given["entered_at"]) if "entered_at" in given else end,
        "patients": given.get("patients", 1),
        "elsewhere": given.get("other_patient", False),
        "alone": False,
    }


def short(given: dict[str, Any], zone: str) -> dict[str, Any]:
    """Reading: the entry is made at 09:00, where it begins."""
    day = dates.first_weekday(dates.month(given["month"]))
    start = eight_o_clock(day, zone) + 60 * dates.MINUTE
    end = start + given["minutes"] * dates.MINUTE + given.get("seconds", 0) * dates.SECOND
    return {
        "program": given["program"],
        "start": start,
        "end": end,
        "staff": given.get("staff", "S1"),
        "note": SOUND[given["program"]],
        "contact": given.get("interactive", False),
        "entered": start,
        "patients": 1,
        "elsewhere": False,
        "alone": True,  # overlaps nothing
    }


def claim(given: dict[str, Any]) -> dict[str, Any]:
    if "month" in given:
        which = dates.month(given["month"])
        first, last = dates.first_of(which), dates.last_of(which)
    else:
        first = last = dates.day(given["on"])
    by = "P1" if given.get("practitioner", "P1") == "P1" else "another"
    return {"code": given["code"], "first": first, "last": last, "by": by}
