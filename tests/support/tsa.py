"""A real time-stamp authority: `openssl ts` behind HTTP on loopback, with constructed keys."""

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_START, _END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
STAMPING = (ExtendedKeyUsageOID.TIME_STAMPING,)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_CONFIGURATION = """[tsa]
default_tsa = here
[here]
serial = {room}/serial
signer_cert = {room}/signer.pem
certs = {room}/chain.pem
signer_key = {room}/signer.key
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = {named_by}
"""


@dataclass(frozen=True, kw_only=True)
class Authority:
    """Its files, and the root that vouches for it as PEM."""

    room: Path
    root_pem: str

    def answer(self, query: bytes) -> bytes:
        """TimeStampResp to a TimeStampReq, as `openssl ts` makes it."""
        asked, answered = self.room / "query", self.room / "answer"
        asked.write_bytes(query)
        subprocess.run(
            [
                "openssl", "ts", "-reply", "-config", self.room / "tsa.cnf", "-section", "here",
                "-queryfile", asked, "-out", answered,
            ],
            check=True,
            capture_output=True,
        )  # fmt: skip
        return answered.read_bytes()


def make(
    room: Path,
    *,
    usages: Sequence[x509.ObjectIdentifier] = STAMPING,
    critical: bool = True,
    digest: str = "sha256",
    named_by: str = "sha256",
    signer_key: Key | None = None,
    until: datetime = _END,
    signed_by_root: bool = False,
) -> Authority:
    """Root, an authority under it, and the signer of its stamps; keys of this test only."""
    room.mkdir()
    root_key, middle_key = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP384R1()),
    )
    own = signer_key or ec.generate_private_key(ec.SECP256R1())
    root = _authority("Constructed root", root_key, None, root_key)
    middle = _authority("Constructed authority", middle_key, root, root_key)
    above = (root, root_key) if signed_by_root else (middle, middle_key)
    signer = _signer(own, above, usages, critical=critical, until=until)
    pem = serialization.Encoding.PEM
    (room / "signer.pem").write_bytes(signer.public_bytes(pem))
    (room / "chain.pem").write_bytes(b"" if signed_by_root else middle.public_bytes(pem))
    (room / "signer.key").write_bytes(
        own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (room / "serial").write_text("01\n")
    text = _CONFIGURATION.format(room=room, digest=digest, named_by=named_by)
    if signed_by_root:
        text = text.replace(f"certs = {room}/chain.pem\n", "")
    (room / "tsa.cnf").write_text(text)
    return Authority(room=room, root_pem=root.public_bytes(pem).decode())


@contextmanager
def listening(authority: Authority) -> Iterator[str]:
    """The address where it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            answer = authority.answer(self.rfile.read(size))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_words: Any) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(name: str, issuer: x509.Name, public: Any, until: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_START - timedelta(days=1))
        .not_valid_after(until)
    )


def _authority(
    name: str, key: Key, above: x509.Certificate | None, above_key: Key
) -> x509.Certificate:
    issuer = above.subject if above else _name(name)
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    return (
        _builder(name, issuer, key.public_key(), _END)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(above_key, hashes.SHA256())
    )


def _signer(
    key: Key,
    above: tuple[x509.Certificate, Key],
    usages: Sequence[x509.ObjectIdentifier],
    *,
    critical: bool,
    until: datetime,
) -> x509.Certificate:
    issuer, issuer_key = above
    builder = _builder("Constructed stamps", issuer.subject, key.public_key(), until)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=critical)
    return builder.sign(issuer_key, hashes.SHA256())
