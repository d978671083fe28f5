"""Wires the collector's radio to the ladder, its measures, its records and the watchdog."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager

from gateway.buffer.devices import DeviceStore
from gateway.buffer.upkeep import Attempt, Heard, Recovery, UpkeepStore
from gateway.config import HubConfig
from gateway.health import mender
from gateway.health.clock import HubClock
from gateway.health.ladder import Ladder, Rung, Taken, elapsed_s
from gateway.health.notify import Watchdog
from gateway.health.recovery import HealableRadio, HealedRadio, Measure
from gateway.sessions.link import UNKNOWN_RSSI, Sighting

HEARD_EVERY_MS = 600_000  # an advertisement is noted so often: each note is a flush of the card


class RadioBook:
    """`health.recovery.Book` over health.db."""

    def __init__(
        self, store: UpkeepStore, *, known: set[str], clock: HubClock, tell: Callable[[str], None]
    ) -> None:
        self._store, self._known, self._clock, self._tell = store, known, clock, tell
        self._heard_ms: dict[str, int] = {}
        self._background: str | None = None

    def know(self, devices: frozenset[str]) -> None:
        self._known = set(devices)

    def recovered(self, rung: Rung, reason: str, outcome: str) -> None:
        name = rung.name.lower()
        self._tell(f"{reason}; {name}: {outcome}")
        if rung > Rung.RETRY:  # a retry every few seconds would wear the card
            at = self._clock.received()
            self._store.note_recovery(Recovery(rung=name, reason=reason, outcome=outcome, at=at))

    def heard(self, sighting: Sighting) -> None:
        if sighting.device not in self._known:
            return
        at_ms = self._clock.received().wall_ms
        if abs(at_ms - self._heard_ms.get(sighting.device, 0)) >= HEARD_EVERY_MS:
            self._heard_ms[sighting.device] = at_ms
            heard = Heard(device=sighting.device, at_ms=at_ms, rssi=sighting.rssi)
            self._store.note_heard(heard)

    def attempted(self, sighting: Sighting, ended: str) -> None:
        at_ms = self._clock.received().wall_ms
        self._store.note_attempt(
            Attempt(device=sighting.device, at_ms=at_ms, ended=ended, rssi=sighting.rssi)
        )

    def key_missing(self, device: str) -> None:
        at_ms = self._clock.received().wall_ms
        self._store.note_attempt(
            Attempt(device=device, at_ms=at_ms, ended="key_missing", rssi=UNKNOWN_RSSI)
        )

    def background(self, why: str) -> None:
        if why != self._background:
            self._background = why
            self._store.note_background(why)


@contextmanager
def healed(
    radio: HealableRadio,
    *,
    config: HubConfig,
    devices: DeviceStore,
    clock: HubClock,
    dog: Watchdog,
) -> Iterator[HealedRadio]:
    """The same radio, healing itself. What it did lies in health.db."""
    known = {device.id for device in devices.all()}
    with closing(UpkeepStore(config.health_db)) as store:
        now = clock.received()
        taken = [
            Taken(rung=Rung[each.rung.upper()], age_s=elapsed_s(each.at, now))
            for each in store.all().recoveries
        ]
        # Without a paired device nobody misses the radio: nothing beyond it is disturbed.
        top = Rung.REBOOT if known else Rung.ADAPTER_POWER
        yield HealedRadio(
            radio,
            ladder=Ladder(now=time.monotonic(), taken=taken, top=top),  # the event loop's clock
            measures=measures(config, clock),
            book=RadioBook(store, known=known, clock=clock, tell=dog.status),
            pulse=dog,
        )


def measures(config: HubConfig, clock: HubClock) -> Mapping[Rung, Measure]:
    """Each rung's deed. The upper three are asked of the mender, which has its own budget."""
    from gateway.links import adapter

    def asking(rung: Rung) -> Measure:
        async def ask(reason: str) -> str:
            boot = clock.received().boot
            return mender.leave(config.mend_request, rung=rung, reason=reason, boot=boot)

        return ask

    return {
        Rung.STOP_DISCOVERY: adapter.stop_discovery,
        Rung.ADAPTER_POWER: adapter.power_cycle,
        **{rung: asking(rung) for rung in mender.RUNGS.values()},
    }
