"""A directory as bluetoothd keeps it, with constructed bonds."""

from pathlib import Path

ADAPTER = "C0:FF:EE:00:00:01"
_INFO = """[General]
Name={name}
AddressType=static
SupportedTechnologies=LE;
Trusted=true
Blocked=false
Services=00001810-0000-1000-8000-00805f9b34fb;

[{group}]
Key={key}
Authenticated={authenticated}
EncSize=16
EDiv={ediv}
Rand={rand}
"""


def info(  # one place for the shape of an info file
    *,
    key: bytes,
    name: str = "cuff 100%; it's #1",
    group: str = "PeripheralLongTermKey",
    authenticated: int = 0,
    ediv: int = 0,
    rand: int = 0,
) -> bytes:
    """`info` of an LE bond: Secure Connections unless `ediv` and `rand` say otherwise."""
    return _INFO.format(
        name=name,
        group=group,
        key=key.hex().upper(),
        authenticated=authenticated,
        ediv=ediv,
        rand=rand,
    ).encode()


def place(
    storage: Path,
    device: str,
    content: bytes,
    *,
    adapter: str = ADAPTER,
    attributes: bytes | None = None,
    cache: bytes | None = None,
) -> None:
    """One device below an adapter, with the modes bluetoothd gives."""
    files = {
        storage / adapter / device / "info": content,
        storage / adapter / device / "attributes": attributes,
        storage / adapter / "cache" / device: cache,
    }
    for path, held in files.items():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if held is not None:
            path.write_bytes(held)
            path.chmod(0o600)


def snapshot(storage: Path) -> dict[str, tuple[int, bytes | None]]:
    """Every path below with its mode and content."""
    return {
        str(path.relative_to(storage)): (
            path.stat().st_mode & 0o777,
            path.read_bytes() if path.is_file() else None,
        )
        for path in sorted(storage.rglob("*"))
    }
