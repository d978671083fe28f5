"""That the parts of a packet say the same, and say what the ledger says."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cloud_sync.export.verifier.archive import Files, hex_digest, json_lines, json_text
from cloud_sync.export.verifier.ledger import Ledger, Row
from cloud_sync.export.verifier.registered import check_registered

Shown = Mapping[str, Any]
# Columns that the ledger leaves out where they are empty: then nothing may be shown there.
MAY_BE_EMPTY = {
    "alert": (),
    "alert_threshold": ("low", "high"),
    "assignment": ("user_slot",),
    "care_time": (
        "direction",
        "party",
        "corrects",
        "reason",
        "split_from",
        "import_id",
        "external_id",
    ),
    "device_detail": ("fda_basis", "manufacturer", "model", "serial", "udi"),
    "patient_detail": ("birth_date", "record_number", "corrects", "reason"),
    "practice_detail": ("npi", "address"),
    "practice_setting": (),
    "program_fact": ("corrects", "reason"),
    "staff_detail": ("credential", "employer", "npi", "practice"),
}


def check_contents(files: Files, ledger: Ledger) -> Iterator[str]:
    """Snapshot, signatures, releases, facts, devices, settings, time, alerts and day ledger."""
    snapshot = json.loads(files["snapshot.json"])
    yield from _snapshot(files, snapshot, ledger)
    yield from _signatures(files, ledger)
    yield from _releases(files, ledger)
    details = ledger.rows("patient_detail")
    corrected = {row.get("corrects") for row in details}
    shown = {k: v for k, v in json.loads(files["patient.json"]).items() if v is not None}
    newest = [row for row in details if row["id"] not in corrected]
    if not any(
        _says("patient_detail", row, shown | {"id": row["id"]}, _NOT_SHOWN) for row in newest
    ):
        yield "The patient's details are not as the ledger has them."
    facts, time = json_lines(files, "facts.jsonl"), json_lines(files, "time.jsonl")
    yield from _same("Facts on file", facts, ledger, "program_fact", _body_as_text)
    yield from _same("Time entries", time, ledger, "care_time")
    yield from _same(
        "Settings",
        json.loads(files["settings.json"]),
        ledger,
        "practice_setting",
        lambda row: {**row, "value": json_text(row["value"]).decode()},
    )
    devices = json_lines(files, "devices.jsonl")
    yield from _same("Devices", devices, ledger, "assignment")
    ends = {(row["assignment_id"], row["assigned_to_ms"]) for row in ledger.rows("assignment_end")}
    if ends != {(r["id"], r["assigned_to_ms"]) for r in devices if r["assigned_to_ms"] is not None}:
        yield "Devices: what was given back is not as the ledger has it."
    for name in ("practice", "staff", "device"):
        history = json_lines(files, f"{name}_history.jsonl")
        yield from _same(f"The {name}'s history", history, ledger, f"{name}_detail")
    yield from _time(time, ledger)
    yield from _alerts(files, ledger)
    yield from check_registered(files, ledger)
    yield from _days(files, snapshot)


def _snapshot(files: Files, snapshot: Shown, ledger: Ledger) -> Iterator[str]:
    manifest = json.loads(files["manifest.json"])
    named = (manifest["patient"], manifest["month"], manifest["version"])
    digest = hex_digest(files["snapshot.json"])
    if digest != manifest["snapshot_sha256"] or named[:2] != (
        snapshot["patient"],
        snapshot["month"],
    ):
        yield "The snapshot is not the one the manifest names."
    text = files["snapshot.json"].decode()
    rows = {(r["patient_id"], r["month"], r["version"]): r for r in ledger.rows("month_snapshot")}
    known = rows.get(named, {})
    if (known.get("body"), known.get("digest")) != (text, digest):
        yield "The snapshot is not as the ledger has it."
    if json.loads(files["determination.json"]) != snapshot["determination"]:
        yield "The determination is not the snapshot's."
    if hex_digest(files["case.json"]) != snapshot["case_sha256"]:
        yield "The case file is not the one the determination was made from."
    for kind in ("readings", "time"):
        ids = [row["id"] for row in json_lines(files, f"{kind}.jsonl")]
        listed = "".join(f"{one}\n" for one in ids).encode()
        if ids != snapshot[kind] or hex_digest(listed) != snapshot[f"{kind}_sha256"]:
            yield f"The {kind} are not those of the snapshot."


def _signatures(files: Files, ledger: Ledger) -> Iterator[str]:
    """Every version, its signature and what voided that, as the ledger has them."""
    under = {row["snapshot_id"]: row for row in ledger.rows("attestation")}
    voids = {row["attestation_id"]: row for row in ledger.rows("attestation_void")}
    expected = []
    for row in sorted(ledger.rows("month_snapshot"), key=lambda one: int(one["version"])):
        signature = under.get(row["id"], {})
        void = voids.get(signature.get("id", ""), {})
        says = (
            signature.get("signed_at_ms"),
            signature.get("statement"),
            void.get("reason"),
            void.get("voided_at_ms"),
        )
        expected.append(
            (row["version"], row["digest"], row["made_at_ms"], row.get("reason"), *says)
        )
        if signature and signature["digest"] != row["digest"]:
            yield f"Version {row['version']} was signed as something else."
    found = []
    for row in json.loads(files["signatures.json"]):
        one = row.get("signature", {})
        says = tuple(one.get(k) for k in ("at_ms", "statement", "void_reason", "voided_at_ms"))
        version = (row["version"], row["snapshot_sha256"], row["made_at_ms"], row["reason"])
        found.append((*version, *says))
    if found != expected:
        yield "Versions and signatures are not as the ledger has them."


def _releases(files: Files, ledger: Ledger) -> Iterator[str]:
    """What was handed to billing, as the ledger has it; a packet of old knows of none."""
    versions = {row["id"]: row for row in ledger.rows("month_snapshot")}
    voids = {row["release_id"]: row for row in ledger.rows("release_void")}
    expected = []
    for row in ledger.rows("release"):
        snapshot, void = versions.get(row["snapshot_id"], {}), voids.get(row["id"], {})
        if row["digest"] != snapshot.get("digest"):
            yield f"Version {snapshot.get('version')} was released as something else."
        shown = {
            "id": row["id"],
            "version": snapshot.get("version"),
            "snapshot_sha256": row["digest"],
            "lines": json.loads(row["lines"]),
            "released_at_ms": row["released_at_ms"],
            "void_reason": void.get("reason"),
            "voided_at_ms": void.get("voided_at_ms"),
        }
        expected.append(json_text(shown))
    found = json.loads(files.get("releases.json", b"[]"))
    if sorted(map(json_text, found)) != sorted(expected):
        yield "Releases to billing are not as the ledger has them."


def _time(time: Sequence[Shown], ledger: Ledger) -> Iterator[str]:
    voids = {row["care_time_id"]: dict(row) for row in ledger.rows("care_time_void")}
    worked_on: dict[str, set[str]] = {}
    for row in ledger.rows("care_time_review"):
        worked_on.setdefault(row["care_time_id"], set()).add(row["observation_id"])
    links = [json_text(dict(row)) for row in ledger.rows("care_time_link")]
    if sorted(links) != sorted(json_text(one) for row in time for one in row["links"]):
        yield "Time entries: the alerts and plans they worked on are not the ledger's."
    for row in time:
        if row["void"] != voids.get(row["id"]):
            yield f"Time entry {row['id']}: what took it out is not as the ledger has it."
        if set(row["readings"]) != worked_on.get(row["id"], set()):
            yield f"Time entry {row['id']}: the readings it worked on are not the ledger's."


def _alerts(files: Files, ledger: Ledger) -> Iterator[str]:
    """Thresholds, alerts and what was done, as the ledger has them; a packet of old has none."""
    thresholds, raised = (
        json_lines(files, name) if name in files else []
        for name in ("thresholds.jsonl", "alerts.jsonl")
    )
    yield from _same("Thresholds", thresholds, ledger, "alert_threshold")
    yield from _same("Alerts", raised, ledger, "alert")
    known = sorted((row["alert_id"], json_text(dict(row))) for row in ledger.rows("alert_handling"))
    if known != sorted((row["id"], json_text(one)) for row in raised for one in row["handling"]):
        yield "Alerts: what was done about them is not as the ledger has it."


def _days(files: Files, snapshot: Shown) -> Iterator[str]:
    """The dates that count, by the snapshot, the day ledger and the case the rules were given."""
    counted = {day for period in snapshot["days"] for day in period["dates"]}
    shown = {row["id"]: row for row in json_lines(files, "readings.jsonl")}
    given = {
        (one["device"], _ms(one["measured_at"]), _ms(one["received_at"]))
        for one in json.loads(files["case.json"])["readings"]
    }
    dates = set()
    for row in csv.DictReader(io.StringIO(files["day_ledger.csv"].decode(), newline="")):
        reading = shown.get(row["reading"])
        if row["counts"] != "yes" or reading is None:
            continue
        dates.add(row["date"])
        key = (reading["device"], reading["measured_at_ms"], reading["committed_at_ms"])
        if key not in given:
            yield f"Reading {row['reading']}: the rules were not given it as it is shown."
    for day in sorted(counted ^ dates):
        yield f"{day}: the snapshot and the day ledger do not say the same."


def _ms(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def _same(
    what: str,
    shown: Iterable[Shown],
    ledger: Ledger,
    kind: str,
    turned: Callable[[Shown], Shown] = lambda row: row,
) -> Iterator[str]:
    """The rows shown are those of the ledger, each with what the ledger says and no more."""
    by_id, there = {row["id"]: row for row in ledger.rows(kind)}, [turned(row) for row in shown]
    if sorted(row["id"] for row in there) != sorted(by_id):
        yield f"{what}: they are not those of the ledger."
    for row in there:
        if not _says(kind, by_id.get(row["id"], {}), row):
            yield f"{what}: {row['id']} is not as the ledger has it."


# Of details: what says how they came to be on record, and the salt of their leaf.
_NOT_SHOWN = frozenset({"patient_id", "recorded_at_ms", "author", "corrects", "reason", "salt"})


def _says(kind: str, known: Row, shown: Shown, but: frozenset[str] = frozenset()) -> bool:
    """Whether every column of the ledger's row is shown with its value, and no empty one filled."""
    empty = set(MAY_BE_EMPTY[kind]) - set(known)
    return (
        bool(known)
        and all(shown.get(name) == known[name] for name in set(known) - but)
        and all(shown.get(name) is None for name in empty)
    )


def _body_as_text(row: Shown) -> Shown:
    return {**row, "body": json_text(row["body"]).decode()}
