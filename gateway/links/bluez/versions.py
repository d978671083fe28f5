"""Which versions of BlueZ this hub may use, in one sentence each. Pure."""

import re

import msgspec

_STALL = "it does not confirm indications nobody asked for, and cuffs stall"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the installed version."""

    usable: bool
    sentence: str


def verdict(said: str | None) -> Verdict:
    """Judge by what `bluetoothctl --version` says; None where it says nothing.

    5.67 to 5.69: bluez commit 670f0d0f6. 5.87: bluez issue 2282. Debian 12 has 5.66, 13 has 5.82.
    """
    found = re.search(r"(\d+)\.(\d+)", said or "")
    if found is None:
        return Verdict(usable=True, sentence="The version of BlueZ cannot be told; going on.")
    usable, why = _judge(int(found[1]), int(found[2]))
    word = "works" if usable else "is refused"
    return Verdict(usable=usable, sentence=f"BlueZ {found[0]} {word}: {why}.")


def _judge(major: int, minor: int) -> tuple[bool, str]:
    if (major, minor) < (5, 55):
        return False, "it is too old, install 5.66 or 5.82 and later"
    if major == 5 and minor in {67, 68, 69}:
        return False, f"{_STALL}; install 5.82 or later"
    if (major, minor) == (5, 87):
        return False, "it crashes on scans for a service; install 5.86 or a later version"
    if (major, minor) >= (5, 83):
        return True, "it also says when a device has forgotten this hub"
    if (major, minor) in {(5, 66), (5, 82)}:
        return True, "scan, pairing and early indications were tried with it, or a near one"
    return True, "nothing is known against it, and it was not tried"
