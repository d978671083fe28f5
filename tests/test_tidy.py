"""The shape of the code base, held by a test: sizes, purity, a test beside each module."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 70
MAX_MEDIAN_LINES = 170
PURE = ("gateway/decoders/", "gateway/sessions/", "cloud_sync/contract/", "cloud_sync/rules/")
PURE_FILES = (
    "gateway/uplink/state.py",
    *(f"gateway/health/{name}.py" for name in ("ladder", "bonds", "progress", "diagnosis")),
)
READS_ITS_TABLES = {"cloud_sync/rules/tables.py", "cloud_sync/rules/table_files.py"}


@cache
def tracked(suffix: str = ".py") -> tuple[str, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", f"*{suffix}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(name for name in listed.stdout.split() if (ROOT / name).exists())


def product() -> list[str]:
    return [n for n in tracked() if n.startswith(("gateway/", "cloud_sync/", "firmware_profiles/"))]


def functions(name: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse((ROOT / name).read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of code: a command's docstring is its manual and may be as long as that."""
    assert node.end_lineno is not None
    first = node.body[0]
    assert first.end_lineno is not None
    docstring = first.end_lineno - first.lineno + 1 if ast.get_docstring(node) else 0
    return node.end_lineno - node.lineno + 1 - docstring


def lines(name: str) -> int:
    return (ROOT / name).read_text().count("\n")


def test_the_guard_sees_the_files() -> None:
    assert len(product()) > 60


@pytest.mark.parametrize("name", tracked())
def test_no_file_or_function_is_too_long(name: str) -> None:
    if "/migrations/" not in name:
        assert lines(name) <= MAX_FILE_LINES
    for node in functions(name):
        if "/migrations/" not in name:
            assert length(node) <= MAX_FUNCTION_LINES, node.name


def test_the_median_file_is_short() -> None:
    assert median(lines(name) for name in product() if lines(name)) < MAX_MEDIAN_LINES


@pytest.mark.parametrize("name", product())
def test_every_module_says_what_it_is_for(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not text.strip() or ast.get_docstring(ast.parse(text))


@pytest.mark.parametrize("name", product())
def test_no_print_and_no_promise_without_an_issue(name: str) -> None:
    text = (ROOT / name).read_text()
    calls = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Call)]
    assert not [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"]
    for promise in re.findall(r"(?:TODO|FIXME|XXX).*", text):
        assert re.search(r"#\d+", promise), promise


@pytest.mark.parametrize("name", [n for n in product() if n.startswith(PURE) or n in PURE_FILES])
def test_the_pure_middle_has_no_clock_disk_or_network(name: str) -> None:
    if name in READS_ITS_TABLES:
        return
    called = {
        call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        for call in ast.walk(ast.parse((ROOT / name).read_text()))
        if isinstance(call, ast.Call)
    }
    assert not called & {"now", "today", "open", "read_text", "read_bytes", "urandom"}


@pytest.mark.parametrize("name", product())
def test_every_module_has_a_test_module(name: str) -> None:
    path = Path(name)
    text = (ROOT / name).read_text()
    if path.name == "__init__.py" or "/migrations/" in name or not text.strip():
        return
    if name.startswith("cloud_sync/ledger/tables/"):
        return  # declarations: test_schema compares them with what the migrations make
    beside = ROOT / "tests" / path.parent / f"test_{path.name}"
    named = {Path(n).name for n in tracked() if n.startswith("tests/")}
    mentions = f"{path.parent.as_posix().replace('/', '.')}.{path.stem}"
    assert (
        beside.exists()
        or f"test_{path.name}" in named
        or any(
            mentions in (ROOT / n).read_text() or _from_import(path, (ROOT / n).read_text())
            for n in tracked()
            if n.startswith("tests/")
        )
    )


def _from_import(path: Path, text: str) -> bool:
    package = re.escape(path.parent.as_posix().replace("/", "."))
    return bool(re.search(rf"from {package} import [^\n]*\b{path.stem}\b", text))


def test_a_record_of_a_decision_has_its_own_number() -> None:
    numbers = []
    for path in sorted((ROOT / "docs/adr").glob("*.md")):
        found = re.match(r"# (\d{4})", path.read_text())
        assert found, path.name
        assert path.name.startswith(found[1])
        numbers.append(found[1])
    assert len(numbers) == len(set(numbers)) > 0


@pytest.mark.parametrize("name", tracked("*"))
def test_nothing_names_a_registry_or_a_private_key(name: str) -> None:
    try:
        text = (ROOT / name).read_text()
    except UnicodeDecodeError:
        return
    hosts = (
        "py" + "pi.org",
        "files.python" + "hosted",
        "registry.npm" + "js",
        "deb.debian" + ".org",
    )
    for word in (*hosts, "-----BEGIN " + "PRIVATE KEY", "-----BEGIN EC " + "PRIVATE"):
        assert word not in text
