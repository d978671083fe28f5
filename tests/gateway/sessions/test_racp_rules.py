"""Meters that break the rules of records: lost, short, renumbered, without an end."""

from collections.abc import Iterator

import msgspec
import pytest

from cloud_sync.contract.readings import Refusal
from gateway.profiles import Profile
from gateway.sessions.racp import RacpSession
from gateway.sessions.steps import Event, Finish, Keep, Progress, SetTimer, TimerFired, Value, Write
from tests.gateway.sessions.scripted import METER, NOON, ScriptedMeter, play, value
from tests.gateway.sessions.test_racp import GUIDE, asking, reporting
from tests.virtual import payloads

KEPT_OF_3 = {raw.hex() for raw in ScriptedMeter(3).records.values()} | {
    payloads.glucose_context(number, 3).hex() for number in (1, 2, 3)
}


def test_a_meter_whose_numbers_began_anew_is_asked_for_everything() -> None:
    """After a new battery: 3 records numbered from 1, while ours go up to 500."""
    played = play(RacpSession(GUIDE, last_kept=500), ScriptedMeter(3), METER)
    asked = [payload for _, payload in played.writes]
    assert asked == ["040301f501", "0106", "0101"]
    assert set(played.kept) == KEPT_OF_3
    assert played.progress == [1, 2, 3]
    assert played.finish == Finish(result="complete")


@pytest.mark.parametrize("answer", [bytes([6, 0, 1, 4]), bytes([6, 0, 1, 6]), None])
def test_a_meter_that_does_not_tell_its_newest_record_is_left_alone(answer: bytes | None) -> None:
    session = asking(RacpSession(GUIDE, last_kept=5))
    check = session.on_event(value("2A52", bytes([5, 0, 0, 0])))
    assert check[-1] == Write(channel="2A52", payload=b"\x01\x06")
    end = session.on_event(TimerFired() if answer is None else value("2A52", answer))
    assert end == [Finish(result="complete")]


def test_past_the_highest_number_the_low_ones_are_asked_for_in_the_same_conversation() -> None:
    meter = ScriptedMeter(0, contexts=False)
    for number in (65534, 65535, 0, 1):
        raw = payloads.glucose(number, NOON, 90, context_follows=False)
        meter.records[number] = raw
    played = play(RacpSession(GUIDE, last_kept=65533), meter, METER)
    assert [payload for _, payload in played.writes][1:] == ["010301feff", "0103010000"]
    assert set(played.kept) == {raw.hex() for raw in meter.records.values()}
    assert played.progress[-1] == 1


def test_a_report_shorter_than_its_count_is_asked_for_once_more_from_the_same_record() -> None:
    meter = LosingMeter(4, contexts=False)
    meter.lost = {2}
    played = play(RacpSession(GUIDE, last_kept=0), meter, METER)
    assert [payload for _, payload in played.writes][1:] == ["0103010100", "0103010100"]
    assert set(played.kept) == {raw.hex() for raw in meter.records.values()}
    assert played.progress == [1, 3, 4, 0, 1, 2, 3, 4]
    assert played.finish == Finish(result="complete")


def ruled(**rules: object) -> Profile:
    """A constructed meter whose profile says how it breaks the rules."""
    session = msgspec.structs.replace(GUIDE.session, **rules)
    return msgspec.structs.replace(GUIDE, session=session)


def test_numbers_that_run_backwards_are_never_asked_from() -> None:
    """0 is the newest: every record is renumbered by the next one (TaiDoc's way)."""
    played = play(RacpSession(ruled(ask="all"), last_kept=3), ScriptedMeter(4), METER)
    assert played.writes == [("2A52", "0401"), ("2A52", "0101")]
    assert len(played.kept) == 8
    assert played.progress == []


def test_a_report_without_an_end_is_over_when_it_falls_silent() -> None:
    session = reporting(RacpSession(ruled(report_end="quiet"), last_kept=None), count=1)
    assert isinstance(session.on_event(TimerFired())[-1], Write), "nothing came yet: abort"
    session = reporting(RacpSession(ruled(report_end="quiet"), last_kept=None), count=1)
    session.on_event(value("2A18", payloads.glucose(4, NOON, 99, context_follows=True)))
    assert session.on_event(TimerFired()) == [Progress(sequence=4), Finish(result="complete")]


def test_a_placeholder_is_kept_once_and_not_asked_for_again() -> None:
    placeholder = value("2A18", bytes.fromhex("030100e407030e1717000000ffff11"))  # captured
    assert isinstance(placeholder.outcome, Refusal)
    by_the_book = reporting(RacpSession(GUIDE, last_kept=0))
    assert [type(action) for action in by_the_book.on_event(placeholder)] == [Keep, SetTimer]
    session = reporting(RacpSession(ruled(placeholders=True), last_kept=0))
    assert session.on_event(placeholder)[1] == Progress(sequence=1)


class LosingMeter(ScriptedMeter):
    """Some notifications of its first report never arrive."""

    lost: set[int]

    def procedure(self, request: bytes) -> Iterator[Event]:
        lost, self.lost = (self.lost, set()) if request[0] == 1 else (set(), self.lost)
        missing = [self.records[number] for number in lost]
        for event in super().procedure(request):
            if not (isinstance(event, Value) and event.raw in missing):
                yield event
