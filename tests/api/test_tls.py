"""Only who has a certificate for the host's name, in date, of a trusted authority, is taken for Blaxel."""

import contextlib
import datetime as dt
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp, Receive, Scope, Send
from support.faults import Faults
from support.plane import clock
from support.program import PATIENCE, Program, account

from blaxel_mcp.api.certificates import load_certificates
from blaxel_mcp.demo import control_plane, script

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)
pytestmark = pytest.mark.slow
UNVERIFIED = "Blaxel's certificate could not be verified (TLS)."
EXECUTION = {"jobId": "nightly-report", "executionId": script.SUCCEEDED}


class Authority:
    """A certificate authority, made for one test run."""

    def __init__(self, folder: Path, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._folder = folder / name
        self._folder.mkdir()
        own = self._builder(self._name, NOW - 2 * DAY, NOW + 2 * DAY).public_key(self._key.public_key())
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        signed = own.add_extension(constraints, critical=True).sign(self._key, hashes.SHA256())
        self.file = self._folder / "authority.pem"
        self.file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def issue(self, host: str, *, until: dt.datetime) -> tuple[Path, Path]:
        """The files of a certificate for a host, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        builder = self._builder(name, NOW - 2 * DAY, until).public_key(key.public_key())
        signed = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        certificate, secret = self._folder / "host.pem", self._folder / "host.key"
        issued = signed.sign(self._key, hashes.SHA256())
        certificate.write_bytes(issued.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, secret

    def _builder(self, subject: x509.Name, start: dt.datetime, end: dt.datetime) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
        return builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)


@dataclass
class Heard:
    """An app that counts the requests it gets; those of a client that did not trust it never arrive."""

    app: ASGIApp
    requests: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count one."""
        self.requests += scope["type"] == "http"
        await self.app(scope, receive, send)


@contextlib.contextmanager
def serving(certificate: Path, key: Path) -> Iterator[tuple[Heard, str]]:
    """The demo's control plane over TLS, and its base URL."""
    heard = Heard(Faults(control_plane.build_app(clock=clock)))
    config = uvicorn.Config(
        heard, port=0, log_config=None, lifespan="off", ws="none", ssl_certfile=certificate, ssl_keyfile=str(key)
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        sleep(0.01)
    try:
        yield heard, f"https://localhost:{server.servers[0].sockets[0].getsockname()[1]}/v0"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)


@pytest.mark.parametrize(
    ("issued_by", "host", "until", "trusted", "said", "requests"),
    [
        ("ours", "localhost", NOW + DAY, "ours", "Succeeded", 1),
        ("another", "localhost", NOW + DAY, "ours", UNVERIFIED, 0),
        ("ours", "localhost", NOW - DAY, "ours", UNVERIFIED, 0),
        ("ours", "api.blaxel.ai", NOW + DAY, "ours", UNVERIFIED, 0),
        ("ours", "localhost", NOW + DAY, "", UNVERIFIED, 0),
    ],
    ids=["right", "of an unknown authority", "expired", "for another name", "of an authority nobody named"],
)
def test_only_a_valid_certificate_is_trusted(  # noqa: PLR0917 - a row of the table
    tmp_path: Path, issued_by: str, host: str, until: dt.datetime, trusted: str, said: str, requests: int
) -> None:
    """By the authorities in SSL_CERT_FILE, or by the system's; a credential goes to nobody else."""
    authorities = {name: Authority(tmp_path, name) for name in ("ours", "another")}
    certificate, key = authorities[issued_by].issue(host, until=until)
    with serving(certificate, key) as (heard, url):
        named = {"SSL_CERT_FILE": str(authorities[trusted].file)} if trusted else {}
        with Program("--lookups", "never", env=account(url) | named) as program:
            program.shake_hands()
            answer = program.request("tools/call", {"name": "get_job_execution", "arguments": EXECUTION})
        assert said in json.dumps(answer, ensure_ascii=False)
        assert heard.requests == requests


def test_old_versions_of_tls_are_refused(tmp_path: Path) -> None:
    """A context for a named authority is as strict as Python's own default: TLS 1.2, the host's name, a certificate."""
    context = load_certificates(Authority(tmp_path, "ours").file)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
