"""Accounts and passwords."""

from typing import Any

import pytest
from sqlalchemy import select

from cloud_sync.ledger import passwords, staff
from cloud_sync.ledger.engine import Store
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.tables import staff as table
from tests.support.seeded import NOW_MS as T0, PASSWORD


def create(store: Store, **changes: str) -> str:
    values: dict[str, Any] = {
        "username": "nia",
        "full_name": "Nia Okafor RN",
        "role": "clinician",
        "billing_role": "clinical_staff",
        "password": PASSWORD,
    } | changes
    with store.write() as db:
        return staff.create(db, store, **values, at_ms=T0)


def signs_in(store: Store, username: str, password: str) -> str | None:
    with store.read() as db:
        return staff.verify(db, username, password)


def test_the_right_password_signs_in_and_no_other(store: Store) -> None:
    nia = create(store, username=" Nia ")
    assert signs_in(store, "NIA", PASSWORD) == nia
    assert signs_in(store, "nia", PASSWORD + " ") is None
    assert signs_in(store, "nobody", PASSWORD) is None
    assert signs_in(store, "nia", "x" * 100_000) is None


def test_the_hash_is_argon2id_with_memory_enough(store: Store) -> None:
    create(store)
    with store.read() as db:
        kept = db.execute(select(table.c.password_hash)).scalar_one()
    _, algorithm, _, parameters, _, _ = kept.split("$")
    assert algorithm == "argon2id"
    assert int(dict(p.split("=") for p in parameters.split(","))["m"]) >= 46 * 1024


def test_a_disabled_account_signs_in_no_more(store: Store) -> None:
    create(store)
    with store.write() as db:
        staff.disable(db, "nia", T0)
        staff.disable(db, "nia", T0 + 1)
    assert signs_in(store, "nia", PASSWORD) is None
    with store.read() as db:
        assert [a.disabled_at_ms for a in staff.everyone(db)] == [T0]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"username": "N!"}, "user name"),
        ({"full_name": " "}, "full name"),
        ({"role": "emperor"}, "role must"),
        ({"billing_role": "guest"}, "billing role"),
        ({"password": "fourteen chars"}, "at least 15"),
        ({"password": "x" * 257}, "at most"),
        ({"password": "abababababababab"}, "repeats"),
        ({"password": "my name is nial now", "username": "nial"}, "user name"),
    ],
)
def test_what_is_refused_and_why(store: Store, wrong: dict[str, str], words: str) -> None:
    with pytest.raises(Refused, match=words):
        create(store, **wrong)
    with store.read() as db:
        assert staff.everyone(db) == []


def test_a_name_is_taken_once(store: Store) -> None:
    create(store)
    with pytest.raises(Refused, match="taken"):
        create(store, username="NIA")


def test_sixty_four_characters_and_any_script_are_welcome(store: Store) -> None:
    long = "schönes wetter über münchen und überall sonst in der weiten welt"
    assert len(long) == 64
    create(store, password=long)
    decomposed = long.replace("ö", "o\u0308").replace("ü", "u\u0308")
    assert signs_in(store, "nia", decomposed) is not None, "however the keyboard composes it"


def test_a_damaged_hash_matches_nothing() -> None:
    assert not passwords.matches("not a hash", PASSWORD)


def test_a_new_password_replaces_the_old(store: Store) -> None:
    create(store)
    with store.write() as db:
        staff.set_password(db, "nia", "another long enough phrase")
    assert signs_in(store, "nia", PASSWORD) is None
    assert signs_in(store, "nia", "another long enough phrase") is not None
    with pytest.raises(Refused, match="no account"), store.write() as db:
        staff.set_password(db, "omar", PASSWORD)
