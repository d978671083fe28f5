"""Builds a Debian guest with the installed product: `python -m tests.vm.build bookworm`.

Debian comes from the mirror this machine itself is set to; the product is installed as README
says, from a wheel and the hub's lock file. Both steps are kept and made again when an input
changes. Needs root, for debootstrap.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
GUEST = Path(__file__).parent / "guest"
CACHE = Path("~/.cache/vitals-gateway/vm").expanduser()
DISK_MEGABYTES = 2500
PACKAGES = (
    *("linux-image-amd64", "systemd-sysv", "dbus", "bluez", "kmod", "udev"),
    *("python3", "python3-venv"),
)
HOST_TOOLS = {
    "debootstrap": "debootstrap",
    "qemu-system-x86_64": "qemu-system-x86",
    "mke2fs": "e2fsprogs",
}
# Timers and consoles that would only cost the emulated processor time
MASKED = (
    *("serial-getty@ttyS0.service", "getty@tty1.service", "apt-daily.timer"),
    *("apt-daily-upgrade.timer", "e2scrub_all.timer", "fstrim.timer", "dpkg-db-backup.timer"),
)


UNUSED = (
    *("var/cache/apt/archives", "usr/share/doc", "usr/share/man"),
    *("usr/share/locale", "usr/lib/modules/*/kernel/sound"),
    *(
        f"usr/lib/modules/*/kernel/drivers/{kind}"
        for kind in ("gpu", "media", "net", "infiniband", "iio", "staging", "scsi")
    ),
)
PIP = (sys.executable, "-m", "pip")
OFFLINE = ("/opt/vitals/bin/pip", "install", "-q", "--no-index", "--find-links", "/wheels")


class Suite(NamedTuple):
    """A Debian release, and what the tests expect in it."""

    name: str
    python: str
    glibc_minor: int


SUITES = {
    "bookworm": Suite("bookworm", "3.11", 36),
}


class Image(NamedTuple):
    """What QEMU starts; the disk is copied before each use."""

    kernel: Path
    initrd: Path
    disk: Path


def image(suite: Suite) -> Image:
    """The guest of this release with the product as the tree has it now."""
    host_tools()
    base = locked_of(suite)
    key = digest([*product_files(), *sorted(GUEST.iterdir())], f"{base.name}{DISK_MEGABYTES}")
    made = CACHE / f"image-{suite.name}-{key}"
    if not made.exists():
        for old in CACHE.glob(f"image-{suite.name}-*"):
            shutil.rmtree(old)
        say(f"{suite.name}: installing the product into the guest")
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            install(base, Path(work))
            os.replace(Path(work) / "image", made)  # noqa: PTH105  a directory as a whole
    return Image(made / "vmlinuz", made / "initrd.img", made / "disk.img")


def host_tools() -> None:
    """debootstrap, QEMU and mke2fs, installed where they are missing."""
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    missing = [package for tool, package in HOST_TOOLS.items() if not shutil.which(tool, path=path)]
    if missing:
        say(f"installing {' '.join(missing)} from the distribution")
        run(["apt-get", "update", "-qq"])
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing])
    os.environ["PATH"] = path


def base_of(suite: Suite) -> Path:
    """Debian alone, with the packages above."""
    made = CACHE / f"base-{suite.name}-{digest([], ' '.join(PACKAGES))}"
    if not made.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        say(f"{suite.name}: debootstrap (some minutes, once)")
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            root = Path(work) / "root"
            wanted = f"--include={','.join(PACKAGES)}"
            run(["debootstrap", "--variant=minbase", wanted, suite.name, str(root), mirror()])
            prune(root)
            os.replace(root, made)  # noqa: PTH105
    return made


def prune(root: Path) -> None:
    """What a hub without screen, sound and network card never loads."""
    for pattern in UNUSED:
        for found in root.glob(pattern):
            shutil.rmtree(found)


def mirror() -> str:
    """Where this machine's own apt gets Debian from."""
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(LABEL) $(REPO_URI)", "Identifier: Packages"],
        capture_output=True,
        text=True,
        check=True,
    )
    for line in listed.stdout.splitlines():
        label, _, address = line.partition(" ")
        if label == "Debian":
            return address
    sys.exit("apt has no Debian mirror: run apt-get update on a Debian machine first")


def locked_of(suite: Suite) -> Path:
    """Debian with the hub's locked dependencies in /opt/vitals, as README installs them."""
    base, lock = base_of(suite), ROOT / "systemd/hub.lock"
    made = CACHE / f"locked-{suite.name}-{digest([lock], base.name)}"
    if not made.exists():
        say(f"{suite.name}: installing the locked dependencies")
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            root, wheels = Path(work) / "root", Path(work) / "root/wheels"
            copy_tree(base, root)
            run(
                [
                    *(*PIP, "download", "-q", "--only-binary=:all:", "--no-deps"),
                    *("--require-hashes", "--implementation=cp", *platforms(suite)),
                    *(f"--python-version={suite.python}", "-d", str(wheels), "-r", str(lock)),
                ]
            )
            shutil.copy(lock, wheels)
            run([*inside(root), "python3", "-m", "venv", "/opt/vitals"])
            run([*inside(root), *OFFLINE, "--require-hashes", "-r", "/wheels/hub.lock"])
            shutil.rmtree(wheels)
            os.replace(root, made)  # noqa: PTH105
    return made


def install(base: Path, work: Path) -> None:
    """Product, units and the guest's own scripts; then the disk."""
    root, out, source = work / "root", work / "image", work / "source"
    copy_tree(base, root)
    for file in product_files():
        target = source / file.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    building = ("wheel", "-q", "--no-deps", "--no-build-isolation")
    run([*PIP, *building, "-w", str(root / "wheels"), str(source)])
    run([*inside(root), *OFFLINE, "--no-deps", "vitals-gateway"])
    shutil.rmtree(root / "wheels")
    place(root)
    run([*inside(root), "systemd-sysusers"])
    run([*inside(root), "systemctl", "-q", "enable", "vm-radio", "vm-desk", "vitals-collector"])
    run([*inside(root), "systemctl", "-q", "mask", *MASKED])
    out.mkdir()
    for name, pattern in (("vmlinuz", "vmlinuz-*"), ("initrd.img", "initrd.img-*")):
        shutil.copy(next((root / "boot").glob(pattern)), out / name)
    size = f"{DISK_MEGABYTES}M"
    run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", str(root), str(out / "disk.img"), size])


def copy_tree(tree: Path, to: Path) -> None:
    """By hard links: everything after this replaces files and changes none in place."""
    run(["cp", "-al", str(tree), str(to)])


def inside(root: Path) -> list[str]:
    """In the guest's files, without this machine's settings."""
    return ["chroot", str(root), "/usr/bin/env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]


def platforms(suite: Suite) -> list[str]:
    """Wheels the guest's C library can load."""
    minors = range(5, suite.glibc_minor + 1)
    return [f"--platform=manylinux_2_{minor}_x86_64" for minor in minors]


def place(root: Path) -> None:
    """Units as shipped, where README says; the guest's own beside them."""
    units = root / "etc/systemd/system"
    for name in ("vitals-collector.service", "vitals-uplink.service"):
        shutil.copy(ROOT / "systemd" / name, units)
    for kind in ("sysusers", "tmpfiles"):
        (root / f"etc/{kind}.d").mkdir(exist_ok=True)
        shutil.copy(ROOT / f"systemd/vitals-hub.{kind}", root / f"etc/{kind}.d/vitals.conf")
    (root / "opt/guest").mkdir()
    for file in GUEST.iterdir():
        if file.suffix in {".py", ".service"}:
            shutil.copy(file, units if file.suffix == ".service" else root / "opt/guest")


def product_files() -> list[Path]:
    """What the wheel and the units are made of."""
    wanted = [
        "pyproject.toml",
        "README.md",
        "gateway",
        "cloud_sync",
        "firmware_profiles",
        "systemd",
    ]
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *wanted],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(ROOT / name for name in listed.stdout.split() if (ROOT / name).is_file())


def digest(files: Iterable[Path], words: str) -> str:
    """A short name for these inputs."""
    seen = hashlib.sha256(words.encode())
    for file in files:
        if file.suffix in {".py", ".service"}:
            seen.update(f"{file.name}\0".encode() + file.read_bytes())
    return seen.hexdigest()[:12]


def run(command: list[str]) -> None:
    """Quiet unless it fails."""
    ran = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if ran.returncode:
        sys.exit(f"{' '.join(command[:4])} ... failed:\n{ran.stdout[-2000:]}")


def say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    print(image(SUITES[sys.argv[1]]))
