"""The baseline: what staff do today, and what of it would have counted. Pure, and without dollars.

The real counting of minutes runs on the list, as if all papers were on file. Nothing is stored.
"""

from cloud_sync.rules.baseline.report import Baseline, baseline
from cloud_sync.rules.baseline.rows import read

__all__ = ["Baseline", "baseline", "read"]
