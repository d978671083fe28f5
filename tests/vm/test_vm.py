"""What of the emulated machine can be tested without one: arithmetic, framing, cache names."""

from pathlib import Path

import pytest

from tests.vm import build, run, summary
from tests.vm.guest import relay
from tests.vm.scenarios import ALL, NEEDED
from tests.vm.summary import FAILED, PASSED, SKIPPED, Balance, Outcome


def outcome(result: str, scenario: str = "boots") -> Outcome:
    return Outcome("bookworm", scenario, result, 1.25, "a figure")


def test_lost_and_doubled_are_counted_apart() -> None:
    assert summary.balance(["a", "b", "c"], ["a", "a", "c", "d"]) == Balance(3, 1, 1)
    assert summary.balance(["a", "a"], ["a"]) == Balance(1, 0, 0)
    assert str(summary.balance([], [])) == "0 acknowledged, 0 lost, 0 doubled"


def test_the_last_line_reads_as_pytests() -> None:
    outcomes = [outcome(PASSED), outcome(FAILED), outcome(PASSED), outcome(SKIPPED)]
    assert summary.last_line(outcomes, 61.5) == "1 failed, 2 passed, 1 skipped in 61.50s"
    assert summary.last_line([], 0.0) == "no scenarios ran in 0.00s"


@pytest.mark.parametrize(
    ("results", "code"), [([PASSED], 0), ([PASSED, FAILED], 1), ([PASSED, SKIPPED], 1), ([], 1)]
)
def test_only_a_whole_pass_is_success(results: list[str], code: int) -> None:
    assert summary.exit_code([outcome(result) for result in results]) == code


def test_results_read_back_from_their_file() -> None:
    outcomes = [outcome(PASSED), outcome(FAILED, "bonded_cuff_reconnects")]
    assert summary.read("\n".join(map(summary.write, outcomes)) + "\n") == outcomes


def test_a_line_names_guest_scenario_and_figure() -> None:
    assert summary.line(outcome(PASSED)) == "bookworm::boots PASSED [1.2 s] a figure"


def test_hci_packets_come_whole_out_of_a_stream_in_pieces() -> None:
    reset, complete = bytes.fromhex("01030c00"), bytes.fromhex("040e0401030c00")
    data = bytes.fromhex("02400004000102 0304".replace(" ", ""))
    stream, buffer, found = reset + complete + data, bytearray(), []
    for octet in stream:
        buffer.append(octet)
        found += relay.packets(buffer)
    assert found == [reset, complete, data]
    assert not buffer
    assert relay.packets(bytearray(stream)) == found


def test_an_image_is_made_again_when_an_input_changes(tmp_path: Path) -> None:
    file = tmp_path / "one.py"
    file.write_text("1")
    before = build.digest([file], "base")
    assert build.digest([file], "base") == before != build.digest([file], "other")
    file.write_text("2")
    assert build.digest([file], "base") != before


def test_the_product_in_the_guest_is_the_tree() -> None:
    names = {file.relative_to(build.ROOT).as_posix() for file in build.product_files()}
    assert {"pyproject.toml", "systemd/vitals-collector.service", "gateway/cli.py"} <= names
    assert not any(name.startswith("tests/") for name in names)


def test_boot_and_pairing_come_first_and_every_scenario_has_a_limit() -> None:
    assert tuple(ALL)[: len(NEEDED)] == NEEDED
    assert sum(limit > run.GUEST_SECONDS for _, limit in ALL.values()) == 0
