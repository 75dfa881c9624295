"""MCP Apps on the wire: who is told of the page and of the tool that only the page calls, over every transport."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from support.program import ENVELOPE, HANDSHAKE, MODERN, Program

from blaxel_mcp.ui import EXECUTION_PAGE, declared_by, page, report

EXTENSION, VIEW_TOOL = "io.modelcontextprotocol/ui", "get_job_execution_view"
WITH_APPS = {"extensions": {EXTENSION: {"mimeTypes": ["text/html;profile=mcp-app"]}}}
SKILL_FILES = {"blaxel-jobs", "fields.md"}
"""The resources that are listed for everybody."""
BOUND = {"get_job_execution", "wait_for_job_execution", "compare_job_executions"}
CLIENTS: Mapping[str, tuple[Mapping[str, Any], bool]] = {
    "with apps": (WITH_APPS, True),
    "with apps of any type": ({"extensions": {EXTENSION: {}}}, True),
    "with pages of another type": ({"extensions": {EXTENSION: {"mimeTypes": ["text/html+skybridge"]}}}, False),
    "with another extension": ({"extensions": {"io.modelcontextprotocol/tasks": {}}}, False),
    "without": ({}, False),
}
"""Clients by their capabilities, and whether they are told."""


def hello(capabilities: Mapping[str, Any]) -> dict[str, Any]:
    """What a client of the 2025 era says of itself."""
    return {"protocolVersion": HANDSHAKE, "capabilities": capabilities, "clientInfo": {"name": "tests", "version": "1"}}


def envelope(capabilities: Mapping[str, Any]) -> dict[str, Any]:
    """What a client of the 2026 era says of itself in each request."""
    return {"_meta": ENVELOPE | {"io.modelcontextprotocol/clientCapabilities": capabilities}}


def names(result: Mapping[str, Any]) -> set[str]:
    """The names of what is listed."""
    (listed,) = (result[key] for key in ("tools", "resources") if key in result)
    return {one["name"] for one in listed}


class Http:
    """A client over Streamable HTTP in one era, which sends a session id back as clients do."""

    def __init__(self, url: str, capabilities: Mapping[str, Any], era: str) -> None:
        self.url, self.era, self.capabilities = url, era, capabilities
        self.session: dict[str, str] = {}
        if era == HANDSHAKE:
            response = self.post("initialize", hello(capabilities))
            self.session = {name: value for name, value in response.headers.items() if name == "mcp-session-id"}

    def post(self, method: str, params: Mapping[str, Any]) -> httpx.Response:
        """Send a request."""
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": self.era} | self.session
        if self.era == MODERN:
            headers["Mcp-Method"] = method
            headers |= {"Mcp-Name": params["uri"]} if "uri" in params else {}
        return httpx.post(f"{self.url}/mcp", json=message, headers=headers, timeout=30)

    def ask(self, method: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The result of a request."""
        given = dict(params or {}) | (envelope(self.capabilities) if self.era == MODERN else {})
        text = self.post(method, given).text
        data = next(line for line in text.splitlines() if line.startswith(("data:", "{"))).removeprefix("data:")
        result: dict[str, Any] = json.loads(data)["result"]
        return result


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server over Streamable HTTP."""
    with Program("--demo", "--transport", "http", "--port", "0") as program:
        yield program.listening()


@pytest.mark.slow
@pytest.mark.parametrize("era", [HANDSHAKE, MODERN])
@pytest.mark.parametrize("client", CLIENTS)
def test_over_http_lists_depend_on_what_the_client_declares(url: str, client: str, era: str) -> None:
    """Nothing is stored between requests; the page itself is there for everybody who knows its address."""
    capabilities, told = CLIENTS[client]
    http = Http(url, capabilities, era)
    assert (VIEW_TOOL in names(http.ask("tools/list"))) == told
    assert names(http.ask("resources/list")) == SKILL_FILES | ({"execution_page"} if told else set())
    assert http.ask("resources/read", {"uri": EXECUTION_PAGE})["contents"][0]["text"] == page(EXECUTION_PAGE)
    assert bool(http.session) == (told and era == HANDSHAKE)


@pytest.mark.slow
def test_a_session_id_is_no_session(url: str) -> None:
    """Another one each time; a request with one that was never given is served all the same."""
    first, second = (Http(url, WITH_APPS, HANDSHAKE) for _ in range(2))
    assert first.session != second.session
    first.session = {"mcp-session-id": "of-somebody-else"}
    assert VIEW_TOOL not in names(first.ask("tools/list"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("escape", "spoil", "given"), [(False, False, True), (True, False, True), (False, True, False), (True, True, False)]
)
def test_a_handshake_is_read_as_json(url: str, *, escape: bool, spoil: bool, given: bool) -> None:
    """Some clients escape slashes; a handshake that fails gives no session id."""
    params = hello(WITH_APPS) | ({"clientInfo": 7} if spoil else {})
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    response = httpx.post(f"{url}/mcp", content=body.replace("/", "\\/") if escape else body, headers=headers)
    assert ("mcp-session-id" in response.headers) == given, response.text


@pytest.mark.slow
@pytest.mark.parametrize("era", [HANDSHAKE, MODERN])
@pytest.mark.parametrize("client", CLIENTS)
def test_over_stdio_lists_depend_on_what_the_client_declares(client: str, era: str) -> None:
    """Also where the opening is answered before the server has been imported, and asked again after that."""
    capabilities, told = CLIENTS[client]
    more = envelope(capabilities) if era == MODERN else {}
    with Program("--demo") as program:
        if era == HANDSHAKE:
            program.request("initialize", hello(capabilities))
            program.send('{"jsonrpc": "2.0", "method": "notifications/initialized"}')
        for _ in range(2):
            tools = program.request("tools/list", more)["result"]
            assert (VIEW_TOOL in names(tools)) == told
            listed = names(program.request("resources/list", more)["result"])
            assert listed == SKILL_FILES | ({"execution_page"} if told else set())
        program.close_input()
        assert program.wait() == 0
        assert program.errors() == ""


@pytest.mark.slow
def test_the_tools_that_open_the_page_are_bound_to_it_for_everybody(url: str) -> None:
    """Some hosts leave out what they can do; no model is shown `_meta`."""
    for client in ("with apps", "without"):
        tools = Http(url, CLIENTS[client][0], HANDSHAKE).ask("tools/list")["tools"]
        bound = {tool["name"]: tool["_meta"]["ui"] for tool in tools if "_meta" in tool and tool["name"] != VIEW_TOOL}
        assert bound == {name: {"resourceUri": EXECUTION_PAGE} for name in BOUND}


@pytest.mark.slow
def test_the_page_is_listed_and_read_with_the_strictest_policy(url: str) -> None:
    """No origin at all, both in the list and beside the text."""
    http = Http(url, WITH_APPS, HANDSHAKE)
    meta = {"ui": {"csp": {"connectDomains": [], "resourceDomains": [], "frameDomains": []}, "prefersBorder": False}}
    (listed,) = (one for one in http.ask("resources/list")["resources"] if one["name"] not in SKILL_FILES)
    (content,) = http.ask("resources/read", {"uri": EXECUTION_PAGE})["contents"]
    for one in (listed, content):
        assert (one["mimeType"], one["_meta"]) == ("text/html;profile=mcp-app", meta)
    (tool,) = (tool for tool in http.ask("tools/list")["tools"] if tool["name"] == VIEW_TOOL)
    assert tool["_meta"] == {"ui": {"visibility": ["app"]}}


@pytest.mark.slow
def test_the_server_declares_the_extension(url: str) -> None:
    """Where the protocol has a place for it: in `server/discover`."""
    assert Http(url, {}, MODERN).ask("server/discover")["capabilities"]["extensions"][EXTENSION] == {}


@pytest.mark.parametrize(
    "capabilities", [None, [], {"extensions": []}, {"extensions": {EXTENSION: None}}, "extensions"]
)
def test_odd_capabilities_declare_nothing(capabilities: object) -> None:
    """They come from outside, before anything has checked them."""
    assert not declared_by(capabilities)


def test_data_in_a_report_is_never_markup() -> None:
    """It cannot end its element, start another one, or be read as anything but JSON."""
    text = "</script><script>alert(1)</script><!-- \u2028 & <!-- content-security-policy --><!-- data -->"
    html = report({"views": [{"now": text}], "version": text})
    _, _, rest = html.partition('<script type="application/json" id="data">')
    data, _, _ = rest.partition("</script>")
    assert not set(data) & set("<>&\u2028\u2029")
    assert json.loads(data) == {"views": [{"now": text}], "version": text}
    assert html.count("<script") == page(EXECUTION_PAGE).count("<script") + 1
