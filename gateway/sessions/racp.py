"""A meter that is asked for its records: subscribe, count, report from the last kept number on.

Notifications are not acknowledged end to end, so a loss heals only by asking again from the last
number whose record, with its context, is kept. A report shorter than its count is asked for once
more; where nothing is newer than that number, the newest record shows whether the meter began to
count anew. A record is never deleted.
"""

from cloud_sync.contract.readings import (
    GlucoseContext,
    RacpCount,
    RacpResponse,
)
from gateway.decoders.racp import (
    abort,
    count_all,
    count_from,
    report_all,
    report_from,
    report_newest,
)
from gateway.profiles import Profile
from gateway.sessions.setting import ClockSetting
from gateway.sessions.steps import (
    Action,
    Connected,
    Dropped,
    Event,
    Finish,
    Keep,
    Progress,
    Refused,
    Result,
    SetTimer,
    Subscribe,
    Subscribed,
    TimerFired,
    Value,
    Write,
)

MEASUREMENT, CONTEXT, CONTROL = "2A18", "2A34", "2A52"
STEP_SECONDS = 20.0  # before the request is written
ABORT_SECONDS = 5.0
SEQUENCES = 65536  # the number wraps
_NUMBER_END = 3  # 2A18: flags, then the number in two bytes
_REPORT, _ABORT, _COUNT = 1, 3, 4


class RacpSession:
    """Records after `last_kept`, or all where none is kept yet."""

    def __init__(self, profile: Profile, *, last_kept: int | None) -> None:
        self._clock = ClockSetting(profile.clock)
        self._silence_s = profile.session.quiet_end_ms / 1000
        self._rules = profile.session
        numbers_count = last_kept is not None and self._rules.ask == "from_last"
        self._from = ((last_kept or 0) + 1) % SEQUENCES if numbers_count else None
        self._last_kept = last_kept
        self._offered: frozenset[str] = frozenset()
        self._to_subscribe: list[str] = []
        self._doing = 0  # the opcode whose answer is awaited
        self._expected: int | None = None
        self._records = 0
        self._newest: int | None = None  # number of the record that came last
        self._checking = False  # whether the meter's numbers still go on from ours
        self._repeated = False
        self._awaiting_context: int | None = None
        self._over = False

    def start(self, connected: Connected) -> list[Action]:
        self._offered = connected.channels
        for needed in (MEASUREMENT, CONTROL):
            if needed not in self._offered:
                return self._finish("refused", f"the device has no {needed}")
        self._to_subscribe = [c for c in (MEASUREMENT, CONTEXT, CONTROL) if c in self._offered]
        return [SetTimer(seconds=STEP_SECONDS), *self._next_subscription()]

    def on_event(self, event: Event) -> list[Action]:
        match event:
            case Value():
                return self._on_value(event)
            case _ if self._over:
                return []
            case Dropped():
                return self._finish("dropped", self._tally())
            case TimerFired():
                return self._on_silence()
            case Subscribed():
                return self._next_subscription()
            case _ if not self._clock.done:
                actions = self._clock.on_event(event)
                return self._ask_count() if self._clock.done else actions
            case Refused():
                return self._finish("refused", event.reason)
        return []

    def _next_subscription(self) -> list[Action]:
        if self._to_subscribe:
            return [Subscribe(channel=self._to_subscribe.pop(0))]
        return self._clock.begin(self._offered) or self._ask_count()

    def _ask_count(self) -> list[Action]:
        self._doing = _COUNT
        request = count_all() if self._from is None else count_from(self._from)
        return self._request(request)

    def _ask_report(self) -> list[Action]:
        self._doing, self._records = _REPORT, 0
        request = report_all() if self._from is None else report_from(self._from)
        return self._request(request)

    def _request(self, payload: bytes) -> list[Action]:
        return [SetTimer(seconds=self._silence_s), Write(channel=CONTROL, payload=payload)]

    def _on_silence(self) -> list[Action]:
        """Nothing for too long: a report is aborted first, in case the meter still works on it."""
        if self._checking:  # not every meter tells its newest record
            return self._finish("complete")
        if self._doing != _REPORT:
            return self._finish("timeout", self._tally())
        if self._rules.report_end == "quiet" and self._records:
            return self._whole()
        self._doing = _ABORT
        return [SetTimer(seconds=ABORT_SECONDS), Write(channel=CONTROL, payload=abort())]

    def _on_value(self, event: Value) -> list[Action]:
        match event.outcome:
            case RacpCount() | RacpResponse() if self._over:
                return []
            case RacpCount(count=count):
                return self._on_count(count)
            case RacpResponse():
                return self._on_response(event.outcome)
        kept = Keep(
            channel=event.channel,
            raw=event.raw,
            outcome=event.outcome,
            clock=self._clock.measured,
        )
        silence: list[Action] = [] if self._over else [SetTimer(seconds=self._silence_s)]
        return [kept, *self._progress(event), *silence]

    def _on_count(self, count: int) -> list[Action]:
        if self._doing != _COUNT:
            return []
        self._expected = count
        return self._ask_report() if count else self._nothing_newer()

    def _on_response(self, response: RacpResponse) -> list[Action]:
        if response.request_opcode != self._doing:
            return []
        if self._doing == _ABORT:
            return self._finish("timeout", self._tally())
        if self._checking:
            return self._checked()
        if response.result == "no_records_found":
            return self._nothing_newer()
        if self._doing == _COUNT:  # a meter need not be able to count
            return self._ask_report()
        if response.result == "success":
            return self._whole()
        if response.result in _CANNOT_SELECT and self._from is not None:
            self._from = None
            return self._ask_report()
        return self._finish("refused", response.result)

    def _nothing_newer(self) -> list[Action]:
        """As the meter says. After a new battery its numbers may begin anew, below ours."""
        if self._from is None or self._records:
            return self._finish("complete")
        self._checking, self._doing = True, _REPORT
        return self._request(report_newest())

    def _checked(self) -> list[Action]:
        self._checking = False
        if self._newest in {None, self._last_kept}:
            return self._finish("complete")
        self._from = None
        return self._ask_report()

    def _whole(self) -> list[Action]:
        """The report is over; whether that was all."""
        done = self._close_record()
        if self._is_short() and not self._repeated and self._rules.ask == "from_last":
            self._repeated = True
            return [Progress(sequence=self._last_kept), *self._ask_report()]
        if self._newest == SEQUENCES - 1 and self._from:  # 0 comes after it, and is below
            self._from, self._expected = 0, None
            return [*done, *self._ask_report()]
        return [*done, *self._finish("complete", self._tally())]

    def _progress(self, event: Value) -> list[Action]:
        """A record is done with when its context is: until then a loss must ask for it again."""
        if self._checking:
            if event.channel == MEASUREMENT:
                self._newest = self._number(event)
            return []
        if event.channel == CONTEXT:
            outcome = event.outcome
            if isinstance(outcome, GlucoseContext) and outcome.sequence == self._awaiting_context:
                return self._close_record()
            return []
        if event.channel != MEASUREMENT:
            return []
        self._records += 1
        sequence = self._number(event)
        done = self._close_record()
        if sequence is None:
            return done
        self._newest = sequence
        if getattr(event.outcome, "context_follows", None) and CONTEXT in self._offered:
            self._awaiting_context = sequence
            return done
        return [*done, *self._kept_up_to(sequence)]

    def _number(self, event: Value) -> int | None:
        """The record's number; that of a placeholder too, or it would be asked for for ever."""
        number: int | None = getattr(event.outcome, "sequence", None)
        if number is None and self._rules.placeholders and len(event.raw) >= _NUMBER_END:
            return int.from_bytes(event.raw[1:_NUMBER_END], "little")
        return number

    def _close_record(self) -> list[Action]:
        """Close the open record: its context is here, or the meter has gone on without it."""
        open_record, self._awaiting_context = self._awaiting_context, None
        return [] if open_record is None else self._kept_up_to(open_record)

    def _kept_up_to(self, sequence: int) -> list[Action]:
        return [Progress(sequence=sequence)] if self._rules.ask == "from_last" else []

    def _is_short(self) -> bool:
        """Fewer than counted; more is no fault, one may have been taken meanwhile."""
        return self._expected is not None and self._records < self._expected

    def _tally(self) -> str:
        if not self._is_short():
            return ""
        return f"the meter counted {self._expected} records and sent {self._records}"

    def _finish(self, result: Result, detail: str = "") -> list[Action]:
        self._over = True
        return [Finish(result=result, detail=detail)]


_CANNOT_SELECT = {"operator_not_supported", "operand_not_supported", "invalid_operator"}
