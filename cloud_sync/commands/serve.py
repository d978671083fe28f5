"""`vitals-clinic serve`: the whole clinic in one process."""

import logging
from pathlib import Path

from rich.console import Console

from cloud_sync.config import ClinicConfig, load


def serve(directory: Path, *, verbose: bool = False) -> int:
    """Run broker, ingest, opener and web pages until Ctrl-C or SIGTERM.

    Example: vitals-clinic serve /srv/clinic

    Parameters
    ----------
    directory
        The clinic's directory, made by `vitals-clinic init`.
    verbose
        Log what the parts do; never patient data.

    """
    from sqlalchemy.exc import OperationalError

    from cloud_sync import serve as server
    from cloud_sync.crew import PartEnded
    from cloud_sync.ingest.broker import BrokerError
    from cloud_sync.ledger.vault import KeyLost

    errors = Console(stderr=True)
    try:
        config = load(directory)
    except FileNotFoundError:
        errors.print(
            f"There is no clinic in {directory}: run vitals-clinic init first.",
            markup=False,
            soft_wrap=True,
        )
        return 2
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(name)s %(levelname)s %(message)s",
    )
    try:
        server.run(config, ready=lambda: _announce(config))
    except (BrokerError, KeyLost) as error:
        errors.print(str(error), markup=False, soft_wrap=True)
        return 1
    except PartEnded as error:
        logging.getLogger("vitals.serve").critical("%s", error, exc_info=error.__cause__)
        return 1
    except OperationalError as error:
        errors.print(f"The database does not answer: {error.orig}", markup=False, soft_wrap=True)
        return 1
    except OSError as error:
        errors.print(
            f"{error}: choose other ports in {directory / 'clinic.toml'}",
            markup=False,
            soft_wrap=True,
        )
        return 1
    return 0


def _announce(config: ClinicConfig) -> None:
    console = Console()
    lines = [
        f"{config.name} is running.",
        f"Pages and enrolment: https://{config.host}:{config.web_port}/",
        f"Hubs: {config.host}:{config.broker_port}",
    ]
    if config.local_web_port is not None:
        lines.insert(2, f"Pages on this machine: http://127.0.0.1:{config.local_web_port}/")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
