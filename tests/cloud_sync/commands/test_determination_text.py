from typing import Any

from rich.console import Console

from cloud_sync.commands.determination_text import show
from tests.spec.cases import determination, entry, reading_days


def text(found: dict[str, Any], *, explain: bool = False) -> str:
    console = Console(width=200, record=True, quiet=True)
    with console.capture() as captured:
        console.quiet = False
        show(found, console, explain=explain)
    return captured.get()


def test_what_can_still_be_reached_and_by_when() -> None:
    found = determination(
        "2026-02-21T18:00:00-07:00", reading_days=[reading_days("2026-02-02", 12)]
    )
    shown = text(found)
    assert "held until the period closes" in shown
    assert "12 of 16. 4 more by 2026-03-03 would do." in shown


def test_a_closed_month_promises_nothing() -> None:
    shown = text(determination(minutes=[{"program": "CCM", "month": "2026-01", "minutes": 19}]))
    assert "No code is earned." in shown
    assert "Too few minutes that count: 19 of 20." in shown
    assert "would do" not in shown


def test_every_review_has_its_sentence() -> None:
    call = entry("2026-01-14T15:00:00Z", "2026-01-14T15:25:00Z", interactive=True)
    shown = text(determination(time=[call]), explain=True)
    assert "a person must decide" in shown
    assert "no usable reading was measured" in shown
    assert "25 full minutes" in shown


def test_markup_in_a_case_is_text() -> None:
    found = determination()
    assert "[red]x[/red]" in text(found | {"case": "[red]x[/red]"})
