"""In the guest: runs the commands that come in as JSON lines, answers with status and output.

Each in a thread of its own, so that one may be killed by another.
"""

import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

PORT = Path("/dev/virtio-ports/desk")


def run(request: dict[str, Any]) -> dict[str, Any]:
    try:
        ran = subprocess.run(
            ["/bin/sh", "-c", request["run"]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=request["seconds"],
        )
    except subprocess.TimeoutExpired as late:
        shown = {"out": _text(late.stdout), "err": _text(late.stderr)}
        return {"id": request["id"], "status": 124, **shown}
    return {"id": request["id"], "status": ran.returncode, "out": ran.stdout, "err": ran.stderr}


def _text(octets: bytes | str | None) -> str:
    return octets.decode(errors="replace") if isinstance(octets, bytes) else octets or ""


def main() -> None:
    writing = threading.Lock()
    while not PORT.exists():  # udev may take a while to name it
        time.sleep(0.05)
    with PORT.open("r+b", buffering=0) as port:

        def answer(line: bytes) -> None:
            octets = json.dumps(run(json.loads(line))).encode() + b"\n"
            with writing:
                while octets:
                    octets = octets[port.write(octets) or 0 :]

        port.write(b'{"hello": true}\n')
        while True:
            line = port.readline()
            if line:
                threading.Thread(target=answer, args=(line,), daemon=True).start()
            else:
                time.sleep(0.1)


if __name__ == "__main__":
    main()
