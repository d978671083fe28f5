"""A headless Chromium that talks to nobody but the pages it is given."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

BROWSER = Path("/usr/bin/chromium")
DRIVER = Path("/usr/bin/chromedriver")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--disable-extensions",
    "--no-proxy-server",
)


def available() -> bool:
    """Whether this machine has the browser and its driver."""
    return BROWSER.exists() and DRIVER.exists()


@contextmanager
def browser(
    width: int = 1366, height: int = 900, *, accept_any_certificate: bool = False
) -> Iterator[webdriver.Chrome]:
    """A browser with an empty profile; gone with all its files at the end."""
    with TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        options = Options()
        options.binary_location = str(BROWSER)
        for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.accept_insecure_certs = accept_any_certificate
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        service = Service(str(DRIVER), env={**os.environ, "no_proxy": "localhost,127.0.0.1"})
        driver = webdriver.Chrome(options=options, service=service)
        try:
            driver.set_page_load_timeout(30)
            yield driver
        finally:
            driver.quit()


def complaints(driver: webdriver.Chrome) -> list[str]:
    """What the browser said against a page: refused scripts, styles, failed loads."""
    return [str(entry["message"]) for entry in driver.get_log("browser")]  # type: ignore[no-untyped-call]
