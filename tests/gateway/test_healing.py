"""The wiring: what the healed radio writes, and what it asks of the mender."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import msgspec

from gateway.buffer.devices import DeviceStore
from gateway.buffer.upkeep import Upkeep, UpkeepStore, read_upkeep
from gateway.healing import RadioBook, healed, measures
from gateway.health import mender
from gateway.health.bonds import suspicion
from gateway.health.ladder import Rung
from gateway.health.notify import Notifier, Watchdog
from gateway.sessions.link import Link, LinkError, Sighting
from tests.gateway.clinic_keys import ClinicKeys, enrolled
from tests.support.still_radio import StillRadio
from tests.virtual.clock import PlayClock

NEAR = Sighting(device="ble:1", local_name="A", service_uuids=(), rssi=-50, handle=None)


class DeadRadio(StillRadio):
    async def listen(self, on_sighting: Callable[[Sighting], None]) -> None:
        on_sighting(NEAR)
        raise LinkError("cannot scan")

    def connect(self, sighting: Sighting, **_how: object) -> AbstractAsyncContextManager[Link]:
        raise LinkError(f"no answer in time: {sighting.rssi}")


def test_a_dead_radio_leaves_its_traces_in_health_db(tmp_path: Path) -> None:
    config = enrolled(tmp_path / "hub", ClinicKeys())
    clock = PlayClock.create(tmp_path / "clock.json")
    dog = Watchdog(Notifier(None), {"radio": 1.0, "talk": 1.0}, clock=time.monotonic)

    async def story() -> None:
        with closing(DeviceStore(tmp_path / "devices.db")) as devices:
            devices.pair("ble:1", profile="and/ua-651ble", name="cuff", at_ms=0)
            with healed(DeadRadio(), config=config, devices=devices, clock=clock, dog=dog) as it:
                it._check_s = 0.01
                for _ in range(2):
                    trouble = await it._until_trouble(lambda _sighting: None)
                    it._ladder._free_at = 0.0
                    assert trouble.rung is not None
                    await it._take(trouble.rung, trouble.reason)

    asyncio.run(story())
    found = read_upkeep(config.health_db)
    assert isinstance(found, Upkeep)
    assert [(each.rung, each.outcome) for each in found.recoveries] == [("scanner_restart", "done")]


def test_advertisements_of_known_devices_are_noted_now_and_then(tmp_path: Path) -> None:
    clock = PlayClock.create(tmp_path / "clock.json")
    told: list[str] = []
    with closing(UpkeepStore(tmp_path / "health.db")) as store:
        book = RadioBook(store, known={"ble:1"}, clock=clock, tell=told.append)
        start = clock.now_ms()
        for minutes in (0, 1, 9, 11):
            clock.move_to(start + minutes * 60_000)
            book.heard(NEAR)
            book.heard(msgspec.structs.replace(NEAR, device="ble:stranger"))
        heard = store.all().heard
        book.attempted(NEAR, "no_answer")
        assert store.all().attempts[0].ended == "no_answer"
        book.recovered(Rung.RETRY, "cannot scan", "done")
        assert store.all().recoveries == ()
    assert [each.device for each in heard] == ["ble:1"]
    assert heard[0].at_ms >= start + 11 * 60_000
    assert told == ["cannot scan; retry: done"]


def test_a_forgotten_bond_and_a_refusal_are_taken_down(tmp_path: Path) -> None:
    clock = PlayClock.create(tmp_path / "clock.json")
    with closing(UpkeepStore(tmp_path / "health.db")) as store:
        book = RadioBook(store, known=set(), clock=clock, tell=lambda _: None)
        book.heard(NEAR)
        book.know(frozenset({"ble:1"}))
        book.heard(NEAR)
        assert [each.device for each in store.all().heard] == ["ble:1"]
        book.key_missing("ble:1")
        assert suspicion(store.all().attempts) == "certain"
        assert store.all().background == ""
        for why in ("NotSupported", "NotSupported", ""):
            book.background(why)
            assert store.all().background == why


def test_the_upper_rungs_are_left_in_the_menders_spool(tmp_path: Path) -> None:
    config = enrolled(tmp_path / "hub", ClinicKeys())
    clock = PlayClock.create(tmp_path / "clock.json")
    taken = measures(config, clock)
    assert set(taken) == set(Rung) - {Rung.RETRY, Rung.SCANNER_RESTART}

    async def ask() -> str:
        return await taken[Rung.REBOOT]("cannot scan")

    assert asyncio.run(ask()) == "requested"
    asked = msgspec.json.decode(config.mend_request.read_bytes(), type=mender.Request)
    assert (asked.rung, asked.reason, asked.boot) == (
        "reboot",
        "cannot scan",
        clock.received().boot,
    )
