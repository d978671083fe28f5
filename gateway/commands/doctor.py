"""`vitals-hub doctor`: why a device cannot be reached, or why readings do not leave."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from gateway.config import DEFAULT_STATE, HubConfig, NotEnrolled, load

if TYPE_CHECKING:
    from gateway.health.diagnosis import Facts, Finding


def doctor(
    *,
    state: Annotated[Path, Parameter(help="the hub's state directory")] = DEFAULT_STATE,
    json: Annotated[bool, Parameter(help="print it as JSON", negative="")] = False,
) -> None:
    """Say what stands in the way, in one sentence each, and what to do about it.

    Looks at radio, devices, connection, certificate, storage and clock, and changes nothing.
    Ends with 0 where nothing stands in the way, 2 where somebody must act.

    Example: `vitals-hub doctor --json | jq -r '.[].remedy'`
    """
    import msgspec

    from gateway.health.diagnosis import Finding, diagnose

    try:
        findings = diagnose(_facts(load(state)))
    except NotEnrolled as error:
        findings = (
            Finding(code="not_enrolled", sentence=str(error), remedy="vitals-hub enrol TICKET"),
        )
    if json:
        _print(msgspec.json.encode(findings).decode())
    else:
        _show(findings)
    raise SystemExit(2 if any(finding.blocks for finding in findings) else 0)


def _facts(config: HubConfig) -> "Facts":
    import asyncio

    from gateway.commands.status import facts as status_facts
    from gateway.commands.upkeep import device_facts, upkeep
    from gateway.health.clock import kernel_sync
    from gateway.health.diagnosis import Facts
    from gateway.links import adapter

    async def radio() -> tuple[adapter.Adapter, str | None]:
        return await adapter.look(), await adapter.bluez_version()

    found, version = asyncio.run(radio())
    status = status_facts(config)
    return Facts(
        now_ms=status.now_ms,
        bus=found.bus,
        bluetoothd=found.bluetoothd,
        bluez=version,
        adapter=found.adapter,
        devices=device_facts(config),
        collector_reported_ms=status.reported_ms,
        connected=status.connected,
        link_trouble=status.link_trouble,
        link_reason=status.link_reason,
        certificate_until_ms=_certificate_until_ms(config.certificate),
        days_of_room=status.days_of_room,
        ballast_present=status.ballast_present,
        clock_synchronised=kernel_sync()[0],
        background=upkeep(config).background,
    )


def _certificate_until_ms(path: Path) -> int | None:
    from cryptography import x509

    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None
    return int(certificate.not_valid_after_utc.timestamp() * 1000)


def _show(findings: "tuple[Finding, ...]") -> None:
    if not any(finding.blocks for finding in findings):
        _print("Nothing stands in the way of any reading.")
    for finding in findings:
        _print(f"{'!' if finding.blocks else '-'} {finding.sentence}\n  {finding.remedy}")


def _print(text: str) -> None:
    from rich.console import Console

    Console(soft_wrap=True).print(text, markup=False, highlight=False)
