"""A glucometer in the manner of an Accu-Chek: six digits to pair, records by RACP, contexts."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bumble.att import ATT_Error
from bumble.gatt import Characteristic, Service
from bumble.link import LocalLink
from bumble.pairing import PairingDelegate

from tests.virtual import patient, payloads
from tests.virtual.clock import PlayClock
from tests.virtual.peripheral import OneBond, Perform, Peripheral

# Record Access Control Point, as the GATT Specification Supplement numbers it
REPORT, DELETE, ABORT, COUNT, COUNT_IS, RESPONSE = 1, 2, 3, 4, 5, 6
ALL, UP_TO, FROM, RANGE, FIRST, LAST = 1, 2, 3, 4, 5, 6
SUCCESS, NO_OPCODE, NO_OPERATOR, BAD_OPERAND, NO_RECORDS = 1, 2, 4, 5, 6
BY_SEQUENCE = 1
NOT_SUBSCRIBED, IN_PROGRESS = 0xFD, 0xFE
PACE_SECONDS = 0.005


class Passkey(OneBond):
    """Shows six digits that the host must type; refuses a host that cannot."""

    def __init__(self, owner: Peripheral, passkey: int) -> None:
        super().__init__(owner, PairingDelegate.IoCapability.DISPLAY_OUTPUT_ONLY)
        self.passkey = passkey

    async def generate_passkey(self) -> int:
        return self.passkey

    async def confirm(self, auto: bool = False) -> bool:  # noqa: ARG002 - Bumble's signature
        return False


class Meter(Peripheral):
    """Numbers its records, keeps them all, and tells them to a host that asks."""

    key = "meter"
    service = "1808"

    def __init__(
        self,
        *,
        link: LocalLink,
        clock: PlayClock,
        state: Path,
        seed: int,
        passkey: int,
        address: str = "C0:FF:EE:00:18:08",
    ) -> None:
        name = "meter+" + address.replace(":", "")[-8:]
        super().__init__(name=name, address=address, link=link, clock=clock, state=state)
        self.memory.setdefault("clock_error_s", 41.0)  # set by hand, and nobody does
        self.seed, self.passkey = seed, passkey
        self.drop_after: int | None = None
        self.requests: list[str] = []
        self._procedure: asyncio.Task[None] | None = None

    def delegate(self) -> PairingDelegate:
        return Passkey(self, self.passkey)

    def services(self) -> list[Service]:
        self._measurement: Characteristic[bytes] = self.characteristic("2A18", Perform.NOTIFY)
        self._context: Characteristic[bytes] = self.characteristic("2A34", Perform.NOTIFY)
        self._control: Characteristic[bytes] = self.characteristic(
            "2A52", Perform.WRITE | Perform.INDICATE, write=self._on_request
        )
        feature = self.characteristic("2A51", Perform.READ, value=bytes([0x20, 0x04]))
        return [
            Service("1808", [self._measurement, self._context, feature, self._control]),
            self.device_information("Roche", "929", "v1.2.3"),
        ]

    def measure(self, at_ms: int | None = None) -> dict[str, Any]:
        """Take a reading, stamped with the meter's own clock."""
        at_ms = self.clock.now_ms() if at_ms is None else at_ms
        records = self.memory["records"]
        number = len(records)
        sequence = (int(self.memory.setdefault("first_sequence", 1)) + number) % 65536
        taken, shown = patient.sugar(self.seed, number), self._shown(at_ms)
        raw = payloads.glucose(sequence, shown, taken.mg_dl, context_follows=True)
        record = {
            "device": self.key,
            "number": number,
            "sequence": sequence,
            "at_ms": at_ms,
            "device_time": shown.isoformat(),
            "values": taken._asdict(),
            "raw": raw.hex(),
            "context": payloads.glucose_context(sequence, taken.meal).hex(),
            "fetched": False,
        }
        records.append(record)
        self.save()
        return record

    def connected(self) -> None:
        self._procedure = None

    def _on_request(self, request: bytes) -> None:
        self.requests.append(request.hex())
        needed = (self._measurement, self._context, self._control)
        if not all(self.subscribed(characteristic) for characteristic in needed):
            raise ATT_Error(NOT_SUBSCRIBED)
        busy = self._procedure is not None and not self._procedure.done()
        opcode = request[0] if request else 0
        if opcode == ABORT:
            if self._procedure is not None:
                self._procedure.cancel()
            self.run(self._respond(ABORT, SUCCESS))
            return
        if busy:
            raise ATT_Error(IN_PROGRESS)
        self.run(self._perform(opcode, request))

    async def _perform(self, opcode: int, request: bytes) -> None:
        """A procedure is over when its last indication is sent: `_indicate` says so."""
        self._procedure = asyncio.current_task()
        await asyncio.sleep(PACE_SECONDS)  # the answer to the write goes first
        if opcode not in (REPORT, COUNT):
            await self._respond(opcode, NO_OPCODE)
            return
        chosen = self._chosen(request[1:])
        if isinstance(chosen, int):
            await self._respond(opcode, chosen)
        elif opcode == COUNT:
            await self._indicate(bytes([COUNT_IS, 0]) + len(chosen).to_bytes(2, "little"))
        elif not chosen:
            await self._respond(REPORT, NO_RECORDS)
        else:
            await self._report(chosen)

    def _chosen(self, wanted: bytes) -> list[dict[str, Any]] | int:
        """The records an operator and operand choose, or the response code that refuses them."""
        records: list[dict[str, Any]] = self.memory["records"]
        match list(wanted):
            case [op, *rest] if op in (ALL, FIRST, LAST):
                return BAD_OPERAND if rest else _SIMPLE[op](records)
            case [op, kind, low, high] if op == FROM and kind == BY_SEQUENCE:
                least = low | high << 8
                for record in records:  # a host that asks from here on has what was before
                    record["fetched"] |= record["sequence"] < least
                return [record for record in records if record["sequence"] >= least]
            case [op, *_] if op in (UP_TO, RANGE):
                return NO_OPERATOR
            case [op, *_] if op == FROM:
                return BAD_OPERAND
        return NO_OPERATOR

    async def _report(self, records: list[dict[str, Any]]) -> None:
        sent = 0
        for record in records:
            parts = ((self._measurement, record["raw"]), (self._context, record["context"]))
            for characteristic, raw in parts:
                if sent == self.drop_after:
                    self.drop_after = None
                    await self.hang_up()
                    return
                assert self.connection is not None
                await self.device.notify_subscriber(
                    self.connection, characteristic, bytes.fromhex(raw)
                )
                sent += 1
                await asyncio.sleep(PACE_SECONDS)
        await self._respond(REPORT, SUCCESS)
        for record in records:
            if not record["fetched"]:
                self.fetched(record)

    async def _respond(self, request: int, code: int) -> None:
        await self._indicate(bytes([RESPONSE, 0, request, code]))

    async def _indicate(self, value: bytes) -> None:
        assert self.connection is not None
        self._procedure = None
        await self.device.indicate_subscriber(self.connection, self._control, value)


_SIMPLE: dict[int, Callable[[list[dict[str, Any]]], list[dict[str, Any]]]] = {
    ALL: list,
    FIRST: lambda records: records[:1],
    LAST: lambda records: records[-1:],
}
