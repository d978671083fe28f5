from pathlib import Path

from cloud_sync.contract.enrolment import Ticket, parse_ticket
from cloud_sync.identity import authority, keyset, services, tickets
from tests.support.clinic import make_clinic


def test_a_ticket_tells_a_hub_whom_to_trust(tmp_path: Path) -> None:
    config = make_clinic(tmp_path / "clinic")
    ticket = parse_ticket(tickets.text(config, "0123456789ABCDEFGHJK"))
    assert ticket == Ticket(
        url=f"https://localhost:{config.web_port}",
        clinic=config.clinic_id,
        ca_pin=authority.pin(services.load_authority(config.directory).certificate),
        root=keyset.load_root_public(config.directory),
        code="0123456789ABCDEFGHJK",
    )
