"""The doors between rooms: import-linter's contracts hold, and it really saw the files."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_doors_are_kept() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    ran = subprocess.run(
        [linter, "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
    )
    assert ran.returncode == 0, ran.stdout
    analysed = re.search(r"Analyzed (\d+) files", ran.stdout)
    assert analysed, ran.stdout
    assert int(analysed[1]) > 60
