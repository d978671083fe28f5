"""A device that tells its time first: subscribe, answer its time with ours, then it sends.

Omron's devices with the standard services want this order: time, battery, readings subscribed, and
the first notification of Current Time answered by a write; readings then come by themselves.
"""

from cloud_sync.contract.readings import CuffPressure
from gateway.profiles import Profile
from gateway.sessions.push import STEP_SECONDS
from gateway.sessions.setting import ClockSetting
from gateway.sessions.steps import (
    Action,
    Connected,
    Dropped,
    Event,
    Finish,
    Keep,
    ReadDone,
    Refused,
    Result,
    SetTimer,
    Subscribe,
    Subscribed,
    TimerFired,
    Value,
)

TIME, BATTERY = "2A2B", "2A19"


class _Subscriptions:
    """Time and battery, then what else is wanted, one after the other."""

    def __init__(self, wanted: tuple[str, ...]) -> None:
        self._wanted = (TIME, BATTERY, *wanted)
        self._left: list[str] = []

    def begin(self, offered: frozenset[str]) -> None:
        self._left = [channel for channel in self._wanted if channel in offered]

    def next(self) -> Subscribe | None:
        return Subscribe(channel=self._left.pop(0)) if self._left else None


class TimeFirstSession:
    """Subscriptions, the answer to its time, values until it hangs up or falls silent."""

    def __init__(self, profile: Profile) -> None:
        self._clock = ClockSetting(profile.clock)
        self._quiet_s = profile.session.quiet_end_ms / 1000
        self._readings = tuple(channel.characteristic for channel in profile.channel)
        self._subscriptions = _Subscriptions(self._readings)
        self._stand = False
        self._told: ReadDone | None = None  # its time, until all subscriptions stand
        self._heard = False
        self._over = False

    def start(self, connected: Connected) -> list[Action]:
        for needed in (TIME, *self._readings):
            if needed not in connected.channels:
                return self._finish("refused", f"the device has no {needed}")
        self._subscriptions.begin(connected.channels)
        return [SetTimer(seconds=STEP_SECONDS), *self._next_subscription()]

    def on_event(self, event: Event) -> list[Action]:
        match event:
            case Value():
                return self._on_value(event)
            case _ if self._over:
                return []
            case Dropped():
                return self._finish("complete" if self._heard else "dropped")
            case TimerFired():
                return self._finish("complete" if self._is_idle else "timeout")
            case Subscribed():
                return self._next_subscription()
            case ReadDone(channel="2A2B") if self._told is None:
                self._told = event
                return self._answer() if self._stand else []
            case _ if self._told is not None and self._stand and not self._clock.done:
                return self._then_listen(self._clock.on_event(event))
            case Refused():
                return self._refused(event)
        return []

    @property
    def _is_idle(self) -> bool:
        return self._heard or (self._stand and self._clock.done)

    def _next_subscription(self) -> list[Action]:
        following = self._subscriptions.next()
        if following is not None:
            return [following]
        self._stand = True
        return self._answer() if self._told is not None else [SetTimer(seconds=STEP_SECONDS)]

    def _answer(self) -> list[Action]:
        assert self._told is not None
        return self._then_listen(self._clock.on_event(self._told))

    def _then_listen(self, actions: list[Action]) -> list[Action]:
        return [*actions, SetTimer(seconds=self._quiet_s)] if self._clock.done else actions

    def _refused(self, event: Refused) -> list[Action]:
        if event.channel == BATTERY:  # nothing of ours depends on it
            return self._next_subscription()
        return self._finish("refused", event.reason)

    def _on_value(self, event: Value) -> list[Action]:
        if event.channel not in self._readings:
            return []
        self._heard = True
        timer: list[Action] = [] if self._over else [SetTimer(seconds=self._quiet_s)]
        if isinstance(event.outcome, CuffPressure):
            return timer  # a display value during inflation: never stored
        kept = Keep(
            channel=event.channel,
            raw=event.raw,
            outcome=event.outcome,
            clock=self._clock.measured,
        )
        return [kept, *timer]

    def _finish(self, result: Result, detail: str = "") -> list[Action]:
        self._over = True
        return [Finish(result=result, detail=detail)]


class TimeFirstPairing:
    """To end a pairing: time and battery subscribed and one of them told.

    No time is written to a unit that is still pairing, and readings are not subscribed: one that
    came now would have nowhere to be kept.
    """

    def __init__(self) -> None:
        self._subscriptions = _Subscriptions(())

    def start(self, connected: Connected) -> list[Action]:
        if TIME not in connected.channels:
            return [Finish(result="refused", detail=f"the device has no {TIME}")]
        self._subscriptions.begin(connected.channels)
        return [SetTimer(seconds=STEP_SECONDS), *self._next_subscription()]

    def on_event(self, event: Event) -> list[Action]:
        match event:
            case ReadDone() | Value():
                return [Finish(result="complete")]
            case Subscribed() | Refused(channel="2A19"):
                return self._next_subscription()
            case Refused():
                return [Finish(result="refused", detail=event.reason)]
            case Dropped():
                return [Finish(result="dropped")]
            case TimerFired():
                return [Finish(result="timeout")]
        return []

    def _next_subscription(self) -> list[Action]:
        following = self._subscriptions.next()
        return [] if following is None else [following]
