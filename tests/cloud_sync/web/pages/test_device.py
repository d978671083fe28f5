"""What a device is, at the browser."""

from cloud_sync.ledger import device_details
from tests.cloud_sync.web.conftest import Person, SignIn, words
from tests.support.seeded import CUFF, SPARE, Seeded


def test_a_nurse_records_what_stands_on_the_label(nurse: Person, clinic: Seeded) -> None:
    page = f"/patients/{clinic.patient}/device"
    html = nurse.get(f"{page}?device={CUFF}").text
    assert "as it was registered" in words(html)
    fields = {
        "device": CUFF,
        "label": "Upper-arm cuff",
        "fda_defined": "yes",
        "fda_basis": "K200001",
        "automatic": "yes",
        "serial": "20A-117",
        "udi": "(01)00850006000012",
        "since": "2026-11-01",
        "reason": "read off the label",
    }
    assert nurse.post(page, **fields).status_code == 303
    text = words(nurse.get(f"{page}?device={CUFF}").text)
    assert "from 01 Nov 2026 : FDA-defined (K200001), automatic serial 20A-117" in text
    refused = nurse.post(page, **(fields | {"reason": "", "serial": "20A-118"}))
    assert (refused.status_code, 'value="20A-118"' in refused.text) == (409, True)
    assert nurse.post(page, **(fields | {"device": SPARE})).status_code == 409
    with clinic.store.read() as db:
        assert len(device_details.history(db, [CUFF])[CUFF]) == 1


def test_a_reader_sees_it_and_changes_nothing(as_role: SignIn, clinic: Seeded) -> None:
    page = f"/patients/{clinic.patient}/device"
    reader = as_role("reader")
    assert "Record from that date on" not in reader.get(f"{page}?device={CUFF}").text
    assert reader.post(page, device=CUFF).status_code == 403
