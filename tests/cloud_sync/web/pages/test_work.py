from datetime import date

import pytest
from litestar.datastructures import FormMultiDict

from cloud_sync.web.forms import Form
from cloud_sync.web.pages.work import NoteAdvice, work_of

DAY = date(2026, 11, 24)


def form(**values: str) -> Form:
    return Form(FormMultiDict(values))


def test_two_descriptions_in_one_form_are_told_apart() -> None:
    typed = form(
        first_activity="Called about a reading",
        first_note="Went over the values of this week",
        first_mode="phone",
        second_activity="Lab results",
        second_note="Told the patient the new value of the thyroid",
    )
    first, second = (work_of(typed, "RPM", DAY, prefix) for prefix in ("first_", "second_"))
    assert (first.activity, first.mode) == ("Called about a reading", "phone")
    assert (second.activity, second.mode) == ("Lab results", "none")


def test_a_thin_note_is_kept_only_on_purpose() -> None:
    thin = {"activity": "Lab results", "note": "Patient call"}
    with pytest.raises(NoteAdvice, match="says too little"):
        work_of(form(**thin), "CCM", DAY)
    assert work_of(form(**thin, as_is="yes"), "CCM", DAY).note == "Patient call"
