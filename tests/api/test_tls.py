"""Only who has a certificate for the host's name, in date, of a trusted authority, is taken for Blaxel."""

import json
import ssl
from pathlib import Path

import pytest
import truststore
from support import tls
from support.plane import execution
from support.program import Program, account

from blaxel_mcp.api.certificates import load_certificates

pytestmark = pytest.mark.slow
UNVERIFIED = "Blaxel's certificate could not be verified (TLS)."
ONE = execution("exec-1")
EXECUTION = {"jobId": "report", "executionId": ONE.id}
PATH = f"/v0/jobs/report/executions/{ONE.id}"


@pytest.mark.parametrize(
    ("issued_by", "host", "dates", "trusted", "said", "heard"),
    [
        ("ours", "localhost", "valid", "ours", "Succeeded", [PATH]),
        ("another", "localhost", "valid", "ours", UNVERIFIED, []),
        ("ours", "localhost", "expired", "ours", UNVERIFIED, []),
        ("ours", "api.blaxel.ai", "valid", "ours", UNVERIFIED, []),
        ("ours", "localhost", "valid", "", UNVERIFIED, []),
    ],
    ids=["right", "of an unknown authority", "expired", "for another name", "of an authority nobody named"],
)
def test_only_a_valid_certificate_is_trusted(  # noqa: PLR0917 - a row of the table
    tmp_path: Path, issued_by: str, host: str, dates: str, trusted: str, said: str, heard: list[str]
) -> None:
    """By the authorities in SSL_CERT_FILE, or by the system's; a credential goes to nobody else."""
    authorities = {}
    for name in ("ours", "another"):
        (tmp_path / name).mkdir()
        authorities[name] = tls.authority(tmp_path / name)
    context, paths = authorities[issued_by].server(host, expired=dates == "expired"), list[str]()
    with tls.serve(context, {PATH: ONE.body}, paths) as url:
        named = {"SSL_CERT_FILE": str(authorities[trusted].file)} if trusted else {}
        with Program("--lookups", "never", env=account(f"{url}/v0") | named) as program:
            program.shake_hands()
            answer = program.request("tools/call", {"name": "get_job_execution", "arguments": EXECUTION})
    assert said in json.dumps(answer, ensure_ascii=False)
    assert paths == heard


def test_old_versions_of_tls_are_refused(tmp_path: Path) -> None:
    """A context for a named authority is as strict as Python's own default: TLS 1.2, the host's name, a certificate."""
    context = load_certificates(tls.authority(tmp_path).file)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)


def test_named_authorities_are_the_only_ones(tmp_path: Path) -> None:
    """Those in the file, or in the folder, which is looked into as certificates are verified; else the system's."""
    ours = tls.authority(tmp_path)
    (empty := tmp_path / "empty").mkdir()
    for context in (load_certificates(ours.file), load_certificates(ours.file, empty)):
        assert [authority["subject"] for authority in context.get_ca_certs()] == [
            ((("commonName", "authority of the tests"),),)
        ]
    assert load_certificates(folder=empty).get_ca_certs() == []
    assert isinstance(load_certificates(), truststore.SSLContext)
