"""National Provider Identifiers: ten digits, the last a check digit."""

from cloud_sync.ledger.refused import Refused

_PREFIX = "80840"  # ISO 7812 issuer prefix that the check digit is computed over (45 CFR 162.406)


def check_npi(text: str | None) -> None:
    """Refused where it is no NPI; none at all is fine."""
    if text is not None and not is_npi(text):
        raise Refused("An NPI has ten digits, and these do not check: compare it with the source.")


def is_npi(text: str) -> bool:
    """Ten digits whose Luhn sum over the prefix and themselves ends in 0."""
    if len(text) != 10 or not (text.isascii() and text.isdigit()):
        return False
    total = 0
    for place, digit in enumerate(reversed(_PREFIX + text)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
