"""The command `vitals-clinic`. Each command's code is imported when it runs."""

import cyclopts

app = cyclopts.App(
    name="vitals-clinic",
    help="The clinic server: receives sealed readings, proves days, measures minutes.",
    version_flags=["--version"],
)

_COMMANDS = {
    "init": "cloud_sync.commands.setup:init",
    "serve": "cloud_sync.commands.serve:serve",
    "hub": "cloud_sync.commands.hub:app",
    "patient": "cloud_sync.commands.patient:app",
    "staff": "cloud_sync.commands.staff:app",
    "practice": "cloud_sync.commands.practice:app",
    "time": "cloud_sync.commands.time:app",
    "alerts": "cloud_sync.commands.alerts:app",
    "device": "cloud_sync.commands.device:app",
    "checkpoint": "cloud_sync.commands.ledger:checkpoint",
    "verify-ledger": "cloud_sync.commands.ledger:verify_ledger",
    "timestamp": "cloud_sync.commands.timestamp:app",
    "determine": "cloud_sync.commands.determine:determine",
    "settings": "cloud_sync.commands.settings:app",
    "fees": "cloud_sync.commands.fees:app",
    "close": "cloud_sync.commands.closing:close",
    "release": "cloud_sync.commands.release:release",
    "retention": "cloud_sync.commands.retention:app",
    "verify-erasure": "cloud_sync.commands.retention:verify_erasure",
    "packet": "cloud_sync.commands.packet:packet",
    "self-audit": "cloud_sync.commands.self_audit:self_audit",
    "baseline": "cloud_sync.commands.baseline:baseline",
    "verify": "cloud_sync.commands.packet:verify",
}
for _name, _target in _COMMANDS.items():
    app.command(_target, name=_name)


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
