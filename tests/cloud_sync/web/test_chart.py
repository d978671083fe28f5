"""The geometry of charts."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from cloud_sync.contract.readings import Glucose
from cloud_sync.ledger import readings
from cloud_sync.web.chart import HEIGHT, WIDTH, Chart, charts
from tests.support.seeded import ZONE, Seeded

FIRST, LAST = date(2026, 10, 26), date(2026, 11, 24)


def drawn(clinic: Seeded) -> list[Chart]:
    with clinic.store.read() as db:
        return charts(readings.of_patient(db, clinic.patient), ZONE, FIRST, LAST)


def test_one_chart_a_kind_with_every_reading_inside_the_frame(clinic: Seeded) -> None:
    pressure, glucose = drawn(clinic)
    assert (pressure.title, glucose.title) == ("Blood pressure, mmHg", "Glucose, mg/dL")
    assert (pressure.paired, glucose.paired) == (True, False)
    assert len(pressure.marks) == len(glucose.marks) == 13
    for chart in (pressure, glucose):
        assert [m.x for m in chart.marks] == sorted(m.x for m in chart.marks)
        for mark in chart.marks:
            assert chart.left <= mark.x <= chart.right <= WIDTH
            assert chart.top <= mark.high <= (mark.low or mark.high) <= chart.bottom <= HEIGHT
    assert sum(mark.flagged for mark in pressure.marks) == 1


def test_higher_values_stand_higher_in_proportion(clinic: Seeded) -> None:
    _, glucose = drawn(clinic)
    scale = [(Decimal(tick.text), tick.at) for tick in glucose.values]
    (low, bottom), (high, top) = scale[0], scale[-1]
    for mark in glucose.marks:
        value = Decimal(mark.text.rsplit(": ")[1].split()[0])
        part = float((value - low) / (high - low))
        assert abs(mark.high - (bottom - part * (bottom - top))) < 0.2


def test_the_description_says_what_the_picture_shows(clinic: Seeded) -> None:
    pressure, _ = drawn(clinic)
    assert pressure.description.startswith("13 readings from Sun 08 Nov 2026")
    assert "diastolic" in pressure.description


def test_units_are_never_mixed_and_high_is_no_point(clinic: Seeded) -> None:
    with clinic.store.read() as db:
        found = [s for s in readings.of_patient(db, clinic.patient) if s.kind == "glucose"]
    other = Glucose(value=Decimal("6.1"), unit="mmol/L", flags=())
    high = Glucose(value=None, unit="mg/dL", flags=("above_range",))
    mixed = [replace(found[0], outcome=other), replace(found[1], outcome=high), *found[2:]]
    assert [(c.unit, len(c.marks)) for c in charts(mixed, ZONE, FIRST, LAST)] == [
        ("mg/dL", 11),
        ("mmol/L", 1),
    ]
    assert len({c.id for c in charts(mixed, ZONE, FIRST, LAST)}) == 2


def test_nothing_to_draw_is_no_chart(clinic: Seeded) -> None:
    with clinic.store.read() as db:
        found = readings.of_patient(db, clinic.patient)
    assert charts(found, ZONE, date(2025, 1, 1), date(2025, 1, 30)) == []
