"""Mosquitto as a child process: its configuration, its start, its end.

Two listeners: hubs, where the certificate's CN is user name and client id, and the clinic's own
workers on loopback. Nothing is kept on disk: a message counts only once a receipt answers it.
"""

import logging
import platform
import re
import shutil
import signal
import subprocess
import sysconfig
from collections import deque
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from cloud_sync.config import ClinicConfig
from cloud_sync.identity import access
from cloud_sync.identity.services import Services

_PLUGIN = "mosquitto_dynamic_security.so"
_START_SECONDS = 20
_STOP_SECONDS = 5
_KEPT_LINES = 8
_RUNNING = " running"  # "mosquitto version 2.0.11 running", after both ports are open
_log = logging.getLogger("vitals.broker")
_TEMPLATE = """\
per_listener_settings false
allow_anonymous false
persistence false
max_packet_size 65536
max_queued_messages 2000
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type information
plugin {plugin}
plugin_opt_config_file {access}
{user}
listener {hub_port}{hub_bind}
{tls}
use_username_as_clientid true

listener {worker_port} 127.0.0.1
{tls}
"""
_TLS = """\
cafile {authority}
certfile {certificate}
keyfile {key}
tls_version tlsv1.3
require_certificate true
use_identity_as_username true{version_5_only}"""


class BrokerError(Exception):
    """Mosquitto is missing or does not start; the text says what to do."""


def find_mosquitto() -> Path:
    """The broker's program; Debian puts it where an ordinary PATH does not look."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise BrokerError("Mosquitto is not installed: apt-get install mosquitto")
    return Path(found)


def find_plugin() -> Path:
    """The dynamic-security plug-in: its directory differs by architecture."""
    multiarch = sysconfig.get_config_var("MULTIARCH") or f"{platform.machine()}-linux-gnu"
    for directory in (f"/usr/lib/{multiarch}", "/usr/lib", "/usr/lib64", "/usr/local/lib"):
        if (plugin := Path(directory, _PLUGIN)).exists():
            return plugin
    raise BrokerError(
        f"Mosquitto's {_PLUGIN} is not where it is expected: install Mosquitto 2 "
        "from the distribution"
    )


def version(program: Path) -> tuple[int, int]:
    """Major and minor version of the installed broker."""
    shown = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout  # noqa: S603  our own argument
    match = re.search(r"version (\d+)\.(\d+)", shown)
    if match is None:
        raise BrokerError(f"{program} does not say its version: install Mosquitto 2")
    return int(match[1]), int(match[2])


def write_configuration(config: ClinicConfig, services: Services, hubs: list[str]) -> Path:
    """Write `mosquitto.conf` and the access rules; the path of the former.

    The plug-in writes its rules back while it runs; the database is the truth, so that every start
    begins with a fresh file.
    """
    config.broker.mkdir(mode=0o700, exist_ok=True)
    rules = config.broker / "dynsec.json"
    rules.write_bytes(access.configuration(hubs))
    rules.chmod(0o600)
    path = config.broker / "mosquitto.conf"
    path.write_text(_text(config, services, rules, version(find_mosquitto())))
    return path


def _text(
    config: ClinicConfig, services: Services, rules: Path, broker_version: tuple[int, int]
) -> str:
    tls = _TLS.format(
        authority=services.authority,
        certificate=services.broker.certificate,
        key=services.broker.key,
        # 2.0 refuses to start with this setting; there a 3.1.1 client is simply never ours.
        version_5_only="\naccept_protocol_versions 5" if broker_version >= (2, 1) else "",
    )
    return _TEMPLATE.format(
        plugin=find_plugin(),
        access=rules,
        # Started by root it would become `mosquitto`, who cannot read the clinic's directory. A
        # service should run as a user of its own; then this line means nothing to Mosquitto.
        user="user root\n",
        hub_port=config.broker_port,
        hub_bind=f" {config.bind}" if config.bind else "",
        worker_port=config.worker_port,
        tls=tls,
    )


class Broker:
    """A running Mosquitto, started by the main thread and ended with this process."""

    def __init__(self, configuration: Path) -> None:
        command: list[str | Path] = [find_mosquitto(), "-c", configuration]
        if tie := shutil.which("setpriv"):
            # Ends the broker if this process is killed; the kernel watches the thread that forks.
            command = [tie, "--pdeathsig", "TERM", *command]
        self._process = subprocess.Popen(  # noqa: S603  our own program
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        )
        self._said: deque[str] = deque(maxlen=_KEPT_LINES)
        self._settled = Event()  # running, or ended
        self._reader = Thread(target=self._listen, name="broker log", daemon=True)
        self._reader.start()
        self._settled.wait(_START_SECONDS)
        if not self._running():
            self.stop()
            raise BrokerError("Mosquitto did not start:\n" + "\n".join(self._said))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The broker's process id."""
        return self._process.pid

    def wait(self) -> int:
        """Block until the broker ends; its exit code."""
        self._reader.join()  # its output ends with it
        return self._process.wait()

    def stop(self) -> None:
        """End the broker, gently first."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _running(self) -> bool:
        return self._settled.is_set() and any(_RUNNING in line for line in self._said)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.append(line.rstrip())
            if _RUNNING in line:
                self._settled.set()
            else:
                _log.info("%s", line.rstrip())
        self._settled.set()
