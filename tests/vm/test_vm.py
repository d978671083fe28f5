"""What of the emulated machine can be tested without one: arithmetic, framing, cache names."""

import asyncio
import json
from contextlib import closing
from pathlib import Path

import pytest

from gateway.buffer.custody import open_custody
from gateway.buffer.outbox import View, look
from tests.gateway.clinic_keys import ClinicKeys, enrolled, observed
from tests.vm import build, debian, run, summary
from tests.vm.guest import relay
from tests.vm.machine import HUNG, GuestError, Machine
from tests.vm.scenarios import ALL, NEEDED
from tests.vm.summary import FAILED, PASSED, SKIPPED, Outcome
from tests.vm.witness import WINDOW_SECONDS, Balance, Break, Told, Witness, balance, key_of


def outcome(result: str, scenario: str = "boots") -> Outcome:
    return Outcome("bookworm", scenario, result, 1.25, "a figure")


def told(*keys: str, at: float = 100.0) -> list[Told]:
    return [Told(key, at) for key in keys]


def test_lost_doubled_and_sent_again_are_counted_apart() -> None:
    held = [("a", "1"), ("a", "1"), ("c", "3"), ("c", "4"), ("d", "5"), ("d", "6")]
    assert balance(told("a", "b", "c"), held) == Balance(3, 1, 0, 1, 1)
    assert balance(told("a", "a"), held[:1]) == Balance(1, 0, 0, 0, 0)
    assert str(balance([], [])) == "0 acknowledged, 0 lost, 0 doubled"


@pytest.mark.parametrize(
    ("committed", "breaks", "lost"),
    [
        ([], [Break(100.0 + WINDOW_SECONDS / 2, 105.0)], 0),  # the daemon may have had it still
        ([], [Break(99.0, 101.0)], 0),
        ([], [Break(100.0 + 2 * WINDOW_SECONDS, 105.0)], 1),  # no longer
        ([], [Break(98.0, 99.0)], 1),  # an earlier break excuses nothing
        ([], [], 1),
        (["a"], [Break(100.0, 101.0)], 1),  # was seen committed: a lie of the disk
    ],
)
def test_only_what_was_confirmed_just_before_a_break_and_never_committed_is_excused(
    committed: list[str], breaks: list[Break], lost: int
) -> None:
    found = balance(told("a"), [], committed=committed, breaks=breaks)
    assert (found.lost, found.in_window) == (lost, 1 - lost)
    assert found.is_whole == (lost == 0)


def test_what_was_seen_committed_is_remembered_across_a_cut_that_takes_it_away(
    tmp_path: Path,
) -> None:
    clinic = ClinicKeys()
    with closing(open_custody(enrolled(tmp_path / "state", clinic))) as custody:
        custody.keep(observed(1))
        view = look(tmp_path / "state/collector/sealed.db", limit=9)
    assert isinstance(view, View)
    key = key_of(observed(1).frame.device, observed(1).frame.raw)
    witness = Witness(clinic)
    line = json.dumps({"seq": 1, "raw": view.held[0].raw.hex()}).encode()
    witness.feed(line[:40])  # torn by a cut
    assert witness.held() == []
    witness.feed(line)
    witness.feed(line)
    assert witness.held() == [(key, observed(1).id)]
    witness.begin_anew()
    assert witness.held() == []
    assert set(witness.committed()) == {key}


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
    before = debian.digest([file], "base")
    assert debian.digest([file], "base") == before != debian.digest([file], "other")
    file.write_text("2")
    assert debian.digest([file], "base") != before


def test_the_product_in_the_guest_is_the_tree() -> None:
    names = {file.relative_to(build.ROOT).as_posix() for file in build.product_files()}
    assert {"pyproject.toml", "systemd/vitals-collector.service", "gateway/cli.py"} <= names
    assert not any(name.startswith("tests/") for name in names)


def test_boot_and_pairing_come_first_and_every_scenario_has_a_limit() -> None:
    assert tuple(ALL)[: len(NEEDED)] == NEEDED
    assert all(entry.limit_s < run.GUEST_SECONDS for entry in ALL.values())


@pytest.mark.parametrize(
    ("console", "error", "hung"),
    [
        ("Kernel panic - not syncing: hung_task: blocked tasks", "did not answer in 3 boots", 3),
        ("Kernel panic - not syncing: VFS: Unable to mount root fs", "ended while booting", 0),
        ("", "ended while booting", 0),
    ],
)
def test_a_boot_is_begun_again_only_where_the_disk_did_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, console: str, error: str, hung: int
) -> None:
    guest = Machine(build.Image(*(Path(name) for name in ("k", "i", "d"))), tmp_path, 1)
    guest.console.write_bytes(HUNG)  # of an earlier boot: says nothing about this one
    monkeypatch.setattr(Machine, "_command", lambda _: ["echo", console])
    with pytest.raises(GuestError, match=error):
        asyncio.run(guest.start())
    assert guest.hung_boots == hung


def test_what_is_not_run_on_every_release_is_run_where_it_is_asked_for() -> None:
    bookworm, trixie = debian.SUITES.values()
    assert set(ALL) - set(run.wanted(bookworm, None)) == {"background_connections"}
    assert set(ALL) - set(run.wanted(trixie, None)) == {"background_connections", "collector_hangs"}
    for name in ("background_connections", "collector_hangs"):
        assert run.wanted(trixie, [name]) == [*NEEDED, name]


def test_a_machine_that_cannot_make_a_guest_says_why_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert run.main(run.arguments([])) == run.UNBUILDABLE
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "needs root" in said


def test_a_command_that_fails_for_want_of_something_outside_is_no_fault_of_the_tests() -> None:
    with pytest.raises(debian.Unbuildable, match=r"no mirror \(gone\)\."):
        debian.attempt(["sh", "-c", "echo gone; exit 3"], "no mirror")
    with pytest.raises(SystemExit, match="failed"):
        debian.run(["false"])
