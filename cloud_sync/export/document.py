"""Puts the document of a packet in order: what a payer's auditor reads first stands first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from importlib.metadata import version

from cloud_sync.export import paper_acts, paper_file, paper_ledgers, views
from cloud_sync.export.evidence import Evidence, Row, Rows, names
from cloud_sync.export.ledgers import Day
from cloud_sync.export.paper import (
    OPERATOR,
    Pairs,
    Paper,
    Section,
    Table,
    Words,
    plain,
    when,
)
from cloud_sync.ledger.proofs import Proof
from cloud_sync.ledger.snapshots import Snapshot
from cloud_sync.ledger.tables import release, release_void
from cloud_sync.rules.reasons import SENTENCES

_STATUS = {
    "billable": "earned",
    "needs_review": "a person must decide",
    "held": "held until the period closes",
}
_ABBREVIATIONS = (
    ("CCM", "chronic care management: care of two or more chronic conditions"),
    ("CPT", "Current Procedural Terminology, the codes of services such as 99454"),
    ("FDA", "Food and Drug Administration"),
    ("ICD-10", "International Classification of Diseases, tenth revision, clinical modification"),
    ("NPI", "National Provider Identifier"),
    ("RFC 3161", "the standard that the time stamps follow"),
    ("RFC 9162", "the standard that the proofs of inclusion follow"),
    ("RPM", "remote physiologic monitoring"),
    ("SHA-256", "a digest: two files with the same digest are the same file"),
    ("UDI", "unique device identifier"),
    ("UTC", "coordinated universal time"),
    ("mg/dL, mmol/L", "units of blood glucose"),
    ("mmHg", "millimetres of mercury, the unit of blood pressure"),
)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the JSON files of the packet show, and what vouches for it."""

    evidence: Evidence
    clinic: str
    snapshot: Snapshot
    days: Sequence[Day]
    time: Rows
    on_file: Rows
    devices: Rows
    settings: Rows
    signatures: Rows
    releases: Rows
    proof: Proof


def compose(shown: Shown, packed: Mapping[str, bytes]) -> Paper:
    """The whole document; `packed` are the other files of the packet."""
    facts, zone = shown.snapshot.facts, shown.snapshot.facts["zone"]
    known = names(shown.evidence)
    later = {row["corrects"] for row in shown.on_file if row.get("corrects")}
    on_file = [row for row in shown.on_file if row["id"] not in later and row["body"] != {}]
    first, last = _service(facts)
    who = shown.evidence.patient
    sections = [
        _summary(facts),
        *paper_file.before(on_file, shown.devices, known, zone),
        paper_ledgers.day_ledger(shown.days, facts),
        paper_ledgers.left_out(shown.days, facts),
        paper_ledgers.time_ledger(shown.time, zone),
        paper_ledgers.contact(shown.time, zone),
        _alerts(shown, known, zone),
        *paper_file.after(on_file, known, zone),
        paper_ledgers.counts(facts, shown.settings, known),
        paper_ledgers.changes(shown.on_file, shown.time, zone),
        _signatures(shown, zone),
        _releases(shown, known, facts),
        _made(shown, packed, zone),
        _abbreviations(),
    ]
    born = f", born {who.birth_date.isoformat()}" if who.birth_date else ""
    number = f", record {who.record_number}" if who.record_number else ""
    return Paper(
        title=f"Evidence of services, {facts['month']}",
        head=(
            ("Patient", f"{who.name}{born}{number}"),
            ("Dates of service", f"{first} to {last}"),
            ("Provider", _provider(shown, facts, known, date.fromisoformat(last))),
        ),
        foot=f"Snapshot {shown.snapshot.digest.hex()[:16]}, version {shown.snapshot.version}",
        sections=sections,
        made_at_ms=shown.snapshot.made_at_ms,
    )


def _provider(shown: Shown, facts: Row, known: Mapping[str, str], on: date) -> str:
    """The billing practitioner and the practice, with their NPIs where they are on record."""
    billing = facts["billing_practitioner"]
    words = [known.get(billing or "", "no practitioner recorded")]
    as_whom = views.worker(shown.evidence, billing or "", on)
    words += [str(as_whom["credential"])] if as_whom["credential"] else []
    words += [f"NPI {as_whom['npi']}"] if as_whom["npi"] else []
    place = views.practice(shown.evidence, on)
    words += [str(place["name"]) if place else shown.clinic]
    words += [f"NPI {place['npi']}"] if place.get("npi") else []
    return ", ".join(word for word in words if word)


def _service(facts: Row) -> tuple[str, str]:
    """From the first day of the first period that ends in the month to the month's last."""
    return facts["window"]["from"], facts["window"]["to"]


def _summary(facts: Row) -> Section:
    found = facts["determination"]
    blocks: list[Words | Pairs | Table] = [
        Words(
            text="What the practice's rules found for the codes of this month, and below it all"
            " that it rests on: the raw records, not a summary. Amounts of money are no part of it."
        )
    ]
    if found["lines"]:
        rows = [
            (
                line["code"],
                str(line["units"]),
                f"{line['from']} to {line['to']}",
                line["program"],
                _rests_on(line["evidence"]),
                "\n".join((_STATUS[line["status"]], *(SENTENCES[r] for r in line["reasons"]))),
            )
            for line in found["lines"]
        ]
        headings = ("Code", "Units", "Dates of service", "Program", "Rests on", "Status")
        blocks.append(Table(headings=headings, widths=(10, 8, 26, 11, 20, 25), rows=rows))
    else:
        blocks.append(Words(text="No code is earned."))
    missed = [
        (one["code"], f"{one['from']} to {one['to']}", _short_of(one))
        for one in found["shortfalls"]
    ]
    if missed:
        headings_missed = ("Not earned", "Dates", "Why")
        blocks.append(Table(headings=headings_missed, widths=(12, 28, 60), rows=missed))
    known = [
        (f"{one['from']} to {one['to']}" if "from" in one else "", one["detail"])
        for one in found["warnings"]
    ]
    if known:
        blocks.append(Table(headings=("To know", "What"), widths=(40, 60), rows=known))
    return Section(title="Codes of this month", blocks=blocks)


def _rests_on(evidence: Row) -> str:
    if "days" in evidence:
        return f"{evidence['days']} days"
    return f"{evidence['minutes']} minutes" if "minutes" in evidence else ""


def _short_of(one: Row) -> str:
    words = SENTENCES[one["reason"]]
    return f"{words} {one['have']} of {one['need']}." if "need" in one else words


def _alerts(shown: Shown, known: Mapping[str, str], zone: str) -> Section:
    thresholds, raised = views.thresholds(shown.evidence), views.alerts(shown.evidence)
    return paper_acts.alerts(thresholds, raised, shown.time, known, zone)


def _releases(shown: Shown, known: Mapping[str, str], facts: Row) -> Section:
    rows = shown.evidence.chained
    return paper_acts.releases(shown.releases, rows[release], rows[release_void], known, facts)


def _signatures(shown: Shown, zone: str) -> Section:
    roles = {row["full_name"]: plain(row["billing_role"]) for row in shown.evidence.staff}
    blocks: list[Words | Pairs | Table] = []
    for row in shown.signatures:
        signature = row.get("signature")
        if signature is None:
            blocks.append(Words(text=f"Version {row['version']} was not signed."))
            continue
        blocks.append(Words(text=f"\u201c{signature['statement']}\u201d"))
        who = f"{signature['by']}, {roles.get(signature['by'], 'practitioner')}"
        rows = [
            ("Signed by", who),
            ("Signed at", when(signature["at_ms"], zone)),
            ("What was signed", f"version {row['version']}, SHA-256 {row['snapshot_sha256']}"),
        ]
        if signature["void_reason"]:
            voided = when(signature["voided_at_ms"], zone)
            rows.append(("Void since", f"{voided}: {signature['void_reason']}"))
        blocks.append(Pairs(rows=rows))
    return Section(title="Signatures", blocks=blocks)


def _made(shown: Shown, packed: Mapping[str, bytes], zone: str) -> Section:
    """The log of generation, and the digests of everything else in the packet."""
    author = names(shown.evidence).get(shown.snapshot.author, OPERATOR)
    versions = [
        (
            str(row["version"]),
            when(row["made_at_ms"], zone),
            row["reason"] or "the month was closed",
            row["snapshot_sha256"],
        )
        for row in shown.signatures
    ]
    proof = shown.proof
    signed_at = datetime.fromtimestamp(_note_ms(proof.note) / 1000, UTC)
    stamps = ", ".join(one.authority for one in proof.tokens) or "none over this checkpoint"
    digests = [(name, sha256(body).hexdigest()) for name, body in sorted(packed.items())]
    kept = [one for one in digests if not one[0].startswith("envelopes/")]
    return Section(
        title="How this packet was made",
        blocks=[
            Table(headings=("Version", "Closed", "Why", "SHA-256"), widths=(9, 22, 29, 40),
                  rows=versions),
            Pairs(
                rows=[
                    ("Last closed by", author),
                    ("Software", f"vitals-gateway {version('vitals-gateway')}"),
                    (
                        "Ledger",
                        (f"{len(proof.records)} entries and {_sent(proof)} rows of hubs are proven"
                        f" in the {proof.size} entries that the checkpoint of"
                        f" {signed_at:%Y-%m-%d %H:%M:%S} UTC signs"),
                    ),
                    ("Time stamps", stamps),
                ]
            ),
            Words(
                text="The packet's own verifier, verify.py, checks every byte, each signature and"
                " that each row is in the clinic's signed ledger. Take the clinic's root key from"
                " the clinic, not from the packet.",
            ),
            Table(headings=("File", "SHA-256"), widths=(32, 68), rows=kept),
            Words(
                text=f"And {len(digests) - len(kept)} envelopes, each named by its own SHA-256.",
                hint=True,
            ),
        ],
    )  # fmt: skip


def _sent(proof: Proof) -> int:
    return sum(len(one["rows"]) for one in proof.batches)


def _note_ms(note: str) -> int:
    """The time line of a checkpoint."""
    return int(note.split("\n")[3].removeprefix("time "))


def _abbreviations() -> Section:
    return Section(title="Abbreviations", blocks=[Pairs(rows=_ABBREVIATIONS)])
