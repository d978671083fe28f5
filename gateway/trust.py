"""The clinic's key set as this hub holds it. What the pinned root did not sign is not believed."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cloud_sync.contract import keyset
from cloud_sync.contract.keyset import KeySet, Recipient
from gateway.config import HubConfig

_SUITES_BY_PREFERENCE = (2, 3, 1)  # the hybrid first: health data stays sensitive for decades


class NoKeySet(Exception):  # noqa: N818  reads as what it says
    """No usable key set is on this hub; the text says what to do."""


def read_root(config: HubConfig) -> Ed25519PublicKey:
    """The key pinned at enrolment."""
    return Ed25519PublicKey.from_public_bytes(config.root.read_bytes())


def newest(config: HubConfig, root: Ed25519PublicKey) -> KeySet:
    """The highest version among the key sets on disk that verify and can be sealed to."""
    found = [usable(_read(path), config, root) for path in config.keysets]
    valid = [each for each in found if each is not None]
    if not valid:
        raise NoKeySet("the clinic's key set is missing or damaged: enrol this hub again")
    return max(valid, key=lambda each: each.version)


def usable(raw: bytes, config: HubConfig, root: Ed25519PublicKey) -> KeySet | None:
    """The key set in these bytes if the root signed it for this clinic and a key of it fits."""
    found = keyset.verify(raw, root)
    if found is None or found.clinic != config.clinic or recipient(found, config.suite) is None:
        return None
    return found


def recipient(keys: KeySet, wanted_suite: int) -> Recipient | None:
    """Whom to seal to: the wanted suite if the clinic has it, and never one below its minimum."""
    for suite in (wanted_suite, *_SUITES_BY_PREFERENCE):
        found = keys.recipient(suite)
        if found is not None and suite >= keys.min_suite:
            return found
    return None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
