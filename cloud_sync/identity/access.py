"""Who may do what at the broker: Mosquitto's dynamic-security file, and live changes to it.

One role a hub with its topics spelled out: the `%u` pattern works from Mosquitto 2.1 only. Clients
have no password; the TLS certificate's CN is the user name.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from cloud_sync.contract import topics
from cloud_sync.ledger.tables import hub

CONTROL = "$CONTROL/dynamic-security/v1"
CONTROL_RESPONSE = f"{CONTROL}/response"
INGEST = "vitals-ingest"  # user names of the clinic's own services; no hub id has a hyphen
DEVICES = "vitals-devices"

Command = dict[str, Any]
_Acl = tuple[str, str]


def active_hubs(db: Connection) -> list[str]:
    """The hubs that may use the broker."""
    return list(db.scalars(select(hub.c.id).where(hub.c.state == "active").order_by(hub.c.id)))


def configuration(hubs: Iterable[str]) -> bytes:
    """The whole file, as the broker reads it at its start."""
    users = [INGEST, DEVICES, *hubs]
    document = {
        "defaultACLAccess": {
            "publishClientSend": False,
            "publishClientReceive": False,
            "subscribe": False,
            "unsubscribe": True,
        },
        "clients": [{"username": user, "roles": [{"rolename": user}]} for user in users],
        "roles": [{"rolename": user, "acls": _acls(_rights(user))} for user in users],
    }
    return json.dumps(document, indent=1).encode()


def admit(hub_id: str) -> list[Command]:
    """Commands that let a hub in. A role or client left from before is replaced."""
    return [
        *expel(hub_id),
        {"command": "createRole", "rolename": hub_id, "acls": _acls(_rights(hub_id))},
        {"command": "createClient", "username": hub_id, "roles": [{"rolename": hub_id}]},
    ]


def expel(hub_id: str) -> list[Command]:
    """Commands that cut a hub's connection and leave its certificate without any right.

    `disableClient` would not do: the hub reconnects by certificate and still publishes
    (eclipse-mosquitto issue 2999).
    """
    return [
        {"command": "deleteClient", "username": hub_id},
        {"command": "deleteRole", "rolename": hub_id},
    ]


def failures(response: bytes) -> list[str]:
    """What the broker could not do. Deleting what is not there is no failure."""
    answers = json.loads(response)["responses"]
    return [
        f"{answer['command']}: {answer['error']}"
        for answer in answers
        if "error" in answer and not answer["command"].startswith("delete")
    ]


def _rights(user: str) -> list[_Acl]:
    if user == INGEST:
        return _INGEST_RIGHTS
    if user == DEVICES:
        return _DEVICES_RIGHTS
    inbound = (topics.ack(user), topics.command(user), topics.KEYSET)
    return [
        ("publishClientSend", topics.up(user)),
        ("publishClientSend", topics.state(user)),
        *(("publishClientReceive", topic) for topic in inbound),
        *(("subscribeLiteral", topic) for topic in inbound),
    ]


_INGEST_RIGHTS: list[_Acl] = [
    ("publishClientSend", "rpm/+/+/ack"),
    ("publishClientSend", "rpm/+/+/cmd"),
    ("publishClientSend", topics.KEYSET),
    ("publishClientReceive", topics.ALL_UPLINKS),
    ("publishClientReceive", topics.ALL_STATES),
    ("subscribePattern", topics.ALL_UPLINKS),
    ("subscribeLiteral", topics.SHARED_UPLINKS),
    ("subscribePattern", topics.ALL_STATES),
]
_DEVICES_RIGHTS: list[_Acl] = [
    ("publishClientSend", CONTROL),
    ("publishClientReceive", CONTROL_RESPONSE),
    ("subscribeLiteral", CONTROL_RESPONSE),
]


def _acls(rights: list[_Acl]) -> list[dict[str, Any]]:
    return [
        {"acltype": kind, "topic": topic, "priority": 0, "allow": True} for kind, topic in rights
    ]
