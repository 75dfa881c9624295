"""What a client sends, as bytes: JSON-RPC of both eras, as the SDK's own client writes it."""

import json
from collections.abc import Mapping
from typing import Any

from benchmarks.executions import JOB

HANDSHAKE, MODERN = "2025-11-25", "2026-07-28"
ERAS = (HANDSHAKE, MODERN)
TOOL = "get_job_execution"
_CLIENT = {"name": "mcp", "version": "0.1.0"}
_ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": _CLIENT,
    "io.modelcontextprotocol/clientCapabilities": {},
}
INITIALIZED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n'


def request(era: str, number: int, method: str, params: Mapping[str, Any] | None = None) -> bytes:
    """A request as one line."""
    given = {"_meta": _ENVELOPE, **(params or {})} if era == MODERN else params
    message = {"jsonrpc": "2.0", "id": number, "method": method} | ({"params": given} if given else {})
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def opening(era: str) -> bytes:
    """The first request of a connection."""
    if era == MODERN:
        return request(era, 0, "server/discover")
    return request(era, 0, "initialize", {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": _CLIENT})


def call(era: str, number: int, execution: str) -> bytes:
    """A call of the tool for an execution."""
    return request(era, number, "tools/call", {"name": TOOL, "arguments": {"jobId": JOB, "executionId": execution}})


def over_http(era: str, port: int, line: bytes, session: bytes = b"") -> bytes:
    """A request as one POST."""
    message = json.loads(line)
    headers = [
        "POST /mcp HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Accept: application/json, text/event-stream",
        "Content-Type: application/json",
        f"MCP-Protocol-Version: {era}",
        f"Content-Length: {len(line)}",
    ]
    if era == MODERN:
        headers.append(f"Mcp-Method: {message['method']}")
    if era == MODERN and message["method"] == "tools/call":
        headers.append(f"Mcp-Name: {TOOL}")
    if session:
        headers.append(f"Mcp-Session-Id: {session.decode()}")
    return "\r\n".join(headers).encode() + b"\r\n\r\n" + line
