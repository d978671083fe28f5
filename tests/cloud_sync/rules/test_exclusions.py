import pytest

from cloud_sync.rules.calendar import month_named
from cloud_sync.rules.exclusions import blocked
from cloud_sync.rules.tables import BUNDLED
from tests.spec.cases import case, codes, determination, entry, reading_days, reasons, words
from tests.spec.table import table


@pytest.mark.parametrize(
    "row",
    table("""
    code  | by | when       | ccm                  | time                 | device
    ------+----+------------+----------------------+----------------------+---------------------
    G0181 | P1 | 2026-01    | excluded_by_code     |                      |
    G0181 | P2 | 2026-01    |                      |                      |
    90955 | P1 | 2026-01-31 | excluded_by_code     |                      |
    99426 | P1 | 2026-02    |                      |                      |
    G0557 | P2 | 2026-01    | excluded_by_code     |                      |
    99487 | P2 | 2026-01    | another_practitioner |                      |
    99487 | P1 | 2026-01    | already_claimed      |                      |
    98980 | P2 | 2026-01-05 |                      | excluded_by_code     | excluded_by_code
    98982 | P2 | 2026-01-05 |                      |                      |
    99454 | P2 | 2026-01    |                      |                      | another_practitioner
    99453 | P2 | 2026-01    |                      |                      | another_practitioner
    99445 | P1 | 2026-01-01 |                      |                      | already_claimed
    99457 | P2 | 2026-01    |                      | another_practitioner |
    99470 | P1 | 2026-01    |                      | already_claimed      |
    99495 | P1 | 2026-01    |                      |                      |
    99484 | P1 | 2026-01    |                      |                      |
"""),
    ids=lambda row: f"{row['code']} {row['by']} {row['when']}",
)
def test_what_other_claims_block(row: dict[str, str]) -> None:
    when = {"month" if len(row["when"]) == 7 else "on": row["when"]}
    found = case(other_claims=[{"code": row["code"], "practitioner": row["by"]} | when])
    january = month_named("2026-01")
    expected = {
        group: words(row[group].replace("already_claimed", "program_already_claimed"))
        for group in ("ccm", "time", "device")
    }
    assert blocked(found, BUNDLED.ccm[-1], "ccm", january) == expected["ccm"]
    assert blocked(found, BUNDLED.rpm[-1], "time", january) == expected["time"]
    assert blocked(found, BUNDLED.rpm[-1], "device", january) == expected["device"]
    assert blocked(found, None, "device", january) == set()


def test_device_codes_and_time_codes_are_judged_apart() -> None:
    found = determination(
        reading_days=[reading_days("2026-01-20", 16)],
        time=[entry("2026-01-20T15:00:00Z", "2026-01-20T15:25:00Z", interactive=True)],
        other_claims=[{"code": "98980", "on": "2026-02-10"}],
    )
    assert codes(found) == ["99457"]
    assert reasons(found, "99454") == reasons(found, "99445") == {"excluded_by_code"}
