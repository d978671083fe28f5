"""The hub's state directory and its settings, read once into a frozen object."""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from gateway.files import write_atomic

DEFAULT_STATE = Path("/var/lib/vitals")
_HexId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class NotEnrolled(Exception):  # noqa: N818  reads as what it says
    """The directory holds no usable hub; the text says what to do. Try again after that."""


class Layout:
    """Where everything in a state directory lies."""

    __slots__ = ()
    directory: Path

    @property
    def settings(self) -> Path:
        return self.directory / "hub.json"

    @property
    def collector(self) -> Path:
        """Written by the collector alone."""
        return self.directory / "collector"

    @property
    def uplink(self) -> Path:
        """Written by the uplink alone."""
        return self.directory / "uplink"

    @property
    def sealed_db(self) -> Path:
        return self.collector / "sealed.db"

    @property
    def health_db(self) -> Path:
        return self.collector / "health.db"

    @property
    def mend_request(self) -> Path:
        """What the collector asks of the mender; vitals-mender.path watches it."""
        return self.collector / "mend.json"

    @property
    def hatch(self) -> Path:
        """The socket at which the running collector takes `vitals-hub pair`."""
        return self.collector / "hatch"

    @property
    def ballast(self) -> Path:
        return self.collector / "ballast"

    @property
    def receipts_db(self) -> Path:
        return self.uplink / "receipts.db"

    @property
    def signing_key(self) -> Path:
        return self.collector / "signing.key"

    @property
    def tls_key(self) -> Path:
        return self.uplink / "tls.key"

    @property
    def certificate(self) -> Path:
        return self.uplink / "hub.pem"

    @property
    def clinic_ca(self) -> Path:
        return self.directory / "clinic-ca.pem"

    @property
    def root(self) -> Path:
        return self.directory / "root.pub"

    @property
    def keysets(self) -> tuple[Path, Path]:
        """The key set given at enrolment, then the newest one received since."""
        return self.directory / "keyset.bin", self.uplink / "keyset.bin"


class HubConfig(Layout, msgspec.Struct, frozen=True, kw_only=True):
    """`hub.json`, read once."""

    directory: Path
    hub: _HexId
    clinic: _HexId
    broker_host: str
    broker_port: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    suite: Literal[1, 2, 3] = 2  # HPKE suite: the hybrid, unless the clinic asks for another
    keep_received_days: _Count = 30  # a clinic restored from a backup can ask again for so long
    ballast_bytes: _Count = 8 * 1024 * 1024  # given up when the disk is full
    background: bool = True  # bluetoothd may connect by itself to devices whose profile asks for it
    key_storage_tier: str = "file"  # how the hub's keys are kept; never claims more than is so


def load(directory: Path) -> HubConfig:
    """Read `hub.json`; NotEnrolled where there is none or it cannot be used."""
    path = directory / "hub.json"
    try:
        values = msgspec.json.decode(path.read_bytes(), type=dict)
        return msgspec.convert({**values, "directory": directory}, HubConfig)
    except FileNotFoundError:
        raise NotEnrolled(
            f"no hub is enrolled in {directory}. Ask the clinic for an enrolment ticket and run: "
            f"vitals-hub enrol TICKET --state {directory}"
        ) from None
    except PermissionError:
        raise NotEnrolled(
            f"{path} may not be read by this account: run the command as the hub's own user"
        ) from None
    except msgspec.MsgspecError as error:
        raise NotEnrolled(f"{path} is damaged ({error}): enrol this hub again") from None


def save(config: HubConfig) -> None:
    """Write `hub.json` at once or not at all."""
    values = msgspec.structs.asdict(config)
    del values["directory"]
    text = msgspec.json.format(msgspec.json.encode(values), indent=2)
    write_atomic(config.settings, text + b"\n")


@cache
def software() -> str:
    """The release that runs here, as readings and state messages name it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("vitals-gateway")
    except PackageNotFoundError:
        return "source"
