"""Tables a nurse can read: a heading, a rule of dashes, rows; columns parted by bars."""


def table(text: str) -> list[dict[str, str]]:
    """One dictionary a row; an empty cell is an empty text."""
    heading, rule, *rows = [line for line in text.strip().splitlines() if line.strip()]
    assert set(rule.strip()) <= set("-+"), "the second line is a rule of dashes"
    names = _cells(heading)
    found = [_cells(row) for row in rows]
    assert all(len(cells) == len(names) for cells in found), "every row has every column"
    return [dict(zip(names, cells, strict=True)) for cells in found]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]
