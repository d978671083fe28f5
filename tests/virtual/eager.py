"""A cuff in the manner of a Beurer BM54 that speaks first: it remembers who subscribed.

Six digits to pair. Its configuration (the CCCD) outlives the link, as the specification wants it of
bonded devices, so from the second visit on it indicates as soon as the link is encrypted.
"""

import asyncio
from pathlib import Path
from typing import Any

from bumble.gatt import Characteristic, Service
from bumble.link import LocalLink
from bumble.pairing import PairingDelegate

from tests.virtual import patient, payloads
from tests.virtual.clock import PlayClock
from tests.virtual.meter import Passkey
from tests.virtual.peripheral import Perform, Peripheral

PAUSE_SECONDS = 0.02
# Then it hangs up by itself: soon when a host has subscribed before, else there is time to.
LINGER_SECONDS, FIRST_LINGER_SECONDS = 6.0, 20.0


class EagerCuff(Peripheral):
    """Sends what is waiting right after encryption, confirmed or not by somebody who listens."""

    service = "1810"

    def __init__(
        self,
        *,
        link: LocalLink,
        clock: PlayClock,
        state: Path,
        seed: int,
        passkey: int,
        number: int = 0,
    ) -> None:
        self.key = f"eager{number}"
        address = f"C0:FF:EE:00:54:{number:02X}"
        super().__init__(name="BM54", address=address, link=link, clock=clock, state=state)
        self.memory.setdefault("clock_error_s", 0.0)
        self.memory.setdefault("subscribed", False)
        self.seed, self.passkey = seed + number, passkey
        self.early = 0  # readings that were confirmed before a host could have subscribed anew
        self._sending: asyncio.Lock = asyncio.Lock()

    def delegate(self) -> PairingDelegate:
        return Passkey(self, self.passkey)

    def services(self) -> list[Service]:
        self._measurement: Characteristic[bytes] = self.characteristic("2A35", Perform.INDICATE)
        self._measurement.on(Characteristic.EVENT_SUBSCRIPTION, self._on_subscription)
        feature = self.characteristic("2A49", Perform.READ, value=bytes([0x04, 0x00]))
        return [
            Service("1810", [self._measurement, feature]),
            self.device_information("Beurer GmbH", "BM54", "V1.0"),
        ]

    async def forget(self) -> None:
        await super().forget()
        self.memory["subscribed"] = False

    def measure(self, at_ms: int | None = None) -> dict[str, Any]:
        """Take a reading, stamped with the cuff's own clock."""
        at_ms = self.clock.now_ms() if at_ms is None else at_ms
        records = self.memory["records"]
        shown = self._shown(at_ms)
        taken = patient.pressure(self.seed, len(records))
        record = {
            "device": self.key,
            "number": len(records),
            "at_ms": at_ms,
            "device_time": shown.isoformat(),
            "values": taken._asdict(),
            "raw": payloads.blood_pressure(*taken, when=shown).hex(),
            "fetched": False,
        }
        records.append(record)
        self.save()
        return record

    def encrypted(self) -> None:
        if self.memory["subscribed"] and not self.paired_now and not self.pairing_mode:
            self.run(self._send(early=True))
        self.run(self._linger())

    def _on_subscription(self, _bearer: object, _notify: bool, indicate: bool) -> None:
        if indicate:
            self.memory["subscribed"] = True
            self.save()
            if not self.paired_now:
                self.run(self._send(early=False))

    async def _send(self, *, early: bool) -> None:
        await asyncio.sleep(PAUSE_SECONDS)
        async with self._sending:
            for record in self.waiting():
                assert self.connection is not None
                raw = bytes.fromhex(record["raw"])
                await self.device.indicate_subscriber(
                    self.connection, self._measurement, raw, force=True
                )
                self.early += early
                self.fetched(record)

    async def _linger(self) -> None:
        known = self.memory["subscribed"]
        await asyncio.sleep(LINGER_SECONDS if known else FIRST_LINGER_SECONDS)
        await self.hang_up()
