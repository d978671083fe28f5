from datetime import date

import pytest
from litestar.datastructures import FormMultiDict

from cloud_sync.ledger.refused import Refused
from cloud_sync.web.forms import Form
from cloud_sync.web.pages.file_forms import body_of, codes, end_of

TODAY = date(2026, 11, 24)


def form(**values: str) -> Form:
    return Form(FormMultiDict(values))


def test_what_is_left_empty_is_left_out() -> None:
    found = body_of(
        "orders", form(on="2026-11-01", conditions="i10, E11.9 ,", frequency=" "), TODAY
    )
    assert found == {"program": "RPM", "ordered_on": "2026-11-01", "conditions": ["I10", "E11.9"]}
    assert codes(" , ") == []


def test_who_did_it_is_said_only_of_what_was_done() -> None:
    typed = form(educated_on="2026-11-02", set_up_by="a", educated_by="b", device="ble:1")
    assert body_of("set_ups", typed, TODAY) == {"educated_on": "2026-11-02", "educated_by": "b"}


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        ("orders", {"on": "2026-11-25"}, "lies in the future"),
        ("orders", {}, "give a date"),
        ("consents", {"program": "RPM", "on": "2026-11-01"}, "how consent was given"),
        ("decision_making", {"month": "2026-13", "level": "high"}, "month as 2026-01"),
        ("stays", {"stay_kind": "hotel"}, "what kind of stay"),
        ("gossip", {}, "Choose what"),
    ],
)
def test_what_is_missing_is_asked_for(kind: str, values: dict[str, str], words: str) -> None:
    with pytest.raises(Refused, match=words):
        body_of(kind, form(**values), TODAY)


def test_an_end_has_a_reason() -> None:
    with pytest.raises(Refused, match="Say why"):
        end_of("consents", "a" * 32, form(on="2026-11-01"))
    kind, body = end_of("episodes", "a" * 32, form(on="2026-11-01", reason="aim reached"))
    assert (kind, body["end"], body["reason"]) == ("episode_ends", "2026-11-01", "aim reached")
