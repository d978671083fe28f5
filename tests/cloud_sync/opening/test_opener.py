from collections.abc import Iterator
from threading import Thread

import msgspec
import pytest
from sqlalchemy import select

from cloud_sync.alerts import store as alerts
from cloud_sync.contract import anchor, observation as contract
from cloud_sync.contract.anchor import TimeAnchor
from cloud_sync.contract.envelope import Envelope, parse
from cloud_sync.contract.observation import Received
from cloud_sync.identity import keys
from cloud_sync.identity.keys import OpeningKey
from cloud_sync.ingest import store as kept
from cloud_sync.ingest.examine import Sound
from cloud_sync.ledger import devices, people
from cloud_sync.ledger.engine import Store, open_store
from cloud_sync.ledger.tables import (
    alarm,
    device,
    hub as hub_table,
    observation,
    opening,
    quarantine,
    time_anchor,
    unopened,
)
from cloud_sync.opening import opener as module
from cloud_sync.opening.opener import Opener
from tests.support.clinic import wait_for
from tests.support.hubs import Hub, hub_of_keys
from tests.support.readings import DEVICE, WALL_MS, cuff, plaintext


@pytest.fixture(scope="module")
def opening_keys(tmp_path_factory: pytest.TempPathFactory) -> list[OpeningKey]:
    directory = tmp_path_factory.mktemp("opener") / "keys"
    keys.create(directory)
    return keys.load_recipients(directory)


@pytest.fixture
def hub(store: Store, opening_keys: list[OpeningKey]) -> Hub:
    made = hub_of_keys(opening_keys)
    with store.write() as db:
        db.execute(
            hub_table.insert().values(
                id=made.id, label="h", state="active", created_at_ms=1, link_up=False
            )
        )
    return made


@pytest.fixture
def opener(store: Store, opening_keys: list[OpeningKey]) -> Opener:
    return Opener(store, opening_keys, lambda: 77)


def keep(store: Store, hub: Hub, *raws: bytes, at_ms: int = 50) -> None:
    found = []
    for raw in raws:
        parsed = parse(raw)
        assert isinstance(parsed, Envelope)
        found.append(Sound(hub=hub.id, envelope=parsed))
    kept.commit(store, found, at_ms)


def outcomes(store: Store) -> list[str]:
    with store.read() as db:
        return sorted(db.scalars(select(opening.c.outcome)))


def test_every_suite_opens_into_the_ledger(store: Store, hub: Hub, opener: Opener) -> None:
    for suite in (1, 2, 3):
        keep(store, hub, hub.seal(suite, plaintext(hub.id, suite), suite=suite))
    assert opener.work() == 3
    with store.read() as db:
        rows = db.execute(select(observation).order_by(observation.c.plaintext)).all()
        known = db.execute(select(device)).one()
        assert db.execute(select(unopened)).all() == []
    assert sorted(row.plaintext for row in rows) == sorted(
        plaintext(hub.id, number) for number in (1, 2, 3)
    )
    assert {(r.device_id, r.kind, r.hub_id, r.committed_at_ms) for r in rows} == {
        (DEVICE, "blood_pressure", hub.id, 50)
    }
    assert (known.id, known.first_seen_ms) == (DEVICE, 77)
    assert opener.work() == 0


def test_an_observation_that_comes_twice_is_recorded_once(
    store: Store, hub: Hub, opener: Opener
) -> None:
    keep(store, hub, hub.seal(1, plaintext(hub.id)), hub.seal(2, plaintext(hub.id)))
    opener.work()
    assert outcomes(store) == ["copy", "observation"]
    with store.read() as db:
        assert len(db.execute(select(observation)).all()) == 1


def _hostile(hub: Hub) -> dict[str, bytes]:
    said = cuff(hub.id)
    nul = msgspec.structs.replace(said.frame, device="ble:\0")
    return {
        "noise": b"\xff\xfe",
        "other JSON": b'{"v":1}',
        "nested too deep": b'{"x":' + b"[" * 1000,
        "an id that is not its own": contract.encode(msgspec.structs.replace(said, id="00" * 32)),
        "another hub's unanchored id": contract.encode(_unanchored("0f" * 16)),
        "what no column holds": contract.encode(contract.observe(hub.id, nul, said.outcome, "t")),
    }


def _unanchored(hub: str) -> contract.Observation:
    said = cuff(hub)
    timeless = msgspec.structs.replace(said.outcome, device_time=None)
    return contract.observe(hub, said.frame, timeless, "t")


def test_what_makes_no_sense_is_set_aside_and_nothing_waits_behind_it(
    store: Store, hub: Hub, opener: Opener
) -> None:
    hostile = [hub.seal(seq, text) for seq, text in enumerate(_hostile(hub).values(), start=1)]
    undecryptable = bytearray(hub.seal(20, plaintext(hub.id, 20)))
    undecryptable[-70] ^= 1
    keep(store, hub, *hostile, bytes(undecryptable), hub.seal(30, plaintext(hub.id, 30)))
    opener.work()
    assert outcomes(store) == ["observation"] + ["unopenable"] * (len(hostile) + 1)
    with store.read() as db:
        aside = set(db.scalars(select(quarantine.c.body)))
        alarms = db.execute(select(alarm)).all()
        assert db.execute(select(unopened)).all() == []
    assert aside == {*hostile, bytes(undecryptable)}, "no bytes are lost"
    assert [(row.kind, row.hub_id) for row in alarms] == [("unopenable", hub.id)]


def test_an_envelope_for_a_key_that_is_not_held_is_set_aside(
    store: Store, hub: Hub, opening_keys: list[OpeningKey]
) -> None:
    keep(store, hub, hub.seal(1, plaintext(hub.id), suite=2))
    Opener(store, [key for key in opening_keys if key.suite != 2], lambda: 1).work()
    assert outcomes(store) == ["unopenable"]


def test_a_batch_leaves_the_rest_for_the_next(
    store: Store, hub: Hub, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    keep(store, hub, *(hub.seal(seq, plaintext(hub.id, seq), suite=1) for seq in (3, 1, 2)))
    assert [opener.work(), opener.work(), opener.work()] == [2, 1, 0]


def test_an_anchor_is_stored_and_tells_the_time_of_what_came_before(
    store: Store, hub: Hub, opener: Opener
) -> None:
    said = cuff(hub.id)
    dark = Received(wall_ms=9, boot="boot", monotonic_ms=1000, synchronised=False)
    frame = msgspec.structs.replace(said.frame, received=dark)
    timeless = msgspec.structs.replace(said.outcome, device_time=None)
    reading = contract.observe(hub.id, frame, timeless, "t")
    known = TimeAnchor(boot="boot", monotonic_ms=4000, wall_ms=30_000, error_ms=5, software="t")
    future = msgspec.structs.replace(known, wall_ms=2**50)
    sealed = [contract.encode(reading), anchor.encode(known), anchor.encode(future)]
    keep(store, hub, *(hub.seal(seq, text) for seq, text in enumerate(sealed, start=1)))
    opener.work()
    assert outcomes(store) == ["anchor", "observation", "unopenable"]
    with store.read() as db:
        row = db.execute(select(observation)).one()
        kept_anchor = db.execute(select(time_anchor)).one()
    assert (row.measured_at_ms, row.measured_method) == (27_000, "estimate")
    assert (kept_anchor.hub_id, kept_anchor.seq, kept_anchor.wall_ms) == (hub.id, 2, 30_000)


@pytest.fixture
def running(opener: Opener) -> Iterator[Opener]:
    thread = Thread(target=opener.run)
    thread.start()
    yield opener
    opener.stop()
    thread.join(10)
    assert not thread.is_alive()


def test_a_woken_opener_opens_at_once(store: Store, hub: Hub, running: Opener) -> None:
    for seq in (1, 2):
        keep(store, hub, hub.seal(seq, plaintext(hub.id, seq)))
        running.wake()
        wait_for(lambda count=seq: len(outcomes(store)) == count)  # type: ignore[misc]


def test_two_openers_share_the_queue(
    database_url: str, store: Store, hub: Hub, opening_keys: list[OpeningKey]
) -> None:
    keep(store, hub, *(hub.seal(seq, plaintext(hub.id, seq), suite=1) for seq in range(1, 41)))
    stores = [open_store(database_url) for _ in range(2)]
    threads = [Thread(target=Opener(s, opening_keys, lambda: 1).work) for s in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for opened in stores:
        opened.close()
    assert outcomes(store) == ["observation"] * 40


def test_a_fresh_reading_beyond_a_threshold_raises_an_alert_as_it_is_opened(
    store: Store, hub: Hub, opening_keys: list[OpeningKey]
) -> None:
    """The first comes as it is taken; the second was taken then too, but comes a day later."""
    with store.write() as db:
        patient = people.add_patient(
            db, name="Rosa", zone="America/New_York", author="e" * 32, at_ms=1
        )
        alerts.set_threshold(
            db, patient_id=patient, measure="systolic", low="", high="120",
            reason="Dr Lee", author="e" * 32, at_ms=1,
        )  # fmt: skip
    now = [WALL_MS + 60_000]
    opener = Opener(store, opening_keys, lambda: now[0])
    keep(store, hub, hub.seal(1, plaintext(hub.id, 1)), at_ms=now[0])
    opener.work()
    with store.read() as db:
        assert alerts.open_counts(db) == {}, "nobody has the device yet"
    with store.write() as db:
        devices.assign(
            db, device_id=DEVICE, user_slot=None, patient_id=patient,
            from_ms=WALL_MS - 86_400_000, author="e" * 32, at_ms=now[0],
        )  # fmt: skip
    for number, later in ((2, 0), (3, 86_400_000)):
        now[0] += later
        keep(store, hub, hub.seal(number, plaintext(hub.id, number)), at_ms=now[0])
        opener.work()
        with store.read() as db:
            assert [one.value for one in alerts.of_patient(db, patient)] == ["122"]
