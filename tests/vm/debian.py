"""A bare Debian release for the guest: debootstrap, and a small initrd of its own kernel's modules.

Debian comes from the mirror this machine itself is set to. Needs root. What is made is kept.
"""

import hashlib
import lzma
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

CACHE = Path(os.environ.get("VM_CACHE", "~/.cache/vitals-gateway/vm")).expanduser()
PACKAGES = (
    *("linux-image-amd64", "systemd-sysv", "dbus", "bluez", "kmod", "udev"),
    *("python3", "python3-venv", "busybox-static", "cpio"),
)
HOST_TOOLS = {
    "debootstrap": "debootstrap",
    "qemu-system-x86_64": "qemu-system-x86",
    "mke2fs": "e2fsprogs",
    "unshare": "util-linux",
}
UNUSED = ("var/cache/apt/archives", "usr/share/doc", "usr/share/man", "usr/share/locale")
ROOT_MODULES = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
# What this hub's hardware and bluetoothd can ask for. All others are left out: each that the
# emulated board seems to want costs a start a second.
KEPT = ("crypto", "lib", "net/bluetooth")
MODULES = (
    *("virtio_console", "virtio_rng", "autofs4", "loop", "fuse", "dm_mod"),
    *("hci_vhci", "bluetooth", "uhid", "rfkill"),
)
INIT = """#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
for module in /modules/*; do /bin/busybox insmod $module; done
until [ -b /dev/vda ]; do /bin/busybox usleep 10000; done
/bin/busybox mount -t ext4 -o rw /dev/vda /root
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /lib/systemd/systemd
"""


class Unbuildable(Exception):  # noqa: N818  reads as what it says
    """This machine cannot make a guest; the text is one sentence for a person."""


class Suite(NamedTuple):
    """A Debian release, and what the tests expect in it."""

    name: str
    python: str
    bluez: str
    glibc_minor: int


SUITES = {
    "bookworm": Suite("bookworm", "3.11", "5.66", 36),
    "trixie": Suite("trixie", "3.13", "5.82", 41),
}


def host_tools() -> None:
    """debootstrap, QEMU and mke2fs, installed where they are missing; else Unbuildable."""
    if os.geteuid() != 0:
        raise Unbuildable("debootstrap needs root, and this account is not root.")
    if shutil.which("apt-get") is None:
        raise Unbuildable("the guest is made from Debian's packages, and this is no Debian.")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [package for tool, package in HOST_TOOLS.items() if not shutil.which(tool)]
    if missing:
        names = " ".join(missing)
        say(f"installing {names} from the distribution")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends"]):
            packages = missing if command[0] == "install" else []
            attempt(
                ["apt-get", *command, *packages],
                f"{names} cannot be installed: apt-get {command[0]} failed",
                environment=quiet,
            )


def base_of(suite: Suite) -> Path:
    """Debian without what this hub never uses, and `boot/small.img`, an initrd for it."""
    bare = bare_of(suite)
    made = CACHE / f"base-{suite.name}-{digest([Path(__file__)], bare.name)}"
    if not made.exists():
        with workplace() as work:
            root = Path(work) / "root"
            copy_tree(bare, root)
            modules(root)
            for pattern in UNUSED:
                shutil.rmtree(root / pattern)
            keep(root, made, f"base-{suite.name}-*")
    return made


def bare_of(suite: Suite) -> Path:
    """What debootstrap makes, with the packages above."""
    made = CACHE / f"bare-{suite.name}-{digest([], ' '.join(PACKAGES))}"
    if not made.exists():
        say(f"{suite.name}: debootstrap (some minutes, once)")
        with workplace() as work:
            root = Path(work) / "root"
            wanted = f"--include={','.join(PACKAGES)}"
            # In a mount namespace of its own, so that no /proc stays behind in what is deleted.
            attempt(
                [
                    *("unshare", "--mount", "debootstrap", "--variant=minbase", wanted),
                    *(suite.name, str(root), mirror()),
                ],
                f"debootstrap of {suite.name} failed; is the package mirror reachable?",
                environment={"INITRD": "No"},  # Debian's own would take a minute and is not used
            )
            keep(root, made, f"bare-{suite.name}-*")
    return made


def copy_tree(tree: Path, to: Path) -> None:
    """By hard links: everything after this replaces files and changes none in place."""
    run(["cp", "-al", str(tree), str(to)])


def modules(root: Path) -> None:
    """Leave the modules above, unpacked; those of the disk go into the initrd.

    Debian's own initrd takes an emulated processor 20 s.
    """
    kernel = next((root / "usr/lib/modules").iterdir())
    on_disk = [wanted for name in ROOT_MODULES for wanted in _with_needed(root, kernel, name)]
    wanted = {*on_disk, *(file for name in MODULES for file in _with_needed(root, kernel, name))}
    for file in (kernel / "kernel").rglob("*.ko*"):
        kept = str(file.relative_to(kernel / "kernel")).startswith(KEPT)
        if not kept and file not in wanted:
            file.unlink()
        elif file.suffix == ".xz":
            file.with_suffix("").write_bytes(lzma.decompress(file.read_bytes()))
            file.unlink()
    run([*inside(root), "depmod", kernel.name])
    pack_initrd(root, [file.with_name(file.name.removesuffix(".xz")) for file in on_disk])


def _with_needed(root: Path, kernel: Path, name: str) -> list[Path]:
    """A module's file after those it needs; none where it is built in."""
    shown = run([*inside(root), "modprobe", "-S", kernel.name, "--show-depends", name])
    files = [line.split()[1] for line in shown.splitlines() if line.startswith("insmod")]
    return [kernel / file.partition(f"/{kernel.name}/")[2] for file in files]


def pack_initrd(root: Path, on_disk: list[Path]) -> None:
    """`boot/small.img`: finds the disk, mounts it, starts systemd."""
    build = root / "small"
    for name in ("bin", "dev", "root", "modules"):
        (build / name).mkdir(parents=True)
    shutil.copy(root / "bin/busybox", build / "bin")
    for number, file in enumerate(dict.fromkeys(on_disk)):
        shutil.copy(file, build / "modules" / f"{number:02}.ko")
    init = build / "init"
    init.write_text(INIT)
    init.chmod(0o755)
    pack = "cd /small && find . | cpio --quiet -o -H newc >/boot/small.img"
    run([*inside(root), "sh", "-c", pack])
    shutil.rmtree(build)


def mirror() -> str:
    """Where this machine's own apt gets Debian from."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Identifier: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in listed.stdout.splitlines():
        label, _, address = line.partition(" ")
        if label == "Debian":
            return address
    raise Unbuildable("apt on this machine has no Debian mirror (apt-get update, on Debian).")


def inside(root: Path) -> list[str]:
    """In the guest's files, without this machine's settings."""
    return ["chroot", str(root), "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]


def workplace() -> "tempfile.TemporaryDirectory[str]":
    """Beside the cache, so that what was made is moved there in one step."""
    CACHE.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=CACHE, prefix="work-")


def keep(tree: Path, made: Path, older: str) -> None:
    """In one step, in place of what earlier inputs gave."""
    for old in CACHE.glob(older):
        shutil.rmtree(old)
    os.replace(tree, made)  # noqa: PTH105  a directory as a whole


def digest(files: Iterable[Path], words: str) -> str:
    """A short name for these inputs."""
    seen = hashlib.sha256(words.encode())
    for file in files:
        seen.update(f"{file.name}\0".encode() + file.read_bytes())
    return seen.hexdigest()[:12]


def run(command: list[str]) -> str:
    """Its output. A command that fails is a fault of this repository: the end."""

    def end(said: str) -> None:
        sys.exit(f"{' '.join(command[:4])} ... failed:\n{said[-2000:]}")

    return _run(command, end, None)


def attempt(command: list[str], sentence: str, environment: dict[str, str] | None = None) -> str:
    """Its output. A command that fails is a lack of this machine: Unbuildable."""

    def end(said: str) -> None:
        last = (said.strip().splitlines() or ["it said nothing"])[-1]
        raise Unbuildable(f"{sentence} ({last[:200]}).")

    return _run(command, end, environment)


def _run(
    command: list[str], on_failure: Callable[[str], None], environment: dict[str, str] | None
) -> str:
    ran = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=None if environment is None else os.environ | environment,
        check=False,
    )
    if ran.returncode:
        on_failure(ran.stdout)
    return ran.stdout


def say(words: str) -> None:
    print(words, flush=True)
