"""Carries out an erasure from the first checkpoint to the proof: files, keys, database in order."""

from collections.abc import Callable

from cloud_sync.anchor import Anchor
from cloud_sync.config import ClinicConfig
from cloud_sync.identity import checkpoint, erasure_proof
from cloud_sync.identity.data_keys import ClinicKeyFile
from cloud_sync.ledger import erasing
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.erasing import Approved


def erase(
    config: ClinicConfig, store: Store, approved: Approved, clock: Callable[[], int]
) -> bytes:
    """Destroy the keys of what is due and return the proof; Refused where nothing is.

    Cut short anywhere, nothing is lost: until the commit nothing was destroyed, and after it both
    clinic keys are there until the next erasure finishes what was left.
    """
    with store.read() as db:
        erasing.due(db, approved.at_ms)
    file = ClinicKeyFile(config.keys)
    left = file.pending()
    if left is not None:
        erasing.wrap_again(store, left, file.read)
        file.settle()
    anchor = Anchor(config, store, clock)
    before = anchor.take() or (config.directory / checkpoint.LATEST).read_text()
    if not file.read():  # nothing was ever sealed
        file.create()
    # If this fails the new key stays: others may have wrapped under it, and the next run settles.
    new = file.prepare()
    statement = erasing.erase(store, approved, new, file.read, before)
    file.settle()
    after = anchor.take()
    assert after is not None, "the erasure itself is an entry"
    store.truncate_log()
    signer = checkpoint.load_signer(config.directory, config.clinic_id)
    verifier = (config.directory / checkpoint.PUBLIC).read_text()
    return erasure_proof.make(signer, verifier, statement, after)
