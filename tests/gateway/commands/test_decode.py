"""The command as a person or a script runs it: a process of its own."""

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.gateway.decoders.captures import CASES

READING = "00780050005d00"
BM85 = "566a0047000000ea07080b121f00003f000000"


def _run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", "decode", *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_batch_of_all_captures_is_answered_in_order() -> None:
    items = [
        {"id": case["id"], "channel": case["channel"], "profile": case["profile_hint"]}
        | {key: case[key] for key in ("hex", "text") if key in case}
        for case in CASES
    ]
    done = _run("--batch", given=json.dumps(items))
    assert (done.returncode, done.stderr) == (0, "")
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    assert [answer["id"] for answer in answers] == [case["id"] for case in CASES]
    for case, answer in zip(CASES, answers, strict=True):
        if case.get("refused"):
            assert answer["refused"], case["id"]
        else:
            said = answer["reading"]
            assert {key: said[key] for key in case["expect"]} == case["expect"], case["id"]


def test_one_bad_item_disturbs_no_other() -> None:
    good = {"id": "good", "channel": "2A35", "hex": READING}
    # A lone surrogate is legal JSON and no text: some parsers refuse the whole array for it.
    bad = '{"id": "\\ud800", "channel": "2A35", "hex": "\\ud800"}'
    done = _run("--batch", given=f"[{json.dumps(good)}, {bad}, 5, {json.dumps(good)}]")
    first, *between, last = json.loads(done.stdout)
    assert done.returncode == 0
    assert first == last
    assert [answer.keys() for answer in between] == [{"id", "refused"}] * 2


@pytest.mark.parametrize("number", ["1e999", "-1e999", "9" * 5000, "1" * 400])
def test_a_number_too_large_to_be_one_spoils_its_own_item_only(number: str) -> None:
    good = {"id": "good", "channel": "2A35", "hex": READING}
    bad = f'{{"id": {number}, "channel": "2A35", "hex": {number}}}'
    done = _run("--batch", given=f"[{bad}, {json.dumps(good)}]")
    assert done.returncode == 0
    spoilt, answer = json.loads(done.stdout, parse_constant=pytest.fail)
    assert spoilt.keys() == {"id", "refused"}
    assert answer["reading"]["systolic"] == "120"


@pytest.mark.parametrize("given", ["", "{}", "no", "[", '"[]"', "[NaN]", "[" * 100_000])
def test_what_is_no_array_ends_with_a_plain_word(given: str) -> None:
    done = _run("--batch", given=given)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("vitals-hub decode: standard input")
    assert done.stderr.count("\n") == 1


def test_an_empty_array_is_answered_with_one() -> None:
    assert json.loads(_run("--batch", given="[]").stdout) == []


def test_a_single_reading_for_a_person_and_for_a_script() -> None:
    person = _run("2a35", READING)
    assert person.returncode == 0
    assert person.stdout.splitlines()[:2] == [
        "kind                 blood_pressure",
        "systolic             120",
    ]
    script = _run("2A35", READING, "--json")
    assert json.loads(script.stdout)["reading"]["diastolic"] == "80"
    spaced = _run("2A35", "0x00:78:00 50-00 5d 00", "--json")
    assert spaced.stdout == script.stdout


def test_a_refusal_has_an_exit_code_of_its_own() -> None:
    by_the_book = _run("2A35", BM85)
    assert by_the_book.returncode == 1
    assert by_the_book.stdout.startswith("refused: ")
    assert "refused" in json.loads(_run("2A35", BM85, "--json").stdout)
    assert _run("2A35", BM85, "--profile", "beurer/bm85").returncode == 0


def test_a_line_is_given_as_it_is() -> None:
    done = _run("visomat.record", "15110321300134097083", "--json")
    assert json.loads(done.stdout)["reading"]["systolic"] == "134"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((), "CHANNEL"),
        (("2A35",), "PAYLOAD"),
        (("2A35", "xyz"), "hexadecimal"),
        (("2A35", READING, "--profile", "no/such"), "beurer/bm85"),
        (("2A35", READING, "--batch"), "--batch"),
    ],
)
def test_wrong_use_says_what_to_do(arguments: tuple[str, ...], word: str) -> None:
    done = _run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_loads_nothing_that_makes_it_slow_to_start() -> None:
    code = (
        "import io, sys; sys.stdin = io.TextIOWrapper(io.BytesIO(b'[]'))\n"
        "from gateway.commands.decode import decode; decode(batch=True)\n"
        "heavy = {'bleak', 'cryptography', 'sqlite3', 'asyncio', 'hypothesis', 'paho', 'ssl'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n[]\n"
