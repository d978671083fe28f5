import pytest

from tests.spec.table import table


def test_a_row_is_a_dictionary_of_its_cells() -> None:
    assert table("""
        kind    | measured
        --------+---------
        reading | 08:00
                | 09:00
    """) == [{"kind": "reading", "measured": "08:00"}, {"kind": "", "measured": "09:00"}]


@pytest.mark.parametrize("text", ["a | b\n1 | 2", "a | b\n--+--\n1"])
def test_a_crooked_table_is_refused(text: str) -> None:
    with pytest.raises(AssertionError):
        table(text)
