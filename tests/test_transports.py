"""The server over each transport: raw lines in both eras, the SDK's client in both eras, and who may connect."""

import asyncio
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import httpx
import pytest
from mcp import Client
from mcp_types import CallToolResult, TextContent, TextResourceContents
from support.caller import ERAS, Transport, caller
from support.in_process import serving
from support.program import HANDSHAKE, MODERN, Program, account, run, side_by_side
from support.sockets import post

from blaxel_mcp import __version__
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.resources import EXECUTION, EXECUTIONS
from blaxel_mcp.resources import TASKS as EXECUTION_TASKS
from blaxel_mcp.tools.registry import select
from blaxel_mcp.tools.spec import FOR_VIEWS

TOOL = "get_job_execution"
TOOLS = [tool.name for tool in select(allow_writes=False) if tool.meta != FOR_VIEWS]
TOKEN = "let-me-in"
WORD = "größer→"
URI = f"blaxel://jobs/image-resize/executions/{script.FAILED}"


def call(job: str, execution: str) -> dict[str, Any]:
    """The parameters of a tool call."""
    return {"name": TOOL, "arguments": {"jobId": job, "executionId": execution}}


# Raw lines over stdio


def test_the_handshake_era_over_stdio(plane: str) -> None:
    """initialize, then list, call, read and ping: every line of standard output is one JSON-RPC message."""
    with Program(env=account(plane)) as program:
        hello = program.shake_hands()["result"]
        assert (hello["protocolVersion"], hello["serverInfo"]["name"]) == (HANDSHAKE, "blaxel-mcp")
        assert [tool["name"] for tool in program.request("tools/list")["result"]["tools"]] == TOOLS
        answer = program.request("tools/call", call("image-resize", script.FAILED))["result"]
        assert answer["structuredContent"]["outcome"] == "failed"
        assert answer["content"] == [{"type": "text", "text": answer["structuredContent"]["summary"]}]
        contents = program.request("resources/read", {"uri": URI})["result"]["contents"]
        assert json.loads(contents[0]["text"])["metadata"]["id"] == script.FAILED
        assert program.request("ping")["result"] == {}
        program.close_input()
        assert (program.wait(), program.output().count("\n"), program.errors()) == (0, 5, "")


@pytest.mark.slow
def test_the_modern_era_over_stdio(plane: str) -> None:
    """Without a handshake, each request bringing its own envelope."""
    with Program(env=account(plane)) as program:
        found = program.request("server/discover", modern=True)["result"]
        assert (found["supportedVersions"], found["instructions"][:7]) == ([MODERN], "Answers")
        assert [tool["name"] for tool in program.request("tools/list", modern=True)["result"]["tools"]] == TOOLS
        answer = program.request("tools/call", call("image-resize", script.FAILED), modern=True)["result"]
        assert answer["structuredContent"]["outcome"] == "failed"
        contents = program.request("resources/read", {"uri": URI}, modern=True)["result"]["contents"]
        assert json.loads(contents[0]["text"])["metadata"]["id"] == script.FAILED
        program.close_input()
        assert (program.wait(), program.output().count("\n"), program.errors()) == (0, 4, "")


@pytest.fixture(scope="module")
def unconfigured() -> Iterator[Program]:
    """A program of the 2025 era with nothing set."""
    with Program(env={"BL_API_KEY": "${BL_API_KEY}", "BL_WORKSPACE": " ", "BLAXEL_MCP_TRANSPORT": ""}) as program:
        program.shake_hands()
        yield program


@pytest.mark.parametrize(
    "line", ["", "no json", "{}", "[]", "1", '{"jsonrpc": "2.0", "id": 9}', "{" * 100_000, "\ud800"]
)
def test_lines_that_are_no_messages_are_survived(line: str, unconfigured: Program) -> None:
    """Whatever comes in between, the next request is answered."""
    assert unconfigured.process.stdin
    unconfigured.process.stdin.write(line.encode(errors="surrogatepass") + b"\n")
    assert unconfigured.request("ping") == {"result": {}}


@pytest.mark.slow
def test_the_demo_over_stdio_with_a_windows_encoding() -> None:
    """--demo needs no variable, is not confused by those of an account, and what it writes is UTF-8 everywhere."""
    env = {"BL_API_URL": "https://api.invalid/v0", "BL_WORKSPACE": "mine", "PYTHONIOENCODING": "cp1252"}
    with Program("--demo", env=env) as program:
        answer = program.request("tools/call", call("nightly-report", script.SUCCEEDED), modern=True)["result"]
        assert answer["structuredContent"]["workspace"] == script.WORKSPACE
        refused = program.request("tools/call", call(WORD, script.SUCCEEDED), modern=True)["result"]
        assert WORD in refused["content"][0]["text"]


def test_it_serves_without_credentials(unconfigured: Program) -> None:
    """Nothing is configured but blanks and what a client failed to fill in: the tool is there, and says so."""
    assert [tool["name"] for tool in unconfigured.request("tools/list")["result"]["tools"]] == TOOLS
    answer = unconfigured.request("tools/call", call("image-resize", script.FAILED))["result"]
    assert answer["isError"]
    assert answer["content"][0]["text"].startswith("No Blaxel credential was found.")


# The SDK's client over each transport


@pytest.fixture(scope="module")
def plane() -> Iterator[str]:
    """A control plane of this module's own: an execution that it asks about ends two minutes after its start."""
    with control_plane.serve(control_plane.build_app()) as url:
        yield url


@pytest.fixture(scope="module")
def over_http(plane: str) -> Iterator[str]:
    """A server over Streamable HTTP."""
    with serving(env=account(plane)) as base:
        yield base


@pytest.fixture(scope="module")
def over_sse(plane: str) -> Iterator[str]:
    """A server over SSE."""
    with serving("--transport", "sse", env=account(plane)) as base:
        yield base


async def scenario(client: Client) -> dict[str, Any]:
    """What a client sees of everything there is, but for what changes as time goes by."""

    def text(result: CallToolResult) -> str:
        (block,) = result.content
        assert isinstance(block, TextContent)
        return block.text

    told: list[float] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        del total, message
        told.append(progress)

    failed = await client.call_tool(TOOL, {"jobId": "image-resize", "executionId": script.FAILED})
    assert failed.structured_content
    latest = await client.call_tool(TOOL, {"jobId": "nightly-report", "executionId": "latest"})
    assert latest.structured_content
    unknown = await client.call_tool(TOOL, {"jobId": "image-resize", "executionId": "exec-1"})
    wrong = await client.call_tool(TOOL, {"jobId": "image-resize"})
    waited = await client.call_tool(
        "wait_for_job_execution",
        {"jobId": "embed-corpus", "executionId": script.RUNNING, "timeoutSeconds": 1},
        progress_callback=tell,
    )
    assert waited.structured_content
    (raw,) = (await client.read_resource(URI)).contents
    assert isinstance(raw, TextResourceContents)
    templates = (await client.list_resource_templates()).resource_templates
    return {
        "era": client.protocol_version,
        "version": client.server_info and client.server_info.version,
        "instructions": (client.instructions or "").splitlines()[0],
        "tools": [tool.name for tool in (await client.list_tools()).tools],
        "templates": [template.uri_template for template in templates],
        "failed": (failed.structured_content["outcome"], failed.structured_content["executionId"]),
        "same prose": text(failed) == failed.structured_content["summary"],
        "latest": latest.structured_content["executionId"],
        "unknown": (unknown.is_error, text(unknown).split(".")[0]),
        "wrong": (wrong.is_error, text(wrong).split(":")[0]),
        "waited": (waited.structured_content["done"], "raw" in waited.structured_content, len(told) > 0),
        "raw": (raw.mime_type, json.loads(raw.text)["metadata"]["id"]),
    }


SEEN: dict[str, Any] = {
    "version": __version__,
    "instructions": "Answers questions about executions (runs) of Blaxel batch jobs.",
    "tools": TOOLS,
    "templates": [EXECUTIONS, EXECUTION, EXECUTION_TASKS],
    "failed": ("failed", script.FAILED),
    "same prose": True,
    "latest": script.SUCCEEDED,
    "unknown": (True, 'Job "image-resize" has no execution "exec-1" (404)'),
    "wrong": (True, "Wrong arguments"),
    "waited": (False, False, True),
    "raw": ("application/json", script.FAILED),
}


@pytest.fixture(scope="module")
def seen(plane: str, over_http: str, over_sse: str) -> dict[tuple[Transport, str], dict[str, Any]]:
    """What the scenario sees, by transport and era; all at the same time, because each waits for a second."""
    servers = {"http": over_http, "sse": over_sse}

    async def see(over: Transport, era: str) -> dict[str, Any]:
        async with caller(servers.get(over, plane), over=over, era=era, clock=lambda: datetime.now(UTC)) as calls:
            return await scenario(calls.client)

    async def see_all() -> dict[tuple[Transport, str], dict[str, Any]]:
        keys: list[tuple[Transport, str]] = [(over, era) for over in get_args(Transport) for era in ERAS]
        return dict(zip(keys, await asyncio.gather(*(see(*key) for key in keys)), strict=True))

    return asyncio.run(see_all())


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("over", get_args(Transport))
def test_the_scenario(seen: dict[tuple[Transport, str], dict[str, Any]], over: Transport, era: str) -> None:
    """In memory, as a subprocess, and as a service over both HTTP transports, every answer is the same."""
    assert seen[over, era] == SEEN | {"era": era}


# Who may connect


def test_health_says_ok_to_anyone(over_http: str, over_sse: str, guarded: str) -> None:
    """No token, whatever name is asked for, and nothing but `ok`."""
    for base in (over_http, over_sse, guarded):
        answer = httpx.get(f"{base}/health", headers={"Host": "evil.example", "Origin": "https://evil.example"})
        assert (answer.status_code, answer.text) == (200, "ok")


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "localhost.evil.example:8000"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
@pytest.mark.parametrize("request_line", ["POST /mcp", "GET /mcp", "GET /sse", "POST /messages/"])
def test_a_foreign_host_or_origin_is_rejected(
    over_http: str, over_sse: str, request_line: str, header: dict[str, str], status: int
) -> None:
    """A page in a browser cannot reach the server, on any of its paths, also by a name that leads to this machine."""
    method, path = request_line.split()
    base = over_http if path == "/mcp" else over_sse
    assert httpx.request(method, base + path, headers=header, json={}).status_code == status


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_the_names_of_this_machine_are_let_in(over_http: str, name: str) -> None:
    """Under any port, as behind a forwarded one, and as a page of this machine too."""
    headers = {"Host": f"{name}:9", "Origin": f"http://{name}:9"}
    assert post(over_http, headers=headers).status_code == 200


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """A server that asks for a token and goes by another name."""
    names = {"BLAXEL_MCP_ALLOWED_HOSTS": "mcp.example:*", "BLAXEL_MCP_ALLOWED_ORIGINS": "app.example"}
    with serving("--demo", env={"BLAXEL_MCP_AUTH_TOKEN": TOKEN} | names) as base:
        yield base


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x"])
def test_a_token_that_is_set_is_asked_for(guarded: str, given: str | None) -> None:
    """On loopback too; the answer says what kind is wanted, and nothing else."""
    headers = {"Host": "mcp.example:8000"} | ({} if given is None else {"Authorization": given})
    answer = post(guarded, headers=headers)
    assert (answer.status_code, answer.headers.get("WWW-Authenticate")) == (401, "Bearer")
    assert answer.text == (
        "Unauthorized: send the token that this server's operator has set (BLAXEL_MCP_AUTH_TOKEN) as "
        '"Authorization: Bearer TOKEN" with each request. It is not a Blaxel API key.'
    )


def test_the_token_and_an_allowed_name_are_accepted(guarded: str) -> None:
    """The names that are set take the place of this machine's."""
    token = {"Authorization": f"bearer {TOKEN}"}
    tried = [
        {"Host": "mcp.example:8000", "Origin": "https://app.example"},
        {"Host": "mcp.example:8000", "Origin": "http://localhost"},
        {"Host": "localhost"},
    ]
    assert [post(guarded, headers=token | headers).status_code for headers in tried] == [200, 403, 421]


EXPOSED = (
    "0.0.0.0 can be reached from other machines, and nobody would be kept out. Set BLAXEL_MCP_AUTH_TOKEN to a long "
    "random token, or use --oauth-issuer with --public-url, or --auth per-request (each caller brings a Blaxel "
    "credential). If what stands in front lets only the right people through, say so with --auth gateway. (Each option "
    "is a variable too: BLAXEL_MCP_AUTH and so on.)"
)


@pytest.mark.slow
def test_an_address_that_is_refused_or_taken_is_one_line() -> None:
    """Exit code 2 and which it is."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = side_by_side(
            {
                "refused": lambda: run("--transport", "http", "--host", "0.0.0.0"),  # noqa: S104 - it is refused
                "taken": lambda: run("--transport", "sse", "--port", port),
            }
        )
    in_use = f"Cannot listen on 127.0.0.1, port {port}: Address already in use."
    assert ended == {
        "refused": (2, "", f"blaxel-mcp: {EXPOSED} See blaxel-mcp --help.\n"),
        "taken": (2, "", f"blaxel-mcp: {in_use} See blaxel-mcp --help.\n"),
    }
