"""Everything a change must pass, run to the end, with one verdict: `make check`."""

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
CHECKS = {
    "style": [str(BIN / "ruff"), "check", "."],
    "format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
    "types": [str(BIN / "mypy")],
    "lock file": [sys.executable, "-m", "tests.lock", "--check"],
    "tests, doors, tidiness": [sys.executable, "-m", "tests.suite", *sys.argv[1:]],
}


def main() -> None:
    """Runs all, does not stop at the first; pytest last, so that its summary ends the output."""
    failed = []
    for name, command in CHECKS.items():
        sys.stdout.write(f"== {name}\n")
        sys.stdout.flush()
        started = time.monotonic()
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            failed.append(name)
        sys.stderr.write(f"   {name}: {time.monotonic() - started:.0f} s\n")
    if failed:
        sys.exit(f"check failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
