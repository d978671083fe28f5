"""Resolves requirements.lock from pyproject.toml, or says whether the two are in step.

python -m tests.lock           writes the lock file
python -m tests.lock --check   exits 1 where it would change
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
PARTS = {
    LOCK: ["--all-extras"],
    ROOT / "systemd/hub.lock": ["--extra", "hub"],
    ROOT / "systemd/clinic.lock": ["--extra", "clinic"],
}
OPTIONS = [
    "--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header",
    "--no-emit-index-url", "--no-emit-find-links", "--quiet", "--system-certs",
]  # fmt: skip


def resolve(target: Path, extras: list[str]) -> None:
    """Keeps what is pinned already wherever pyproject.toml still allows it."""
    constraint = [] if "--all-extras" in extras else ["--constraint", str(LOCK)]
    uv = Path(sys.executable).parent / "uv"
    command = [str(uv), "pip", "compile", *OPTIONS, *extras, *constraint]
    subprocess.run(
        [*command, "pyproject.toml", "--output-file", str(target)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )


def stale() -> list[str]:
    """The lock files that a fresh resolution would change."""
    names = []
    with tempfile.TemporaryDirectory() as folder:
        for path, extras in PARTS.items():
            copy = Path(folder) / path.name
            shutil.copy(path, copy)
            resolve(copy, extras)
            if copy.read_text() != path.read_text():
                names.append(str(path.relative_to(ROOT)))
    return names


def main() -> None:
    if "--check" not in sys.argv:
        for path, extras in PARTS.items():
            resolve(path, extras)
        return
    try:
        names = stale()
    except subprocess.CalledProcessError as error:
        sys.exit(
            f"the lock file could not be resolved (is the registry in reach?):\n{error.stderr}"
        )
    if names:
        sys.exit(f"out of step with pyproject.toml: {', '.join(names)}; run `make lock`")


if __name__ == "__main__":
    main()
