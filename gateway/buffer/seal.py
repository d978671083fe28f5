"""Observation or anchor in, signed envelope out. Nothing on the hub can open it again."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_sync.contract import anchor, envelope, keyset, observation
from cloud_sync.contract.anchor import TimeAnchor
from cloud_sync.contract.keyset import KeySet
from cloud_sync.contract.observation import Observation
from gateway import trust
from gateway.config import HubConfig


class Sealer:
    """Seals to one recipient of one key set, and signs as this hub."""

    def __init__(self, config: HubConfig, keys: KeySet, signing_key: Ed25519PrivateKey) -> None:
        recipient = trust.recipient(keys, config.suite)
        assert recipient is not None, "a key set without a usable recipient was let in"
        self._signing_key = signing_key
        self._clinic = bytes.fromhex(config.clinic)
        self._hub = bytes.fromhex(config.hub)
        self._recipient = recipient
        self._key = keyset.load_recipient(recipient)

    def seal(self, said: Observation | TimeAnchor, *, epoch: int, seq: int) -> bytes:
        """The envelope of this at this place of the hub's sequence."""
        header = envelope.Header(
            suite=self._recipient.suite,
            epoch=epoch,
            clinic=self._clinic,
            hub=self._hub,
            seq=seq,
            key_id=self._recipient.id,
        )
        if isinstance(said, TimeAnchor):
            plaintext = anchor.encode(said)
        else:
            plaintext = observation.encode(said)
        return envelope.build(header, plaintext, self._key, self._signing_key)
