"""One emulated computer: start it, give it commands, cut its power, start it again."""

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple, Self

from tests.vm.build import Image

BOOT_SECONDS = 240.0
MEMORY_MEGABYTES = 768
CPU = "Nehalem,+rdrand"  # what the wheels need and no more: each feature is emulated
KERNEL_WORDS = (
    "root=/dev/vda rw console=ttyS0 quiet mitigations=off nokaslr audit=0 no_timer_check"
    " cryptomgr.notests"
    # seen once: a request to the emulated disk that was never answered, before Debian ran
    " sysctl.kernel.hung_task_timeout_secs=45 sysctl.kernel.hung_task_panic=1 panic=-1"
)
HUNG = b"hung_task: blocked tasks"  # the kernel's word for it, as it gives up
STARTS = 3


class Result(NamedTuple):
    """How a command in the guest ended."""

    status: int
    out: str
    err: str


class GuestError(AssertionError):
    """The guest did not do what it was told."""


class Machine:
    """A guest on a disk of its own, with a radio and a channel to the test."""

    def __init__(self, image: Image, directory: Path, radio_port: int) -> None:
        self._radio_port = radio_port
        # copies: the cache may be made anew while this runs
        self._own = Image(*(directory / file.name for file in image))
        self.console = directory / "console.log"
        self._qemu: asyncio.subprocess.Process | None = None
        self._desk = Channel(directory / "desk")
        self.witness = Channel(directory / "witness")
        self.hung_boots = 0
        self._number = 0
        self._awaited: dict[int, asyncio.Future[Result]] = {}
        self._hello = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    @classmethod
    async def create(cls, image: Image, directory: Path, radio_port: int) -> Self:
        made = cls(image, directory, radio_port)
        copying = ("cp", "--sparse=always", *map(str, image), str(directory))
        assert await (await asyncio.create_subprocess_exec(*copying)).wait() == 0, "disk full?"
        for channel in (made._desk, made.witness):
            await channel.listen()
        made._listening = asyncio.get_running_loop().create_task(made._listen())
        return made

    async def start(self) -> float:
        """Boot from the disk as it is; seconds until the guest takes commands.

        A kernel that waits for the emulated disk in vain ends itself and is started again, as a
        board's watchdog would do it. It is counted in `hung_boots`; any other end is an error.
        """
        loop = asyncio.get_running_loop()
        for _ in range(STARTS):
            began = loop.time()
            said = self.console.stat().st_size if self.console.exists() else 0
            if await self._booted():
                return loop.time() - began
            if HUNG not in self.console.read_bytes()[said:]:
                raise GuestError("it ended while booting")
            self.hung_boots += 1
        raise GuestError(f"the emulated disk did not answer in {STARTS} boots")

    async def _booted(self) -> bool:
        """Whether it takes commands; if not, QEMU has ended."""
        self._hello.clear()
        with self.console.open("ab") as console:
            self._qemu = await asyncio.create_subprocess_exec(
                *self._command(), stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        ways = [asyncio.ensure_future(self._hello.wait()), asyncio.ensure_future(self._qemu.wait())]
        try:
            await asyncio.wait(ways, timeout=BOOT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
        if not self._hello.is_set() and self._qemu.returncode is None:
            raise GuestError(f"no boot within {BOOT_SECONDS:.0f} s")
        return self._hello.is_set()

    async def sh(self, command: str, seconds: float = 60.0) -> Result:
        """Run this in the guest's shell as root; commands may overlap."""
        self._number += 1
        number = self._number
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._awaited[number] = answer
        request = {"id": number, "run": command, "seconds": seconds}
        self._desk.send(json.dumps(request).encode() + b"\n")
        try:
            async with asyncio.timeout(seconds + 60):
                return await answer
        finally:
            del self._awaited[number]

    async def must(self, command: str, seconds: float = 60.0) -> str:
        """Its output; anything but success is an error."""
        result = await self.sh(command, seconds)
        if result.status:
            raise GuestError(f"{command[:60]}: status {result.status}: {result.err[-600:]}")
        return result.out.strip()

    def ask_witness(self) -> None:
        """Have everything told again that is committed now."""
        self.witness.send(b"all\n")

    async def cut(self) -> None:
        """No more power: nothing that the guest has only in memory is written."""
        if self._qemu is not None and self._qemu.returncode is None:
            self._qemu.kill()
            await self._qemu.wait()
        self._qemu = None

    async def ended(self) -> None:
        """Until the guest has shut itself down."""
        assert self._qemu is not None
        await self._qemu.wait()

    async def _listen(self) -> None:
        while True:
            try:
                answer = json.loads(await self._desk.line(None))
            except ValueError:
                continue  # the end of a line that a power cut tore
            if "hello" in answer:
                self._hello.set()
            elif answer["id"] in self._awaited:
                said = Result(answer["status"], answer["out"], answer["err"])
                self._awaited[answer["id"]].set_result(said)

    async def close(self) -> None:
        await self.cut()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        for channel in (self._desk, self.witness):
            await channel.close()

    def _command(self) -> list[str]:
        def channel(name: str, to: str) -> list[str]:
            port = f"virtserialport,chardev={name},name={name}"
            return ["-chardev", f"socket,id={name},{to}", "-device", port]

        return [
            *("qemu-system-x86_64", "-accel", "tcg,tb-size=256", "-cpu", CPU, "-smp", "1"),
            *("-m", str(MEMORY_MEGABYTES), "-nodefaults", "-display", "none", "-no-reboot"),
            *("-serial", "stdio"),
            *("-kernel", str(self._own.kernel), "-initrd", str(self._own.initrd)),
            *("-append", KERNEL_WORDS),
            *("-drive", f"file={self._own.disk},if=virtio,format=raw"),
            *("-device", "virtio-rng-pci", "-device", "virtio-serial-pci"),
            *channel("radio", f"host=127.0.0.1,port={self._radio_port}"),
            *channel("desk", f"path={self._desk.path}"),
            *channel("witness", f"path={self.witness.path}"),
        ]


class Channel:
    """A listening socket that QEMU connects to; what comes is kept as lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: asyncio.Queue[bytes] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def listen(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, str(self.path), limit=2**26)

    async def line(self, seconds: float | None) -> bytes:
        async with asyncio.timeout(seconds):
            return await self._lines.get()

    def send(self, octets: bytes) -> None:
        assert self._writer is not None
        self._writer.write(octets)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        if self._writer is not None:
            self._writer.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        try:
            while (line := await reader.readline()).endswith(b"\n"):
                self._lines.put_nowait(line)
        except ConnectionError:
            pass
        finally:
            writer.close()


def scratch(name: str) -> Path:
    """A directory of this run's own, without what an earlier one left."""
    base = Path(os.environ.get("VM_SCRATCH", tempfile.gettempdir())) / "vitals-vm"
    shutil.rmtree(base / name, ignore_errors=True)
    (base / name).mkdir(parents=True)
    return base / name
