"""The loader: what a profile file may say, and what it may not."""

from pathlib import Path

import pytest

from gateway.profiles import ProfileError, find, load, match, parse

ROOM = Path(__file__).parents[3] / "firmware_profiles"
TEXT = (ROOM / "and" / "ua-651ble.toml").read_text("utf-8")


def test_every_profile_is_loaded_once_and_found_by_its_id() -> None:
    ids = [profile.id for profile in load()]
    assert ids == sorted(set(ids))
    files = [path for path in ROOM.glob("*/*.toml") if ".fixture" not in path.name]
    assert len(ids) == len(files)
    assert all(find(profile_id) is not None for profile_id in ids)
    assert find("no/such") is None
    assert load() is load()


def test_the_long_form_of_a_service_matches() -> None:
    found = match("BM54", ["00001810-0000-1000-8000-00805f9b34fb"])
    assert found == find("beurer/bm54")


def test_the_hints_come_from_the_file() -> None:
    profile = find("beurer/bm85")
    assert profile is not None
    assert profile.hints.pulse_and_status_big_endian
    assert profile.hints.user_byte_always_sent
    assert profile.hints.weight_step_kg is None


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("schema = 1", "schema = 2", "schema"),
        ("schema = 1", "", "schema"),
        ("schema = 1", "schema = 1\nirriation = true", "irriation"),
        ('decoder = "2A35"', 'decoder = "2A99"', "2A99"),
        ('decoder = "2A35"', 'decoder = "2A35"\nscale = 2', "scale"),
        ('machine = "push"', 'machine = "pull"', "machine"),
        ('pressure = "yes"', 'pressure = "maybe"', "coverage"),
        ('status = "draft"', 'status = "clinic"', "checked"),
        ("[coverage]", "[hints]\nbig = true\n[coverage]", "big"),
        ("[coverage]", '[hints]\nweight_step_kg = "0"\n[coverage]', "weight_step_kg"),
        ("[match]", "[match", "line"),
    ],
)
def test_a_profile_that_says_something_else_is_an_error_that_names_it(
    old: str, new: str, word: str
) -> None:
    assert old in TEXT
    with pytest.raises(ProfileError, match=f"and/ua-651ble: .*{word}"):
        parse("and/ua-651ble", TEXT.replace(old, new, 1))


def test_the_id_equals_the_path() -> None:
    with pytest.raises(ProfileError, match="path"):
        parse("and/ua-652ble", TEXT)
    assert parse("and/ua-651ble", TEXT) == find("and/ua-651ble")
