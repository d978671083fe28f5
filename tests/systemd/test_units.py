"""The shipped units keep the exposure figures that the manual states."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "systemd"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize(
    ("unit", "at_most"),
    [
        ("vitals-collector", 0.5),
        ("vitals-uplink", 1.2),
        ("vitals-mender", 1.8),
        ("vitals-clinic", 2.5),
    ],
)
def test_exposure(unit: str, at_most: float) -> None:
    ran = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", UNITS / f"{unit}.service"],
        capture_output=True,
        text=True,
        check=False,
    )
    score = re.search(r"Overall exposure level .*: ([\d.]+)", ran.stdout)
    assert score, ran.stderr
    assert float(score[1]) <= at_most


def test_the_collector_has_no_network_and_the_uplink_no_devices() -> None:
    collector = (UNITS / "vitals-collector.service").read_text()
    uplink = (UNITS / "vitals-uplink.service").read_text()
    assert "PrivateNetwork=yes" in collector
    assert "RestrictAddressFamilies=AF_UNIX\n" in collector
    assert "PrivateDevices=yes" in uplink
    assert "ReadWritePaths=/var/lib/vitals/uplink\n" in uplink


def test_the_services_are_watched_and_the_mender_waits_for_the_collectors_word() -> None:
    for name in ("collector", "uplink"):
        unit = (UNITS / f"vitals-{name}.service").read_text()
        assert "Type=notify\n" in unit
        assert "WatchdogSec=60\n" in unit
    spool = "/var/lib/vitals/collector/mend.json"
    assert f"PathExists={spool}\n" in (UNITS / "vitals-mender.path").read_text()
    assert f"gateway.health.mender {spool} " in (UNITS / "vitals-mender.service").read_text()


def test_the_boards_watchdog_is_asked_for_what_a_pi_can_hold() -> None:
    """bcm2835_wdt: 20 bits at 65,536 Hz (drivers/watchdog/bcm2835_wdt.c in the kernel)."""
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNITS / "vitals-watchdog.conf")
    assert 1 <= parser.getint("Manager", "RuntimeWatchdogSec") < (1 << 20) / 65_536
