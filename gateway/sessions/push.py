"""A device that sends by itself once subscribed: clock first, then the CCCD, then wait for quiet.

A&D gives the host about 5 s after encryption for both writes, sends oldest first and hangs up; a
record counts as sent after its confirmation.
"""

from cloud_sync.contract.readings import CuffPressure
from gateway.profiles import Profile
from gateway.sessions.setting import ClockSetting
from gateway.sessions.steps import (
    Action,
    Connected,
    Dropped,
    Event,
    Finish,
    Keep,
    Refused,
    Result,
    SetTimer,
    Subscribe,
    Subscribed,
    TimerFired,
    Value,
)

STEP_SECONDS = 20.0  # before the subscription stands


class PushSession:
    """Clock, subscriptions, values until the device hangs up or falls silent."""

    def __init__(self, profile: Profile) -> None:
        self._clock = ClockSetting(profile.clock)
        self._quiet_s = profile.session.quiet_end_ms / 1000
        self._wanted = profile.channel
        self._to_subscribe: list[str] = []
        self._listening = False
        self._over = False

    def start(self, connected: Connected) -> list[Action]:
        offered = connected.channels
        missing = [
            channel.characteristic
            for channel in self._wanted
            if not channel.optional and channel.characteristic not in offered
        ]
        if missing:
            return self._finish("refused", f"the device has no {missing[0]}")
        self._to_subscribe = [
            channel.characteristic for channel in self._wanted if channel.characteristic in offered
        ]
        timer: list[Action] = [SetTimer(seconds=STEP_SECONDS)]
        return timer + (self._clock.begin(offered) or self._next_subscription())

    def on_event(self, event: Event) -> list[Action]:
        match event:
            case Value():
                return self._on_value(event)
            case _ if self._over:
                return []
            case Dropped():
                return self._finish("complete" if self._listening else "dropped")
            case TimerFired():
                all_stand = self._listening and not self._to_subscribe
                return self._finish("complete" if all_stand else "timeout")
            case _ if not self._clock.done:
                actions = self._clock.on_event(event)
                return self._next_subscription() if self._clock.done else actions
            case Subscribed():
                self._listening = True
                return self._next_subscription()
            case Refused():
                return self._finish("refused", event.reason)
        return []

    def _on_value(self, event: Value) -> list[Action]:
        self._listening = True  # some devices send before they answer the subscription
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

    def _next_subscription(self) -> list[Action]:
        if self._to_subscribe:
            return [Subscribe(channel=self._to_subscribe.pop(0))]
        return [SetTimer(seconds=self._quiet_s)]

    def _finish(self, result: Result, detail: str = "") -> list[Action]:
        self._over = True
        return [Finish(result=result, detail=detail)]
