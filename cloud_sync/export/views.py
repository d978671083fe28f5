"""The rows of a packet as its JSON files show them, and the receipts signed once more."""

from datetime import date
from typing import Any

import msgspec

from cloud_sync.contract import receipt
from cloud_sync.contract.receipt import Receipt, Receipted, Status
from cloud_sync.export.evidence import Evidence, Row, Rows, corrections, holding
from cloud_sync.identity.keys import ReceiptSigner
from cloud_sync.ledger.chain import plain_row
from cloud_sync.ledger.local_time import local
from cloud_sync.ledger.tables import (
    alert,
    alert_handling,
    alert_threshold,
    assignment,
    assignment_end,
    care_time,
    care_time_link,
    care_time_review,
    care_time_void,
    device_detail,
    envelope,
    hub_key,
    observation,
    practice_detail,
    practice_setting,
    program_fact,
    staff_detail,
)


def patient(found: Evidence) -> Row:
    """Who it is, as now on record."""
    one = found.patient
    return {
        "id": one.id,
        "name": one.name,
        "birth_date": one.birth_date and one.birth_date.isoformat(),
        "record_number": one.record_number,
        "payer": one.payer,
        "zone": one.zone,
    }


def settings(found: Evidence) -> Rows:
    """The practice's conventions, by the moment from which they hold."""
    rows = [
        plain_row(row) | {"value": msgspec.json.decode(row["value"])}
        for row in found.chained[practice_setting]
    ]
    return sorted(rows, key=lambda row: (row["effective_from_ms"], row["recorded_at_ms"]))


def on_file(found: Evidence) -> Rows:
    """Consents, orders, visits, plans: each as it was recorded, corrected ones beside the newer."""
    later = corrections(found.chained[program_fact])
    return [
        plain_row(row)
        | {"body": msgspec.json.decode(row["body"]), "corrected_by": later.get(row["id"])}
        for row in found.chained[program_fact]
    ]


def devices(found: Evidence) -> Rows:
    """Each time a device was given to the patient, with what is known of the device."""
    ends = {row["assignment_id"]: row for row in found.chained[assignment_end]}
    details: dict[str, Rows] = {}
    for row in found.chained[device_detail]:
        details.setdefault(row["device_id"], []).append(plain_row(row))
    rows = []
    for given in found.chained[assignment]:
        known = found.devices.get(given["device_id"], {})
        back = ends.get(given["id"], {})
        rows.append(
            plain_row(known)
            | plain_row(given)
            | {
                "device": given["device_id"],
                "assigned_to_ms": back.get("assigned_to_ms"),
                "details": details.get(given["device_id"], []),
            }
        )
    return rows


def readings(found: Evidence) -> Rows:
    """What the patient's devices said, with the text that the hub sealed."""
    return [
        {
            "id": bytes(row["id"]).hex(),
            "envelope_id": bytes(row["envelope_id"]).hex(),
            "hub": row["hub_id"],
            "device": row["device_id"],
            "user_slot": row["user_slot"],
            "kind": row["kind"],
            "measured_at_ms": row["measured_at_ms"],
            "measured_method": row["measured_method"],
            "uncertainty_ms": row["uncertainty_ms"],
            "local_day": row["local_day"] and row["local_day"].isoformat(),
            "received_at_ms": row["received_at_ms"],
            "committed_at_ms": row["committed_at_ms"],
            "plaintext": bytes(row["plaintext"]).decode(),
        }
        for row in found.sent[observation]
    ]


def envelopes(found: Evidence) -> dict[str, bytes]:
    """What the hubs signed and sent, by id in hex."""
    return {bytes(row["id"]).hex(): bytes(row["body"]) for row in found.sent[envelope]}


def receipts(found: Evidence, signer: ReceiptSigner) -> Rows:
    """The clinic's receipt for each envelope: what its hub was given, signed once more.

    A hub that asks again gets `already stored` too. Ed25519 has one signature for one text.
    """
    rows = []
    for row in found.sent[envelope]:
        held = Receipted(seq=row["seq"], envelope_id=bytes(row["id"]), status=Status.ALREADY_STORED)
        said = Receipt(
            key_id=signer.id,
            epoch=row["epoch"],
            hub=bytes.fromhex(row["hub_id"]),
            committed_at_ms=row["committed_at_ms"],
            entries=(held,),
        )
        rows.append(
            {
                "envelope_id": bytes(row["id"]).hex(),
                "hub": row["hub_id"],
                "epoch": row["epoch"],
                "seq": row["seq"],
                "committed_at_ms": row["committed_at_ms"],
                "receipt": receipt.sign(said, signer.key).hex(),
            }
        )
    return rows


def time(found: Evidence) -> Rows:
    """Each interval with its worker, what it worked on, and what became of it."""
    later = corrections(found.chained[care_time])
    void = {row["care_time_id"]: row for row in found.chained[care_time_void]}
    people = {row["id"]: row for row in found.staff}
    links: dict[str, Rows] = {}
    for row in found.chained[care_time_link]:
        links.setdefault(row["care_time_id"], []).append(plain_row(row))
    worked_on: dict[str, list[str]] = {}
    for row in found.chained[care_time_review]:
        worked_on.setdefault(row["care_time_id"], []).append(bytes(row["observation_id"]).hex())
    return [
        plain_row(row)
        | {
            "full_name": people[row["staff_id"]]["full_name"],
            **worker(found, row["staff_id"], local(row["start_ms"], found.patient.zone).date()),
            "links": links.get(row["id"], []),
            "readings": worked_on.get(row["id"], []),
            "corrected_by": later.get(row["id"]),
            "void": plain_row(void[row["id"]]) if row["id"] in void else None,
        }
        for row in found.chained[care_time]
    ]


def thresholds(found: Evidence) -> Rows:
    """What was to raise an alert of this patient, each as it was set."""
    return [plain_row(row) for row in found.chained[alert_threshold]]


def alerts(found: Evidence) -> Rows:
    """What the readings raised, oldest first, each with what was done about it."""
    done: dict[str, Rows] = {}
    for row in found.chained[alert_handling]:
        done.setdefault(row["alert_id"], []).append(plain_row(row))
    rows = [plain_row(row) | {"handling": done.get(row["id"], [])} for row in found.chained[alert]]
    return sorted(rows, key=lambda row: (row["raised_at_ms"], row["id"]))


def worker(found: Evidence, staff_id: str, on: date) -> Row:
    """As whom somebody worked on a date: role, credential, employer; null where nobody said."""
    opened = next((row for row in found.staff if row["id"] == staff_id), {})
    known = holding((r for r in found.chained[staff_detail] if r["staff_id"] == staff_id), on)
    return {
        "billing_role": known.get("billing_role") or opened.get("billing_role"),
        **{name: known.get(name) for name in ("credential", "employed", "employer", "npi")},
    }


def practice(found: Evidence, on: date, name: str = "main") -> Row:
    """The practice as it stands on a claim of that date; empty where it is not on record."""
    return holding((r for r in found.chained[practice_detail] if r["practice"] == name), on)


def histories(found: Evidence) -> dict[str, Rows]:
    """What held from which date on, of practice, staff and devices: each change with its reason."""
    tables = {"practice": practice_detail, "staff": staff_detail, "device": device_detail}
    return {
        f"{name}_history": [plain_row(row) for row in found.chained[table]]
        for name, table in tables.items()
    }


def hubs(found: Evidence) -> dict[str, Any]:
    """The keys that envelopes are checked with, as they are in the ledger."""
    made: dict[str, Any] = {}
    for row in found.chained[hub_key]:
        known = made.setdefault(row["hub_id"], {"verify_keys": []})
        known["verify_keys"].append(bytes(row["verify_key"]).hex())
    return made
