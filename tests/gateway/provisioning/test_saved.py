from pathlib import Path

from gateway.provisioning import saved
from gateway.provisioning.saved import Saved


def test_a_pairing_is_missing_until_a_backup_holds_that_very_one(tmp_path: Path) -> None:
    assert saved.missing(saved.look(tmp_path), {"a": 1, "b": 2}) == ["a", "b"]
    saved.note(tmp_path, Saved(taken_ms=5, pairings={"a": 1, "b": 2, "gone": 3}))
    found = saved.look(tmp_path)
    assert saved.missing(found, {"a": 1, "b": 2}) == []
    assert saved.missing(found, {"a": 1, "b": 9, "c": 4}) == ["b", "c"]


def test_a_damaged_note_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / saved.NAME).write_text("{")
    assert saved.look(tmp_path) is None


def test_the_note_belongs_to_whoever_has_the_directory(tmp_path: Path) -> None:
    saved.note(tmp_path, Saved(taken_ms=5, pairings={}))
    made, place = (tmp_path / saved.NAME).stat(), tmp_path.stat()
    assert (made.st_uid, made.st_gid, made.st_mode & 0o777) == (place.st_uid, place.st_gid, 0o640)
