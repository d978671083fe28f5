"""Opening a clinic for one command."""

from pathlib import Path

import pytest

from cloud_sync.commands.opened import opened


def test_no_clinic_is_told_and_ends_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end, opened(tmp_path):
        pass
    assert end.value.code == 2
    assert "vitals-clinic init" in capsys.readouterr().err
