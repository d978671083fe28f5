"""The privileged end: one request of a closed list, its own budget on disk, nothing else."""

import os
from pathlib import Path

import msgspec
import pytest

from cloud_sync.contract.observation import Received
from gateway.health import mender
from gateway.health.ladder import DAY_S, LIMITS, Rung
from gateway.health.mender import Order, leave, mend, read_records

HOUR_MS = 3_600_000


def at(hours: float, boot: str = "b") -> Received:
    since = int(hours * HOUR_MS)
    return Received(wall_ms=since, boot=boot, monotonic_ms=since, synchronised=False)


class Bench:
    def __init__(self, directory: Path) -> None:
        (directory / "spool").mkdir()
        self.spool, self.records = directory / "spool/mend.json", directory / "mended.json"
        self.done: list[Order] = []

    def ask(self, rung: Rung, *, boot: str = "b") -> None:
        leave(self.spool, rung=rung, reason="cannot scan", boot=boot)

    def mend(self, now: Received) -> str | None:
        def act(order: Order) -> mender.Act:
            def carry_out() -> str:
                assert not self.spool.exists(), "the request is gone before it is carried out"
                assert read_records(self.records)[-1].outcome == "begun"
                self.done.append(order)
                return "done"

            return carry_out

        acts = {order: act(order) for order in mender.RUNGS}
        mended = mend(self.spool, self.records, now=now, acts=acts)
        return None if mended is None else mended.outcome


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize("rung", mender.RUNGS.values())
def test_a_request_is_carried_out_once_and_recorded(bench: Bench, rung: Rung) -> None:
    bench.ask(rung)
    assert bench.mend(at(1)) == "done"
    assert bench.mend(at(2)) is None
    assert [mender.RUNGS[order] for order in bench.done] == [rung]
    assert [m.reason for m in read_records(bench.records)] == ["cannot scan"]


def test_reboots_are_one_a_day_even_across_boots_without_a_true_clock(bench: Bench) -> None:
    bench.ask(Rung.REBOOT)
    assert bench.mend(at(30)) == "done"
    for boot, hours in (("c", 1), ("d", 23), ("e", 2)):
        bench.ask(Rung.REBOOT, boot=boot)
        assert bench.mend(at(hours, boot)) == "refused"
    bench.ask(Rung.REBOOT, boot="e")
    assert bench.mend(at(DAY_S / 3600, "e")) == "done"
    assert bench.done == ["reboot", "reboot"]


def test_the_budget_holds_however_often_the_collector_asks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mender, "_KEPT", 9)  # refusals must not push out what counts
    for number in range(14):
        bench.ask(Rung.USB_RESET)
        bench.mend(at(number))
    assert bench.done == ["usb_reset"] * LIMITS[Rung.USB_RESET].per_day


def test_a_deed_that_was_cut_short_counts(bench: Bench) -> None:
    bench.ask(Rung.REBOOT)

    def power_cut() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mend(bench.spool, bench.records, now=at(1), acts=dict.fromkeys(mender.RUNGS, power_cut))
    bench.ask(Rung.REBOOT)
    assert bench.mend(at(2)) == "refused"


def test_a_request_of_an_earlier_boot_is_thrown_away(bench: Bench) -> None:
    bench.ask(Rung.REBOOT, boot="earlier")
    assert bench.mend(at(1)) is None
    assert not bench.spool.exists()
    assert bench.done == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        b'{"rung": "rm -rf", "reason": "", "boot": "b"}',
        b'{"rung": "adapter_power", "reason": "", "boot": "b"}',
        b'{"rung": "reboot", "reason": "", "boot": "b", "command": "sh"}',
        b'{"rung": "reboot", "boot": "b", "reason": "' + b"x" * 5000 + b'"}',
    ],
)
def test_what_is_no_request_is_taken_away_and_nothing_done(bench: Bench, content: bytes) -> None:
    bench.spool.write_bytes(content)
    assert bench.mend(at(1)) is None
    assert not bench.spool.exists()
    assert bench.done == []


def test_a_link_in_the_spool_is_not_followed(bench: Bench, tmp_path: Path) -> None:
    aim = tmp_path / "aim.json"
    leave(aim, rung=Rung.REBOOT, reason="", boot="b")
    bench.spool.symlink_to(aim)
    assert bench.mend(at(1)) is None
    assert bench.done == []
    assert aim.exists()
    assert not bench.spool.is_symlink()
    os.mkfifo(bench.spool)
    assert bench.mend(at(1)) is None


def test_damaged_records_do_not_stop_it(bench: Bench) -> None:
    bench.records.write_bytes(b"\0" * 100)
    bench.ask(Rung.USB_RESET)
    assert bench.mend(at(1)) == "done"


def test_a_usb_adapter_is_found_through_sysfs_and_a_uart_is_none(tmp_path: Path) -> None:
    device = tmp_path / "devices/usb1/1-1/1-1.3"
    (device / "1-1.3:1.0/bluetooth/hci0").mkdir(parents=True)
    (device / "busnum").write_text("1\n")
    (device / "devnum").write_text("7\n")
    (tmp_path / "devices/serial0/bluetooth/hci1").mkdir(parents=True)
    links = tmp_path / "class"
    links.mkdir()
    (links / "hci0").symlink_to(device / "1-1.3:1.0/bluetooth/hci0")
    (links / "hci1").symlink_to(tmp_path / "devices/serial0/bluetooth/hci1")
    assert mender.usb_device(links / "hci0") == Path("/dev/bus/usb/001/007")
    assert mender.usb_device(links / "hci1") is None


def test_the_reason_cannot_be_long(bench: Bench) -> None:
    leave(bench.spool, rung=Rung.REBOOT, reason="x" * 900, boot="b")
    request = msgspec.json.decode(bench.spool.read_bytes(), type=mender.Request)
    assert len(request.reason) == 200
