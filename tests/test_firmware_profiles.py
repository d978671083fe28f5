"""Every device profile and its fixture keep the same contract, for ever."""

import re
import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cloud_sync.contract.readings import FailedMeasurement, Refusal
from gateway.decoders import decode
from gateway.decoders.batch import fields
from gateway.decoders.hints import NAMED
from gateway.profiles import Profile, Unmatched, load, match

ROOM = Path(__file__).parents[1] / "firmware_profiles"
PROFILES = {profile.id: profile for profile in load()}


@cache
def _fixture(profile_id: str) -> dict[str, Any]:
    return tomllib.loads((ROOM / f"{profile_id}.fixture.toml").read_text("utf-8"))


CASES = [
    pytest.param(PROFILES[profile_id], case, id=f"{profile_id}-{case['why']}")
    for profile_id in PROFILES
    for case in _fixture(profile_id)["case"]
]
READ = [case for case in CASES if "refused" not in case.values[1]]  # type: ignore[operator]


def _outcome(profile: Profile, case: dict[str, Any], payload: bytes) -> object:
    channel = next(c for c in profile.channel if c.characteristic == case["characteristic"])
    return decode(channel.decoder, payload, profile.hints)


def _typed(reading: dict[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in reading.items()}


def test_every_profile_has_a_fixture_and_every_fixture_a_profile() -> None:
    fixtures = {str(p.relative_to(ROOM)) for p in ROOM.glob("*/*.fixture.toml")}
    assert fixtures == {f"{profile_id}.fixture.toml" for profile_id in PROFILES}
    assert len(PROFILES) >= 8


@pytest.mark.parametrize(("profile", "case"), CASES)
def test_decodes_to_what_was_typed(profile: Profile, case: dict[str, Any]) -> None:
    outcome = _outcome(profile, case, bytes.fromhex(case["hex"]))
    if case.get("refused"):
        assert isinstance(outcome, Refusal)
    elif "failed" in case:
        assert isinstance(outcome, FailedMeasurement)
        assert outcome.of == case["failed"]
    else:
        assert not isinstance(outcome, Refusal)
        said = {k: v for k, v in fields(outcome).items() if v is not None}  # type: ignore[arg-type]
        assert said == _typed(case["reading"])


@pytest.mark.parametrize(("profile", "case"), READ)
def test_every_shortened_payload_is_refused(profile: Profile, case: dict[str, Any]) -> None:
    payload = bytes.fromhex(case["hex"])
    for size in range(len(payload)):
        assert isinstance(_outcome(profile, case, payload[:size]), Refusal), size


@pytest.mark.parametrize(("profile", "case"), CASES)
def test_the_values_of_a_reading_differ_from_one_another(
    profile: Profile, case: dict[str, Any]
) -> None:
    """Equal values would hide swapped fields."""
    reading = case.get("reading", {})
    if "unit" in reading:
        numbers = [str(v) for v in reading.values() if isinstance(v, int) or str(v).isdecimal()]
        assert len(set(numbers)) == len(numbers), profile.id


@pytest.mark.parametrize("profile_id", PROFILES)
def test_the_advertisement_fits_exactly_this_profile(profile_id: str) -> None:
    seen = _fixture(profile_id)["advertisement"]
    assert match(seen["local_name"], seen["services"]) == PROFILES[profile_id]


def test_what_is_to_be_ignored_fits_no_profile() -> None:
    ignored = tomllib.loads((ROOM / "ignore.fixture.toml").read_text("utf-8"))["advertisement"]
    assert len(ignored) > 3
    for seen in ignored:
        assert match(seen.get("local_name"), seen["services"]) == Unmatched(), seen["why"]


@pytest.mark.parametrize("profile_id", PROFILES)
def test_a_fixture_says_its_source_and_holds_a_reading_and_a_refusal(profile_id: str) -> None:
    fixture = _fixture(profile_id)
    assert fixture.keys() == {"source", "advertisement", "case"}
    assert fixture["source"]
    assert any(case.get("refused") for case in fixture["case"])
    assert any("reading" in case for case in fixture["case"])
    for case in fixture["case"]:
        answers = {"reading", "failed", "refused"} & case.keys()
        assert len(answers) == 1
        assert case.keys() == {"why", "characteristic", "hex"} | answers


@pytest.mark.parametrize("path", sorted(ROOM.glob("**/*.toml")), ids=lambda path: path.name)
def test_no_public_address_or_serial_number(path: Path) -> None:
    text = re.sub(r'(?m)^hex = ".*"$', "", path.read_text("utf-8"))
    assert not re.search(r"(?i)\b([0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b", text)
    assert not [n for n in re.findall(r"(?i)\b[0-9a-f]{12}\b", text) if set(n) != {"0"}]
    for name in re.findall(r'local_name = "(?:BLESmart_0000\d{4})?(.*)"', text):  # Omron: the model
        assert set("".join(re.findall(r"\d{5,}", name))) <= {"0"}, name


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_clinic_use_needs_a_checked_display_and_a_capture(profile: Profile) -> None:
    if profile.status == "clinic":
        assert profile.evidence.checked
        assert "captured" in _fixture(profile.id)["source"]


def test_the_published_hints_are_those_of_the_profiles() -> None:
    deviating = {p.id: p.hints for p in PROFILES.values() if p.hints != type(p.hints)()}
    assert deviating == NAMED


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_records_meter_has_the_three_characteristics_it_needs(profile: Profile) -> None:
    characteristics = {channel.characteristic for channel in profile.channel}
    if profile.session.machine == "racp":
        assert characteristics == {"2A18", "2A34", "2A52"}
    else:
        assert "2A52" not in characteristics
