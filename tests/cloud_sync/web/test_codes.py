"""The rules' findings in words."""

from datetime import date

from cloud_sync.rules.calendar import Span
from cloud_sync.rules.outcome import Findings, Line, Shortfall
from cloud_sync.web.codes import lines

PERIOD = Span(first=date(2026, 11, 8), last=date(2026, 12, 7))
OLD = Span(first=date(2026, 5, 1), last=date(2026, 5, 30))
TODAY = date(2026, 11, 24)


def test_earned_codes_first_then_each_other_with_all_its_reasons() -> None:
    found = Findings(
        lines=(
            Line(
                code="99445",
                units=1,
                span=PERIOD,
                program="RPM",
                status="held",
                reasons=("period_open",),
            ),
            Line(
                code="99457",
                units=1,
                span=PERIOD,
                program="RPM",
                status="needs_review",
                reasons=("late_entry",),
            ),
            Line(code="99445", units=1, span=OLD, program="RPM", status="billable"),
        ),
        shortfalls=(
            Shortfall(code="99454", span=PERIOD, reason="days_below_threshold", have=13, need=16),
            Shortfall(code="99454", span=PERIOD, reason="order_missing"),
            Shortfall(code="99454", span=PERIOD, reason="period_open"),
            Shortfall(code="99454", span=OLD, reason="order_missing"),
        ),
    )
    held, review, short = lines(found, TODAY)
    assert (held.code, held.earned) == ("99445", True)
    assert (review.code, review.earned) == ("99457", False)
    assert review.sentences == ("The entry was made long after the work.",)
    assert short.status == "○ not yet"
    assert short.sentences == (
        "Too few days with a reading that counts: 13 of 16.",
        "No order for monitoring was on file.",
    )
    assert lines(found, date(2026, 12, 8))[2].status == "○ not earned"
