"""A clinic's database, opened with the clinic's key: what every command and the server use."""

from cloud_sync.config import ClinicConfig
from cloud_sync.identity.data_keys import ClinicKeyFile
from cloud_sync.ledger.engine import Store, open_store


def open_own(config: ClinicConfig) -> Store:
    """As its owner: the server, or a command that runs without one."""
    return open_store(config.database_url, keys=ClinicKeyFile(config.keys))


def visit(config: ClinicConfig) -> Store:
    """As a guest beside the server."""
    return open_store(config.database_url, visitor=True, keys=ClinicKeyFile(config.keys))
