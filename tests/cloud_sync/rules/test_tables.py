from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from cloud_sync.rules import tables
from cloud_sync.rules.tables import BUNDLED, Exclusion, RuleSet, build
from tests.spec.table import table

DIRECTORY = Path(tables.__file__).parent / "tables"


@pytest.mark.parametrize("sets", [BUNDLED.rpm, BUNDLED.ccm], ids=["rpm", "ccm"])
def test_one_set_follows_the_other_without_a_gap(sets: tuple[RuleSet, ...]) -> None:
    for earlier, later in pairwise(sets):
        assert later.in_force_from == earlier.in_force_to + timedelta(days=1)
    assert sets[-1].in_force_to == date(2026, 12, 31)


def test_a_file_is_named_after_its_set() -> None:
    for path in DIRECTORY.glob("*.toml"):
        assert f'id = "{path.stem}"' in path.read_text()


@pytest.mark.parametrize(
    "row",
    table("""
    day        | rpm      | ccm      | known
    -----------+----------+----------+------
    2014-12-31 |          |          |
    2017-12-31 |          | ccm-2017 |
    2018-01-01 | rpm-2018 | ccm-2017 | yes
    2019-06-01 | rpm-2019 | ccm-2019 | yes
    2020-12-31 | rpm-2020 | ccm-2020 | yes
    2021-01-01 | rpm-2020 | ccm-2021 | yes
    2025-12-31 | rpm-2020 | ccm-2022 | yes
    2026-01-01 | rpm-2026 | ccm-2022 | yes
    2026-12-31 | rpm-2026 | ccm-2022 | yes
    2027-01-01 | rpm-2026 | ccm-2022 | no
"""),
    ids=lambda row: row["day"],
)
def test_which_set_is_in_force(row: dict[str, str]) -> None:
    day = date.fromisoformat(row["day"])
    rpm, ccm = tables.rpm_on(day), tables.ccm_on(day)
    assert (rpm.id if rpm else "") == row["rpm"]
    assert (ccm.id if ccm else "") == row["ccm"]
    if rpm is not None and ccm is not None:
        assert rpm.known_on(day) == ccm.known_on(day) == (row["known"] == "yes")


@pytest.mark.parametrize(
    "row",
    table("""
    set      | days 1 | days 2 | days 15 | days 16 | days 31 | set-up
    ---------+--------+--------+---------+---------+---------+-------
    rpm-2018 |        |        |         |         |         |
    rpm-2019 |        |        |         | 99454   | 99454   | 16
    rpm-2020 |        |        |         | 99454   | 99454   | 16
    rpm-2026 |        | 99445  | 99445   | 99454   | 99454   | 2
"""),
    ids=lambda row: row["set"],
)
def test_days_of_each_set(row: dict[str, str]) -> None:
    [found] = [one for one in BUNDLED.rpm if one.id == row["set"]]
    for days in (1, 2, 15, 16, 31):
        assert (found.device_code(days) or "") == row[f"days {days}"]
    assert (str(found.set_up.days_from) if found.set_up else "") == row["set-up"]


@pytest.mark.parametrize(
    "row",
    table("""
    set      | staff       | practitioner | complex
    ---------+-------------+--------------+------------
    ccm-2015 | 99490       |              |
    ccm-2017 | 99490       |              | 99487 99489
    ccm-2019 | 99490       | 99491        | 99487 99489
    ccm-2020 | 99490 G2058 | 99491        | 99487 99489
    ccm-2021 | 99490 99439 | 99491        | 99487 99489
    ccm-2022 | 99490 99439 | 99491 99437  | 99487 99489
"""),
    ids=lambda row: row["set"],
)
def test_lanes_of_each_set(row: dict[str, str]) -> None:
    [found] = [one for one in BUNDLED.ccm if one.id == row["set"]]
    lanes = {lane.name: f"{lane.base} {lane.further or ''}".strip() for lane in found.lane}
    assert lanes == {name: row[name] for name in ("staff", "practitioner", "complex") if row[name]}


@pytest.mark.parametrize(
    ("code", "named"),
    [("90950", False), ("90951", True), ("90970", True), ("90971", False), ("G0181", True)],
)
def test_a_range_of_codes_holds_both_ends(code: str, named: bool) -> None:
    exclusion = Exclusion(
        codes=("90951-90970", "G0181"), by="anyone", blocks=("ccm",), reason="excluded_by_code"
    )
    assert exclusion.names(code) == named


def test_a_rule_change_is_a_new_file_and_nothing_else() -> None:
    texts = [path.read_text() for path in DIRECTORY.glob("*.toml")]
    newest = (DIRECTORY / "rpm-2026.toml").read_text()
    changed = newest.replace("rpm-2026", "rpm-2027").replace("2026-", "2027-")
    book = build([*texts, changed.replace("days_from = 16", "days_from = 14")])
    found = book.rpm_on(date(2027, 5, 1))
    assert found is not None
    assert (found.id, found.device[1].days_from) == ("rpm-2027", 14)


def test_a_slip_in_a_table_is_an_error() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        build([(DIRECTORY / "rpm-2026.toml").read_text().replace("days_to", "day_to")])
