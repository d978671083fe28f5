from cloud_sync.rules.calendar import month_named
from cloud_sync.rules.outcome import Findings, Judgement, Notice, joined

JANUARY = month_named("2026-01")


def judgement(**keys: object) -> Findings:
    values: dict[str, object] = {
        "code": "99457",
        "span": JANUARY,
        "program": "RPM",
        "units": 1,
        "is_open": False,
    }
    return Judgement(**(values | keys)).findings()  # type: ignore[arg-type]


def test_an_earned_code_is_one_line() -> None:
    found = judgement(evidence={"minutes": 22}, excuses=frozenset({"vague_note"}))
    assert found.shortfalls == ()
    assert found.lines[0].plain() == {
        "code": "99457",
        "units": 1,
        "from": "2026-01-01",
        "to": "2026-01-31",
        "program": "RPM",
        "status": "billable",
        "reasons": [],
        "evidence": {"minutes": 22},
    }


def test_a_review_reason_needs_a_person() -> None:
    [line] = judgement(reviews=frozenset({"late_entry"})).lines
    assert (line.status, line.reasons) == ("needs_review", ("late_entry",))


def test_what_is_open_is_held_whatever_else() -> None:
    [line] = judgement(is_open=True, reviews=frozenset({"late_entry"})).lines
    assert (line.status, line.reasons) == ("held", ("period_open", "late_entry"))


def test_a_block_turns_a_line_into_its_reasons() -> None:
    found = judgement(
        blocks=frozenset({"consent_missing", "another_practitioner"}),
        reviews=frozenset({"late_entry"}),
        is_open=True,
    )
    assert found.lines == ()
    assert [one.reason for one in found.shortfalls] == [
        "period_open",
        "consent_missing",
        "another_practitioner",
    ]


def test_a_threshold_says_what_there_is_and_what_is_needed() -> None:
    found = judgement(units=0, lacking={"minutes_below_threshold": (19, 20)})
    assert found.shortfalls[0].plain() == {
        "code": "99457",
        "from": "2026-01-01",
        "to": "2026-01-31",
        "reason": "minutes_below_threshold",
        "have": 19,
        "need": 20,
    }


def test_findings_join_in_order_and_name_each_rule_set_once() -> None:
    notice = Notice(reason="payer_check", detail="x")
    one = Findings(rule_sets=("rpm-2026", "ccm-2022"), warnings=(notice,))
    found = joined([judgement(), one, one])
    assert found.rule_sets == ("rpm-2026", "ccm-2022")
    assert found.earned() == {"99457"}
    assert [warning.plain() for warning in found.warnings] == [
        {"reason": "payer_check", "detail": "x"}
    ] * 2
