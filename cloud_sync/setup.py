"""Makes a clinic's directory: keys, authority, key set, settings, database."""

import json
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cloud_sync import stores
from cloud_sync.config import ClinicConfig, load
from cloud_sync.identity import checkpoint, keys, keyset, services
from cloud_sync.ledger import schema
from cloud_sync.ledger.engine import Store


class Refused(Exception):  # noqa: N818  an answer to the operator, not a fault
    """Why the administrator cannot be made so; the text says what to do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the operator chooses."""

    name: str
    zone: str
    host: str
    broker_port: int
    worker_port: int
    web_port: int
    local_web_port: int | None = None
    bind: str | None = None
    database_url: str | None = None
    training: bool = False  # a practice for trainees, which can never bill


@dataclass(frozen=True, kw_only=True)
class Administrator:
    """The first account."""

    username: str
    full_name: str
    password: str


def create(
    directory: Path, settings: Settings, at: datetime, admin: Administrator | None = None
) -> ClinicConfig:
    """Everything a server needs to start, or nothing; Refused where the password is too weak.

    Without an administrator nobody can sign in: for tests of what needs no pages.
    """
    partial = directory.with_name(f".{directory.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700, parents=True)
    try:
        _fill(partial, settings, at, admin)
        partial.rename(directory)
    except BaseException:
        shutil.rmtree(partial)
        raise
    return load(directory)


def _fill(directory: Path, settings: Settings, at: datetime, admin: Administrator | None) -> None:
    clinic = secrets.token_hex(16)
    keys.create(directory / "keys")
    checkpoint.load_signer(directory, clinic)
    services.create_authority(directory, clinic, at)
    keyset.publish(directory, clinic, version=1, at_ms=_ms(at))
    (directory / "clinic.toml").write_text(_toml(clinic, settings))
    _create_database(load(directory), admin, _ms(at), training=settings.training)


def _create_database(
    config: ClinicConfig, admin: Administrator | None, at_ms: int, *, training: bool
) -> None:
    from cloud_sync.ledger.training import mark

    store = stores.open_own(config)
    try:
        schema.upgrade(store)
        if training:
            with store.write() as db:
                mark(db, at_ms)
        if admin is not None:
            _create_administrator(store, admin, at_ms)
    finally:
        store.close()


def _create_administrator(store: Store, admin: Administrator, at_ms: int) -> None:
    from cloud_sync.ledger import staff  # type: ignore[attr-defined, unused-ignore]

    try:
        with store.write() as db:
            staff.create(
                db,
                store,
                username=admin.username,
                full_name=admin.full_name,
                role="admin",
                billing_role="non_clinical",
                password=admin.password,
                at_ms=at_ms,
            )
    except ValueError as refused:
        raise Refused(str(refused)) from None


def now() -> datetime:
    """The system's clock, for commands."""
    return datetime.now(UTC)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _toml(clinic: str, settings: Settings) -> str:
    values = {
        "clinic_id": clinic,
        "name": settings.name,
        "zone": settings.zone,
        "host": settings.host,
        "bind": settings.bind,
        "broker_port": settings.broker_port,
        "worker_port": settings.worker_port,
        "web_port": settings.web_port,
        "local_web_port": settings.local_web_port,
        "database_url": settings.database_url,
    }
    # A JSON text or number is a TOML one as well.
    return "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
        for key, value in values.items()
        if value is not None
    )
