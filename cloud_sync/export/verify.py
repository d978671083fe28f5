"""Checks an evidence packet of a clinic offline. Needs Python 3.11 and `cryptography` 42.

ROOT is the clinic's root key as 64 hex digits, had from the clinic by another way than the packet:
without it the check proves that nothing was altered, not who made the packet.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography.x509 import Certificate, load_pem_x509_certificates

from cloud_sync.export.verifier.report import examine

_EXAMPLE = """example:
  python3 verify.py january.zip 0f1e2d3c...
  python3 verify.py january.zip 0f1e2d3c... --authority timestamp-root.pem --json

exit code: 0 the packet is sound, 1 it is not, 2 there is nothing to check"""


def problems(raw: bytes, root: bytes | None = None) -> list[str]:
    """Everything that is wrong with a packet; nothing where every byte is as it was signed."""
    return examine(raw, root).problems


def read_authorities(path: Path | None) -> list[Certificate]:
    """Certificates of time-stamp authorities from a PEM file; ValueError where it is none."""
    return [] if path is None else load_pem_x509_certificates(path.read_bytes())


def main(arguments: Sequence[str]) -> int:
    """0 for a sound packet, 1 for one that is not, 2 where there is nothing to check."""
    parser = argparse.ArgumentParser(
        prog="verify.py",
        description=__doc__,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("packet", type=Path, help="the packet, a zip file")
    parser.add_argument("root", nargs="?", help="the clinic's root key, 64 hex digits")
    parser.add_argument(
        "--authority", type=Path, help="certificates of time-stamp authorities you trust, PEM"
    )
    parser.add_argument("--json", action="store_true", help="answer as JSON, for a script")
    chosen = parser.parse_args(arguments)
    if not hasattr(Certificate, "not_valid_before_utc"):
        sys.stderr.write("`cryptography` is too old here: version 42 or newer is needed.\n")
        return 2
    try:
        raw = chosen.packet.read_bytes()
        root = bytes.fromhex(chosen.root) if chosen.root else None
        authorities = read_authorities(chosen.authority)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"There is nothing to check: {error}.\n")
        return 2
    report = examine(raw, root, authorities)
    sys.stdout.write(json.dumps(report.plain()) + "\n" if chosen.json else report.text())
    return 0 if report.sound else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
