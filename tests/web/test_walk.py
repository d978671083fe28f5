"""The round through the pages, against the application served on loopback."""

from pathlib import Path

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from cloud_sync.ledger import care_entries
from cloud_sync.ledger.care_entries import Entry
from cloud_sync.ledger.derive import rederive
from cloud_sync.ledger.local_time import local
from cloud_sync.web.app import build_app
from tests.support import browser, seeded
from tests.support.served import served
from tests.web.walk import CCM_NOTE, RPM_NOTE, walk

pytestmark = pytest.mark.skipif(
    not browser.available(), reason="no Chromium: apt-get install chromium chromium-driver"
)


def test_a_nurse_walks_through_the_clinic(tmp_path: Path) -> None:
    clinic = seeded.build(tmp_path)

    def clock() -> int:  # every look at it is a second later, so that intervals have a length
        clinic.clock.advance(seconds=1)
        return clinic.clock.at_ms

    app = build_app(store=clinic.store, config=clinic.config, clock=clock)
    with served(app) as url:
        walked = walk(url, seeded.NURSE, seeded.PASSWORD, shots=tmp_path / "shots")
    with clinic.store.read() as db:
        entries = care_entries.of_patient(db, clinic.patient, 0, clock())
        reviewed = care_entries.reviewed(db, clinic.patient)
    clinic.store.close()

    assert walked.patient == "Rosa Alvarez"
    assert walked.latest.endswith("mg/dL")
    assert len(walked.readings) == 27
    assert all("✓" in row[4] for row in walked.readings), "each reading shows its receipt"
    assert walked.charts == 2
    assert walked.device_days == "13"
    assert walked.timer_moved
    assert walked.reviewed == len(reviewed) == 27
    assert [_said(entry) for entry in entries] == [
        ("RPM", RPM_NOTE, True, "phone"),
        ("CCM", CCM_NOTE, False, "none"),
    ]
    assert all(entry.measured for entry in entries)
    assert any(RPM_NOTE in line for line in walked.rpm_entries)
    assert any(CCM_NOTE in line for line in walked.ccm_entries)
    assert any("H-0042" in row for row in walked.hubs)
    assert walked.signed_out
    assert walked.complaints == [], "the browser refused nothing that a page asked for"


def _said(entry: Entry) -> tuple[str, str, bool, str]:
    return entry.program, entry.note, entry.interactive, entry.mode


def test_a_new_reading_appears_on_the_open_page(tmp_path: Path) -> None:
    clinic = seeded.build(tmp_path)
    app = build_app(store=clinic.store, config=clinic.config, clock=clinic.clock)
    with served(app) as url, browser.browser() as driver:
        driver.get(f"{url}/sign-in")
        driver.find_element(By.NAME, "username").send_keys(seeded.NURSE)
        driver.find_element(By.NAME, "password").send_keys(seeded.PASSWORD)
        driver.find_element(By.CSS_SELECTOR, "main button").click()
        driver.get(f"{url}/patients/{clinic.patient}")
        assert driver.find_element(By.ID, "device-days").text == "13"
        with clinic.store.write() as db:
            shown = local(seeded.NOW_MS, seeded.ZONE).replace(tzinfo=None)
            seeded.add_reading(
                db, seeded.CUFF, seeded.pressure(171, 99, at=shown), seeded.NOW_MS, held_ms=0
            )
            rederive(db, seeded.CUFF)
        WebDriverWait(driver, 20, ignored_exceptions=(WebDriverException,)).until(
            lambda open_page: "171/99 mmHg" in open_page.find_element(By.TAG_NAME, "main").text
        )
        assert driver.find_element(By.ID, "device-days").text == "14"
        assert browser.complaints(driver) == []
    clinic.store.close()
