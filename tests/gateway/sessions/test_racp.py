from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, strategies as st

from gateway.sessions.racp import RacpSession
from gateway.sessions.steps import (
    Connected,
    Dropped,
    Event,
    Finish,
    Keep,
    Progress,
    Refused,
    SetTimer,
    Subscribed,
    TimerFired,
    Value,
    Write,
    WriteDone,
)
from tests.gateway.sessions.scripted import (
    METER,
    NOON,
    NOON_MS,
    ScriptedMeter,
    clock_read,
    play,
    profile,
    value,
)
from tests.virtual import payloads

GUIDE = profile("accu-chek/guide")


def asking(session: RacpSession) -> RacpSession:
    """A session whose count request is written."""
    session.start(Connected(channels=frozenset(METER)))
    for channel in ("2A18", "2A34", "2A52"):
        session.on_event(Subscribed(channel=channel))
    session.on_event(WriteDone(channel="2A52"))
    return session


def reporting(session: RacpSession, count: int = 3) -> RacpSession:
    asking(session).on_event(value("2A52", bytes([5, 0, count, 0])))
    return session


def test_all_subscriptions_stand_before_the_first_request() -> None:
    played = play(RacpSession(GUIDE, last_kept=None), ScriptedMeter(2), METER)
    assert played.order == [
        "Subscribe 2A18",
        "Subscribe 2A34",
        "Subscribe 2A52",
        "Write 2A52",
        "Write 2A52",
    ]
    assert played.writes == [("2A52", "0401"), ("2A52", "0101")]
    assert played.finish == Finish(result="complete")


def test_it_asks_from_the_last_kept_record_on() -> None:
    played = play(RacpSession(GUIDE, last_kept=11), ScriptedMeter(14), METER)
    assert played.writes == [("2A52", "0403010c00"), ("2A52", "0103010c00")]
    assert played.progress == [12, 13, 14]


def test_after_the_last_number_comes_zero() -> None:
    played = play(RacpSession(GUIDE, last_kept=65535), ScriptedMeter(1), METER)
    assert played.writes[0] == ("2A52", "0403010000")


def test_where_nothing_is_new_the_newest_record_proves_that_the_numbers_go_on() -> None:
    played = play(RacpSession(GUIDE, last_kept=5), ScriptedMeter(5, contexts=False), METER)
    assert [payload for _, payload in played.writes] == ["0403010600", "0106"]
    assert played.finish == Finish(result="complete")
    assert len(played.kept) == 1  # sealed again, under the same id
    assert played.progress == []


def test_responses_and_counts_are_not_kept() -> None:
    meter = ScriptedMeter(2)
    played = play(RacpSession(GUIDE, last_kept=None), meter, METER)
    contexts = [payloads.glucose_context(n, 3) for n in (1, 2)]
    expected = [meter.records[1], contexts[0], meter.records[2], contexts[1]]
    assert played.kept == [raw.hex() for raw in expected]


def test_a_meter_without_contexts_is_asked_without_them() -> None:
    meter = ScriptedMeter(2, contexts=False)
    played = play(RacpSession(GUIDE, last_kept=None), meter, METER - {"2A34"})
    assert "Subscribe 2A34" not in played.order
    assert played.progress == [1, 2]


def test_a_record_counts_as_kept_only_with_its_context() -> None:
    session = reporting(RacpSession(GUIDE, last_kept=None))
    first = payloads.glucose(1, NOON, 99, context_follows=True)
    second = payloads.glucose(2, NOON, 99, context_follows=False)
    assert [type(a) for a in session.on_event(value("2A18", first))] == [Keep, SetTimer]
    actions = session.on_event(value("2A18", second))  # the first one's context never came
    assert [getattr(action, "sequence", None) for action in actions] == [None, 1, 2, None]


def test_the_context_of_another_record_closes_nothing() -> None:
    session = reporting(RacpSession(GUIDE, last_kept=None))
    session.on_event(value("2A18", payloads.glucose(7, NOON, 99, context_follows=True)))
    other = session.on_event(value("2A34", payloads.glucose_context(6, 3)))
    assert [type(action) for action in other] == [Keep, SetTimer]


def test_a_meter_that_cannot_count_is_asked_for_its_records() -> None:
    session = asking(RacpSession(GUIDE, last_kept=None))
    answer = session.on_event(value("2A52", bytes([6, 0, 4, 2])))
    assert answer[-1] == Write(channel="2A52", payload=b"\x01\x01")


def test_a_meter_that_cannot_select_is_asked_for_everything_once() -> None:
    session = reporting(RacpSession(GUIDE, last_kept=4))
    refused = value("2A52", bytes([6, 0, 1, 4]))
    assert session.on_event(refused)[-1] == Write(channel="2A52", payload=b"\x01\x01")
    assert session.on_event(refused) == [Finish(result="refused", detail="operator_not_supported")]


@pytest.mark.parametrize(
    ("code", "finish"),
    [
        (6, Finish(result="complete")),
        (0x0A, Finish(result="refused", detail="server_busy")),
        (8, Finish(result="refused", detail="procedure_not_completed")),
    ],
)
def test_the_response_decides(code: int, finish: Finish) -> None:
    session = reporting(RacpSession(GUIDE, last_kept=None))
    assert session.on_event(value("2A52", bytes([6, 0, 1, code]))) == [finish]


def test_a_response_to_something_else_is_no_end() -> None:
    session = reporting(RacpSession(GUIDE, last_kept=None))
    assert session.on_event(value("2A52", bytes([6, 0, 4, 1]))) == []


def test_fewer_records_than_counted_are_told_to_people() -> None:
    session = reporting(RacpSession(GUIDE, last_kept=None), count=3)
    session.on_event(value("2A18", payloads.glucose(1, NOON, 99, context_follows=False)))
    success = value("2A52", bytes([6, 0, 1, 1]))
    again = session.on_event(success)
    assert again[0] == Progress(sequence=None), "a drop now must not leave the others out"
    assert again[-1] == Write(channel="2A52", payload=b"\x01\x01")
    session.on_event(value("2A18", payloads.glucose(1, NOON, 99, context_follows=False)))
    end = session.on_event(success)
    assert end == [Finish(result="complete", detail="the meter counted 3 records and sent 1")]


def test_silence_aborts_a_report_and_then_gives_up() -> None:
    session = reporting(RacpSession(GUIDE, last_kept=None))
    aborted = session.on_event(TimerFired())
    assert aborted[-1] == Write(channel="2A52", payload=b"\x03\x00")
    late = session.on_event(value("2A18", payloads.glucose(1, NOON, 99, context_follows=False)))
    assert isinstance(late[0], Keep)
    assert session.on_event(value("2A52", bytes([6, 0, 3, 1])))[0] == Finish(
        result="timeout", detail="the meter counted 3 records and sent 1"
    )


def test_an_abort_that_nobody_answers_ends_too() -> None:
    session = reporting(RacpSession(GUIDE, last_kept=None))
    session.on_event(TimerFired())
    assert [type(action) for action in session.on_event(TimerFired())] == [Finish]


def test_silence_before_the_report_ends_it() -> None:
    session = asking(RacpSession(GUIDE, last_kept=None))
    assert session.on_event(TimerFired()) == [Finish(result="timeout")]


def test_a_refused_request_ends_it_with_the_reason() -> None:
    session = asking(RacpSession(GUIDE, last_kept=None))
    refused = Refused(channel="2A52", reason="ATT error 0xfd")
    assert session.on_event(refused) == [Finish(result="refused", detail="ATT error 0xfd")]


def test_a_device_without_a_control_point_is_refused() -> None:
    started = RacpSession(GUIDE, last_kept=None).start(Connected(channels=frozenset({"2A18"})))
    assert started == [Finish(result="refused", detail="the device has no 2A52")]


def test_bytes_that_cannot_be_read_are_kept_and_end_nothing() -> None:
    session = reporting(RacpSession(GUIDE, last_kept=None))
    for channel in ("2A18", "2A34", "2A52"):
        kept = session.on_event(value(channel, b"\xff"))
        assert [type(action) for action in kept] == [Keep, SetTimer], channel


def test_a_meter_whose_clock_can_be_set_is_asked_after_the_subscriptions() -> None:
    settable = msgspec.structs.replace(
        GUIDE, clock=msgspec.structs.replace(GUIDE.clock, way="date_time_2a08")
    )
    session = RacpSession(settable, last_kept=None)
    session.start(Connected(channels=frozenset(METER | {"2A08"})))
    for channel in ("2A18", "2A34"):
        session.on_event(Subscribed(channel=channel))
    assert [a.channel for a in session.on_event(Subscribed(channel="2A52"))] == ["2A08"]  # type: ignore[union-attr]
    asked = session.on_event(clock_read(NOON))  # right: nothing is written
    assert asked[-1] == Write(channel="2A52", payload=b"\x04\x01")
    session.on_event(value("2A52", bytes([5, 0, 1, 0])))
    record = payloads.glucose(1, NOON, 99, context_follows=False)
    kept = session.on_event(value("2A18", record))[0]
    assert isinstance(kept, Keep)
    assert kept.clock is not None
    assert kept.clock.wall_ms == NOON_MS


class DroppingMeter(ScriptedMeter):
    """Hangs up after so many notifications of a report."""

    drop_after: int | None = None

    def procedure(self, request: bytes) -> Iterator[Event]:
        sent = 0
        for event in super().procedure(request):
            is_notification = isinstance(event, Value) and event.channel != "2A52"
            if is_notification and sent == self.drop_after:
                self.drop_after = None
                yield Dropped()
                return
            sent += is_notification
            yield event


@given(
    st.integers(0, 5), st.lists(st.integers(0, 10), max_size=6), st.booleans(), st.integers(0, 9)
)
def test_whatever_drops_every_record_and_context_is_kept_in_the_end(
    count: int, drops: list[int], contexts: bool, early: int
) -> None:
    meter = DroppingMeter(count, contexts=contexts)
    last_kept: int | None = None
    kept: set[str] = set()
    cut = play(RacpSession(GUIDE, last_kept=None), meter, METER, events=early)
    kept.update(cut.kept)
    last_kept = cut.progress[-1] if cut.progress else None
    for packets in [*drops, None]:
        meter.drop_after = packets
        played = play(RacpSession(GUIDE, last_kept=last_kept), meter, METER)
        kept.update(played.kept)
        last_kept = played.progress[-1] if played.progress else last_kept
        assert [n for n in played.progress if n is not None] == sorted(
            filter(None, played.progress)
        )
    assert played.finish.result == "complete"
    expected = {raw.hex() for raw in meter.records.values()}
    if contexts:
        expected |= {payloads.glucose_context(number, 3).hex() for number in meter.records}
    assert kept == expected
    assert last_kept == (count or None)
