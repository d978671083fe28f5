"""A cuff in the manner of an Omron HEM-9200T: tells its time, waits for the host's, then sends.

It erases a record once its indication is confirmed. From public descriptions, as the profile.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from bumble.gatt import Characteristic, Service
from bumble.link import LocalLink
from bumble.pairing import PairingDelegate

from tests.virtual import payloads
from tests.virtual.clock import PlayClock
from tests.virtual.cuff import Cuff
from tests.virtual.meter import Passkey
from tests.virtual.peripheral import Perform

if TYPE_CHECKING:
    from datetime import datetime


class Omron(Cuff):
    """Six digits to pair; Current Time, battery and blood pressure."""

    key = "omron"

    def __init__(
        self, *, link: LocalLink, clock: PlayClock, state: Path, seed: int, passkey: int
    ) -> None:
        address = "C0:FF:EE:00:92:00"
        super().__init__(link=link, clock=clock, state=state, seed=seed, address=address)
        self.name, self.passkey, self.erases = "BLESmart_00000116", passkey, True
        self.answered: list[datetime] = []

    def delegate(self) -> PairingDelegate:
        return Passkey(self, self.passkey)

    def services(self) -> list[Service]:
        self._time: Characteristic[bytes] = self.characteristic(
            "2A2B",
            Perform.READ | Perform.WRITE | Perform.NOTIFY,
            read=self._told,
            write=self._on_answer,
        )
        self._time.on(Characteristic.EVENT_SUBSCRIPTION, self._on_time_subscription)
        self._measurement = self.characteristic("2A35", Perform.INDICATE)
        self._measurement.on(Characteristic.EVENT_SUBSCRIPTION, self._count_switching_off)
        battery = self.characteristic("2A19", Perform.READ | Perform.NOTIFY, value=bytes([80]))
        return [
            Service("1810", [self._measurement]),
            Service("1805", [self._time]),
            Service("180F", [battery]),
        ]

    def encrypted(self) -> None:
        """It has no gate: it waits for the host's answer as long as the link lasts."""

    def _told(self) -> bytes:
        return payloads.date_time(self.own_time()) + bytes(3)

    def _on_time_subscription(self, _bearer: object, notify: bool, _indicate: bool) -> None:
        if notify:
            self.run(self._tell())

    async def _tell(self) -> None:
        if self.connection is not None:
            await self.device.notify_subscriber(self.connection, self._time, self._told())

    def _on_answer(self, value: bytes) -> None:
        shown = payloads.read_date_time(value[:7])
        if shown is None:
            return
        self.answered.append(shown)
        self.set_own_time(shown)
        if self.subscribed(self._measurement):
            self.run(self._send())

    def _count_switching_off(self, _bearer: object, notify: bool, indicate: bool) -> None:
        self.switched_off += not (notify or indicate)
