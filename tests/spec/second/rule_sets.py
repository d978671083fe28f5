"""Which codes exist on a day, and what was claimed elsewhere."""

from typing import Any

from tests.spec.second import dates

BEGINS = {
    "99091": "2018-01-01",
    "99453": "2019-01-01",
    "99454": "2019-01-01",
    "99457": "2019-01-01",
    "99458": "2020-01-01",
    "99445": "2026-01-01",
    "99470": "2026-01-01",
    "99490": "2015-01-01",
    "99487": "2017-01-01",
    "99489": "2017-01-01",
    "99491": "2019-01-01",
    "G2058": "2020-01-01",
    "99439": "2021-01-01",
    "99437": "2022-01-01",
}
ENDS = {"G2058": "2020-12-31"}
UNKNOWN_FROM = "2027-01-01"

RTM = {str(code) for code in (*range(98975, 98982), *range(98984, 98987))}
APCM = {"G0556", "G0557", "G0558"}
NOT_BESIDE_CCM = {"G0181", "G0182"} | {
    str(code) for code in (*range(90951, 90971), *range(99424, 99428))
}
CCM = {"99490", "99439", "G2058", "99491", "99437", "99487", "99489"}


def in_force(code: str, day: int) -> bool:
    ended = code in ENDS and day > dates.day(ENDS[code])
    return day >= dates.day(BEGINS[code]) and not ended


def unknown(day: int) -> bool:
    return day >= dates.day(UNKNOWN_FROM)


def claimed(facts: dict[str, Any], codes: set[str], by: str, first: int, last: int) -> bool:
    return any(
        claim["code"] in codes
        and by in (claim["by"], "anybody")
        and claim["first"] <= last
        and claim["last"] >= first
        for claim in facts["claims"]
    )


def device_blocks(facts: dict[str, Any], first: int, last: int) -> set[str]:
    """Reading: the set-up code is a device code where the row on RTM says so."""
    found = set()
    if claimed(facts, RTM, "anybody", first, last):
        found.add("excluded_by_code")
    if claimed(facts, {"99453", "99454", "99445"}, "another", first, last):
        found.add("another_practitioner")
    if claimed(facts, {"99454", "99445"}, "P1", first, last):
        found.add("program_already_claimed")
    return found


def rpm_time_blocks(facts: dict[str, Any], first: int, last: int) -> set[str]:
    found = set()
    if claimed(facts, RTM, "anybody", first, last):
        found.add("excluded_by_code")
    if claimed(facts, {"99457", "99458", "99470"}, "another", first, last):
        found.add("another_practitioner")
    if claimed(facts, {"99457", "99458", "99470"}, "P1", first, last):
        found.add("program_already_claimed")
    return found


def ccm_blocks(facts: dict[str, Any], first: int, last: int) -> set[str]:
    found = set()
    if claimed(facts, NOT_BESIDE_CCM, "P1", first, last):
        found.add("excluded_by_code")
    if claimed(facts, APCM, "anybody", first, last):
        found.add("excluded_by_code")
    if claimed(facts, CCM, "another", first, last):
        found.add("another_practitioner")
    if claimed(facts, CCM, "P1", first, last):
        found.add("program_already_claimed")
    sound = [
        c for c in facts["conditions"] if (c.get("expected_months") or 0) >= 12 and c.get("risk")
    ]
    if len(sound) < 2:
        found.add("conditions_below_two")
    if not any(plan["on"] <= last and plan["shared"] for plan in facts["plans"]):
        found.add("care_plan_missing")
    return found
