"""The clinic's directory and its settings, read once into a frozen object."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ClinicConfig:
    """`clinic.toml` of a clinic directory. Ports are TCP; hosts are what hubs and staff dial."""

    directory: Path
    clinic_id: str  # 32 hex digits
    name: str
    zone: str  # IANA name, the default for new patients
    host: str
    broker_port: int  # for hubs, TLS with client certificates
    worker_port: int  # for ingest workers, loopback
    web_port: int  # HTTPS: staff and enrolment
    local_web_port: int | None  # plain HTTP on loopback only, for a proxy or the demo
    database_url: str
    bind: str | None = None  # address to listen on; none: every address of this machine

    @property
    def keys(self) -> Path:
        """Where the clinic's private keys lie, mode 0700."""
        return self.directory / "keys"

    @property
    def broker(self) -> Path:
        """Where the broker's configuration and access rules lie."""
        return self.directory / "broker"


def load(directory: Path) -> ClinicConfig:
    """Read `clinic.toml`; FileNotFoundError where `vitals-clinic init` has not run."""
    values = tomllib.loads((directory / "clinic.toml").read_text())
    return ClinicConfig(
        directory=directory,
        clinic_id=values["clinic_id"],
        name=values["name"],
        zone=values["zone"],
        host=values["host"],
        broker_port=values["broker_port"],
        worker_port=values["worker_port"],
        web_port=values["web_port"],
        local_web_port=values.get("local_web_port"),
        database_url=values.get("database_url", f"sqlite:///{directory / 'clinic.db'}"),
        bind=values.get("bind"),
    )
