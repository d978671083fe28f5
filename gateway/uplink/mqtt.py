"""The MQTT 5 connection of one hub. Callbacks only enqueue; the caller's thread does the work.

paho resends by itself what it has queued; here the uplink's own machine decides, so each new
connection starts clean and with an empty queue.
"""

import logging
import ssl
from collections.abc import Callable
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cloud_sync.contract import state, topics

KEEPALIVE_SECONDS = 60  # half-open links look healthy
TAKEN_OVER = 0x8E  # Mosquitto before 2.0.15 just closes the old connection, without a word
REFUSED = 0x80  # and all codes above
NOBODY_LISTENS = 0x10
_MAX_PACKET_BYTES = 65_536
_STOP_SECONDS = 0.25
_STOP_TRIES = 20
_log = logging.getLogger(__name__)


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    """A new session; `session` counts them."""

    session: int


class ConnectFailed(msgspec.Struct, frozen=True, kw_only=True):
    """No session: `refused` is the broker's words, empty where it was not even reached."""

    refused: str = ""


class Disconnected(msgspec.Struct, frozen=True, kw_only=True):
    """The session ended; `code` is the broker's reason, None where the link just broke."""

    session: int
    code: int | None


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """The broker's answer to a publish: below 0x80 it has the message, which is no delivery."""

    session: int
    mid: int
    code: int


class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A message for this hub."""

    topic: str
    payload: bytes


Event = Connected | ConnectFailed | Disconnected | Published | Arrived


def tls_context(*, ca: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.3 to a broker that the clinic's own authority vouches for, and no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies chain and host name
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cafile=ca)
    context.load_cert_chain(certfile=certificate, keyfile=key)
    return context


class Link:
    """Connects, reconnects with jitter, subscribes each time, and tells of it by events."""

    def __init__(
        self,
        *,
        hub: str,
        tls: ssl.SSLContext,
        events: Callable[[Event], None],
        reconnect_seconds: tuple[int, int],
    ) -> None:
        """`reconnect_seconds` are the shortest and longest pause, drawn once a process."""
        self._hub = hub
        self._tell = events
        self._session = 0
        self._client = client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=hub, protocol=mqtt.MQTTv5
        )
        client.suppress_exceptions = True  # else one ends the network thread in silence
        client.enable_logger(_log)
        client.tls_set_context(tls)
        client.reconnect_delay_set(*reconnect_seconds)
        # Not retained: a retained empty message would erase the hub's last signed state.
        client.will_set(topics.state(hub), state.GONE, qos=1, retain=False)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message

    def start(self, host: str, port: int) -> None:
        """Begin connecting; returns at once and never gives up."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = 0  # the queue lives on the hub, not in a session
        properties.MaximumPacketSize = _MAX_PACKET_BYTES
        self._client.connect_async(
            host, port, KEEPALIVE_SECONDS, clean_start=True, properties=properties
        )
        self._client.loop_start()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int | None:
        """Publish at QoS 1; the id that `Published` will name, None while there is no session."""
        assert len(payload) <= topics.MAX_MESSAGE_BYTES
        if not self._client.is_connected():
            return None
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    @property
    def is_alive(self) -> bool:
        """Whether the network thread runs: the library does not say when it dies."""
        thread = self._client._thread  # noqa: SLF001  the library gives no other sign of it
        return thread is not None and thread.is_alive()

    def stop(self) -> None:
        """Say goodbye so that the last will goes out, and wait a little for the thread."""
        farewell = ReasonCode(PacketTypes.DISCONNECT, "Disconnect with will message")
        thread = self._client._thread  # noqa: SLF001  loop_stop() has no limit and can block
        for _ in range(_STOP_TRIES):
            self._client.disconnect(reasoncode=farewell)  # again: it may just be connecting
            if thread is None or not thread.is_alive():
                return
            thread.join(_STOP_SECONDS)

    def _on_connect(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._tell(ConnectFailed(refused=str(reason)))
            return
        self._session += 1
        client.drop_out_messages()
        client.subscribe([(topics.ack(self._hub), 1), (topics.KEYSET, 1)])
        self._tell(Connected(session=self._session))

    def _on_connect_fail(self, _client: mqtt.Client, _data: object) -> None:
        self._tell(ConnectFailed())

    def _on_disconnect(
        self,
        _client: mqtt.Client,
        _data: object,
        flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        code = reason.value if flags.is_disconnect_packet_from_server else None
        self._tell(Disconnected(session=self._session, code=code))

    def _on_publish(
        self,
        _client: mqtt.Client,
        _data: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        self._tell(Published(session=self._session, mid=mid, code=reason.value))

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self._tell(Arrived(topic=message.topic, payload=bytes(message.payload)))
