"""The commands as a technician types them, against a scripted bluetoothd."""

import asyncio
import json
import os
import sys
from contextlib import closing
from pathlib import Path

import pytest

from gateway.buffer.devices import DeviceStore
from gateway.commands.pairing import _store
from tests.support.fake_bluez.daemon import FakeBluez
from tests.support.fake_bluez.device import FakeDevice
from tests.support.fake_bluez.private_bus import MISSING, REASON, private_bus

pytestmark = pytest.mark.skipif(MISSING, reason=REASON)


async def hub(*words: str, stdin: int = asyncio.subprocess.DEVNULL) -> tuple[int, str, str]:
    """Exit status, what it printed, and what it said to the technician."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli", *words),
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, said = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        await process.communicate()
        raise
    assert process.returncode is not None
    return process.returncode, out.decode(), " ".join(said.decode().split())


def listed(state: Path) -> list[str]:
    with closing(DeviceStore(state / "collector" / "devices.db")) as store:
        return [device.id for device in store.all()]


def test_pair_with_a_passkey_then_re_pair_then_unpair(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(pairing="passkey")
        with private_bus(tmp_path) as address:
            daemon = FakeBluez(address, cuff)
            await daemon.start()
            state = ("--state", str(tmp_path))
            status, _, said = await hub("pair", "--passkey", "654321", "--window", "5", *state)
            assert (status, cuff.bonded, listed(tmp_path)) == (2, False, [])
            assert "AuthenticationFailed" in said
            assert "--passkey" in said
            status, out, said = await hub("pair", "--passkey", "123 456", "--json", *state)
            assert (status, said) == (0, "BM54 is here; pairing.")
            assert json.loads(out)[0]["profile"] == "beurer/bm54"
            assert cuff.bonded
            assert daemon.calls["RemoveDevice"] == 0
            status, _, _ = await hub("re-pair", cuff.id, "--passkey", "123456", *state)
            assert (status, cuff.bonded, daemon.calls["RemoveDevice"]) == (0, True, 1)
            status, _, said = await hub("unpair", cuff.id, *state)
            assert (status, cuff.bonded, listed(tmp_path)) == (0, False, [])
            assert (await hub("unpair", "ble:000000000000", *state))[0] == 1
            await daemon.crash()

    asyncio.run(story())


def test_without_a_passkey_the_technician_is_asked(tmp_path: Path) -> None:
    async def story() -> None:
        cuff = FakeDevice(pairing="passkey")
        with private_bus(tmp_path) as address:
            daemon = FakeBluez(address, cuff)
            await daemon.start()
            ours, terminal = os.openpty()
            try:
                os.write(ours, b"123456\n")
                status, _, said = await hub("pair", "--state", str(tmp_path), stdin=terminal)
            finally:
                os.close(ours)
                os.close(terminal)
            assert (status, listed(tmp_path)) == (0, [cuff.id])
            assert "shows six digits. Type them here within a minute" in said
            await daemon.crash()

    asyncio.run(story())


def test_a_pin_and_a_comparison_can_be_answered_from_the_command_line(tmp_path: Path) -> None:
    async def story() -> None:
        with private_bus(tmp_path) as address:
            for way, words, typed in (
                ("pin", ("--pin", "123456"), b""),
                ("compare", ("--passkey", "123456"), b""),
                ("compare", (), b"y\n"),
                ("compare", (), b"n\n"),
            ):
                cuff = FakeDevice(pairing=way)  # type: ignore[arg-type]
                daemon = FakeBluez(address, cuff)
                await daemon.start()
                ours, terminal = os.openpty()
                try:
                    os.write(ours, typed)
                    state = tmp_path / f"{way}{len(words)}{typed.decode().strip()}"
                    status, _, said = await hub(
                        "pair", *words, "--state", str(state), stdin=terminal
                    )
                finally:
                    os.close(ours)
                    os.close(terminal)
                assert (status, cuff.bonded) == ((2, False) if typed == b"n\n" else (0, True))
                assert ("show 123456, or no number at all?" in said) == bool(typed)
                await daemon.crash()

    asyncio.run(story())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_makes_is_the_collectors_to_write(tmp_path: Path) -> None:
    home = tmp_path / "collector"
    home.mkdir()
    os.chown(home, 12345, 12346)
    with _store(tmp_path) as store:
        assert store.all() == []
    owners = {(one.stat().st_uid, one.stat().st_gid) for one in home.iterdir()}
    assert owners == {(12345, 12346)}


def test_a_passkey_is_digits(tmp_path: Path) -> None:
    status, _, said = asyncio.run(hub("pair", "--passkey", "a1", "--state", str(tmp_path)))
    assert status == 2
    assert "digits only" in said
