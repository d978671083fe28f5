"""That people and devices are named as their accounts were opened and they were registered."""

import json
from collections.abc import Iterator, Mapping

from cloud_sync.export.verifier.archive import Files, json_lines
from cloud_sync.export.verifier.ledger import Ledger, Row

# What the packet calls it: the name that the ledger's row has for it.
_OPENED = {"full_name": "full_name", "role": "role", "billing_role": "billing_role"}
_REGISTERED = {
    "profile": "profile",
    "fda_defined": "fda_defined",
    "automatic": "automatic",
    "test": "test",
    "first_seen_ms": "registered_at_ms",
}


def registers(ledger: Ledger) -> bool:
    """Whether accounts and devices are among the records; in a packet of old they are not.

    Who leaves all of them out makes a packet of old: that it proves no name is then said.
    """
    return bool(ledger.rows("account_opening") or ledger.rows("device_registration"))


def check_registered(files: Files, ledger: Ledger) -> Iterator[str]:
    """Staff, whoever is named beside work or a signature, and devices, against the ledger."""
    if registers(ledger):
        accounts = {row["staff_id"]: row for row in ledger.rows("account_opening")}
        yield from _accounts(files, accounts)
        yield from _names(files, ledger, accounts)
        yield from _devices(files, ledger)


def _accounts(files: Files, accounts: Mapping[str, Row]) -> Iterator[str]:
    shown = json.loads(files["staff.json"])
    if sorted(row["id"] for row in shown) != sorted(accounts):
        yield "The staff are not those of the ledger."
    for row in shown:
        if not _agrees(accounts.get(row["id"], {}), row, _OPENED):
            yield f"Staff {row['id']}: name or role is not as the ledger has it."


def _names(files: Files, ledger: Ledger, accounts: Mapping[str, Row]) -> Iterator[str]:
    """Whoever worked or signed is called by the name that the account was opened with."""
    versions = {row["version"]: row["id"] for row in ledger.rows("month_snapshot")}
    signers = {row["snapshot_id"]: row["staff_id"] for row in ledger.rows("attestation")}
    called = {(row["staff_id"], row["full_name"]) for row in json_lines(files, "time.jsonl")}
    for row in json.loads(files["signatures.json"]):
        if "signature" in row:
            signer = signers.get(versions.get(row["version"], ""), "")
            called.add((signer, row["signature"]["by"]))
    for who, name in sorted(called):
        if accounts.get(who, {}).get("full_name") != name:
            yield f"Staff {who}: called {name}, which is not as the ledger has it."


def _devices(files: Files, ledger: Ledger) -> Iterator[str]:
    devices = {row["device_id"]: row for row in ledger.rows("device_registration")}
    for row in json_lines(files, "devices.jsonl"):
        if not _agrees(devices.get(row["device"], {}), row, _REGISTERED):
            yield f"Device {row['device']}: it is not shown as the ledger has it registered."
    for one in sorted({row["device"] for row in json_lines(files, "readings.jsonl")}):
        if one not in devices:
            yield f"Device {one}: what it was registered as is not in the packet."


def _agrees(known: Row, shown: Row, names: Mapping[str, str]) -> bool:
    return bool(known) and all(shown.get(one) == known[said] for one, said in names.items())
