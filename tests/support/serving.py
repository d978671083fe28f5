"""`python -m tests.support.serving DIR`: the server without staff pages, for tests of the rest."""

import sys
from pathlib import Path
from typing import Any

from litestar import Litestar

from cloud_sync import serve
from cloud_sync.config import load


def bare(*, routers: list[Any], **_: Any) -> Litestar:
    """An application of the machine routes only."""
    return Litestar(routers, openapi_config=None, logging_config=None)


if __name__ == "__main__":
    serve.run(load(Path(sys.argv[1])), ready=lambda: print("ready", flush=True), build=bare)
