import stat
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from cloud_sync import setup
from cloud_sync.identity import access, services
from cloud_sync.identity.services import Pair
from tests.support.clinic import make_clinic


def name(pair: Pair) -> object:
    certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
    return certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def test_each_start_gives_every_service_a_new_key(tmp_path: Path) -> None:
    directory = make_clinic(tmp_path / "clinic").directory
    issuer = services.load_authority(directory)
    found = services.issue(directory, issuer, "clinic.example", setup.now())
    pairs = [found.broker, found.web, found.ingest, found.devices]
    before = [pair.key.read_bytes() for pair in pairs]
    assert len(set(before)) == 4
    assert {stat.S_IMODE(pair.key.stat().st_mode) for pair in pairs} == {0o600}
    assert [name(pair) for pair in pairs] == [
        "clinic.example",
        "clinic.example",
        access.INGEST,
        access.DEVICES,
    ]
    services.issue(directory, issuer, "clinic.example", setup.now())
    after = [pair.key.read_bytes() for pair in pairs]
    assert not set(before) & set(after)
    assert services.paths(directory) == found
