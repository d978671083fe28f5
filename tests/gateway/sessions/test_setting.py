from datetime import UTC, datetime, timedelta

import pytest

from cloud_sync.contract.readings import DeviceClock, Refusal
from gateway.profiles import Clock
from gateway.sessions.setting import ClockSetting, SettingSession
from gateway.sessions.steps import (
    Connected,
    Dropped,
    Finish,
    Read,
    ReadDone,
    Refused,
    Write,
    WriteDone,
)
from tests.gateway.sessions.scripted import NOON, NOON_MS, clock_read
from tests.virtual import payloads

LOCAL = Clock(way="date_time_2a08")
EVERY_TIME = Clock(way="date_time_2a08", every_time=True)
CURRENT_TIME = Clock(way="current_time_2a2b")


def read(channel: str, shown: datetime | None) -> ReadDone:
    return ReadDone(
        channel=channel,
        outcome=DeviceClock(device_time=shown),
        wall_ms=NOON_MS,
        local=NOON,
        synchronised=True,
    )


@pytest.mark.parametrize(
    ("off_by", "writes"), [(-31, True), (-30, False), (0, False), (30, False), (31, True)]
)
def test_only_an_error_above_30_s_is_corrected(off_by: int, writes: bool) -> None:
    setting = ClockSetting(LOCAL)
    setting.begin(frozenset({"2A08"}))
    actions = setting.on_event(clock_read(NOON + timedelta(seconds=off_by)))
    assert actions == ([Write(channel="2A08", payload=payloads.date_time(NOON))] if writes else [])
    assert setting.done is not writes


def test_it_is_done_at_once_where_there_is_no_clock() -> None:
    for clock, channels in ((Clock(way="none"), {"2A08"}), (LOCAL, {"2A2B"})):
        setting = ClockSetting(clock)
        assert setting.begin(frozenset(channels)) == []
        assert setting.done
        assert setting.measured is None


def test_current_time_has_a_weekday_and_says_who_set_it() -> None:
    setting = ClockSetting(CURRENT_TIME)
    setting.begin(frozenset({"2A2B"}))
    actions = setting.on_event(read("2A2B", NOON - timedelta(hours=1)))
    tuesday, external = 2, 2  # GATT Specification Supplement, Current Time
    expected = payloads.date_time(NOON) + bytes([tuesday, 0, external])
    assert actions == [Write(channel="2A2B", payload=expected)]


def test_a_device_that_counts_in_utc_is_set_to_utc() -> None:
    setting = ClockSetting(Clock(way="date_time_2a08", zone="utc"))
    setting.begin(frozenset({"2A08"}))
    due = datetime.fromtimestamp(NOON_MS / 1000, UTC).replace(tzinfo=None)
    wrong = due - timedelta(hours=2)
    assert setting.on_event(read("2A08", wrong)) == [
        Write(channel="2A08", payload=payloads.date_time(due))
    ]


def test_a_zone_rule_that_cannot_be_worked_out_leaves_the_clock_alone() -> None:
    setting = ClockSetting(Clock(way="date_time_2a08", zone="local_standard"))
    setting.begin(frozenset({"2A08"}))
    assert setting.on_event(read("2A08", NOON - timedelta(hours=2))) == []
    assert setting.done


def test_a_clock_that_cannot_be_read_as_one_counts_as_unknown() -> None:
    setting = ClockSetting(LOCAL)
    setting.begin(frozenset({"2A08"}))
    garbled = ReadDone(
        channel="2A08",
        outcome=Refusal(reason="too short", field="device_time", offset=0),
        wall_ms=NOON_MS,
        local=NOON,
        synchronised=True,
    )
    assert setting.on_event(garbled) == [Write(channel="2A08", payload=payloads.date_time(NOON))]
    assert setting.measured is not None
    assert setting.measured.device_time is None


def test_a_read_back_that_fails_leaves_it_unsaid() -> None:
    setting = ClockSetting(LOCAL)
    setting.begin(frozenset({"2A08"}))
    setting.on_event(clock_read(NOON - timedelta(hours=1)))
    assert setting.on_event(WriteDone(channel="2A08")) == [Read(channel="2A08")]
    setting.on_event(Refused(channel="2A08", reason="no answer in time"))
    assert setting.done
    assert setting.measured is not None
    assert setting.measured.written
    assert setting.measured.read_back is None


def test_pairing_ends_with_the_clock() -> None:
    session = SettingSession(EVERY_TIME)
    started = session.start(Connected(channels=frozenset({"2A08", "2A35"})))
    assert started == [Read(channel="2A08")]
    written = session.on_event(clock_read(NOON))
    assert [type(action) for action in written] == [Write]
    assert session.on_event(WriteDone(channel="2A08")) == [Finish(result="complete")]


def test_pairing_without_a_clock_is_over_at_once() -> None:
    started = SettingSession(Clock(way="none")).start(Connected(channels=frozenset()))
    assert started == [Finish(result="complete")]


def test_a_drop_while_pairing_is_no_success() -> None:
    session = SettingSession(EVERY_TIME)
    session.start(Connected(channels=frozenset({"2A08"})))
    assert session.on_event(Dropped()) == [Finish(result="dropped")]


def partly(code: int = 0x80) -> Refused:
    return Refused(channel="2A2B", reason=f"ATT error 0x{code:02x}", att_error=code)


def test_an_ignored_field_is_written_as_not_known_and_read_back() -> None:
    setting = ClockSetting(CURRENT_TIME)
    setting.begin(frozenset({"2A2B"}))
    setting.on_event(read("2A2B", NOON - timedelta(hours=1)))
    again = setting.on_event(partly())
    assert again == [Write(channel="2A2B", payload=payloads.date_time(NOON) + bytes(3))]
    assert setting.on_event(partly()) == [Read(channel="2A2B")], "still only a partial success"
    setting.on_event(read("2A2B", NOON))
    assert setting.done
    assert setting.measured is not None
    assert (setting.measured.written, setting.measured.read_back) == (True, NOON)


def test_any_other_refusal_leaves_the_clock_as_it_is() -> None:
    setting = ClockSetting(CURRENT_TIME)
    setting.begin(frozenset({"2A2B"}))
    setting.on_event(read("2A2B", NOON - timedelta(hours=1)))
    assert setting.on_event(partly(0x05)) == []
    assert setting.done
    assert setting.measured is not None
    assert setting.measured.read_back is None


def test_a_notification_before_the_write_was_answered_is_no_read_back() -> None:
    setting = ClockSetting(CURRENT_TIME)
    setting.begin(frozenset({"2A2B"}))
    early = read("2A2B", NOON - timedelta(hours=1))
    setting.on_event(early)
    assert setting.on_event(early) == []
    assert not setting.done
