"""Tell the virtual home something and print its answer.

python -m tests.virtual.tell HOST:PORT measure device=cuff
"""

import json
import socket
import sys
from typing import Any


def tell(control: str, do: str, **request: Any) -> dict[str, Any]:
    """One request, one answer; an answer that is not `ok` is an AssertionError."""
    host, port = control.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=10) as door:
        door.sendall(json.dumps({"do": do, **request}).encode() + b"\n")
        with door.makefile("rb") as answers:
            answer: dict[str, Any] = json.loads(answers.readline())
    assert answer.pop("ok"), answer
    return answer


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


if __name__ == "__main__":
    pairs = (argument.split("=", 1) for argument in sys.argv[3:])
    print(json.dumps(tell(sys.argv[1], sys.argv[2], **{k: _value(v) for k, v in pairs}), indent=1))
