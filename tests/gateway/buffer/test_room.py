from pathlib import Path

from gateway.buffer import room


def test_the_ballast_is_really_written_given_up_once_and_made_again(tmp_path: Path) -> None:
    ballast = room.Ballast(tmp_path / "ballast", 3_000_001)
    assert not ballast.present
    ballast.ensure()
    found = (tmp_path / "ballast").stat()
    assert found.st_size == 3_000_001
    assert found.st_blocks * 512 >= 3_000_001, "a sparse file gives nothing back"
    assert ballast.drop()
    assert not ballast.drop()
    ballast.ensure()
    assert ballast.present


def test_without_its_ballast_a_roomy_disk_still_takes_readings(tmp_path: Path) -> None:
    assert room.Ballast(tmp_path / "ballast", 1_000).leaves_room(file_free=0)
    hopeless = room.Ballast(tmp_path / "ballast", 10**15)
    assert not hopeless.leaves_room(file_free=0)
    assert hopeless.leaves_room(file_free=10_000), "freed pages of the file need no disk"


def test_days_of_room_assume_at_least_ten_readings_a_day() -> None:
    assert room.days_of_room(disk_free=4096 * 100, file_free=4096 * 100, daily=0) == 20
    assert room.days_of_room(disk_free=4096 * 100, file_free=0, daily=50) == 2
    assert room.days_of_room(disk_free=10**12, file_free=0, daily=0) == 3650
