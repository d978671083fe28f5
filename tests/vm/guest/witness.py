"""In the guest: tells the test what is committed in `sealed.db`, row by row, as soon as it is.

A reader sees a row only after its commit, which by then is flushed (`synchronous=EXTRA`). Runs as
the uplink does: read-only, in short looks. Only the standard library, so that it is quick.
"""

import grp
import json
import os
import pwd
import select
import sqlite3
import time
from contextlib import closing
from pathlib import Path

DATABASE = "/var/lib/vitals/collector/sealed.db"
PORT = "/dev/virtio-ports/witness"
PAUSE_SECONDS = 0.05


def rows(after: int) -> list[tuple[int, bytes]]:
    with closing(sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True, timeout=2)) as database:
        query = "SELECT seq, raw FROM envelope WHERE seq > ? ORDER BY seq"
        return database.execute(query, (after,)).fetchall()


def changed() -> int:
    try:
        return Path(DATABASE).stat().st_mtime_ns
    except OSError:
        return 0


def become(name: str) -> None:
    account = pwd.getpwnam(name)
    os.initgroups(name, account.pw_gid)
    os.setgid(grp.getgrnam("vitals").gr_gid)
    os.setuid(account.pw_uid)


def main() -> None:
    while not Path(PORT).exists():  # udev may take a while to name it
        time.sleep(0.05)
    port = os.open(PORT, os.O_RDWR)
    become("vitals-uplink")
    last, seen, asked = 0, 0, 0
    while True:
        if select.select([port], [], [], PAUSE_SECONDS)[0]:
            asked += os.read(port, 4096).count(b"\n")
        now = changed()
        if now == seen and not asked:
            continue
        try:
            found = rows(0 if asked else last)
        except sqlite3.Error:
            continue  # not made yet, or busy: looked at again
        lines = [{"seq": seq, "raw": raw.hex()} for seq, raw in found]
        for line in [*lines, *[{"all": len(found)}] * bool(asked)]:
            octets = json.dumps(line).encode() + b"\n"
            while octets:
                octets = octets[os.write(port, octets) :]
        last, seen, asked = max([last, *(seq for seq, _ in found)]), now, 0


if __name__ == "__main__":
    main()
