"""New identifiers for rows that people make."""

import secrets


def new_id() -> str:
    """128 random bits as 32 hex digits: guessing another row's address is hopeless."""
    return secrets.token_hex(16)
