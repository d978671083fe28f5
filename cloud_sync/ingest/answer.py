"""Signed receipts for what became of a message's envelopes. Pure; called after the commit."""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from cloud_sync.contract import receipt, topics
from cloud_sync.contract.receipt import Reason, Receipt, Receipted, Status
from cloud_sync.identity.keys import ReceiptSigner
from cloud_sync.ingest.examine import Examined, Sound
from cloud_sync.ingest.store import Fate


def receipts(
    found: Sequence[Examined], fate: Fate, signer: ReceiptSigner, at_ms: int
) -> Iterator[tuple[str, bytes]]:
    """(topic, receipt) for one message: one of each epoch in it."""
    grouped: dict[tuple[str, int], list[Receipted]] = {}
    for item in found:
        if (entry := _entry(item, fate)) is not None:
            hub, epoch, receipted = entry
            grouped.setdefault((hub, epoch), []).append(receipted)
    for (hub, epoch), entries in grouped.items():
        for batch in receipt.batches(entries):
            made = Receipt(
                key_id=signer.id,
                epoch=epoch,
                hub=bytes.fromhex(hub),
                committed_at_ms=at_ms,
                entries=batch,
            )
            yield topics.ack(hub), receipt.sign(made, signer.key)


def _entry(item: Examined, fate: Fate) -> tuple[str, int, Receipted] | None:
    if isinstance(item, Sound):
        header, identity = item.envelope.header, item.envelope.id
        status, reason = _status(identity, fate, Reason.SEQUENCE_REUSED)
        seq, hub, epoch = header.seq, item.hub, header.epoch
    elif item.hub is not None and item.claim is not None:
        identity = sha256(item.body).digest()
        status, reason = _status(identity, fate, item.reason)
        seq, hub, epoch = item.claim.seq, item.hub, item.claim.epoch
    else:
        return None
    return hub, epoch, Receipted(seq=seq, envelope_id=identity, status=status, reason=reason)


def _status(identity: bytes, fate: Fate, otherwise: Reason) -> tuple[Status, Reason]:
    if identity in fate.new:
        return Status.STORED, Reason.NONE
    if identity in fate.old:
        return Status.ALREADY_STORED, Reason.NONE
    return Status.REFUSED, otherwise
