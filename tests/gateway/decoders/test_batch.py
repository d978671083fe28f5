from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from cloud_sync.contract.readings import (
    BloodPressure,
    DeviceAdvertisement,
    OtherAnalyte,
    Refusal,
    UserRecords,
)
from gateway.decoders.batch import answer_all, explain, fields
from gateway.decoders.hints import NAMED

GOOD = {"id": "good", "channel": "2A35", "hex": "00780050005d00"}


def _answer(item: object) -> dict[str, Any]:
    """The answer to one item between two good ones, which it never disturbs."""
    before, answer, after = answer_all([GOOD, item, GOOD], NAMED.get)
    assert before == after
    assert before["reading"]["systolic"] == "120"  # type: ignore[index]
    return answer


def test_a_reading_has_every_field_and_absent_is_null() -> None:
    assert _answer(GOOD) == {
        "id": "good",
        "reading": {
            "kind": "blood_pressure",
            "systolic": "120",
            "diastolic": "80",
            "unit": "mmHg",
            "flags": [],
            "mean": "93",
            "pulse_bpm": None,
            "user": None,
            "device_time": None,
            "sequence": None,
        },
    }


@pytest.mark.parametrize(
    "item",
    [
        None,
        7,
        "2A35",
        [],
        {},
        {"id": 1},
        {"id": 1, "channel": "2A35"},
        {"id": 1, "channel": None, "hex": "00"},
        {"id": 1, "channel": ["2A35"], "hex": "00"},
        {"id": 1, "channel": "2A35", "hex": 5},
        {"id": 1, "channel": "2A35", "hex": "0"},
        {"id": 1, "channel": "2A35", "hex": "zz"},
        {"id": 1, "channel": "2A35", "hex": "\u0661\u0662"},
        {"id": 1, "channel": "2A35", "hex": "\ud800"},
        {"id": 1, "channel": "2A35", "hex": "00780050005d00", "text": "x"},
        {"id": 1, "channel": "2A35", "text": "00780050005d00"},
        {"id": 1, "channel": "visomat.record", "text": 15110321300134097083},
        {"id": 1, "channel": "visomat.record", "text": "\ud800"},
        {"id": 1, "channel": "no.such.channel", "hex": "00"},
        {"id": 1, "channel": "2A35", "hex": "00780050005d00", "profile": "no/such"},
        {"id": 1, "channel": "2A35", "hex": "00780050005d00", "profile": {"a": 1}},
    ],
)
def test_a_malformed_item_is_refused_with_a_reason_and_disturbs_no_other(item: object) -> None:
    answer = _answer(item)
    assert answer.keys() == {"id", "refused"}
    assert len(answer["refused"]) > 10
    assert answer["id"] == (item.get("id") if isinstance(item, dict) else None)


def test_an_identity_is_given_back_as_it_came() -> None:
    for identity in (None, 5, "x", 1.5, "\ud800"):
        assert _answer({**GOOD, "id": identity})["id"] == identity
    assert _answer({**GOOD, "id": ["a"]})["id"] is None


def test_a_profile_of_null_is_the_book_and_a_hint_is_applied() -> None:
    bm85 = {"id": 1, "channel": "2A35", "hex": "566a0047000000ea07080b121f00003f000000"}
    assert "refused" in _answer({**bm85, "profile": None})
    assert _answer({**bm85, "profile": "beurer/bm85"})["reading"]["pulse_bpm"] == "63"


def test_values_are_plain_text_integers_and_lists() -> None:
    pressure = BloodPressure(
        systolic=Decimal("1E-8"),
        diastolic=Decimal("80.0"),
        unit="mmHg",
        flags=("implausible",),
        user=0,
        device_time=datetime.fromisoformat("2026-01-15T08:30:00"),
    )
    said = fields(pressure)
    assert (said["systolic"], said["diastolic"], said["user"]) == ("0.00000001", "80.0", 0)
    assert (said["device_time"], said["flags"]) == ("2026-01-15T08:30:00", ["implausible"])
    waiting = DeviceAdvertisement(
        users=(UserRecords(sequence=7, records=2),), clock_not_set=False, pairing_mode=True
    )
    assert fields(waiting)["users"] == [{"sequence": 7, "records": 2}]
    analyte = fields(OtherAnalyte(raw_value=Decimal(50), analyte="8"))
    assert (analyte["raw_value"], analyte["analyte"]) == (50, 8)


def test_a_failed_attempt_has_the_fields_of_what_was_attempted() -> None:
    item = {"id": 1, "channel": "2A9D", "hex": "04ffff03"}
    said = _answer(item)["reading"]
    assert (said["kind"], said["of"], said["user"]) == ("failed_measurement", "weight", 3)
    assert (said["value"], said["bmi"], said["height_unit"]) == (None, None, None)


def test_a_refusal_is_explained_with_its_place() -> None:
    assert explain(Refusal(reason="why")) == "why"
    assert explain(Refusal(reason="why", field="mean")) == "why (mean)"
    assert explain(Refusal(reason="why", field="mean", offset=5)) == "why (mean, byte 5)"
