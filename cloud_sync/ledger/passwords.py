"""Password rules and Argon2id. NIST SP 800-63B-4: length over composition, no forced rotation."""

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cloud_sync.ledger.refused import Refused

MINIMUM_LENGTH = 15
MAXIMUM_LENGTH = 256  # far above the 64 that must be allowed; bounds what a request can cost
_MINIMUM_DISTINCT = 6
_MEMORY_KIB = 64 * 1024  # OWASP's floor for one pass is 46 MiB
_PARALLEL_HASHES = 2  # each takes its 64 MiB and most of a core

_hasher = PasswordHasher(time_cost=2, memory_cost=_MEMORY_KIB, parallelism=2)
_room = threading.BoundedSemaphore(_PARALLEL_HASHES)


def check(password: str, username: str) -> None:
    """Refuse what is easily guessed, in words that say what to do."""
    if len(password) < MINIMUM_LENGTH:
        raise Refused(
            f"The password needs at least {MINIMUM_LENGTH} characters: a few words will do."
        )
    if len(password) > MAXIMUM_LENGTH:
        raise Refused(f"The password may have at most {MAXIMUM_LENGTH} characters.")
    if len(set(password)) < _MINIMUM_DISTINCT:
        raise Refused("The password repeats too few characters: use a few unrelated words.")
    if len(username) > 3 and username.casefold() in password.casefold():
        raise Refused("The password must not contain the user name.")


def hashed(password: str) -> str:
    """The Argon2id hash with its parameters and salt."""
    with _room:
        return _hasher.hash(_normal(password))


def matches(password_hash: str, password: str) -> bool:
    """Whether this password made that hash. Takes as long for a wrong one."""
    if len(password) > MAXIMUM_LENGTH:
        return False
    with _room:
        try:
            return _hasher.verify(password_hash, _normal(password))
        except (VerificationError, InvalidHashError):
            return False


def _normal(password: str) -> str:
    """One spelling for characters that keyboards compose differently."""
    return unicodedata.normalize("NFKC", password)
