import msgspec
import pytest

from gateway.health.status import EXIT_STATUS, Facts, Meter, Recovered, headline, judge, words

TWO = tuple(Meter(name=name, id=f"ble:{name}", state="proven") for name in ("cuff", "meter"))
FORGOTTEN = Meter(name="cuff", id="ble:1", state="proven", stale=True)
HOUR_MS = 3_600_000
NOW_MS = 1_795_000_000_000
WELL = Facts(
    hub="00112233445566778899aabbccddeeff",
    now_ms=NOW_MS,
    held=0,
    refused=0,
    received_kept=12,
    oldest_held_ms=None,
    last_receipt_ms=NOW_MS - 2 * HOUR_MS,
    days_of_room=3650,
    ballast_present=True,
    key_storage_tier="file",
    reported_ms=NOW_MS - 60_000,
    clock_synchronised=True,
    connected=True,
    link_trouble="",
    link_reason="",
)


def changed(**changes: object) -> Facts:
    return msgspec.structs.replace(WELL, **changes)


def test_all_received() -> None:
    verdict = judge(WELL)
    assert (verdict.level, EXIT_STATUS[verdict.level], verdict.problems) == ("all_received", 0, ())
    assert headline(verdict) == "The clinic has received every reading."
    assert ("Last receipt", "2 hours ago") in words(verdict)


def test_how_far_each_pairing_is_can_be_seen() -> None:
    assert ("Meters", "none paired yet: vitals-hub pair") in words(judge(WELL))
    meters = tuple(
        Meter(name=name, id=f"ble:{name}", state=state)  # type: ignore[arg-type]
        for name, state in (("a", "proven"), ("b", "sealed"), ("c", "bonded"), ("d", "proven"))
    )
    verdict = judge(changed(meters=meters))
    told = dict(words(verdict))["Meters"]
    assert told == (
        "2 proven by a receipt, 1 waiting for the receipt of a first reading, "
        "1 waiting for a first reading"
    )
    assert verdict.level == "all_received"


def test_a_refused_background_is_said_and_is_no_problem() -> None:
    verdict = judge(changed(background="UnknownMethod"))
    assert "will not connect by itself (UnknownMethod)" in dict(words(verdict))["Radio"]
    assert verdict.problems == ()


def test_waiting_readings_are_no_problem_while_they_are_young_even_offline() -> None:
    facts = changed(held=3, oldest_held_ms=NOW_MS - 26 * HOUR_MS, connected=False)
    verdict = judge(facts)
    assert (verdict.level, EXIT_STATUS[verdict.level]) == ("holding", 1)
    assert ("Readings", "3 waiting, the oldest for 1 day") in words(verdict)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"held": 1, "oldest_held_ms": NOW_MS - 80 * HOUR_MS}, "sent for 3 days"),
        ({"held": None, "reported_ms": None}, "cannot be looked at"),
        ({"refused": 1}, "refused 1 reading."),
        ({"days_of_room": 29}, "nearly full"),
        ({"ballast_present": False}, "nearly full"),
        ({"reported_ms": None}, "has not run yet"),
        ({"reported_ms": NOW_MS - 5 * HOUR_MS}, "silent for 5 hours"),
        ({"meters": (FORGOTTEN,)}, "vitals-hub re-pair ble:1"),
        ({"link_trouble": "another device connects"}, "Another device connects."),
    ],
)
def test_somebody_must_act(changes: dict[str, object], says: str) -> None:
    verdict = judge(changed(**changes))
    assert (verdict.level, EXIT_STATUS[verdict.level]) == ("needs_help", 2)
    assert len(verdict.problems) == 1
    assert says in verdict.problems[0]


def test_the_key_tier_claims_no_more_than_it_gives() -> None:
    assert dict(words(judge(WELL)))["Keys"].startswith("in a file: whoever takes the card can send")


def test_what_the_radio_did_for_itself_is_shown() -> None:
    assert dict(words(judge(WELL)))["Radio"] == "no recovery was needed"
    one = Recovered(
        rung="adapter_power",
        reason="no advertisement for 121 s",
        outcome="done",
        at_ms=NOW_MS - 2 * HOUR_MS,
    )
    verdict = judge(changed(recoveries=(one,)))
    assert verdict.level == "all_received"
    assert dict(words(verdict))["Radio"] == (
        "1 measure on record; last 2 hours ago: no advertisement for 121 s; adapter power: done"
    )


def test_a_pairing_in_no_backup_is_a_reminder_and_no_problem() -> None:
    assert "Backup" not in dict(words(judge(WELL)))
    verdict = judge(changed(meters=TWO, unsaved=("cuff", "meter")))
    assert verdict.level == "all_received"
    assert dict(words(verdict))["Backup"] == (
        "the pairing with cuff, meter is in none, and would be lost with this hub's card: "
        "sudo vitals-hub backup FILE"
    )
    verdict = judge(changed(meters=TWO, backup_ms=NOW_MS - 30 * HOUR_MS))
    assert dict(words(verdict))["Backup"] == "holds every pairing, taken 1 day ago"
