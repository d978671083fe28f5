"""Time-stamp authorities that the practice chose: none at first.

Each is an address, and the certificates that the practice trusts for it: two files in `timestamp/`.
"""

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.x509 import load_pem_x509_certificates

_ROOM = "timestamp"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """An authority; `trusted` is PEM: its own certificate, or one that vouches for it."""

    name: str
    url: str
    trusted: str


def chosen(directory: Path) -> list[Chosen]:
    """Those of this clinic, by name."""
    return [
        Chosen(
            name=path.stem,
            url=tomllib.loads(path.read_text())["url"],
            trusted=path.with_suffix(".pem").read_text(),
        )
        for path in sorted((directory / _ROOM).glob("*.toml"))
    ]


def add(directory: Path, authority: Chosen) -> None:
    """From now on; ValueError with what to do where it cannot be one."""
    if not _NAME.fullmatch(authority.name):
        raise ValueError("A name has small letters, digits and hyphens, at most 32.")
    address = urlsplit(authority.url)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ValueError("The address of an authority begins with http:// or https://.")
    try:
        load_pem_x509_certificates(authority.trusted.encode())
    except ValueError:
        raise ValueError("The file of certificates has none: give a PEM file.") from None
    room = directory / _ROOM
    room.mkdir(exist_ok=True)
    (room / f"{authority.name}.pem").write_text(authority.trusted)
    (room / f"{authority.name}.toml").write_text(f"url = {json.dumps(authority.url)}\n")


def remove(directory: Path, name: str) -> bool:
    """Ask it no more; its tokens stay. False where there is none of that name."""
    known = name in {one.name for one in chosen(directory)}
    if known:
        (directory / _ROOM / f"{name}.toml").unlink()
        (directory / _ROOM / f"{name}.pem").unlink()
    return known
