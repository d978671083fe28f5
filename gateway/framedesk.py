"""Where one conversation's frames become observations and are kept."""

import logging
from collections.abc import Callable
from datetime import datetime

from cloud_sync.contract.observation import Frame, Received
from cloud_sync.contract.readings import ControlSolution, Outcome, Reading
from gateway.buffer.devices import Device, DeviceStore
from gateway.conversation import decode_as
from gateway.health.clock import HubClock
from gateway.profiles import find
from gateway.sessions.steps import Keep

RECORD_CONTROL = "2A52"
Keeping = Callable[[Frame, Outcome], int]  # the sequence number, after the commit
_log = logging.getLogger(__name__)


class FrameDesk:
    """Keeps what this device says, and notes of it what the hub must know after a restart."""

    def __init__(
        self, device: Device, *, keep: Keeping, devices: DeviceStore, clock: HubClock
    ) -> None:
        profile = find(device.profile)
        assert profile is not None, f"no profile {device.profile}: it was there when pairing"
        self.device, self.profile = device, profile
        self._keep, self._devices, self._clock = keep, devices, clock
        self._frames = 0
        self._has_sealed = device.sealed_seq is not None

    def decode(self, channel: str, raw: bytes) -> Outcome:
        return decode_as(self.profile, channel, raw)

    def keep(self, kept: Keep) -> None:
        received = self._clock.received()
        frame = Frame(
            device=self.device.id,
            profile=self.profile.id,
            channel=kept.channel,
            raw=kept.raw,
            received=received,
            arrival=self._devices.next_arrival(received.boot),
            clock=kept.clock,
        )
        seq = self._keep(frame, kept.outcome)
        self._frames += 1
        # A test with control solution shows as well that bond, decoder and seal are right.
        if not self._has_sealed and isinstance(kept.outcome, Reading | ControlSolution):
            self._has_sealed = True
            self._devices.note_sealed(self.device.id, seq=seq, at_ms=received.wall_ms)

    def keep_stray(self, channel: str, raw: bytes) -> None:
        """What it said before it was asked. Answers of the record control point are no readings."""
        if channel != RECORD_CONTROL:
            outcome = self.decode(channel, raw)
            self.keep(Keep(channel=channel, raw=raw, outcome=outcome, clock=None))
            self.note("complete", "it spoke before it was asked")

    def progress(self, sequence: int | None) -> None:
        self._devices.note_kept(self.device.id, sequence)

    def note(self, result: str, detail: str) -> None:
        """How it went, for people; neither device nor value is named."""
        _log.info("%s: %s, %d frames %s", self.profile.id, result, self._frames, detail)
        self._devices.note_contact(
            self.device.id,
            at_ms=self._clock.received().wall_ms,
            result=f"{result}: {detail}" if detail else result,
            frames=self._frames,
        )

    def received(self) -> Received:
        return self._clock.received()

    def local(self) -> datetime:
        return self._clock.local()
