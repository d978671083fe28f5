"""Sealed cells: what opens them, what is said without their key, and what a swap does."""

import os
from datetime import date

import pytest
from cryptography.exceptions import InvalidTag
from sqlalchemy.dialects import sqlite

from cloud_sync.ledger import cells

KEY_ID = "a" * 32
OTHER_ID = "b" * 32
KEYS = {KEY_ID: os.urandom(32), OTHER_ID: os.urandom(32)}
DIALECT = sqlite.dialect()
TEXT, BYTES, DAY = cells.SealedText("gone"), cells.SealedBytes(), cells.SealedDate()


@pytest.fixture(autouse=True)
def keys() -> None:
    cells.register(DIALECT, KEYS.get)


def test_a_cell_opens_with_its_key_and_names_it() -> None:
    text, plain = "Zoë: 135/81", b"\0\xff body"
    cell, sealed = (
        cells.seal_text(text, KEY_ID, KEYS[KEY_ID]),
        cells.seal_bytes(plain, KEY_ID, KEYS[KEY_ID]),
    )
    assert TEXT.process_result_value(cell, DIALECT) == text
    assert BYTES.process_result_value(memoryview(sealed), DIALECT) == plain
    assert cells.key_of(cell) == cells.key_of(sealed) == KEY_ID
    assert len(sealed) == len(plain) + cells.ADDED_BYTES
    assert cell != cells.seal_text(text, KEY_ID, KEYS[KEY_ID]), "each has a nonce of its own"
    day = cells.seal_text("1931-07-19", KEY_ID, KEYS[KEY_ID])
    assert DAY.process_result_value(day, DIALECT) == date(1931, 7, 19)


def test_what_was_never_sealed_reads_as_it_is() -> None:
    assert TEXT.process_result_value("plain", DIALECT) == "plain"
    assert TEXT.process_result_value(None, DIALECT) is None
    assert BYTES.process_result_value(b"plain", DIALECT) == b"plain"
    assert DAY.process_result_value("1931-07-19", DIALECT) == date(1931, 7, 19)
    assert cells.key_of("sealed") is None


def test_without_its_key_a_cell_says_so_and_still_names_it() -> None:
    lost = "c" * 32
    cell = cells.seal_text("x", lost, os.urandom(32))
    gone = TEXT.process_result_value(cell, DIALECT)
    assert gone == "gone"
    assert cells.is_erased(gone)
    body = BYTES.process_result_value(cells.seal_bytes(b"x", lost, os.urandom(32)), DIALECT)
    assert body == b""
    assert cells.erased_keys({"a": gone, "b": body, "c": "gone"}) == {lost}
    assert DAY.process_result_value(cell, DIALECT) is None


def test_a_cell_under_another_keys_name_opens_with_neither() -> None:
    cell = cells.seal_text("x", KEY_ID, KEYS[KEY_ID]).replace(KEY_ID, OTHER_ID)
    with pytest.raises(InvalidTag):
        TEXT.process_result_value(cell, DIALECT)
