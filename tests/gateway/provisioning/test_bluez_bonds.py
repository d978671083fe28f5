"""Bonds on a constructed /var/lib/bluetooth: read, judged, put back whole or not at all."""

import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from gateway.provisioning import bluez_bonds
from gateway.provisioning.archive import Bond
from tests.support.bluez_tree import ADAPTER, info, place, snapshot

CUFF, METER, OTHER = "C0:FF:EE:00:06:51", "C0:FF:EE:00:18:08", "C0:FF:EE:00:00:99"
NEW_ADAPTER = "C0:FF:EE:00:00:02"
SECURE = info(key=bytes(range(16)))
LEGACY = info(key=bytes(16), group="LongTermKey", ediv=4711, rand=81985529216486895)
UNBONDED = b"[General]\nName=just heard\nAddressType=public\n"


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    tree = tmp_path / "bluetooth"
    place(tree, CUFF, SECURE, attributes=b"[1]\nUUID=2800\n", cache=b"[General]\nName=cuff\n")
    place(tree, METER, LEGACY)
    place(tree, OTHER, UNBONDED)
    return tree


def test_an_address_is_told_from_a_serial_number() -> None:
    assert bluez_bonds.address_of("ble:c0ffee000651") == CUFF
    assert bluez_bonds.address_of("serial:0123456789ab") is None


def test_only_what_holds_a_key_is_a_bond(storage: Path) -> None:
    found = bluez_bonds.read(storage, ADAPTER, [CUFF, METER, OTHER, "C0:FF:EE:00:00:77"])
    assert found == (
        Bond(
            device=CUFF,
            info=SECURE,
            attributes=b"[1]\nUUID=2800\n",
            cache=b"[General]\nName=cuff\n",
        ),
        Bond(device=METER, info=LEGACY),
    )


@pytest.mark.parametrize(
    "damage", [b"", b"no ini", b"[LongTermKey]\nEDiv=1\n", b"\xff\xfe[", b"=\n"]
)
def test_a_damaged_file_is_no_bond(damage: bytes) -> None:
    assert bluez_bonds.keys_of(damage) == {}


def test_the_adapters_that_know_a_device(storage: Path) -> None:
    place(storage, METER, LEGACY, adapter=NEW_ADAPTER)
    assert bluez_bonds.adapters_with(storage, [CUFF]) == [ADAPTER]
    assert bluez_bonds.adapters_with(storage, [CUFF, METER]) == [ADAPTER, NEW_ADAPTER]
    assert bluez_bonds.adapters_with(storage, [OTHER]) == []
    assert bluez_bonds.adapters_with(storage / "nowhere", [CUFF]) == []


@pytest.mark.parametrize(
    ("content", "same", "fate"),
    [
        (SECURE, True, "restored"),
        (LEGACY, True, "restored"),
        (SECURE, False, "pair_again"),  # found by the adapter's address alone
        (LEGACY, False, "try"),  # found by EDIV and Rand
        (info(key=bytes(16), group="SlaveLongTermKey"), False, "pair_again"),
        (b"[LinkKey]\nKey=00112233445566778899AABBCCDDEEFF\nType=4\n", False, "pair_again"),
    ],
)
def test_what_a_bond_is_worth_on_which_adapter(content: bytes, same: bool, fate: str) -> None:
    assert bluez_bonds.fate(Bond(device=CUFF, info=content), same_adapter=same) == fate


def test_put_back_on_an_empty_card_is_byte_for_byte_and_for_root_alone(
    storage: Path, tmp_path: Path
) -> None:
    bonds = bluez_bonds.read(storage, ADAPTER, [CUFF, METER])
    fresh = tmp_path / "fresh"
    previous = os.umask(0)  # not even a careless account's
    try:
        with bluez_bonds.put_back(fresh, ADAPTER, bonds):
            pass
    finally:
        os.umask(previous)
    assert bluez_bonds.read(fresh, ADAPTER, [CUFF, METER]) == bonds
    modes = {name: mode for name, (mode, _) in snapshot(fresh).items()}
    assert set(modes) == {
        ADAPTER,
        f"{ADAPTER}/cache",
        f"{ADAPTER}/cache/{CUFF}",
        *(f"{ADAPTER}/{CUFF}{rest}" for rest in ("", "/info", "/attributes")),
        *(f"{ADAPTER}/{METER}{rest}" for rest in ("", "/info")),
    }
    assert {modes[name] for name in modes if (fresh / name).is_dir()} == {0o700}
    assert {modes[name] for name in modes if (fresh / name).is_file()} == {0o600}


def test_put_back_twice_changes_nothing_and_leaves_others_alone(storage: Path) -> None:
    bonds = bluez_bonds.read(storage, ADAPTER, [CUFF, METER])
    before = snapshot(storage)
    stamp = (storage / ADAPTER / CUFF / "info").stat().st_mtime_ns
    for _ in range(2):
        with bluez_bonds.put_back(storage, ADAPTER, bonds):
            pass
    assert snapshot(storage) == before
    assert (storage / ADAPTER / CUFF / "info").stat().st_mtime_ns == stamp


def test_an_info_file_that_bluetoothd_has_written_since_stays(storage: Path) -> None:
    """The same keys, but a newer name: the bond is the same one."""
    bonds = bluez_bonds.read(storage, ADAPTER, [CUFF])
    renamed = SECURE.replace(b"Trusted=true", b"Trusted=true\nAlias=kitchen")
    place(storage, CUFF, renamed)
    assert bluez_bonds.differing(storage, ADAPTER, bonds) == []
    with bluez_bonds.put_back(storage, ADAPTER, bonds):
        pass
    assert (storage / ADAPTER / CUFF / "info").read_bytes() == renamed


def test_another_key_is_a_difference_and_is_replaced_when_told(storage: Path) -> None:
    older = Bond(device=CUFF, info=info(key=b"\x11" * 16))
    assert bluez_bonds.differing(storage, ADAPTER, [older]) == [CUFF]
    with bluez_bonds.put_back(storage, ADAPTER, [older]):
        assert (storage / ADAPTER / CUFF / "info").read_bytes() == older.info


@pytest.mark.parametrize("new", [True, False])
def test_a_fault_after_the_bonds_takes_all_of_them_back(storage: Path, new: bool) -> None:
    bonds = [
        Bond(device=CUFF, info=info(key=b"\x11" * 16), cache=b"new"),
        Bond(device="C0:FF:EE:00:00:77", info=LEGACY, attributes=b"x"),
    ]
    target = storage.parent / "fresh" if new else storage
    before = snapshot(target)
    with pytest.raises(ZeroDivisionError), bluez_bonds.put_back(target, ADAPTER, bonds):
        raise ZeroDivisionError
    assert snapshot(target) == before


@pytest.mark.parametrize("at", range(1, 9))
def test_after_a_power_cut_each_file_is_old_or_new_and_the_same_call_finishes(
    storage: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The power goes at the n-th flush or rename: nobody takes anything back or tidies up."""
    bonds = [
        Bond(device=CUFF, info=info(key=b"\x11" * 16), attributes=b"new", cache=b"new"),
        Bond(device="C0:FF:EE:00:00:77", info=info(key=b"\x22" * 16)),
    ]
    old = {name: content for name, (_, content) in snapshot(storage).items()}

    class PowerCut(BaseException):
        pass

    with monkeypatch.context() as patched:
        calls = count(1)

        def cut(real: Callable[..., None]) -> Callable[..., None]:
            def once(*arguments: object) -> None:
                if next(calls) == at:
                    raise PowerCut
                real(*arguments)

            return once

        patched.setattr(os, "fsync", cut(os.fsync))
        patched.setattr(os, "rename", cut(os.rename))
        patched.setattr(bluez_bonds, "_take_back", lambda _: None)
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(PowerCut), bluez_bonds.put_back(storage, ADAPTER, bonds):
            pass
    new = {
        f"{ADAPTER}/{CUFF}/info": bonds[0].info,
        f"{ADAPTER}/{CUFF}/attributes": b"new",
        f"{ADAPTER}/cache/{CUFF}": b"new",
        f"{ADAPTER}/C0:FF:EE:00:00:77/info": bonds[1].info,
    }
    for name, content in new.items():
        path = storage / name
        assert (path.read_bytes() if path.exists() else None) in (old.get(name), content)
    with bluez_bonds.put_back(storage, ADAPTER, bonds):
        pass
    now = {name: content for name, (_, content) in snapshot(storage).items() if content}
    assert now == {name: content for name, content in (old | new).items() if content}


@pytest.mark.parametrize("at", range(1, 12))
def test_a_fault_at_any_call_leaves_everything_as_it_was(
    storage: Path, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk or a bad card at the n-th flush or rename."""
    bonds = [
        Bond(device=CUFF, info=info(key=b"\x11" * 16), attributes=b"new", cache=b"new"),
        Bond(device=METER, info=info(key=b"\x22" * 16)),
    ]
    calls = 0

    def failing(name: str) -> None:
        real = getattr(os, name)

        def once(*arguments: object, **keywords: object) -> object:
            nonlocal calls
            calls += 1
            if calls == at:
                raise OSError(28, "No space left on device", "somewhere")
            return real(*arguments, **keywords)

        monkeypatch.setattr(os, name, once)

    before = snapshot(storage)
    failing("fsync")
    failing("rename")
    with pytest.raises(OSError, match="No space"), bluez_bonds.put_back(storage, ADAPTER, bonds):
        pass
    assert calls >= at
    assert snapshot(storage) == before


def test_what_a_power_cut_left_aside_is_cleared_away(storage: Path) -> None:
    stage = storage / ADAPTER / ".vitals-restore"
    stage.mkdir()
    (stage / "0").write_bytes(b"half")
    bonds = [Bond(device="C0:FF:EE:00:00:77", info=LEGACY)]
    with bluez_bonds.put_back(storage, ADAPTER, bonds):
        pass
    assert not stage.exists()
    assert (storage / ADAPTER / "C0:FF:EE:00:00:77" / "info").read_bytes() == LEGACY
