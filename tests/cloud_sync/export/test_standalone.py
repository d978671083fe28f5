"""The one file of the verifier: whole, small, and each name in it defined once."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from cloud_sync.export import standalone

ALLOWED = {"cryptography"}


def defined(tree: ast.Module) -> list[str]:
    names: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
    return names


def imported(tree: ast.Module) -> list[tuple[str, str]]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(one.name, one.asname or one.name) for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += [(str(node.module), one.asname or one.name) for one in node.names]
    return found


def test_no_part_takes_a_name_of_another() -> None:
    tree = ast.parse(standalone.source())
    names = Counter([*defined(tree), *{name for _module, name in imported(tree)}])
    assert [name for name, count in names.items() if count > 1] == []


def test_it_needs_only_the_standard_library_and_cryptography() -> None:
    import sys

    rooms = {module.split(".")[0] for module, _name in imported(ast.parse(standalone.source()))}
    assert rooms <= set(sys.stdlib_module_names) | ALLOWED


def test_every_part_is_in_it() -> None:
    text = standalone.source()
    room = Path(standalone.__file__).parent / "verifier"
    parts = {path.stem for path in room.glob("*.py")} - {"__init__"}
    assert parts == set(standalone._PARTS)
    for part in parts:
        for name in defined(ast.parse((room / f"{part}.py").read_text())):
            assert name in text
    assert "cloud_sync" not in text


def test_the_same_text_each_time() -> None:
    first = standalone.source()
    standalone.source.cache_clear()
    assert standalone.source() == first


@pytest.mark.parametrize("word", ["exec", "eval", "pickle", "subprocess", "socket"])
def test_it_does_nothing_an_auditor_would_fear(word: str) -> None:
    names = {n.id for n in ast.walk(ast.parse(standalone.source())) if isinstance(n, ast.Name)}
    assert word not in names
