"""The self-audit: what auditors look for, asked of the practice's own facts. Pure."""

from cloud_sync.rules.audit import devices, on_file, worked
from cloud_sync.rules.audit.finding import Finding
from cloud_sync.rules.audit.practice import Limits, Practice
from cloud_sync.rules.tables import BUNDLED, RuleBook


def audit(
    practice: Practice, limits: Limits | None = None, book: RuleBook = BUNDLED
) -> tuple[Finding, ...]:
    """Every question with its answer, flagged or not, in the order of the page."""
    chosen = limits or Limits()
    return (
        *on_file.findings(practice, chosen),
        *devices.findings(practice, chosen, book),
        *worked.findings(practice, chosen, book),
    )
