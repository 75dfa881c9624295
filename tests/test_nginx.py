"""The guide's nginx example, as it stands, in front of a real server: the SDK's client in both eras, by TLS."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from support.caller import ERAS
from support.deployment import NAME, blocks
from support.program import PATIENCE, Program, account
from test_transports import SEEN, scenario

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("nginx") and shutil.which("openssl")), reason="nginx or openssl is not installed"
    ),
]
TOKEN = {"Authorization": "Bearer let-me-in"}
# Around the example: one process in the foreground, that writes nowhere but to its own folder.
FRAME = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {example}
}}
"""


@dataclass(frozen=True, slots=True)
class Front:
    """What clients reach, and the certificate that they trust for it."""

    url: str
    certificate: Path

    def client(self, *, retries: int = 0) -> httpx.Client:
        """A plain one that trusts it."""
        trust = ssl.create_default_context(cafile=self.certificate)
        return httpx.Client(transport=httpx.HTTPTransport(verify=trust, retries=retries))


@contextmanager
def nginx(backend: str, folder: Path) -> Iterator[Front]:
    """The example with our addresses in the place of its own, and a certificate of our making."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
    subprocess.run(  # noqa: S603 - nothing of it comes from outside
        [*made.split(), "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (example,) = blocks("nginx")
    for shown, ours in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "server 127.0.0.1:8000": f"server {backend.removeprefix('http://')}",
        f"server_name {NAME}": "server_name localhost",
        f"/etc/nginx/tls/{NAME}.crt": str(certificate),
        f"/etc/nginx/tls/{NAME}.key": str(key),
    }.items():
        assert example.count(shown) == 1
        example = example.replace(shown, ours)
    file = folder / "nginx.conf"
    file.write_text(FRAME.format(folder=folder, example=example), encoding="utf-8")
    process = subprocess.Popen(["nginx", "-p", folder, "-c", file])  # noqa: S603, S607 - as installed
    try:
        front = Front(f"https://localhost:{port}", certificate)
        with front.client(retries=8) as client:  # until it listens; the waits in between double
            client.get(front.url)
        yield front
    finally:
        process.terminate()
        process.wait(PATIENCE)


@pytest.fixture(scope="module")
def over_http(plane: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Streamable HTTP behind it."""
    yield from behind(plane, tmp_path_factory, "http")


@pytest.fixture(scope="module")
def over_sse(plane: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """SSE behind it."""
    yield from behind(plane, tmp_path_factory, "sse")


def behind(plane: str, folders: pytest.TempPathFactory, transport: str) -> Iterator[Front]:
    """A server with a token that answers to the one name, without a port, and nginx in front."""
    guard = {"BLAXEL_MCP_AUTH_TOKEN": "let-me-in", "BLAXEL_MCP_ALLOWED_HOSTS": "localhost"}
    arguments = ("--transport", transport, "--port", "0", "--metrics")
    with (
        Program(*arguments, env=account(plane) | guard) as program,
        nginx(program.listening(), folders.mktemp(transport)) as front,
    ):
        yield front


@pytest.mark.parametrize("era", ERAS)
def test_the_scenario_over_streamable_http(over_http: Front, era: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools, resources, errors and progress, as without nginx."""
    monkeypatch.setenv("SSL_CERT_FILE", str(over_http.certificate))

    async def see() -> None:
        async with create_mcp_http_client(TOKEN) as http:
            transport = streamable_http_client(f"{over_http.url}/mcp", http_client=http)
            async with Client(transport, mode=ERAS[era]) as client:
                assert await scenario(client) == SEEN | {"era": era}

    asyncio.run(see())


@pytest.mark.parametrize("era", ERAS)
def test_the_scenario_over_sse(over_sse: Front, era: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools, resources, errors and progress over SSE, whose stream does not end by itself, as without nginx."""
    monkeypatch.setenv("SSL_CERT_FILE", str(over_sse.certificate))

    async def see() -> None:
        async with Client(sse_client(f"{over_sse.url}/sse", headers=TOKEN), mode=ERAS[era]) as client:
            assert await scenario(client) == SEEN | {"era": era}

    asyncio.run(see())


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        ("POST /mcp", {}, 401),
        ("POST /mcp", {"Authorization": "Bearer wrong"}, 401),
        ("POST /mcp", TOKEN | {"Host": "evil.example"}, 421),
        ("POST /mcp", TOKEN | {"Origin": "https://evil.example"}, 403),
        ("GET /health", {}, 404),
        ("GET /metrics", TOKEN, 404),
    ],
)
def test_rejections_come_through_nginx(over_http: Front, line: str, headers: dict[str, str], status: int) -> None:
    """The server's own answers come through, and what is for operators stays inside."""
    method, path = line.split()
    with over_http.client() as client:
        assert client.request(method, over_http.url + path, headers=headers, json={}).status_code == status
