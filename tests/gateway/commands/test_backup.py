"""`vitals-hub backup` and `restore` on constructed bonds and real databases."""

import io
import json
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from gateway.buffer.devices import Device, DeviceStore, read_devices
from gateway.commands.backup import backup
from gateway.commands.restore import restore
from gateway.commands.status import facts
from gateway.config import HubConfig, save
from gateway.provisioning import bluez_bonds
from tests.gateway.clinic_keys import ClinicKeys, enrolled
from tests.support.bluez_tree import ADAPTER, info, place, snapshot
from tests.support.fake_bluez.private_bus import MISSING, REASON
from tests.support.fake_bluez.threaded import running

CUFF, METER = "ble:c0ffee000651", "ble:c0ffee001808"
CUFF_AT, METER_AT = "C0:FF:EE:00:06:51", "C0:FF:EE:00:18:08"
OTHER_ADAPTER = "C0:FF:EE:00:00:02"
CUFF_KEY = bytes.fromhex("5ec4e7" * 5 + "00")


class Hub(NamedTuple):
    """A state directory and bluetoothd's."""

    config: HubConfig
    storage: Path

    @property
    def devices(self) -> list[Device]:
        return read_devices(self.config.collector / "devices.db")

    def pair_again(self, device: str, at_ms: int) -> None:
        with closing(DeviceStore(self.config.collector / "devices.db")) as store:
            store.pair(device, profile="and/ua-651ble", name="cuff", at_ms=at_ms)


def hub_at(directory: Path, hub: str) -> Hub:
    config = msgspec.structs.replace(enrolled(directory / "state", ClinicKeys()), hub=hub)
    save(config)
    (directory / "bluetooth").mkdir(mode=0o700)
    return Hub(config, directory / "bluetooth")


@pytest.fixture
def old(tmp_path: Path) -> Hub:
    """A hub with a cuff and a meter, the meter read up to its record 41."""
    made = hub_at(tmp_path / "old", "a" * 32)
    made.pair_again(CUFF, at_ms=100)
    with closing(DeviceStore(made.config.collector / "devices.db")) as store:
        store.pair(METER, profile="accu-chek/guide", name="meter", at_ms=200)
        store.note_contact(METER, at_ms=300, result="complete", frames=1)
        store.note_kept(METER, 41)
    place(made.storage, CUFF_AT, info(key=CUFF_KEY), cache=b"[General]\nName=cuff\n")
    place(made.storage, METER_AT, info(key=b"\x02" * 16))
    return made


@pytest.fixture
def new(tmp_path: Path) -> Hub:
    return hub_at(tmp_path / "new", "b" * 32)


class Technician:
    """Runs the two commands, and has a stick in the pocket."""

    def __init__(
        self, stick: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.stick, self._capsys, self._monkeypatch = stick, capsys, monkeypatch
        self.file = stick / "backup"

    def back_up(self, hub: Hub, name: str = "backup", **options: Any) -> str:
        """The recovery code."""
        options |= {"bluetooth": hub.storage, "state": hub.config.directory}
        backup(self.stick / name, as_json=True, **options)
        (said,) = json.loads(self._capsys.readouterr().out)
        assert said["file"] == str(self.stick / name)
        return str(said["code"])

    def restore(self, hub: Hub, code: str, name: str = "backup", **options: Any) -> str:
        """What was said."""
        self._monkeypatch.setattr("sys.stdin", io.StringIO(code + "\n"))
        options = {"adapter": ADAPTER} | options
        restore(self.stick / name, bluetooth=hub.storage, state=hub.config.directory, **options)
        return self._capsys.readouterr().out

    def refused(self, hub: Hub, run: Callable[[], object], status: int = 2) -> str:
        """One sentence; and nothing at all was changed."""
        before = snapshot(hub.config.directory), snapshot(hub.storage)
        with pytest.raises(SystemExit) as ended:
            run()
        assert ended.value.code == status
        assert (snapshot(hub.config.directory), snapshot(hub.storage)) == before
        said = self._capsys.readouterr().err
        assert said.count("\n") == 1
        return said


@pytest.fixture
def technician(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Technician:
    """This machine's own bluetoothd is none of a test's business: there is no bus."""
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")
    (tmp_path / "stick").mkdir()
    return Technician(tmp_path / "stick", capsys, monkeypatch)


def test_a_new_hub_has_bonds_and_devices_and_keeps_its_own_identity(
    old: Hub, new: Hub, technician: Technician
) -> None:
    code, own = technician.back_up(old), new.config.signing_key.read_bytes()
    assert technician.file.stat().st_mode & 0o777 == 0o600
    technician.restore(new, code)
    read = [bluez_bonds.read(hub.storage, ADAPTER, [CUFF_AT, METER_AT]) for hub in (old, new)]
    assert read[0] == read[1] != ()
    names = ("id", "profile", "name", "paired_ms", "last_kept", "proven")
    assert [tuple(getattr(each, name) for name in names) for each in new.devices] == [
        (CUFF, "and/ua-651ble", "cuff", 100, None, False),
        (METER, "accu-chek/guide", "meter", 200, 41, False),
    ]
    assert new.config.signing_key.read_bytes() == own
    raw = technician.file.read_bytes()
    for secret in (CUFF_KEY, CUFF_KEY.hex().upper().encode(), old.config.signing_key.read_bytes()):
        assert secret not in raw


def test_a_second_time_is_harmless_and_what_was_read_since_stands(
    old: Hub, new: Hub, technician: Technician
) -> None:
    code = technician.back_up(old)
    technician.restore(new, code)
    with closing(DeviceStore(new.config.collector / "devices.db")) as store:
        store.note_contact(METER, at_ms=900, result="complete", frames=2)
        store.note_kept(METER, 43)
    before = snapshot(new.storage), new.devices
    technician.restore(new, code)
    assert (snapshot(new.storage), new.devices) == before


def test_each_wrong_input_says_so_in_one_sentence_and_changes_nothing(
    old: Hub, new: Hub, technician: Technician
) -> None:
    code, other = technician.back_up(old), technician.back_up(old, "another")
    raw = technician.file.read_bytes()
    for name, content in {
        "short": raw[:-9],
        "altered": raw[:90] + bytes([raw[90] ^ 1]) + raw[91:],
        "later": raw[:4] + b"\x09" + raw[5:],
        "photo": b"\xff\xd8\xff" + bytes(50),
    }.items():
        (technician.stick / name).write_bytes(content)
    slip = ("0" if code[0] != "0" else "1") + code[1:]
    for typed, name, words in (
        (other, "backup", "not the recovery code of this backup"),
        (slip, "backup", "not a recovery code as it was printed"),
        ("", "backup", "not a recovery code as it was printed"),
        (code, "short", "cut short"),
        (code, "altered", "altered or damaged"),
        (code, "later", "format 9"),
        (code, "photo", "not a backup of a vitals hub"),
        (code, "nowhere", "No such file"),
    ):

        def run(typed: str = typed, name: str = name) -> str:
            return technician.restore(new, typed, name)

        said = technician.refused(new, run)
        assert words in said, name
        assert "othing was changed" in said
        assert code[:9] not in said


def test_a_hub_that_is_not_enrolled_is_told_to_enrol_first(
    old: Hub, tmp_path: Path, technician: Technician
) -> None:
    code = technician.back_up(old)
    bare = Hub(msgspec.structs.replace(old.config, directory=tmp_path / "bare"), tmp_path / "b")
    said = technician.refused(bare, lambda: technician.restore(bare, code))
    assert "vitals-hub enrol TICKET" in said


def test_newer_bonds_are_given_up_only_when_asked(old: Hub, technician: Technician) -> None:
    code = technician.back_up(old)
    place(old.storage, CUFF_AT, info(key=b"\x99" * 16))
    old.pair_again(CUFF, at_ms=500)
    said = technician.refused(old, lambda: technician.restore(old, code))
    assert "cuff: paired with this hub by another bond" in said
    technician.restore(old, code, overwrite=True)
    assert (old.storage / ADAPTER / CUFF_AT / "info").read_bytes() == info(key=CUFF_KEY)
    assert old.devices[0].paired_ms == 100


def test_another_adapter_names_the_meters_to_be_paired_again(
    old: Hub, new: Hub, technician: Technician
) -> None:
    legacy = info(key=b"\x03" * 16, group="LongTermKey", ediv=1, rand=2)
    place(old.storage, METER_AT, legacy)
    said = technician.restore(new, technician.back_up(old), adapter=OTHER_ADAPTER.lower())
    assert f"cuff ({CUFF}): must be paired again: vitals-hub re-pair." in said
    assert f"meter ({METER}): bonded with another adapter" in said
    written = [name for name in snapshot(new.storage) if name.endswith("info")]
    assert written == [f"{OTHER_ADAPTER}/{METER_AT}/info"]
    assert [device.id for device in new.devices] == [CUFF, METER]


def test_the_collector_must_be_stopped(old: Hub, new: Hub, technician: Technician) -> None:
    code = technician.back_up(old)
    with closing(DeviceStore(new.config.collector / "devices.db")):
        said = technician.refused(new, lambda: technician.restore(new, code), 75)
    assert "systemctl stop vitals-collector" in said


@pytest.mark.skipif(MISSING, reason=REASON)
def test_under_a_bluetoothd_that_cannot_be_stopped_nothing_is_put_back(
    old: Hub, new: Hub, tmp_path: Path, technician: Technician
) -> None:
    """There is no systemd here: `systemctl stop` does nothing, and that is noticed."""
    code = technician.back_up(old)
    with closing(DeviceStore(new.config.collector / "devices.db")):
        pass
    with running(tmp_path):
        said = technician.refused(new, lambda: technician.restore(new, code, adapter=None))
    assert "systemctl stop bluetooth" in said


def test_an_adapter_that_nobody_can_name_is_asked_for(
    old: Hub, new: Hub, technician: Technician
) -> None:
    code = technician.back_up(old)
    said = technician.refused(new, lambda: technician.restore(new, code, adapter=None))
    assert "--adapter AA:BB:CC:DD:EE:FF" in said
    said = technician.refused(new, lambda: technician.restore(new, code, adapter="hci0"))
    assert "AA:BB:CC:DD:EE:FF" in said


def test_a_disk_that_fails_in_the_middle_leaves_both_halves_as_they_were(
    old: Hub, new: Hub, technician: Technician, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = technician.back_up(old)
    with closing(DeviceStore(new.config.collector / "devices.db")):
        pass

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "devices.db")

    monkeypatch.setattr(DeviceStore, "put_back", full)
    said = technician.refused(new, lambda: technician.restore(new, code))
    assert "No space left on device" in said


def test_what_stands_in_the_way_of_a_backup(old: Hub, new: Hub, technician: Technician) -> None:
    assert "No meter is paired" in technician.refused(new, lambda: technician.back_up(new))
    place(old.storage, METER_AT, info(key=b"\x05" * 16), adapter=OTHER_ADAPTER)
    said = technician.refused(old, lambda: technician.back_up(old))
    assert "--adapter ADDRESS" in said
    technician.back_up(old, adapter=ADAPTER)
    kept = technician.file.read_bytes()
    shutil.rmtree(old.storage / OTHER_ADAPTER)
    assert "is there already" in technician.refused(old, lambda: technician.back_up(old))
    assert technician.file.read_bytes() == kept


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_without_the_right_to_read_bonds_sudo_is_named(old: Hub, technician: Technician) -> None:
    (old.storage / ADAPTER).chmod(0)
    with pytest.raises(SystemExit):
        technician.back_up(old)
    assert "sudo" in technician._capsys.readouterr().err


def test_status_asks_for_a_backup_until_every_pairing_is_in_one(
    old: Hub, new: Hub, technician: Technician
) -> None:
    assert facts(old.config).unsaved == ("cuff", "meter")
    code = technician.back_up(old)
    assert facts(old.config).unsaved == ()
    old.pair_again(CUFF, at_ms=500)
    assert facts(old.config).unsaved == ("cuff",)
    technician.restore(new, code)
    told = facts(new.config)
    assert (told.unsaved, len(told.meters)) == ((), 2)
