"""Names and roles in a packet: proven by the ledger, and said not to be where they are not.

Through it: cloud_sync.export.verifier.registered.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Table

from cloud_sync.export import evidence, packet
from cloud_sync.export.verifier.report import examine
from cloud_sync.export.verify import problems
from cloud_sync.ledger.tables import account_opening, device_registration
from tests.cloud_sync.export.conftest import MONTH, Practice

PROVEN = "role each account was opened with and what each device was registered as are as the"
NOT_PROVEN = "in this packet they are the clinic's word"


def without(practice: Practice, patch: pytest.MonkeyPatch, *left_out: Table) -> bytes:
    """The packet as who has every key makes it, without the records of these tables."""
    gather = evidence.gather

    def fewer(*given: object) -> evidence.Evidence:
        found = gather(*given)  # type: ignore[arg-type]
        chained = {table: rows for table, rows in found.chained.items() if table not in left_out}
        return replace(found, chained=chained)

    patch.setattr(evidence, "gather", fewer)
    with practice.store.read() as db:
        return packet.build(db, packet.load_seal(practice.config), practice.patient, MONTH)


def test_who_worked_and_with_what_is_proven(practice: Practice) -> None:
    report = examine(practice.raw)
    assert any(PROVEN in one for one in report.verified)
    assert not any(NOT_PROVEN in one for one in report.not_verified)


def test_a_packet_of_old_is_sound_and_says_that_it_proves_no_name(
    practice: Practice, monkeypatch: pytest.MonkeyPatch, lone: Callable[[bytes], list[str]]
) -> None:
    raw = without(practice, monkeypatch, account_opening, device_registration)
    report = examine(raw)
    assert (report.problems, lone(raw)) == ([], [])
    assert any(NOT_PROVEN in one for one in report.not_verified)
    assert not any(PROVEN in one for one in report.verified)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (account_opening, ["The staff are not", "Staff ", "Staff "]),
        (device_registration, ["Device ", "Device "]),
    ],
    ids=str,
)
def test_one_kind_left_out_is_found(
    practice: Practice,
    monkeypatch: pytest.MonkeyPatch,
    lone: Callable[[bytes], list[str]],
    table: Table,
    words: list[str],
) -> None:
    raw = without(practice, monkeypatch, table)
    found = problems(raw)
    assert [one[: len(word)] for one, word in zip(found, words, strict=True)] == words
    assert lone(raw) == found
