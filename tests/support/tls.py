"""HTTPS on loopback with certificates of a local authority: good, of nobody known, expired, or for another name."""

import contextlib
import datetime as dt
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = dt.timedelta(days=1)
_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Authority:
    """A certificate authority that only these tests know; `file` is its own certificate, for SSL_CERT_FILE."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def file(self) -> Path:
        """The PEM file to trust."""
        return self.folder / "authority.pem"

    def server(self, *names: str, expired: bool = False) -> ssl.SSLContext:
        """What a server needs to be one of these names; addresses are names too."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _certificate(names[0], key, self.certificate.subject, self.key, expired=expired, names=names)
        file = self.folder / f"{names[0]}-{expired}.pem"
        file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + _private(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def authority(folder: Path) -> Authority:
    """Make one that keeps its files in this folder."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the tests")])
    certificate = _certificate("authority of the tests", key, name, key)
    made = Authority(folder, key, certificate)
    made.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return made


def _certificate(
    subject: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    *,
    expired: bool = False,
    names: tuple[str, ...] = (),
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC)
    begin, end = (now - 30 * _DAY, now - _DAY) if expired else (now - _DAY, now + _DAY)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if not names:  # without it an authority is not trusted since Python 3.13
        builder = builder.add_extension(_SIGNS_CERTIFICATES, critical=True)
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
    return builder.sign(signer, hashes.SHA256())


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class _Server(ThreadingHTTPServer):
    documents: Mapping[str, Any]
    heard: list[str]

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that hangs up during the handshake is what is tested."""


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer with the document of this path."""
        assert isinstance(self.server, _Server)
        self.server.heard.append(self.path)
        body = json.dumps(self.server.documents.get(self.path)).encode()
        self.send_response(200 if self.path in self.server.documents else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serve(context: ssl.SSLContext, documents: Mapping[str, Any], heard: list[str] | None = None) -> Iterator[str]:
    """Serve JSON documents by path over HTTPS from threads; yields `https://localhost:…`.

    Documents may still be added; the paths of requests are added to `heard`. Not asyncio: when its loop ends, it leaves
    connections open whose handshake failed a moment ago.
    """
    with _Server(("127.0.0.1", 0), _Answering) as server:
        server.documents, server.heard = documents, [] if heard is None else heard
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://localhost:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
