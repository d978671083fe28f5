"""The recovery code of a backup: 130 random bits that a person can write down and type again.

Seven groups of four Crockford letters; the last two of the 28 are a check over the others, so
that a slip of the pen is noticed before anything is tried. Pure: randomness is a parameter.
"""

import hashlib

from cloud_sync.contract.enrolment import CROCKFORD, normalise_code

SECRET_CHARACTERS = 26  # of 5 bits each
CHECK_CHARACTERS = 2
RANDOM_BYTES = 17  # 136 bits, of which 130 are used
_GROUP = 4


def make(random: bytes) -> str:
    """The code of these random bytes: 28 letters in groups of four, with hyphens between."""
    assert len(random) == RANDOM_BYTES
    number = int.from_bytes(random, "big")
    secret = "".join(CROCKFORD[number >> 5 * place & 31] for place in range(SECRET_CHARACTERS))
    whole = secret + _check(secret)
    return "-".join(whole[at : at + _GROUP] for at in range(0, len(whole), _GROUP))


def secret_of(typed: str) -> bytes | None:
    """What a key is made from; None where this cannot be a recovery code as it was printed.

    Hyphens, spaces and case do not matter; O, I and L are read as the digits they look like.
    """
    text = normalise_code(typed.strip())
    secret, check = text[:SECRET_CHARACTERS], text[SECRET_CHARACTERS:]
    if len(text) != SECRET_CHARACTERS + CHECK_CHARACTERS or not set(text) <= set(CROCKFORD):
        return None
    return secret.encode() if check == _check(secret) else None


def _check(secret: str) -> str:
    digest = hashlib.sha256(b"vitals-recovery-code-v1\0" + secret.encode()).digest()
    return CROCKFORD[digest[0] >> 3] + CROCKFORD[digest[1] >> 3]
