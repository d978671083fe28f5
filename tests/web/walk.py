"""A nurse's round through the pages of a running clinic, in a real browser.

Signs in, reads a patient, reviews with the clock running, records care coordination beside it.
"""

from dataclasses import dataclass, field
from pathlib import Path

from selenium.common.exceptions import StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

from tests.support.browser import browser, complaints

_WAIT_SECONDS = 20
RPM_NOTE = "Went through the home readings since the last contact; pressure steady, plan unchanged."
CCM_NOTE = "Asked the pharmacy about the refill and updated the care plan with the answer."


@dataclass(kw_only=True)
class Walked:
    """What the pages said."""

    patient: str = ""
    patient_url: str = ""
    latest: str = ""
    readings: list[list[str]] = field(default_factory=list)  # the table's cells, newest first
    charts: int = 0
    device_days: str = ""
    reviewed: int = 0
    timer_moved: bool = False
    rpm_entries: list[str] = field(default_factory=list)
    ccm_entries: list[str] = field(default_factory=list)
    rpm_minutes: str = ""
    ccm_minutes: str = ""
    hubs: list[str] = field(default_factory=list)
    signed_out: bool = False
    complaints: list[str] = field(default_factory=list)


def walk(
    base_url: str,
    username: str,
    password: str,
    *,
    shots: Path | None = None,
    accept_any_certificate: bool = False,
) -> Walked:
    """Walk once; the first patient on the work list that has a reading is looked at."""
    walked = Walked()
    with browser(accept_any_certificate=accept_any_certificate) as driver:
        pages = _Pages(driver, base_url.rstrip("/"), walked, shots)
        pages.sign_in(username, password)
        pages.read_work_list()
        pages.read_patient()
        pages.review()
        pages.coordinate()
        pages.read_hubs()
        pages.sign_out()
    return walked


@dataclass
class _Pages:
    driver: WebDriver
    base: str
    walked: Walked
    shots: Path | None

    def sign_in(self, username: str, password: str) -> None:
        self._open("/sign-in")
        self._one("[name=username]").send_keys(username)
        self._one("[name=password]").send_keys(password)
        self._shoot("sign-in")
        self._go("main button")
        assert self.driver.current_url.endswith("/patients"), self._one("main").text

    def read_work_list(self) -> None:
        self._shoot("patients")
        rows = [row for row in self._all(".worklist tbody tr") if row.find_elements(*_VALUE)]
        assert rows, "no patient on the work list has a reading"
        link = rows[0].find_element(By.CSS_SELECTOR, "th a")
        self.walked.patient = link.text
        self.walked.patient_url = str(link.get_attribute("href"))
        self.walked.latest = rows[0].find_element(*_VALUE).text

    def read_patient(self) -> None:
        self.driver.get(self.walked.patient_url)
        self._shoot("patient")
        self.walked.readings = [
            [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "td")]
            for row in self._all("table.readings tbody tr")
        ]
        self.walked.charts = len(self._all("figure.chart > svg[role=img]"))
        self.walked.device_days = self._one("#device-days").text

    def review(self) -> None:
        self._go("button.rpm")
        timer = self._one(".stopwatch")
        shown = timer.text
        WebDriverWait(self.driver, _WAIT_SECONDS).until(lambda _: timer.text != shown)
        self.walked.timer_moved = True
        self.walked.reviewed = len(self._all("[name=reviewed]:checked"))
        self._describe("Reviewed readings and trends", RPM_NOTE, live=True)
        self._shoot("review")
        self._go("#stop button:not(.quiet)")

    def coordinate(self) -> None:
        self._go("button.ccm")
        self._describe("Home health or pharmacy", CCM_NOTE, live=False)
        self._go("#stop button:not(.quiet)")
        self._shoot("recorded")
        columns = self._all("section.two .card")
        self.walked.rpm_entries = _items(columns[0].text)
        self.walked.ccm_entries = _items(columns[1].text)
        self.walked.rpm_minutes = self._one("#rpm-minutes").text
        self.walked.ccm_minutes = self._one("#ccm-minutes").text

    def read_hubs(self) -> None:
        self._open("/hubs")
        self._shoot("hubs")
        self.walked.hubs = [row.text for row in self._all("tbody tr")]

    def sign_out(self) -> None:
        self._go("header form button")
        self.driver.get(self.walked.patient_url)
        self.walked.signed_out = self.driver.current_url.endswith("/sign-in")

    def _describe(self, activity: str, note: str, *, live: bool) -> None:
        Select(self._one("[name=activity]")).select_by_visible_text(activity)
        self._one("[name=note]").send_keys(note)
        if live:
            Select(self._one("[name=mode]")).select_by_visible_text("phone")
            Select(self._one("[name=direction]")).select_by_visible_text("us")
            Select(self._one("[name=party]")).select_by_visible_text("the patient")
            self._one("[name=interactive]").click()

    def _open(self, path: str) -> None:
        self.driver.get(self.base + path)

    def _go(self, button: str) -> None:
        """Press a button and wait for the page it leads to."""
        before = self._one("html")
        self._one(button).click()
        WebDriverWait(self.driver, _WAIT_SECONDS).until(lambda _: _gone(before))

    def _one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def _all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def _shoot(self, name: str) -> None:
        self.walked.complaints += complaints(self.driver)
        if self.shots is not None:
            self.shots.mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(self.shots / f"{name}.png"))


def _gone(element: WebElement) -> bool:
    """Whether its page has been left; the driver has two ways of saying so."""
    try:
        element.is_enabled()
    except StaleElementReferenceException:
        return True
    except WebDriverException as error:
        return "does not belong to the document" in str(error.msg)
    return False


def _items(text: str) -> list[str]:
    """The lines of a card below its heading."""
    return text.splitlines()[1:]


_VALUE = (By.CSS_SELECTOR, "td strong.value")
