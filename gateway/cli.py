"""The command `vitals-hub`. Each command's code is imported when it runs."""

import cyclopts

app = cyclopts.App(
    name="vitals-hub",
    help="The home hub: reads meters, seals each reading, keeps it until the clinic has it.",
    version_flags=["--version"],
)

_COMMANDS = {
    "enrol": "gateway.commands.enrol:enrol",
    "scan": "gateway.commands.devices:scan",
    "pair": "gateway.commands.pairing:pair",
    "re-pair": "gateway.commands.pairing:re_pair",
    "unpair": "gateway.commands.pairing:unpair",
    "devices": "gateway.commands.devices:devices",
    "collect": "gateway.commands.run:collect",
    "uplink": "gateway.commands.run:uplink",
    "run": "gateway.commands.run:run",
    "status": "gateway.commands.status:status",
    "doctor": "gateway.commands.doctor:doctor",
    "backup": "gateway.commands.backup:backup",
    "restore": "gateway.commands.restore:restore",
    "decode": "gateway.commands.decode:decode",
}
for _name, _target in _COMMANDS.items():
    app.command(_target, name=_name)


def main() -> None:
    """Entry point of the console script."""
    app()


if __name__ == "__main__":
    main()
