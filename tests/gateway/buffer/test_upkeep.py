from contextlib import closing
from pathlib import Path

from cloud_sync.contract.observation import Received
from gateway.buffer import upkeep
from gateway.buffer.upkeep import Attempt, Heard, Recovery, Upkeep, UpkeepStore, read_upkeep

AT = Received(wall_ms=5, boot="b", monotonic_ms=7, synchronised=True)


def test_notes_come_back_newest_first_from_inside_and_outside(tmp_path: Path) -> None:
    path = tmp_path / "health.db"
    assert read_upkeep(path) == Upkeep()
    with closing(UpkeepStore(path)) as store:
        for rung in ("scanner_restart", "adapter_power"):
            store.note_recovery(Recovery(rung=rung, reason="r", outcome="done", at=AT))
        store.note_heard(Heard(device="d", at_ms=1, rssi=-50))
        store.note_heard(Heard(device="d", at_ms=2, rssi=-60))
        inside = store.all()
        assert read_upkeep(path) == inside
    assert [each.rung for each in inside.recoveries] == ["adapter_power", "scanner_restart"]
    assert inside.recoveries[0].at == AT
    assert inside.heard == (Heard(device="d", at_ms=2, rssi=-60),)
    with closing(UpkeepStore(path)) as store:
        assert store.all() == inside


def test_old_notes_make_room_device_by_device(tmp_path: Path) -> None:
    with closing(UpkeepStore(tmp_path / "health.db")) as store:
        store.note_attempt(Attempt(device="rare", at_ms=0, ended="connected", rssi=-40))
        for number in range(20):
            store.note_attempt(Attempt(device="d", at_ms=number, ended="no_answer", rssi=-50))
        found = store.all().attempts
    assert [each.at_ms for each in found if each.device == "d"] == list(range(19, 11, -1))
    assert [each.device for each in found].count("rare") == 1
    assert upkeep._ATTEMPTS_KEPT == 8
