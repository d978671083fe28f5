"""JSON beside the pages."""

from cloud_sync.ledger.derive import rederive
from cloud_sync.ledger.local_time import local
from tests.cloud_sync.web.conftest import Person
from tests.support import seeded
from tests.support.seeded import Seeded


def test_json_for_scripts(nurse: Person, clinic: Seeded) -> None:
    found = nurse.get(f"/api/patients/{clinic.patient}/readings").json()
    assert len(found) == 27
    newest = next(one for one in found if one["reading"]["kind"] == "blood_pressure")
    assert newest["reading"]["systolic"] == "131"
    assert newest["receipt_at_ms"] - newest["hub_received_at_ms"] == 1400
    standing = nurse.get(f"/api/patients/{clinic.patient}/progress").json()
    assert standing["period"]["count"] == 13
    assert standing["period"]["reached"] == "99445"
    assert standing["period"]["days"][0] == "2026-11-08"
    assert standing["rpm"] | {"tiers": []} == {
        "month": "2026-11",
        "seconds": 0,
        "recorded_seconds": 0,
        "live_contact": False,
        "count": 0,
        "not_counting_because": [],
        "reached": None,
        "tiers": [],
    }
    assert nurse.get(f"/api/patients/{clinic.other}/progress").json()["period"] is None
    assert nurse.get(f"/api/patients/{'0' * 32}/progress").status_code == 409


def test_the_pulse_moves_when_the_page_would(nurse: Person, clinic: Seeded) -> None:
    pulse = f"/patients/{clinic.patient}/pulse"
    before = nurse.get(pulse).json()["version"]
    assert f'data-version="{before}"' in nurse.get(f"/patients/{clinic.patient}").text
    with clinic.store.write() as db:
        seen = seeded.pressure(140, 90, at=local(seeded.NOW_MS, seeded.ZONE))
        seeded.add_reading(db, seeded.CUFF, seen, seeded.NOW_MS)
        rederive(db, seeded.CUFF)
    assert nurse.get(pulse).json()["version"] != before
    assert nurse.get("/pulse").status_code == nurse.get("/hubs/pulse").status_code == 200
