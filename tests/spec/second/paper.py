"""The sheet the answer is written on: lines, shortfalls, warnings."""

from typing import Any

from tests.spec.second import dates, rule_sets

Span = tuple[int, int]
RPM_CODES = {"99453", "99454", "99445", "99457", "99470", "99458", "99091"}


class Paper:
    """What came out so far for one case."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.lines: list[dict[str, Any]] = []
        self.shortfalls: dict[tuple[str, str, str, str], dict[str, Any]] = {}
        self.warnings: set[str] = set()

    def warn(self, reasons: set[str]) -> None:
        self.warnings |= reasons

    def is_open(self, span: Span) -> bool:
        ends: int = dates.midnight(span[1] + 1, self.facts["zone"])
        return bool(self.facts["as_of"] < ends)

    def line(self, code: str, units: int, span: Span, review: set[str]) -> None:
        """`held` while the period or month is open, `needs_review` for a reason, else billable."""
        reasons = set(review)
        if rule_sets.unknown(span[1]):
            reasons.add("rule_unknown")
        status = "needs_review" if reasons else "billable"
        if self.is_open(span):
            reasons.add("period_open")
            status = "held"
        self.lines.append(
            {
                "code": code,
                "units": units,
                "from": dates.text(span[0]),
                "to": dates.text(span[1]),
                "program": "RPM" if code in RPM_CODES else "CCM",
                "status": status,
                "reasons": sorted(reasons),
            }
        )

    def under_cap(self, code: str, units: int) -> int:
        cap: int | None = self.facts["settings"]["caps"].get(code)
        return units if cap is None else min(units, cap)

    def add_up(
        self,
        code: str,
        units: int,
        span: Span,
        review: set[str],
        without: dict[str, dict[str, int]],
    ) -> None:
        """A line of so many units under the cap, compared with what it is without some entries."""
        billed = self.under_cap(code, units)
        if billed < units:
            self.warn({"cap_reached"})
        if not billed:
            return
        needs = {reason for reason, found in without.items() if found.get(code, 0) < billed}
        self.line(code, billed, span, review | needs)

    def fall_short(
        self,
        code: str,
        span: Span,
        reasons: set[str],
        have: int | None = None,
        need: int | None = None,
    ) -> None:
        for reason in reasons | ({"period_open"} if self.is_open(span) else set()):
            start, end = dates.text(span[0]), dates.text(span[1])
            row: dict[str, Any] = {"code": code, "from": start, "to": end, "reason": reason}
            if have is not None and reason != "period_open":
                row |= {"have": have, "need": need}
            self.shortfalls.setdefault((code, start, end, reason), row)

    def further_short(  # noqa: PLR0917 - as `time_short`, and the units before the cap
        self, code: str, span: Span, reasons: set[str], have: int, need: int, units: int
    ) -> None:
        """An add-on of a base that is earned. Reading: a cap of nothing is itself the reason."""
        if not self.under_cap(code, units):
            capped = {"cap_reached"} if units else set()
            self.time_short(code, span, reasons | capped, have, need)

    def time_short(self, code: str, span: Span, reasons: set[str], have: int, need: int) -> None:
        """Shortfalls of a time code; the threshold is one of them where it is not reached."""
        if have < need:
            self.fall_short(code, span, {"minutes_below_threshold"}, have, need)
        if not rule_sets.in_force(code, span[1]):
            reasons = reasons | {"not_in_force"}
        self.fall_short(code, span, reasons)

    def earned(self, code: str, month: dates.Month) -> bool:
        start = dates.text(dates.first_of(month))
        return any(line["code"] == code and line["from"] == start for line in self.lines)
