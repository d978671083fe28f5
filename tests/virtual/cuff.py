"""A cuff in the manner of an A&D UA-651BLE: just works pairing, clock first, indications, gone."""

import asyncio
from pathlib import Path
from typing import Any

from bumble.gatt import Characteristic, Service
from bumble.link import LocalLink
from bumble.pairing import PairingDelegate

from tests.virtual import patient, payloads
from tests.virtual.clock import PlayClock
from tests.virtual.peripheral import OneBond, Perform, Peripheral

GATE_SECONDS = 5.0  # after encryption a host has so long to set the clock and subscribe
PAUSE_SECONDS = 0.02


class Cuff(Peripheral):
    """Keeps each reading until its indication is confirmed; sends oldest first, then hangs up."""

    key = "cuff"
    service = "1810"

    def __init__(
        self,
        *,
        link: LocalLink,
        clock: PlayClock,
        state: Path,
        seed: int,
        address: str = "C0:FF:EE:00:06:51",
    ) -> None:
        name = "A&D_UA-651BLE_" + address.replace(":", "")[-6:]
        super().__init__(name=name, address=address, link=link, clock=clock, state=state)
        self.memory.setdefault("clock_error_s", -192.0)  # until a host sets it
        self.seed = seed
        self.clock_written = False
        self.gate_s = GATE_SECONDS
        self.switched_off = 0  # how often a host cleared its subscription
        self.drop_after: int | None = None
        self.gate_s = GATE_SECONDS
        self.erases = False  # a cuff that deletes a record once its indication is confirmed

    def delegate(self) -> PairingDelegate:
        return OneBond(self, PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT)

    def services(self) -> list[Service]:
        self._measurement: Characteristic[bytes] = self.characteristic("2A35", Perform.INDICATE)
        self._measurement.on(Characteristic.EVENT_SUBSCRIPTION, self._on_subscription)
        clock = self.characteristic(
            "2A08", Perform.READ | Perform.WRITE, read=self._read_clock, write=self._write_clock
        )
        feature = self.characteristic("2A49", Perform.READ, value=bytes([0x04, 0x00]))
        return [
            Service("1810", [self._measurement, feature, clock]),
            self.device_information("A&D Medical", "UA-651BLE", "BLP008_d019_014"),
            Service("180F", [self.characteristic("2A19", Perform.READ, value=bytes([100]))]),
        ]

    def measure(self, at_ms: int | None = None) -> dict[str, Any]:
        """Take a reading, stamped with the cuff's own clock."""
        at_ms = self.clock.now_ms() if at_ms is None else at_ms
        records = self.memory["records"]
        taken = patient.pressure(self.seed, len(records))
        shown = self._shown(at_ms)
        raw = payloads.blood_pressure(*taken, when=shown)
        record = {
            "device": self.key,
            "number": len(records),
            "at_ms": at_ms,
            "device_time": shown.isoformat(),
            "values": taken._asdict(),
            "raw": raw.hex(),
            "fetched": False,
        }
        records.append(record)
        self.save()
        return record

    def connected(self) -> None:
        self.clock_written = False

    def encrypted(self) -> None:
        self.run(self._gate())

    async def _gate(self) -> None:
        await asyncio.sleep(self.gate_s)
        if not self.paired_now and not self.subscribed(self._measurement):
            await self.hang_up()

    def _read_clock(self) -> bytes:
        return payloads.date_time(self.own_time())

    def _write_clock(self, value: bytes) -> None:
        shown = payloads.read_date_time(value)
        self.clock_written = True
        if shown is not None:
            self.set_own_time(shown)

    def _on_subscription(self, _bearer: object, notify: bool, indicate: bool) -> None:
        self.switched_off += not (notify or indicate)
        if indicate and self.clock_written and not self.paired_now:
            self.run(self._send())

    async def _send(self) -> None:
        await asyncio.sleep(PAUSE_SECONDS)  # the answer to the CCCD write goes first
        for sent, record in enumerate(self.waiting()):
            if sent == self.drop_after:
                self.drop_after = None
                await self.hang_up()
                return
            assert self.connection is not None
            raw = bytes.fromhex(record["raw"])
            await self.device.indicate_subscriber(self.connection, self._measurement, raw)
            if self.erases:
                self.memory["records"].remove(record)
            self.fetched(record)
        await asyncio.sleep(PAUSE_SECONDS)
        await self.hang_up()
