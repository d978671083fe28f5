"""What the rules found, code by code, in the words of the page: earned, held, short and why."""

from dataclasses import dataclass
from datetime import date, timedelta

from cloud_sync.rules.calendar import Span
from cloud_sync.rules.outcome import Findings, Shortfall
from cloud_sync.rules.reasons import SENTENCES
from cloud_sync.web.words import day

_RECENT = timedelta(days=62)  # the running and the last period and month
_STATUS = {
    "billable": "✓ earned",
    "needs_review": "▲ a person must decide",
    "held": "✓ would be earned; waits for the end",
}


@dataclass(frozen=True, kw_only=True)
class CodeLine:
    """One code in one period or month."""

    code: str
    units: int
    span: str
    status: str
    earned: bool
    sentences: tuple[str, ...]


def lines(found: Findings, today: date) -> list[CodeLine]:
    """Earned codes first, then the others; only what is recent enough to act on."""
    earned = [
        CodeLine(
            code=line.code,
            units=line.units,
            span=_span(line.span),
            status=_STATUS[line.status],
            earned=line.status != "needs_review",
            sentences=tuple(SENTENCES[reason] for reason in line.reasons),
        )
        for line in found.lines
        if _recent(line.span, today)
    ]
    return earned + _short(found, today)


def _short(found: Findings, today: date) -> list[CodeLine]:
    groups: dict[tuple[str, Span], list[Shortfall]] = {}
    for one in found.shortfalls:
        if _recent(one.span, today):
            groups.setdefault((one.code, one.span), []).append(one)
    return [
        CodeLine(
            code=code,
            units=0,
            span=_span(span),
            status="○ not earned" if span.last < today else "○ not yet",
            earned=False,
            sentences=tuple(_sentence(one) for one in reasons if one.reason != "period_open"),
        )
        for (code, span), reasons in groups.items()
    ]


def _sentence(one: Shortfall) -> str:
    sentence = SENTENCES[one.reason]
    if one.need is None or one.have is None or one.have >= one.need:
        return sentence
    return f"{sentence[:-1]}: {one.have} of {one.need}."


def _recent(span: Span, today: date) -> bool:
    return span.last >= today - _RECENT


def _span(span: Span) -> str:
    return f"{day(span.first)} to {day(span.last)}"
