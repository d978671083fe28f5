"""Joins the verifier's parts into the one file that a packet carries."""

import ast
from functools import cache
from importlib.resources import files

_PARTS = (
    "archive", "merkle", "notes", "der", "certificates", "timestamp", "ledger", "sent",
    "registered", "contents", "report",
)  # fmt: skip
_OURS = "cloud_sync"


@cache
def source() -> str:
    """The text of `verify.py`, the same each time."""
    room = files("cloud_sync.export")
    main = (room / "verify.py").read_text()
    texts = [(room / "verifier" / f"{part}.py").read_text() for part in _PARTS]
    imports: dict[str, set[str]] = {}
    bodies = [_part(text, imports) for text in (*texts, main)]
    plain = [f"import {one}" for one in sorted(imports.get("", ()))]
    chosen = [
        f"from {room} import {', '.join(sorted(names))}"
        for room, names in sorted(imports.items())
        if room
    ]
    docstring = ast.get_docstring(ast.parse(main), clean=False)
    head = f'#!/usr/bin/env python3\n"""{docstring}"""\n\n'
    return head + "\n".join((*plain, *chosen)) + "\n" + "".join(bodies)


def _part(text: str, imports: dict[str, set[str]]) -> str:
    """What a part defines, under its own docstring as a comment; its imports go to the top."""
    tree = ast.parse(text)
    lines = text.splitlines()
    gone = {0}
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            room = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            if not room.startswith(_OURS):
                imports.setdefault(room, set()).update(ast.unparse(one) for one in node.names)
            gone |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    first = tree.body[0]
    gone |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    about = (ast.get_docstring(tree) or "").splitlines()
    comment = "".join(f"# {line}".rstrip() + "\n" for line in about)
    body = "\n".join(line for number, line in enumerate(lines, 1) if number not in gone)
    return f"\n\n{'# ' + '-' * 96}\n{comment}\n\n{body.strip()}\n"
