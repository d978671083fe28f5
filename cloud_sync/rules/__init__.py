"""Days, minutes and codes: pure functions over the facts of one patient and dated tables."""

from cloud_sync.rules.determination import determine

__all__ = ["determine"]
