"""What the ledger says when it will not do what a person asked: words for that person."""


class Refused(ValueError):  # noqa: N818 - an answer, not a fault
    """Raised inside the transaction, so nothing of the request is kept. Do not try again as is."""
