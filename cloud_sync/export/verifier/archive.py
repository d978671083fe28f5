"""The zip file of a packet: one way to write it, so that every byte of it can be checked."""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

_STAMP = (0, 0x21)  # midnight of 1 January 1980, the earliest a zip file can say
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")

Files = Mapping[str, bytes]


def archive(files: Files) -> bytes:
    """The one zip file that holds these files: stored, in the order of their names, no dates."""
    body, directory = bytearray(), bytearray()
    for name in sorted(files):
        content, label = files[name], name.encode("ascii")
        size, check, offset = len(content), zlib.crc32(content), len(body)
        same = (20, 0, 0, *_STAMP, check, size, size, len(label), 0)
        body += _LOCAL.pack(b"PK\3\4", *same) + label + content
        directory += _CENTRAL.pack(b"PK\1\2", 20, *same, 0, 0, 0, 0, offset) + label
    count = len(files)
    return bytes(
        body + directory + _END.pack(b"PK\5\6", 0, 0, count, count, len(directory), len(body), 0)
    )


def unpacked(raw: bytes) -> dict[str, bytes]:
    """The files of a packet; ValueError where the zip is not exactly as `archive` writes it."""
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        if sum(one.file_size for one in packed.infolist()) > len(raw):
            raise ValueError("the zip file is not as it was made")  # a bomb is not unpacked
        files = {name: packed.read(name) for name in packed.namelist()}
    if archive(files) != raw:
        raise ValueError("the zip file is not as it was made")
    return files


def json_text(value: Any) -> bytes:  # noqa: ANN401 - any JSON
    """Canonical JSON: sorted keys, no white space, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def json_lines(files: Files, name: str) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in files[name].splitlines()]


def hex_digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()
