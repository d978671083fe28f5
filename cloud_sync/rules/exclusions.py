"""What other claims leave no room for: which group of codes they block, and why."""

from cloud_sync.rules.calendar import Span
from cloud_sync.rules.facts import Case, Claim
from cloud_sync.rules.reasons import Reason
from cloud_sync.rules.shape import BILLING
from cloud_sync.rules.tables import Block, Exclusion, RuleSet


def blocked(case: Case, table: RuleSet | None, group: Block, span: Span) -> frozenset[Reason]:
    """The reasons why claims on a day of this span block this group of codes."""
    return frozenset(
        exclusion.reason
        for exclusion in (table.exclusion if table is not None else ())
        if group in exclusion.blocks
        and any(_applies(exclusion, claim, span) for claim in case.claims)
    )


def _applies(exclusion: Exclusion, claim: Claim, span: Span) -> bool:
    own = claim.practitioner == BILLING
    by_whom = exclusion.by == "anyone" or (exclusion.by == "billing") == own
    return by_whom and claim.days.meets(span) and exclusion.names(claim.code)
