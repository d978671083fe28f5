"""Collector or uplink as a process of its own, without the command line's libraries.

Those cost a service 3 MB for as long as it runs, so `vitals-hub collect` and `uplink` turn into
this program: the same process id, nothing left of the command.
"""

import importlib
import logging
import os
import sys
from pathlib import Path
from typing import NoReturn

EX_CONFIG = 78  # sysexits.h: a person has to do something first


def become(module: str, state: Path) -> NoReturn:
    """Replace this program by `collector` or `uplinker`, from the same code as this."""
    # -P and a path of our own: never a package of the directory the command was called from.
    code = str(Path(__file__).parents[1])
    paths = [code, os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, "-P", "-m", __name__, module, str(state)]
    os.execve(sys.executable, command, environment)  # noqa: S606  our own program


def main(module: str, state: Path) -> None:
    """Run in the foreground; faults that a person can mend end it in plain words."""
    from gateway.buffer.database import InUse
    from gateway.config import NotEnrolled
    from gateway.trust import NoKeySet

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        importlib.import_module(f"gateway.{module}").main(state)
    except (InUse, NoKeySet, NotEnrolled) as error:
        fail(str(error), EX_CONFIG)
    except FileNotFoundError as error:
        fail(f"{error.filename} is missing: enrol this hub again", EX_CONFIG)
    except PermissionError as error:
        fail(f"{error.filename} may not be used by this account", EX_CONFIG)


def fail(words: str, status: int) -> NoReturn:
    """End with these words for a person and this status for a supervisor."""
    from rich.console import Console

    Console(stderr=True, soft_wrap=True).print(words, markup=False, highlight=False)
    raise SystemExit(status)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
