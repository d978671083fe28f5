"""A clinic from before records were sealed opens as it was, and seals from now on."""

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from cloud_sync import cli, eraser, setup, stores
from cloud_sync.config import ClinicConfig
from cloud_sync.contract.envelope import Envelope, parse
from cloud_sync.contract.observation import encode
from cloud_sync.identity import keys
from cloud_sync.identity.data_keys import ClinicKeyFile
from cloud_sync.ingest import store as kept
from cloud_sync.ingest.examine import Sound as SoundEnvelope, Unsound
from cloud_sync.ledger import (
    care_time,
    closing,
    devices,
    evidence,
    incidents,
    people,
    readings,
    registrations,
    retention,
    sealing,
    staff,
    tables,
    unsealed,
)
from cloud_sync.ledger.care_entries import Work
from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.erasing import Approved
from cloud_sync.ledger.refused import Refused
from cloud_sync.ledger.schema import upgrade
from cloud_sync.ledger.vault import KeyLost
from cloud_sync.opening.opener import Opener
from tests.support.hubs import hub_of_keys
from tests.support.readings import cuff
from tests.support.seeded import PASSWORD

BEFORE_SEALING = "r0011"
THEN = datetime(2026, 3, 4, 14, tzinfo=UTC)
LATER = round(datetime(2037, 6, 1, tzinfo=UTC).timestamp() * 1000)
ZONE = "America/New_York"


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


@dataclass(frozen=True, kw_only=True)
class Old:
    """A patient's month of March 2026, closed and signed, all of it as plain text."""

    config: ClinicConfig
    patient: str
    doctor: str


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Old:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    chosen = setup.Settings(
        name="Lakeside", zone=ZONE, host="localhost", broker_port=1, worker_port=2, web_port=3,
    )  # fmt: skip
    config = setup.create(tmp_path / "clinic", chosen, THEN)
    if url is None:
        for one in config.directory.glob("clinic.db*"):
            one.unlink()
    else:
        config = replace(config, database_url=url)
    store = open_store(config.database_url)
    with as_file(files("cloud_sync.ledger") / "migrations") as scripts, store.write() as db:
        alembic = Config()
        alembic.set_main_option("script_location", str(scripts))
        alembic.attributes["connection"] = db
        command.upgrade(alembic, BEFORE_SEALING)
        _birth_dates(db, "text")  # as today's program writes them
    with pytest.MonkeyPatch.context() as older:  # it knew of no registrations either
        for name in ("record_account", "record_devices"):
            older.setattr(registrations, name, lambda *_, **_more: None)
        found = _filled(config, store)
    with store.write() as db:
        _birth_dates(db, "date")  # as the older one did
    store.close()
    assert not (config.keys / "data.key").exists()
    return found


def _birth_dates(db: Connection, kind: str) -> None:
    if db.dialect.name == "postgresql":
        change = f"alter column birth_date type {kind} using birth_date::{kind}"
        db.execute(text(f"alter table patient_detail {change}"))


def _filled(config: ClinicConfig, store: Store) -> Old:
    at_ms = ms(THEN)
    with store.write() as db:
        doctor = staff.create(
            db, store, username="dora", full_name="Dora Doctor", role="clinician",
            billing_role="practitioner", password=PASSWORD, at_ms=at_ms - 1000,
        )  # fmt: skip
        patient = people.add_patient(
            db, name="Ida Before", zone=ZONE, author=doctor, at_ms=at_ms - 1000,
            birth_date=datetime(1931, 7, 19, tzinfo=UTC).date(), record_number="MRN-1",
        )  # fmt: skip
    _reading(config, store, patient, doctor, THEN)
    work = Work(
        activity="review", note="Talked about the week and two repeats", mode="phone",
        interactive=True,
    )  # fmt: skip
    with store.write() as db:
        care_time.start(db, staff_id=doctor, patient_id=patient, program="RPM", at_ms=at_ms + 9000)
        care_time.stop(db, staff_id=doctor, at_ms=at_ms + 1_300_000, work=work)
    return Old(config=config, patient=patient, doctor=doctor)


def _reading(config: ClinicConfig, store: Store, patient: str, doctor: str, at: datetime) -> None:
    opening = keys.load_recipients(config.keys)
    hub, at_ms = hub_of_keys(opening), ms(at)
    device = f"ble:{at.year:012x}"
    said = cuff(hub.id, device=device, wall_ms=at_ms, device_time=at.replace(tzinfo=None))
    parsed = parse(hub.seal(1, encode(said)))
    assert isinstance(parsed, Envelope)
    with store.write() as db:
        db.execute(
            tables.hub.insert().values(
                id=hub.id, label="kitchen", state="active", created_at_ms=1, link_up=True,
                verify_key=hub.signing.public_key().public_bytes_raw(),
            )
        )  # fmt: skip
    kept.commit(store, [SoundEnvelope(hub=hub.id, envelope=parsed)], at_ms + 1500)
    while Opener(store, opening, lambda: at_ms + 2000).work():
        pass
    with store.write() as db:
        devices.assign(
            db, device_id=device, user_slot=None, patient_id=patient, from_ms=at_ms - 86_400_000,
            author=doctor, at_ms=at_ms,
        )  # fmt: skip


@pytest.fixture
def store(old: Old) -> Iterator[Store]:
    """As the server opens it at its next start."""
    opened = stores.open_own(old.config)
    upgrade(opened)
    yield opened
    opened.close()


def test_what_was_there_is_read_as_before_and_what_comes_is_sealed(old: Old, store: Store) -> None:
    with store.read() as db:
        ida = people.find(db, old.patient)
        assert (ida.name, str(ida.birth_date)) == ("Ida Before", "1931-07-19")
        assert len(readings.of_patient(db, old.patient)) == 1
        assert isinstance(evidence.verify(db, {}), evidence.Sound)
    at_ms = ms(THEN) + 40 * 86_400_000
    with store.write() as db:
        people.add_patient(db, name="Bo After", zone=ZONE, author=old.doctor, at_ms=at_ms)
        standing = closing.close(db, old.patient, "2026-03", author=old.doctor, at_ms=at_ms)
        assert standing.state == "ready"
    with store.read() as db:
        column = sealing.stored(tables.patient_detail, "name")
        raw = sorted(db.execute(tables.patient_detail.select().with_only_columns(column)).scalars())
        assert raw[0] == "Ida Before"
        assert raw[1].startswith("sealed:1:")
        assert [one.name for one in people.everyone(db)] == ["Bo After", "Ida Before"]
        assert isinstance(evidence.verify(db, {}), evidence.Sound)
    mode = stat.S_IMODE((old.config.keys / "data.key").stat().st_mode)
    assert mode == 0o600


def test_rows_that_no_key_opens_are_not_called_erased(
    old: Old, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_ms = ms(THEN) + 40 * 86_400_000
    with store.write() as db:
        closing.close(db, old.patient, "2026-03", author=old.doctor, at_ms=closed_ms)
    with store.read() as db:
        (one,) = retention.review(db, LATER).over
        assert not one.due
        # The reading and the care time; the snapshot was sealed.
        assert [block[:7] for block in one.blocks] == ["2 rows "]
        before = people.find(db, old.patient)
    approved = Approved(by="Dora", author=old.doctor, at_ms=LATER)
    with pytest.raises(Refused, match="2 rows of this record were written before records were"):
        eraser.erase(old.config, store, approved, lambda: LATER)
    with store.read() as db:
        assert people.find(db, old.patient) == before
        assert db.execute(tables.erased.select()).all() == []
    if store.writer.dialect.name == "postgresql":
        return  # the command reads the directory's own settings
    monkeypatch.setattr("time.time_ns", lambda: LATER * 1_000_000)
    cli.app(
        ["retention", "due", str(old.config.directory), "--json"],
        result_action="return_value",
        exit_on_error=False,
    )
    said = json.loads(capsys.readouterr().out)
    with store.read() as db:
        assert said["unsealed_rows"] == unsealed.find(db).total == 4  # envelope and details, too


def test_a_sealed_year_goes_and_the_proof_counts_what_lies_open(old: Old, store: Store) -> None:
    second = datetime(2027, 3, 4, 14, tzinfo=UTC)
    _reading(old.config, store, old.patient, old.doctor, second)
    closed_ms = ms(second) + 40 * 86_400_000
    with store.write() as db:
        for month in ("2026-03", "2027-03"):
            closing.close(db, old.patient, month, author=old.doctor, at_ms=closed_ms)
    at_ms = LATER + 366 * 86_400_000
    approved = Approved(by="Dora", author=old.doctor, at_ms=at_ms)
    statement = json.loads(eraser.erase(old.config, store, approved, lambda: at_ms))["statement"]
    scopes = [(one["subject"].split("/")[0], one["period"]) for one in statement["scopes"]]
    assert scopes == [("patient", "2027"), ("hub", "2027-03")], "no file, no hub of 2026"
    assert statement["unsealed_rows"] == 4
    with store.read() as db:
        assert people.find(db, old.patient).name == "Ida Before"
        assert isinstance(evidence.verify(db, {}), evidence.Sound)


def test_a_lost_key_stops_everything_and_is_not_replaced(old: Old, store: Store) -> None:
    with store.write() as db:
        bo = people.add_patient(db, name="Bo", zone=ZONE, author=old.doctor, at_ms=ms(THEN) + 9)
    key = old.config.keys / "data.key"
    secret = key.read_bytes()
    for wrong in (None, b"\1" * 32):
        key.unlink()
        if wrong is not None:
            key.write_bytes(wrong)
        fresh = stores.open_own(old.config)
        with fresh.read() as db:
            with pytest.raises(KeyLost, match=r"restore keys/data\.key"):
                sealing.check(db)
            with pytest.raises(KeyLost):
                people.find(db, bo)
        with pytest.raises(KeyLost), fresh.write() as db:
            people.add_patient(db, name="Cy", zone=ZONE, author=old.doctor, at_ms=ms(THEN) + 10)
        fresh.close()
        assert key.exists() == (wrong is not None)
        key.write_bytes(secret)
    with store.read() as db:
        assert people.find(db, bo).name == "Bo"


def test_two_processes_make_one_key(tmp_path: Path) -> None:
    one, other = ClinicKeyFile(tmp_path), ClinicKeyFile(tmp_path)
    assert one.read() == []
    one.create()
    first = one.read()
    other.create()
    assert other.read() == first
    assert [path.name for path in tmp_path.iterdir()] == ["data.key"]


def test_readers_of_sealed_cells_never_wait_for_each_other(old: Old, store: Store) -> None:
    with store.write() as db:
        bo = people.add_patient(db, name="Bo", zone=ZONE, author=old.doctor, at_ms=ms(THEN) + 9)
    fresh = stores.open_own(old.config)
    taken = [fresh.reader.connect() for _ in range(8)]  # the whole pool
    try:
        assert [people.find(db, bo).name for db in taken] == ["Bo"] * 8
    finally:
        for db in taken:
            db.close()
        fresh.close()


def test_the_quarantine_is_sealed_and_its_sizes_are_those_of_what_came(
    old: Old, store: Store
) -> None:
    plain = open_store(old.config.database_url)
    for opened, body in ((plain, b"before"), (store, b"afterwards")):
        found = Unsound(topic="c/h/up", body=body, why="malformed", hub=None)
        kept.commit(opened, [found], ms(THEN))
    plain.close()
    with store.read() as db:
        assert sorted(one.size_bytes for one in incidents.quarantined(db)) == [6, 10]
        raw = list(db.execute(text("select body from quarantine")).scalars())
    assert sorted(bytes(one).startswith(b"sealed:1:") for one in raw) == [False, True]
