"""Broker to database: gather, examine, commit, then answer. Nobody hears of it before the commit.

An exception while a batch is settled ends the process: nothing was acknowledged, so that broker
and hub send again.
"""

import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from cloud_sync.contract import topics
from cloud_sync.identity.keys import ReceiptSigner
from cloud_sync.identity.services import Services
from cloud_sync.ingest import store as kept
from cloud_sync.ingest.answer import receipts
from cloud_sync.ingest.control import client_context
from cloud_sync.ingest.examine import Facts, examine
from cloud_sync.ledger.engine import Store

BATCH_MESSAGES = 100
RECEIVE_MAXIMUM = 400  # times 45 KB bounds the memory that unacknowledged messages take
SESSION_SECONDS = 30  # as long as a hub waits before it resends; then other workers take over
_STOP_SECONDS = 5.0
_SESSION_TAKEN_OVER = 0x8E  # MQTT 5, table 2-6; Mosquitto before 2.0.12 says 0x80
_log = logging.getLogger("vitals.ingest")


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A message and the connection it came on: packet ids mean nothing on the next one."""

    link: int
    mid: int
    topic: str
    payload: bytes


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an ingest worker is given. No key that opens anything is among it."""

    store: Store
    clinic: str
    keyset: bytes  # signed, published as it is
    keys: Mapping[int, int]  # suite by id: in the key set and held by the opener
    min_suite: int
    signer: ReceiptSigner
    clock: Callable[[], int]  # milliseconds since 1970 UTC
    committed: Callable[[], None]  # wakes the opener
    worker: str = "ingest-1"  # MQTT client id, one a worker


class Subscriber:
    """One ingest worker. `run` works until `stop`; any failure comes out of it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._inbox: SimpleQueue[Delivery | None] = SimpleQueue()  # RECEIVE_MAXIMUM bounds it
        self._link = 0
        self._displaced = False
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.worker,
            protocol=mqtt.MQTTv5,
            manual_ack=True,
        )
        # Else one exception in a callback ends the network thread and nobody hears of it.
        self._client.suppress_exceptions = True
        self._client.enable_logger(_log)
        self._client.reconnect_delay_set(1, 10)
        self._client.on_connect = self._connected
        self._client.on_message = self._arrived
        self._client.on_disconnect = self._disconnected

    def run(self, services: Services, port: int) -> None:
        """Work until told to stop. An error in here must end the process."""
        self._client.tls_set_context(client_context(services, services.ingest))
        self._client.connect_async(
            "127.0.0.1",
            port,
            keepalive=30,
            clean_start=False,
            properties=_expiry(PacketTypes.CONNECT, SESSION_SECONDS),
        )
        # Not `loop_forever` in a thread of our own: paho then writes packets from either thread.
        self._client.loop_start()
        try:
            while (batch := self._gather()) is not None:
                self._settle(batch)
            if self._displaced:
                raise RuntimeError("another ingest worker runs under this worker's name")
        finally:
            # Orderly: without a kept session the next messages go to another worker at once.
            self._client.disable_logger()  # paho calls an orderly end an error
            self._client.disconnect(properties=_expiry(PacketTypes.DISCONNECT, 0))
            # It waits for acknowledgements that a hung broker never sends: not for ever.
            network = Thread(target=self._client.loop_stop, name="ingest farewell", daemon=True)
            network.start()
            network.join(_STOP_SECONDS)

    def stop(self) -> None:
        """Finish the batch at hand, then return from `run`. Any thread may call it."""
        self._inbox.put(None)

    def _connected(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.ConnectFlags,
        reason: Any,  # noqa: ANN401  paho's own
        _properties: Properties | None,
    ) -> None:
        self._link += 1
        if reason.is_failure:
            return
        options = SubscribeOptions(qos=1)
        client.subscribe([(topics.SHARED_UPLINKS, options), (topics.ALL_STATES, options)])
        client.publish(topics.KEYSET, self._settings.keyset, qos=1, retain=True)

    def _disconnected(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        reason: Any,  # noqa: ANN401  paho's own
        _properties: Properties | None,
    ) -> None:
        # Two clients of one name throw each other out once a second: end instead of joining in.
        if reason.value == _SESSION_TAKEN_OVER:
            self._displaced = True
            self.stop()

    def _arrived(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        """On the network thread: hand over, nothing else."""
        self._inbox.put(
            Delivery(
                link=self._link,
                mid=message.mid,
                topic=message.topic,
                payload=bytes(message.payload),
            )
        )

    def _gather(self) -> list[Delivery] | None:
        """All that waits, up to a full batch; None when it is time to stop.

        No pause to let a batch fill: while one is committed the next one gathers by itself, and a
        lone reading is answered at once.
        """
        batch = [self._inbox.get()]
        with contextlib.suppress(Empty):
            while batch[-1] is not None and len(batch) < BATCH_MESSAGES:
                batch.append(self._inbox.get_nowait())
        deliveries = [delivery for delivery in batch if delivery is not None]
        if deliveries and batch[-1] is None:
            self._inbox.put(None)
        return deliveries or None

    def _settle(self, batch: list[Delivery]) -> None:
        settings = self._settings
        at_ms = settings.clock()
        uplinks = [d for d in batch if not d.topic.endswith("/state")]
        facts = self._facts(uplinks)
        examined = [examine(d.topic, d.payload, facts) for d in uplinks]
        if examined:
            fate = kept.commit(settings.store, [x for found in examined for x in found], at_ms)
            for found in examined:
                for topic, receipt in receipts(found, fate, settings.signer, at_ms):
                    self._publish(topic, receipt)
            settings.committed()  # after the receipts: a hub waits for them, nobody for the opener
        for delivery in batch:
            if delivery.topic.endswith("/state"):
                kept.record_state(settings.store, delivery.topic, delivery.payload, at_ms)
        for delivery in batch:  # in order of arrival
            if delivery.link == self._link:
                self._client.ack(delivery.mid, 1)

    def _facts(self, uplinks: list[Delivery]) -> Facts:
        hubs = {hub for d in uplinks if (hub := topics.hub_of(d.topic)) is not None}
        return Facts(
            clinic=bytes.fromhex(self._settings.clinic),
            hubs=kept.hub_facts(self._settings.store, hubs) if hubs else {},
            keys=self._settings.keys,
            min_suite=self._settings.min_suite,
        )

    def _publish(self, topic: str, receipt: bytes) -> None:
        # Offline, paho would queue without limit; the hub resends and is answered then.
        if self._client.is_connected():
            self._client.publish(topic, receipt, qos=1)


def _expiry(packet: int, seconds: int) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = seconds
    if packet == PacketTypes.CONNECT:
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
    return properties
