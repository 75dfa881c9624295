"""docs/troubleshooting.md: each text that it explains is one that the program says, most of them provoked here."""

import ast
import asyncio
import os
import re
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from support.caller import caller, client_for, use
from support.client_files import refused, variables_of
from support.in_process import serving
from support.plane import NOW, clock, execution, job, plane

import blaxel_mcp
from blaxel_mcp.api.jobs import get_execution
from blaxel_mcp.api.network_errors import translate
from blaxel_mcp.api.wire import Response, decode
from blaxel_mcp.command_line import parse
from blaxel_mcp.demo import control_plane
from blaxel_mcp.errors import BlaxelMcpError, ConfigurationError, CredentialsError
from blaxel_mcp.settings import load, unknown_variables
from blaxel_mcp.setup.files import write
from blaxel_mcp.tools.results import error_text
from blaxel_mcp.transports.exposure import check_exposure
from blaxel_mcp.transports.http import listen

pytestmark = pytest.mark.skipif(os.name == "nt", reason="texts of the operating system are others there")
ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
OF_CLIENTS = "Before the first answer"
NOT_PROVOKED = {
    "--metrics needs prometheus_client: install blaxel-mcp[metrics].",
    "Too many requests are under way here.",
    "The person was asked and did not agree, so nothing was sent.",
    "This answer of the person was used already, so nothing was sent: one yes is for one call.",
    "Whether the job was started is not known.",
}
"""Texts that take a client that asks a person, a full server, or a missing package: other tests bring them about, and
here they are looked for among the strings of the program."""


def quoted_texts() -> list[str]:
    """The texts in the first column of every table but that of the clients' own, in the page's order."""
    texts = []
    for section in PAGE.split("\n## ")[1:]:
        if section.startswith(OF_CLIENTS):
            continue
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        texts += [text for row in rows for text in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    return texts


def pattern(text: str) -> re.Pattern[str]:
    """A text with `…` for what is different each time, as it may stand in what was said."""
    return re.compile(".+?".join(re.escape(part) for part in text.split("…")))


def of_statuses() -> Iterator[str]:
    """What is said of answers of the API that are none."""
    statuses = (400, 401, 402, 403, 404, 429, 500, 502, 503, 504)
    answers = [Response(status, {}, b"") for status in statuses]
    answers += [
        Response(302, {"location": "https://example.com"}, b""),
        Response(200, {}, b"<html>"),
        Response(200, {}, None),
        Response(400, {}, b'{"error": "invalid_api_version"}'),
    ]
    for answer in answers:
        with pytest.raises(BlaxelMcpError) as caught:
            decode(answer, accepts=(dict,), now=NOW)
        yield error_text(caught.value)


def of_the_network() -> Iterator[str]:
    """What is said where there is no answer."""
    causes: tuple[Exception | None, ...] = (
        ssl.SSLCertVerificationError(),
        ssl.SSLError(),
        socket.gaierror(),
        ConnectionRefusedError(),
        None,
    )
    for cause in causes:
        error = httpx.ConnectError("")
        error.__cause__ = cause
        yield error_text(translate(error))
    others: tuple[Exception, ...] = (httpx.ReadTimeout(""), httpx.ProxyError(""), httpx.ReadError(""))
    for other in others:
        yield error_text(translate(other))


def of_settings() -> Iterator[str]:
    """What is said of settings, and of the file that `bl login` writes."""
    with pytest.raises(ConfigurationError) as caught:
        load({}, {"BLAXEL_MCP_PORT": "99999", "BL_API_KEY": "é"}, None)
    yield str(caught.value)
    yield from unknown_variables({"BLAXEL_MCP_TOKN": "x", "BLAXEL_MCP_TRANSPRT": "http"})
    logins = (
        "",
        "a: [",
        "workspaces: [{name: a, credentials: {apiKey: k}}]",
        "context: {workspace: b}\nworkspaces: []",
    )
    for login in logins:
        yield load({}, {}, login).login_problem or ""


def of_the_command_line() -> Iterator[str]:
    """What the program says of its arguments, and of where it should listen."""

    def exposed() -> None:
        check_exposure(load({"BLAXEL_MCP_HOST": "0.0.0.0"}, {}, None), loopback=False)  # noqa: S104 - refused

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for wrong in (
            lambda: parse(["--alow-writes"]),
            lambda: parse(["get", "job", "--lookups", "never"]),
            exposed,
            lambda: listen("127.0.0.1", port),
        ):
            with pytest.raises(ConfigurationError) as caught:
                wrong()
            yield str(caught.value)


def of_setup() -> Iterator[str]:
    """What `setup` says of its arguments, and of a client's file."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        user, file = variables_of(folder), folder / "mcp.json"
        calls: tuple[tuple[str, ...], ...] = (
            ("windsruf",),
            ("emacs",),
            ("--write",),
            ("cursor", "--write", "--remove"),
            ("cursor", "--write", "--with-key"),
            ("cursor", "--with-key"),
            ("jetbrains", "--write"),
            ("cursor", "--write", "--file", str(folder)),
            ("cursor", "--write", "--file", str(folder / ("m" * 300))),
            ("cursor", "--write", "--file", str(folder / ("m" * 250))),  # no room for the name of a new file
        )
        for arguments in calls:
            yield refused(user, *arguments)
        yield refused(user, "cursor", first=("--port", "1"))
        for text in ('{"mcpServers": ', '{"mcpServers": {"blaxel": {"url": "https://api.blaxel.ai/v0/mcp"}}}'):
            file.write_text(text, encoding="utf-8")
            yield refused(user, "cursor", "--write", "--file", str(file))
        with pytest.raises(ConfigurationError) as caught:
            write(file, b"{}", b"what was there before", private=False, now=datetime.now(UTC))
        yield str(caught.value)


def of_credentials() -> Iterator[str]:
    """What a call says for want of a credential or a workspace; nothing is sent."""
    for variables in ({}, {"BL_API_KEY": "k"}):
        session = client_for("http://127.0.0.1:9/v0", variables=variables)
        with pytest.raises(CredentialsError) as caught:
            use(session, lambda session: session.send(get_execution("job", "execution")))
        yield error_text(caught.value)


def of_http() -> Iterator[str]:
    """What a client is answered that may not come in."""
    with serving("--demo", env={"BLAXEL_MCP_AUTH_TOKEN": "a-long-random-token"}) as url:
        yield httpx.post(f"{url}/mcp").text
        yield httpx.post(f"{url}/mcp", headers={"Host": "example.com"}).text
        yield httpx.post(f"{url}/mcp", headers={"Origin": "https://example.com"}).text
    with serving("--demo", "--auth", "per-request") as url:
        yield httpx.post(f"{url}/mcp").text


def of_tools() -> list[str]:
    """What an assistant is told about ids."""
    asked = (
        {"jobId": "orders", "executionId": "exec-nothing"},
        {"jobId": "order", "executionId": "latest"},
        {"jobId": "orders", "executionId": "latest running"},
        {"jobId": "orders", "executionId": "exec-5"},
        {"jobId": "orders", "executionId": "blaxel://jobs/images/executions/exec-51"},
        {"jobId": "orders", "executionId": "a\x00b"},
        {"jobId": "orders", "executionId": "latest", "page": 2},
    )

    async def ask(url: str) -> list[str]:
        async with caller(url, clock=clock) as client:
            return [(await client.answer("get_job_execution", **arguments)).text for arguments in asked]

    with control_plane.serve(plane(job("orders", [execution("exec-51"), execution("exec-52", age=9)]))) as url:
        return asyncio.run(ask(url))


@pytest.fixture(scope="module")
def said() -> str:
    """Everything that was said, each on lines of its own."""
    parts = (
        of_statuses(),
        of_the_network(),
        of_settings(),
        of_the_command_line(),
        of_setup(),
        of_credentials(),
        of_http(),
        of_tools(),
    )
    return "\n".join(text for part in parts for text in part)


@pytest.mark.parametrize("text", [text for text in quoted_texts() if text not in NOT_PROVOKED])
def test_a_text_is_said_by_the_program(said: str, text: str) -> None:
    """Word for word, in the situation that the page explains."""
    assert pattern(text).search(said), text


@cache
def strings() -> str:
    """Every string in the program's sources, each on lines of its own."""
    package = Path(blaxel_mcp.__file__).parent
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in package.rglob("*.py"))
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return "\n".join(value for value in constants if isinstance(value, str))


@pytest.mark.parametrize("text", sorted(NOT_PROVOKED))
def test_a_text_stands_in_the_program(text: str) -> None:
    """As a string of its own or the part of one."""
    assert text in quoted_texts()
    assert text in strings()


def test_every_error_of_the_api_has_a_row() -> None:
    """Of those that are said of a status or of the network; the others are named where they are rare."""
    rows = quoted_texts()
    for text in (*of_statuses(), *of_the_network()):
        assert any(pattern(row).match(text) for row in rows), text
