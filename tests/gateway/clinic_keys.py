"""A clinic's keys and an enrolled hub's directory, made in the test: real keys, no server."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM768X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cloud_sync.contract import envelope, keyset, observation, receipt
from cloud_sync.contract.observation import Frame, Observation, Received
from cloud_sync.contract.readings import BloodPressure
from cloud_sync.contract.receipt import Reason, Receipted, Status
from gateway.config import HubConfig, save

HUB = "00112233445566778899aabbccddeeff"
CLINIC = "c0ffee00c0ffee00c0ffee00c0ffee00"
BOOT = "5e0b1c9a-7a5c-4b8e-9a53-4d2f3a1c0b77"
DAY_MS = 86_400_000
START_MS = 1_795_000_000_000


def recipient_keys() -> dict[int, tuple[envelope.RecipientPrivateKey, bytes]]:
    """By suite: the private key, and the raw public key as a key set carries it."""
    curve, lattice = x25519.X25519PrivateKey.generate(), mlkem.MLKEM768PrivateKey.generate()
    nist = ec.generate_private_key(ec.SECP256R1())
    curve_public = curve.public_key().public_bytes_raw()
    nist_public = nist.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {
        1: (curve, curve_public),
        2: (
            MLKEM768X25519PrivateKey(lattice, curve),
            lattice.public_key().public_bytes_raw() + curve_public,
        ),
        3: (nist, nist_public),
    }


@dataclass
class ClinicKeys:
    root: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    receipts: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    recipients: dict[int, tuple[envelope.RecipientPrivateKey, bytes]] = field(
        default_factory=recipient_keys
    )

    def keyset(
        self,
        version: int = 1,
        suites: tuple[int, ...] = (1, 2, 3),
        min_suite: int = 1,
    ) -> bytes:
        keys = keyset.KeySet(
            version=version,
            not_before_ms=0,
            clinic=CLINIC,
            recipients=tuple(
                keyset.Recipient(id=suite * 10, suite=suite, key=self.recipients[suite][1])
                for suite in suites
            ),
            min_suite=min_suite,
            receipt_keys=(
                keyset.ReceiptKey(id=7, key=self.receipts.public_key().public_bytes_raw()),
            ),
        )
        return keyset.sign(keys, self.root)

    def receipt(
        self,
        raws: list[bytes],
        status: Status = Status.STORED,
        *,
        at_ms: int = START_MS,
        key: Ed25519PrivateKey | None = None,
        key_id: int = 7,
    ) -> bytes:
        """A receipt for these envelopes of one epoch."""
        parsed = [envelope.parse(raw) for raw in raws]
        first = parsed[0]
        assert isinstance(first, envelope.Envelope)
        reason = Reason.HUB_NOT_ACTIVE if status is Status.REFUSED else Reason.NONE
        entries = tuple(
            Receipted(
                seq=each.header.seq,
                envelope_id=hashlib.sha256(each.raw).digest(),
                status=status,
                reason=reason,
            )
            for each in parsed
            if isinstance(each, envelope.Envelope)
        )
        content = receipt.Receipt(
            key_id=key_id,
            epoch=first.header.epoch,
            hub=first.header.hub,
            committed_at_ms=at_ms,
            entries=entries,
        )
        return receipt.sign(content, key or self.receipts)

    def open(self, raw: bytes) -> Observation | None:
        parsed = envelope.parse(raw)
        assert isinstance(parsed, envelope.Envelope)
        plaintext = envelope.open_sealed(parsed, self.recipients[parsed.header.suite][0])
        return observation.decode(plaintext) if plaintext is not None else None


def enrolled(
    directory: Path,
    clinic: ClinicKeys,
    *,
    port: int = 8883,
    ballast_bytes: int = 0,
    suite: Literal[1, 2, 3] = 2,
    min_suite: int = 1,
) -> HubConfig:
    """A state directory as enrolment leaves it, without the TLS half."""
    config = HubConfig(
        directory=directory,
        hub=HUB,
        clinic=CLINIC,
        broker_host="localhost",
        broker_port=port,
        ballast_bytes=ballast_bytes,
        suite=suite,
    )
    config.collector.mkdir(parents=True)
    config.uplink.mkdir()
    config.root.write_bytes(clinic.root.public_key().public_bytes_raw())
    config.keysets[0].write_bytes(clinic.keyset(min_suite=min_suite))
    config.signing_key.write_bytes(Ed25519PrivateKey.generate().private_bytes_raw())
    save(config)
    return config


def observed(number: int, *, at_ms: int = START_MS) -> Observation:
    """A made-up cuff's measurement; `number` makes it unlike the others."""
    outcome = BloodPressure(
        systolic=Decimal(100 + number % 80),
        diastolic=Decimal(61),
        unit="mmHg",
        flags=(),
        device_time=datetime(2026, 11, 2, 7, 15, number % 60),  # noqa: DTZ001  a device has no zone
    )
    frame = Frame(
        device="ble:c00000000001",
        profile="example/cuff",
        channel="2A35",
        raw=number.to_bytes(8, "big"),
        received=received(at_ms),
        arrival=number + 1,
    )
    return observation.observe(HUB, frame, outcome, "test")


def received(at_ms: int = START_MS) -> Received:
    return Received(wall_ms=at_ms, boot=BOOT, monotonic_ms=1000, synchronised=True)
