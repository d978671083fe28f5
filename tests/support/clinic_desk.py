"""A whole clinic in this process, without a broker: takes a hub's envelopes and receipts them."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from cloud_sync import stores
from cloud_sync.config import ClinicConfig
from cloud_sync.contract import topics
from cloud_sync.identity import keys, keyset
from cloud_sync.ingest import store as kept
from cloud_sync.ingest.answer import receipts
from cloud_sync.ingest.examine import Facts, examine
from cloud_sync.ledger import devices, schema
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import observation
from cloud_sync.opening.opener import Opener
from gateway.buffer import outbox
from gateway.buffer.receipts import ReceiptStore
from gateway.config import HubConfig, save
from tests.cloud_sync.ledger.records import ANN, NURSE, people
from tests.support.clinic import enrol_hub, make_clinic


@dataclass(frozen=True, kw_only=True)
class ClinicDesk:
    """One clinic on SQLite, with the patient ANN."""

    config: ClinicConfig
    store: Store
    opener: Opener

    @classmethod
    def open(cls, directory: Path) -> "ClinicDesk":
        config = make_clinic(directory)
        store = stores.open_own(config)
        schema.upgrade(store)
        people(store)
        opener = Opener(store, keys.load_recipients(config.keys), lambda: 0)
        return cls(config=config, store=store, opener=opener)

    def enrol(self, directory: Path) -> HubConfig:
        """A new hub's state directory, without the TLS half."""
        hub = enrol_hub(self.config, self.store)
        config = HubConfig(
            directory=directory,
            hub=hub.id,
            clinic=self.config.clinic_id,
            broker_host="localhost",
            broker_port=8883,
            ballast_bytes=0,
        )
        config.collector.mkdir(parents=True)
        config.uplink.mkdir()
        config.root.write_bytes(keyset.load_root_public(self.config.directory))
        config.keysets[0].write_bytes(keyset.load_signed(self.config.directory))
        config.signing_key.write_bytes(hub.signing.private_bytes_raw())
        save(config)
        return config

    def take(self, hub: HubConfig, at_ms: int) -> int:
        """Carry every held envelope to the clinic and its receipts back; how many there were."""
        view = outbox.look(hub.sealed_db, limit=topics.MAX_ENVELOPES)
        assert isinstance(view, outbox.View), view
        if not view.held:
            return 0
        published = keyset.load(self.config.directory)
        facts = Facts(
            clinic=bytes.fromhex(self.config.clinic_id),
            hubs=kept.hub_facts(self.store, [hub.hub]),
            keys={recipient.id: recipient.suite for recipient in published.recipients},
            min_suite=published.min_suite,
        )
        payload = topics.join([held.raw for held in view.held])
        found = examine(topics.up(hub.hub), payload, facts)
        fate = kept.commit(self.store, found, at_ms)
        signer = keys.load_receipt(self.config.keys)
        answers = ReceiptStore(hub.receipts_db)
        for _, receipt in receipts(found, fate, signer, at_ms):
            answers.add(receipt)
        answers.close()
        self.opener.work()
        return len(view.held)

    def assign(self, device: str, at_ms: int) -> None:
        """From now on the device's readings are ANN's."""
        with self.store.write() as db:
            devices.assign(
                db,
                device_id=device,
                user_slot=None,
                patient_id=ANN,
                from_ms=0,
                author=NURSE,
                at_ms=at_ms,
            )

    def readings(self, kind: str) -> list[tuple[str, str | None]]:
        """(hub, patient) of each reading of this kind, in the order of their coming."""
        with self.store.read() as db:
            rows = db.execute(
                select(observation.c.hub_id, observation.c.patient_id)
                .where(observation.c.kind == kind)
                .order_by(observation.c.received_at_ms)
            )
            return [(row.hub_id, row.patient_id) for row in rows]
