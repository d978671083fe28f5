"""The whole suite on two cores: the clinic's tests beside all others, each in its own pytest.

python -m tests.suite                both halves; the second's output follows the first's
python -m tests.suite ARGUMENTS      one pytest with these arguments
"""

import subprocess
import sys
import tempfile

CLINIC = ["tests/cloud_sync", "tests/bench"]


def pytest(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", *arguments]


def main() -> int:
    if sys.argv[1:]:
        return subprocess.run(pytest(*sys.argv[1:]), check=False).returncode
    others = pytest(*(f"--ignore={folder}" for folder in CLINIC), "--durations=5")
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(others, stdout=said, stderr=subprocess.STDOUT) as second,
        subprocess.Popen(pytest(*CLINIC, "--durations=5")) as first,
    ):
        codes = first.wait(), second.wait()
        said.seek(0)
        sys.stdout.write(said.read().decode(errors="replace"))
    return max(abs(code) for code in codes)


if __name__ == "__main__":
    sys.exit(main())
