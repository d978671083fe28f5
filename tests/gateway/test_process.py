"""The services as they run: the command's own process, without the command line's libraries."""

import subprocess
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from gateway.config import HubConfig
from tests.gateway.broker import Authority, key_pem
from tests.gateway.clinic_keys import HUB, ClinicKeys, enrolled
from tests.support.processes import ROOT, wait_until


def hub_with_certificate(directory: Path) -> HubConfig:
    config, authority = enrolled(directory, ClinicKeys()), Authority()
    key = ec.generate_private_key(ec.SECP256R1())
    config.clinic_ca.write_bytes(authority.pem)
    config.tls_key.write_bytes(key_pem(key))
    config.certificate.write_bytes(authority.issue(HUB, key.public_key()))
    return config


def uplink(state: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "gateway.cli", "uplink", "--state", str(state)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE)


def test_the_command_turns_into_the_service_under_its_own_process_id(tmp_path: Path) -> None:
    config = hub_with_certificate(tmp_path)
    with uplink(config.directory) as child:
        words = Path(f"/proc/{child.pid}/cmdline")
        assert wait_until(lambda: b"gateway.process" in words.read_bytes(), 20)
        assert wait_until(config.receipts_db.exists, 20)
        child.terminate()
        assert child.wait(20) == 0


def test_the_service_runs_this_code_wherever_it_was_called_from(tmp_path: Path) -> None:
    decoy = tmp_path / "gateway"
    decoy.mkdir()
    (decoy / "__init__.py").write_text("raise SystemExit(99)")
    script = (
        f"import sys; sys.path[0] = {str(ROOT)!r}\n"
        "from pathlib import Path; from gateway import process\n"
        "process.become('uplinker', Path('nowhere'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 78, done.stderr
    assert "vitals-hub enrol TICKET" in done.stderr


def test_a_service_loads_no_library_of_the_command_line() -> None:
    script = (
        "import sys, gateway.process, gateway.uplinker, gateway.collector, gateway.links.ble\n"
        "raise SystemExit(str(sorted({'cyclopts', 'rich'} & sys.modules.keys())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "[]"
