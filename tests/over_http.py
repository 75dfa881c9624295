"""Raw JSON-RPC over Streamable HTTP, in both eras, as a client without any SDK would send it."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
from program import ENVELOPE, HANDSHAKE, MODERN, PATIENCE
from raw_http import rpc_body, rpc_headers

ACCEPT = {"Accept": "application/json, text/event-stream"}
ERAS = (HANDSHAKE, MODERN)


def message(method: str, params: Mapping[str, Any] | None, era: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A request's body, and the headers that go with it."""
    given = dict(params or {})
    modern = era == MODERN
    if modern and "_meta" in given:
        given["_meta"] = ENVELOPE | given["_meta"]
    name = given.get("name", given.get("uri", ""))
    return rpc_body(method, given, modern=modern), rpc_headers(method, name, modern=modern)


def post(
    base: str,
    method: str = "tools/list",
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    era: str = MODERN,
    path: str = "/mcp",
) -> httpx.Response:
    """Send a request to a server, over a connection of its own; `headers` win."""
    body, usual = message(method, params, era)
    return httpx.post(base + path, json=body, headers=usual | dict(headers or {}), timeout=PATIENCE)


def call(
    base: str, tool: str, arguments: Mapping[str, Any], headers: Mapping[str, str] | None = None, *, era: str = MODERN
) -> dict[str, Any]:
    """Call a tool; the result, which must be one."""
    found = read(post(base, "tools/call", {"name": tool, "arguments": dict(arguments)}, headers, era=era))
    assert "result" in found, found
    result: dict[str, Any] = found["result"]
    return result


def read(answer: httpx.Response) -> dict[str, Any]:
    """The last JSON-RPC message of an answer, whichever of the two forms it has."""
    assert answer.status_code == 200, (answer.status_code, answer.text)
    text = answer.text
    if answer.headers["content-type"].startswith("text/event-stream"):
        text = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")][-1]
    found: dict[str, Any] = json.loads(text)
    return found


def said(result: Mapping[str, Any]) -> str:
    """The only text of a tool's result."""
    (block,) = result["content"]
    text: str = block["text"]
    return text
