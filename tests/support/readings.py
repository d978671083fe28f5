"""Constructed observations: values and addresses of nobody."""

from datetime import datetime
from decimal import Decimal

from cloud_sync.contract.observation import Frame, Observation, Received, encode, observe
from cloud_sync.contract.readings import BloodPressure, Outcome

DEVICE = "ble:00a050000001"
WALL_MS = 1_772_634_720_000  # 2026-03-04T14:32:00Z


def cuff(
    hub: str,
    number: int = 1,
    *,
    device: str = DEVICE,
    user: int | None = None,
    device_time: datetime | None = None,
    wall_ms: int = WALL_MS,
    outcome: Outcome | None = None,
) -> Observation:
    """A blood pressure; different numbers are different measurements."""
    spoken = outcome or BloodPressure(
        systolic=Decimal(120 + number % 40),
        diastolic=Decimal(80),
        unit="mmHg",
        flags=(),
        user=user,
        device_time=device_time or datetime.fromisoformat("2026-03-04T09:31"),
    )
    frame = Frame(
        device=device,
        profile="acme/bp-100",
        channel="2A35",
        raw=number.to_bytes(4, "big"),
        received=Received(wall_ms=wall_ms, boot="boot", monotonic_ms=number, synchronised=True),
        arrival=number,
    )
    return observe(hub, frame, spoken, "test")


def plaintext(hub: str, number: int = 1) -> bytes:
    """What a hub seals."""
    return encode(cuff(hub, number))
