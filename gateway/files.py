"""Small files written so that a power cut leaves the old content or the new, never a part."""

import os
from pathlib import Path


def write_atomic(path: Path, content: bytes, mode: int = 0o640) -> None:
    """Replace `path`: new file, flushed, renamed over the old one, directory flushed."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)  # left by a crash, perhaps with another mode
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    flush_directory(path.parent)


def flush_directory(directory: Path) -> None:
    """Make names created or removed in this directory survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
