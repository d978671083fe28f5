"""What people type into forms."""

import pytest
from litestar.datastructures import FormMultiDict

from cloud_sync.ledger.refused import Refused
from cloud_sync.web.forms import Form


def form(**values: str) -> Form:
    return Form(FormMultiDict(list(values.items())))


def test_texts_and_boxes() -> None:
    filled = form(name="  Rosa ", box="yes", other="on")
    assert (filled.text("name"), filled.raw("name"), filled.text("none")) == ("Rosa", "  Rosa ", "")
    assert (filled.ticked("box"), filled.ticked("other"), filled.ticked("none")) == (
        True,
        False,
        False,
    )
    assert Form(FormMultiDict([("a", "1"), ("a", "2")])).many("a") == ["1", "2"]


def test_a_moment_is_local_to_the_patient() -> None:
    winter = form(at="2026-11-24T09:30").moment("at", "Start", "America/Denver")
    assert winter == 1_795_537_800_000
    twice = form(at="2026-11-01T01:30").moment("at", "Start", "America/Denver")
    assert twice == 1_793_518_200_000, "of an hour that comes twice, the first"


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30T10:00", "24/11/2026"])
def test_a_moment_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="Start: give date and time"):
        form(at=text).needed_moment("at", "Start", "UTC")


def test_dates_and_numbers() -> None:
    assert form().day("on", "Day") is None
    with pytest.raises(Refused, match="not a date"):
        form(on="2026-13-01").day("on", "Day")
    with pytest.raises(Refused, match="give a date"):
        form().needed_day("on", "Day")
