"""Builds a Debian guest with the installed product: `python -m tests.vm.build bookworm`.

The product is installed as README says, from a wheel and the hub's lock file. Each step is kept
and made again when an input changes.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.vm.debian import (
    CACHE,
    SUITES,
    Suite,
    Unbuildable,
    attempt,
    base_of,
    copy_tree,
    digest,
    host_tools,
    inside,
    keep,
    run,
    say,
    workplace,
)

ROOT = Path(__file__).parents[2]
GUEST = Path(__file__).parent / "guest"
DISK_MEGABYTES = 1200
# Timers, consoles and file systems that would only cost the emulated processor time
MASKED = (
    *("serial-getty@ttyS0.service", "getty@tty1.service", "apt-daily.timer"),
    *("apt-daily-upgrade.timer", "e2scrub_all.timer", "fstrim.timer", "dpkg-db-backup.timer"),
    *("e2scrub_reap.service", "systemd-pstore.service", "systemd-update-utmp.service"),
    *("systemd-update-utmp-runlevel.service", "systemd-binfmt.service", "systemd-logind.service"),
    *("systemd-hostnamed.service", "systemd-user-sessions.service", "systemd-random-seed.service"),
    *("systemd-udev-load-credentials.service", "systemd-remount-fs.service"),
    *("systemd-hostnamed.socket", "systemd-networkd-persistent-storage.service"),
    *("dev-hugepages.mount", "dev-mqueue.mount", "sys-kernel-debug.mount"),
    *("sys-kernel-tracing.mount", "sys-fs-fuse-connections.mount", "sys-kernel-config.mount"),
    *("modprobe@configfs.service", "modprobe@drm.service", "modprobe@fuse.service"),
    *("systemd-journal-flush.service", "systemd-sysctl.service"),
    *("systemd-tmpfiles-setup-dev-early.service", "systemd-hibernate-clear.service"),
    *("modprobe@efi_pstore.service", "systemd-tmpfiles-clean.timer", "kmod-static-nodes.service"),
)
UNITS = (
    *("vitals-collector.service", "vitals-uplink.service"),
    *("vitals-mender.service", "vitals-mender.path"),
)
PIP = (sys.executable, "-m", "pip")
OFFLINE = ("/opt/vitals/bin/pip", "install", "-q", "--no-index", "--find-links", "/wheels")


class Image(NamedTuple):
    """What QEMU starts; the disk is copied before each use."""

    kernel: Path
    initrd: Path
    disk: Path


def image(suite: Suite) -> Image:
    """The guest of this release with the product as the tree has it now."""
    host_tools()
    base = locked_of(suite)
    guest = [file for file in sorted(GUEST.iterdir()) if file.is_file()]
    key = digest([Path(__file__), *product_files(), *guest], base.name)
    made = CACHE / f"image-{suite.name}-{key}"
    if not made.exists():
        say(f"{suite.name}: installing the product into the guest")
        with workplace() as work:
            install(base, Path(work))
            keep(Path(work) / "image", made, f"image-{suite.name}-*")
    return Image(made / "vmlinuz", made / "initrd.img", made / "disk.img")


def locked_of(suite: Suite) -> Path:
    """Debian with the hub's locked dependencies in /opt/vitals, as README installs them."""
    base, lock = base_of(suite), ROOT / "systemd/hub.lock"
    made = CACHE / f"locked-{suite.name}-{digest([lock], base.name)}"
    if not made.exists():
        say(f"{suite.name}: installing the locked dependencies")
        with workplace() as work:
            root, wheels = Path(work) / "root", Path(work) / "root/wheels"
            copy_tree(base, root)
            attempt(
                [
                    *(*PIP, "download", "-q", "--only-binary=:all:", "--no-deps"),
                    *("--require-hashes", "--implementation=cp", *platforms(suite)),
                    *(f"--python-version={suite.python}", "-d", str(wheels), "-r", str(lock)),
                ],
                "the hub's locked dependencies cannot be downloaded",
            )
            shutil.copy(lock, wheels)
            run([*inside(root), "python3", "-m", "venv", "/opt/vitals"])
            run([*inside(root), *OFFLINE, "--require-hashes", "-r", "/wheels/hub.lock"])
            shutil.rmtree(wheels)
            keep(root, made, f"locked-{suite.name}-*")
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
    run([*inside(root), "systemd-machine-id-setup"])
    own = ("vm-radio", "vm-desk", "vm-witness")
    run(
        [*inside(root), "systemctl", "-q", "enable", *own, "vitals-collector", "vitals-mender.path"]
    )
    run([*inside(root), "systemctl", "-q", "mask", *MASKED])
    for directory in ("etc", "var"):  # or the first boot goes over all that was just installed
        (root / directory / ".updated").touch()
    out.mkdir()
    shutil.copy(next((root / "boot").glob("vmlinuz-*")), out / "vmlinuz")
    shutil.copy(root / "boot/small.img", out / "initrd.img")
    size = f"{DISK_MEGABYTES}M"
    run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", str(root), str(out / "disk.img"), size])


def platforms(suite: Suite) -> list[str]:
    """Wheels the guest's C library can load."""
    minors = range(5, suite.glibc_minor + 1)
    return [f"--platform=manylinux_2_{minor}_x86_64" for minor in minors]


def place(root: Path) -> None:
    """Units as shipped, where README says; the guest's own beside them."""
    units = root / "etc/systemd/system"
    for name in UNITS:
        shutil.copy(ROOT / "systemd" / name, units)
    for kind in ("sysusers", "tmpfiles"):
        (root / f"etc/{kind}.d").mkdir(exist_ok=True)
        shutil.copy(ROOT / f"systemd/vitals-hub.{kind}", root / f"etc/{kind}.d/vitals.conf")
    (units / "bluetooth.service.d").mkdir()
    shutil.copy(ROOT / "systemd/vitals-bluetooth.conf", units / "bluetooth.service.d/vitals.conf")
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


if __name__ == "__main__":
    try:
        print(image(SUITES[sys.argv[1]]))
    except Unbuildable as why:
        print(f"no guest can be made here: {why}")
        sys.exit(77)
