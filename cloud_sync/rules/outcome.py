"""What a determination is made of: lines, shortfalls, warnings, and the plain dict they become."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cloud_sync.rules.calendar import Span
from cloud_sync.rules.reasons import Reason, in_order

Status = Literal["billable", "needs_review", "held"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A code that is earned, with at least one unit, and what it rests on."""

    code: str
    units: int
    span: Span
    program: str
    status: Status
    reasons: tuple[Reason, ...] = ()
    evidence: Mapping[str, object] = field(default_factory=dict)

    def plain(self) -> dict[str, object]:
        return {
            "code": self.code,
            "units": self.units,
            **_dates(self.span),
            "program": self.program,
            "status": self.status,
            "reasons": list(self.reasons),
            "evidence": dict(self.evidence),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Shortfall:
    """One reason why a code that came into question earned nothing."""

    code: str
    span: Span
    reason: Reason
    have: int | None = None
    need: int | None = None

    def plain(self) -> dict[str, object]:
        counts = {"have": self.have, "need": self.need} if self.need is not None else {}
        return {"code": self.code, **_dates(self.span), "reason": self.reason, **counts}


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What a person should know, whether or not a code was lost by it."""

    reason: Reason
    detail: str
    span: Span | None = None
    program: str | None = None

    def plain(self) -> dict[str, object]:
        where = _dates(self.span) if self.span else {}
        program = {"program": self.program} if self.program else {}
        return {"reason": self.reason, "detail": self.detail, **where, **program}


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What one part of the rules found, in the order in which it is shown."""

    lines: tuple[Line, ...] = ()
    shortfalls: tuple[Shortfall, ...] = ()
    warnings: tuple[Notice, ...] = ()
    rule_sets: tuple[str, ...] = ()

    def earned(self) -> frozenset[str]:
        return frozenset(line.code for line in self.lines)


def joined(parts: Iterable[Findings]) -> Findings:
    """All findings in one, in their order."""
    found = tuple(parts)
    return Findings(
        lines=tuple(line for part in found for line in part.lines),
        shortfalls=tuple(short for part in found for short in part.shortfalls),
        warnings=tuple(warning for part in found for warning in part.warnings),
        rule_sets=tuple(dict.fromkeys(name for part in found for name in part.rule_sets)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """One code in one span: how many units, and everything that speaks against it.

    `lacking` is the threshold that was not met, with what there is and what is needed.
    `blocks` keep it from being earned; `reviews` make it a person's decision; `excuses` are named
    beside a shortfall only: what was left out of the count, or what another reading would earn.
    """

    code: str
    span: Span
    program: Literal["RPM", "CCM"]
    units: int
    is_open: bool
    lacking: Mapping[Reason, tuple[int, int]] = field(default_factory=dict)
    blocks: frozenset[Reason] = frozenset()
    reviews: frozenset[Reason] = frozenset()
    excuses: frozenset[Reason] = frozenset()
    evidence: Mapping[str, object] = field(default_factory=dict)

    @property
    def earned(self) -> bool:
        return self.units > 0 and not self.blocks

    def findings(self) -> Findings:
        """A line where something is earned, else one shortfall for each reason."""
        held: frozenset[Reason] = frozenset({"period_open"} if self.is_open else ())
        if self.earned:
            return Findings(lines=(self._line(held),))
        counts = dict(self.lacking)
        reasons = frozenset(counts) | self.blocks | self.excuses | held
        return Findings(shortfalls=tuple(self._shortfall(one, counts) for one in in_order(reasons)))

    def _line(self, held: frozenset[Reason]) -> Line:
        status: Status = "needs_review" if self.reviews else "billable"
        return Line(
            code=self.code,
            units=self.units,
            span=self.span,
            program=self.program,
            status="held" if held else status,
            reasons=in_order(held | self.reviews),
            evidence=self.evidence,
        )

    def _shortfall(self, reason: Reason, counts: Mapping[Reason, tuple[int, int]]) -> Shortfall:
        have, need = counts.get(reason, (None, None))
        return Shortfall(code=self.code, span=self.span, reason=reason, have=have, need=need)


def _dates(span: Span) -> dict[str, object]:
    return {"from": span.first.isoformat(), "to": span.last.isoformat()}
