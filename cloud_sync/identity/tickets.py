"""The enrolment ticket: all a new hub has to know, in one line."""

from cryptography import x509

from cloud_sync.config import ClinicConfig
from cloud_sync.contract.enrolment import Ticket, ticket_text
from cloud_sync.identity import authority, keyset, services


def text(config: ClinicConfig, code: str) -> str:
    """The ticket for this code."""
    certificate = services.paths(config.directory).authority.read_bytes()
    return ticket_text(
        Ticket(
            url=f"https://{config.host}:{config.web_port}",
            clinic=config.clinic_id,
            ca_pin=authority.pin(x509.load_pem_x509_certificate(certificate)),
            root=keyset.load_root_public(config.directory),
            code=code,
        )
    )
