import json

from cloud_sync.identity import access, enrolment
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.tables import hub

HUB, SHARD = "0" * 32, "8"  # sha256 of 32 zero digits begins with 8 (sha256sum)


def test_a_hubs_role_names_its_own_five_topics_only() -> None:
    rules = json.loads(access.configuration([HUB]))
    (role,) = [role for role in rules["roles"] if role["rolename"] == HUB]
    own = f"rpm/{SHARD}/{HUB}"
    assert {(acl["acltype"], acl["topic"]) for acl in role["acls"]} == {
        ("publishClientSend", f"{own}/up"),
        ("publishClientSend", f"{own}/state"),
        ("publishClientReceive", f"{own}/ack"),
        ("publishClientReceive", f"{own}/cmd"),
        ("publishClientReceive", "rpm/keyset"),
        ("subscribeLiteral", f"{own}/ack"),
        ("subscribeLiteral", f"{own}/cmd"),
        ("subscribeLiteral", "rpm/keyset"),
    }


def test_what_no_role_grants_is_denied_and_nobody_is_anonymous() -> None:
    rules = json.loads(access.configuration([HUB]))
    denied = {key for key, granted in rules["defaultACLAccess"].items() if not granted}
    assert denied == {"publishClientSend", "publishClientReceive", "subscribe"}
    assert "anonymousGroup" not in rules
    assert [client["username"] for client in rules["clients"]] == [
        access.INGEST,
        access.DEVICES,
        HUB,
    ]


def test_only_the_device_service_reaches_the_control_topic() -> None:
    rules = json.loads(access.configuration([HUB]))
    holders = [
        role["rolename"]
        for role in rules["roles"]
        if any(acl["topic"].startswith("$CONTROL") for acl in role["acls"])
    ]
    assert holders == [access.DEVICES]


def test_only_active_hubs_may_use_the_broker(store: Store) -> None:
    with store.write() as db:
        states = {
            enrolment.invite(db, state, 1).hub: state for state in ("pending", "active", "revoked")
        }
        for identity, state in states.items():
            db.execute(hub.update().where(hub.c.id == identity).values(state=state))
        found = access.active_hubs(db)
    assert [states[identity] for identity in found] == ["active"]


def test_deleting_what_is_not_there_is_no_failure() -> None:
    response = {
        "responses": [
            {"command": "deleteClient", "error": "Client not found"},
            {"command": "createRole"},
            {"command": "createClient", "error": "Internal error"},
        ]
    }
    assert access.failures(json.dumps(response).encode()) == ["createClient: Internal error"]
