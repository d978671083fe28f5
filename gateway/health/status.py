"""How the hub is, for a person in the home and for scripts. Pure: facts in, a verdict out.

Three levels: all received by the clinic, readings waiting here, or somebody has to do something.
"""

from collections import Counter
from typing import Literal

import msgspec

Level = Literal["all_received", "holding", "needs_help"]
EXIT_STATUS: dict[Level, int] = {"all_received": 0, "holding": 1, "needs_help": 2}

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
_WAITING_TOO_LONG_MS = 3 * _DAY_MS
_SILENT_COLLECTOR_MS = _HOUR_MS  # it reports every 15 minutes
_ROOM_DAYS_MIN = 30


class Recovered(msgspec.Struct, frozen=True, kw_only=True):
    """A measure the hub took about its radio."""

    rung: str
    reason: str
    outcome: str
    at_ms: int


class Meter(msgspec.Struct, frozen=True, kw_only=True):
    """A paired device; `stale` where it seems to have forgotten this hub."""

    name: str
    id: str
    state: Literal["bonded", "sealed", "proven"]
    stale: bool = False


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in the state directory. All times in ms since 1970 UTC."""

    hub: str
    now_ms: int
    held: int | None  # None where the buffer cannot be read now
    refused: int
    received_kept: int
    oldest_held_ms: int | None
    last_receipt_ms: int | None  # by the clinic's clock
    days_of_room: int
    ballast_present: bool
    key_storage_tier: str
    reported_ms: int | None  # when the collector last said how it is
    clock_synchronised: bool | None
    connected: bool
    link_trouble: str  # somebody must act
    link_reason: str  # why there is no connection; passes by itself
    recoveries: tuple[Recovered, ...] = ()  # newest first
    meters: tuple[Meter, ...] = ()
    background: str = ""  # in a word, why bluetoothd will not connect by itself
    unsaved: tuple[str, ...] = ()  # names of devices whose present pairing is in no backup
    backup_ms: int | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict and the facts it rests on."""

    level: Level
    problems: tuple[str, ...]
    facts: Facts


def judge(facts: Facts) -> Status:
    """The verdict."""
    problems = tuple(_problems(facts))
    level: Level = "holding" if facts.held else "all_received"
    return Status(level="needs_help" if problems else level, problems=problems, facts=facts)


def words(status: Status) -> list[tuple[str, str]]:
    """Rows of a table: what, and how it is."""
    facts = status.facts
    rows = [
        ("Readings", _readings(facts)),
        ("Last receipt", _receipt(facts)),
        ("Room", f"for {_count(facts.days_of_room, 'day')} of readings without any connection"),
        ("Connection", _connection(facts)),
        ("Meters", _meters(facts)),
        ("Radio", _radio(facts)),
        ("Clock", _clock(facts)),
        ("Keys", _keys(facts)),
        ("Hub", facts.hub),
    ]
    if facts.meters:
        rows.insert(-1, ("Backup", _backup(facts)))
    if facts.refused:
        rows.insert(1, ("Refused", f"{_count(facts.refused, 'reading')}, kept on this hub"))
    return rows


def headline(status: Status) -> str:
    """One sentence for whoever stands in front of the hub."""
    facts = status.facts
    if status.level == "needs_help":
        return "This hub needs help."
    if facts.held:
        waits = "waits" if facts.held == 1 else "wait"
        return (
            f"{_count(facts.held, 'reading')} {waits} safely on this hub until the clinic has "
            "confirmed them. Nothing to do."
        )
    return "The clinic has received every reading."


def _problems(facts: Facts) -> list[str]:
    found = []
    if facts.held is None:
        found.append("The readings kept on this hub cannot be looked at now. Restart the hub.")
    if facts.link_trouble:
        found.append(_sentence(facts.link_trouble))
    if facts.refused:
        found.append(
            f"The clinic refused {_count(facts.refused, 'reading')}. They stay on this hub: "
            "call the clinic."
        )
    found += [
        f"{meter.name} has forgotten this hub, or so it seems. Hold its Bluetooth button until it "
        f"shows that it pairs, and run: vitals-hub re-pair {meter.id}"
        for meter in facts.meters
        if meter.stale
    ]
    if facts.oldest_held_ms is not None:
        waited_ms = facts.now_ms - facts.oldest_held_ms
        if waited_ms > _WAITING_TOO_LONG_MS:
            found.append(
                f"Nothing could be sent for {_span(waited_ms)}. Check that the internet works; "
                "if it does, call the clinic."
            )
    if facts.days_of_room < _ROOM_DAYS_MIN or not facts.ballast_present:
        found.append("The hub's storage is nearly full. Received readings are safe: call support.")
    if facts.reported_ms is None and facts.held is not None:
        found.append("The part that reads the meters has not run yet. Start the hub.")
    if facts.reported_ms is not None and facts.now_ms - facts.reported_ms > _SILENT_COLLECTOR_MS:
        silent = _span(facts.now_ms - facts.reported_ms)
        found.append(f"The part that reads the meters is silent for {silent}. Restart the hub.")
    return found


def _readings(facts: Facts) -> str:
    if facts.held is None:
        return "not known now"
    if not facts.held:
        return "none waiting; the clinic has all of them"
    since = ""
    if facts.oldest_held_ms is not None:
        since = f", the oldest for {_span(facts.now_ms - facts.oldest_held_ms)}"
    return f"{facts.held} waiting{since}"


def _receipt(facts: Facts) -> str:
    if facts.last_receipt_ms is None:
        return "none yet"
    return f"{_span(facts.now_ms - facts.last_receipt_ms)} ago"


def _connection(facts: Facts) -> str:
    if facts.connected:
        return facts.link_reason or "connected to the clinic"
    because = f" ({facts.link_reason})" if facts.link_reason else ""
    return f"not connected{because}; readings are kept here meanwhile"


def _meters(facts: Facts) -> str:
    """How many, and how far the pairings are that are not proven yet."""
    if not facts.meters:
        return "none paired yet: vitals-hub pair"
    count: Counter[str] = Counter(meter.state for meter in facts.meters)
    told = [
        f"{count[state]} {words}"
        for state, words in (
            ("proven", "proven by a receipt"),
            ("sealed", "waiting for the receipt of a first reading"),
            ("bonded", "waiting for a first reading"),
        )
        if count[state]
    ]
    return ", ".join(told)


def _radio(facts: Facts) -> str:
    alone = ""
    if facts.background:
        alone = f"; bluetoothd will not connect by itself ({facts.background})"
    if not facts.recoveries:
        return f"no recovery was needed{alone}"
    last = facts.recoveries[0]
    measure = last.rung.replace("_", " ")
    ago = _span(facts.now_ms - last.at_ms)
    count = _count(len(facts.recoveries), "measure")
    return f"{count} on record; last {ago} ago: {last.reason}; {measure}: {last.outcome}{alone}"


def _clock(facts: Facts) -> str:
    if facts.clock_synchronised is None:
        return "not known yet"
    if facts.clock_synchronised:
        return "set by network time"
    return "not yet set by network time; readings carry a note of that"


def _keys(facts: Facts) -> str:
    """Never claims more than the tier gives."""
    if facts.key_storage_tier == "file":
        return "in a file: whoever takes the card can send as this hub, but reads no past reading"
    return f"tier {facts.key_storage_tier}"


def _backup(facts: Facts) -> str:
    """A reminder and never a problem: no reading waits for it."""
    if facts.unsaved:
        return (
            f"the pairing with {', '.join(facts.unsaved)} is in none, and would be lost with this "
            "hub's card: sudo vitals-hub backup FILE"
        )
    if facts.backup_ms is None:  # a device was paired between the two looks
        return "none was taken yet: sudo vitals-hub backup FILE"
    return f"holds every pairing, taken {_span(max(0, facts.now_ms - facts.backup_ms))} ago"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _span(milliseconds: int) -> str:
    """A length of time in one unit, as a person says it."""
    if milliseconds < _MINUTE_MS:
        return "less than a minute"
    for unit_ms, noun in ((_DAY_MS, "day"), (_HOUR_MS, "hour"), (_MINUTE_MS, "minute")):
        if milliseconds >= unit_ms:
            return _count(milliseconds // unit_ms, noun)
    raise AssertionError(milliseconds)
