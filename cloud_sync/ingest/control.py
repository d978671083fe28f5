"""Tells the running broker of a hub that came or went, over its dynamic-security topic."""

import json
import ssl
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from cloud_sync.identity import access
from cloud_sync.identity.access import Command
from cloud_sync.identity.services import Pair, Services

PATIENCE_SECONDS = 5.0


class BrokerUnreachable(Exception):  # noqa: N818  the fact, in the words of the caller
    """The broker did not answer; try again, or restart it: it reads the hubs from its file."""


def client_context(services: Services, pair: Pair) -> ssl.SSLContext:
    """TLS 1.3 with the clinic's authority as the only one believed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(services.authority)
    context.load_cert_chain(pair.certificate, pair.key)
    return context


def apply(services: Services, port: int, commands: Sequence[Command]) -> list[str]:
    """Run the commands at the broker on this machine; what it could not do, in its words."""
    answers: SimpleQueue[bytes] = SimpleQueue()
    try:
        client = _client(services, answers, json.dumps({"commands": list(commands)}).encode())
    except OSError as error:  # no certificate yet: the server has never run
        raise BrokerUnreachable("the broker has not been started") from error
    try:
        client.connect("127.0.0.1", port, keepalive=30, clean_start=True, properties=_expiry())
        client.loop_start()
        return access.failures(answers.get(timeout=PATIENCE_SECONDS))
    except (OSError, Empty) as error:
        raise BrokerUnreachable("the broker did not answer") from error
    finally:
        client.disconnect()
        client.loop_stop()


def _client(services: Services, answers: "SimpleQueue[bytes]", request: bytes) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.tls_set_context(client_context(services, services.devices))

    def connected(client: mqtt.Client, *_: Any) -> None:  # noqa: ANN401  paho's own arguments
        client.subscribe(access.CONTROL_RESPONSE, 1)

    def subscribed(client: mqtt.Client, *_: Any) -> None:  # noqa: ANN401
        client.publish(access.CONTROL, request, qos=1)

    def answered(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        answers.put(bytes(message.payload))

    client.on_connect, client.on_subscribe, client.on_message = connected, subscribed, answered
    return client


def _expiry() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = 0
    return properties
