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
        self._image, self._directory, self._radio_port = image, directory, radio_port
        self._disk = directory / "disk.img"
        self.console = directory / "console.log"
        self._qemu: asyncio.subprocess.Process | None = None
        self._desk = _Channel(directory / "desk")
        self._number = 0

    @classmethod
    async def create(cls, image: Image, directory: Path, radio_port: int) -> Self:
        made = cls(image, directory, radio_port)
        copying = ("cp", "--sparse=always", str(image.disk), str(made._disk))
        assert await (await asyncio.create_subprocess_exec(*copying)).wait() == 0, "disk full?"
        await made._desk.listen()
        return made

    async def start(self) -> float:
        """Boot from the disk as it is; seconds until the guest takes commands."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._desk.clear()
        with self.console.open("ab") as console:
            self._qemu = await asyncio.create_subprocess_exec(
                *self._command(), stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        try:
            hello = await self._desk.line(BOOT_SECONDS)
        except TimeoutError:
            raise GuestError(f"no boot within {BOOT_SECONDS:.0f} s") from None
        assert json.loads(hello) == {"hello": True}
        return loop.time() - began

    async def sh(self, command: str, seconds: float = 60.0) -> Result:
        """Run this in the guest's shell as root."""
        self._number += 1
        request = {"id": self._number, "run": command, "seconds": seconds}
        self._desk.send(json.dumps(request).encode() + b"\n")
        while True:
            answer = json.loads(await self._desk.line(seconds + 30))
            if answer.get("id") == self._number:
                return Result(answer["status"], answer["out"], answer["err"])

    async def must(self, command: str, seconds: float = 60.0) -> str:
        """Its output; anything but success is an error."""
        result = await self.sh(command, seconds)
        if result.status:
            raise GuestError(f"{command[:60]}: status {result.status}: {result.err[-600:]}")
        return result.out.strip()

    async def cut(self) -> None:
        """No more power: nothing that the guest has only in memory is written."""
        if self._qemu is not None and self._qemu.returncode is None:
            self._qemu.kill()
            await self._qemu.wait()
        self._qemu = None

    async def close(self) -> None:
        await self.cut()
        await self._desk.close()

    def _command(self) -> list[str]:
        def channel(name: str, to: str) -> list[str]:
            port = f"virtserialport,chardev={name},name={name}"
            return ["-chardev", f"socket,id={name},{to}", "-device", port]

        return [
            *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "1"),
            *("-m", str(MEMORY_MEGABYTES), "-nographic", "-no-reboot", "-net", "none"),
            *("-kernel", str(self._image.kernel), "-initrd", str(self._image.initrd)),
            *("-append", "root=/dev/vda rw console=ttyS0 quiet mitigations=off"),
            *("-drive", f"file={self._disk},if=virtio,format=raw"),
            *("-device", "virtio-rng-pci", "-device", "virtio-serial-pci"),
            *channel("radio", f"host=127.0.0.1,port={self._radio_port}"),
            *channel("desk", f"path={self._desk.path}"),
        ]


class _Channel:
    """A listening socket that QEMU connects to; what comes is kept as lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: asyncio.Queue[bytes] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def listen(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, str(self.path), limit=2**26)

    async def line(self, seconds: float) -> bytes:
        async with asyncio.timeout(seconds):
            return await self._lines.get()

    def send(self, octets: bytes) -> None:
        assert self._writer is not None
        self._writer.write(octets)

    def clear(self) -> None:
        """Forget what came so far."""
        self.taken()

    def taken(self) -> list[bytes]:
        """Everything that came and was not read yet."""
        found = []
        while not self._lines.empty():
            found.append(self._lines.get_nowait())
        return found

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
