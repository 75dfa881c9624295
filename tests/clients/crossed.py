"""What crossed between a client and the server, read from bytes that a recorder kept; pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import h11

VERSION = "io.modelcontextprotocol/protocolVersion"


@dataclass(frozen=True, slots=True)
class Crossed:
    """The messages of a run, in order, as far as one stream has an order.

    Attributes:
        sent: JSON-RPC messages of the client.
        received: those of the server.
        starts: how often the server was started, over stdio.
    """

    sent: Sequence[dict[str, Any]] = field(default_factory=list)
    received: Sequence[dict[str, Any]] = field(default_factory=list)
    starts: int = 0

    @property
    def eras(self) -> list[str]:
        """The protocol versions of the client's tool calls, each once: stated in the call, or agreed by a handshake."""
        agreed = [one["result"]["protocolVersion"] for one in self.received if "protocolVersion" in _result(one)]
        found = dict.fromkeys(
            one["params"].get("_meta", {}).get(VERSION) or (agreed[-1] if agreed else "none")
            for one in self.sent
            if one.get("method") == "tools/call"
        )
        return list(found)

    @property
    def client(self) -> str:
        """What the client calls itself, and its version."""
        for one in self.sent:
            params = one.get("params") or {}
            info = params.get("clientInfo") or (params.get("_meta") or {}).get("io.modelcontextprotocol/clientInfo")
            if info:
                return f"{info['name']} {info['version']}"
        return ""


def from_stdio(log: str) -> Crossed:
    """The messages in a log of `record_stdio.py`."""
    lines = log.splitlines()
    return Crossed(
        list(_messages(line[1:] for line in lines if line.startswith(">"))),
        list(_messages(line[1:] for line in lines if line.startswith("<"))),
        lines.count("="),
    )


def from_http(connections: Sequence[tuple[bytes, bytes]]) -> Crossed:
    """The messages in the bytes of HTTP connections, each sent and received; event streams may have been cut off."""
    sent: list[dict[str, Any]] = []
    received: list[dict[str, Any]] = []
    for outward, inward in connections:
        requests = list(_requests(outward))
        sent += _messages(body for _, body in requests)
        for content_type, body in _responses([request for request, _ in requests], inward):
            events = body.replace("\r\n", "\n").split("\n") if "event-stream" in content_type else [f"data: {body}"]
            received += _messages(line.removeprefix("data:") for line in events if line.startswith("data:"))
    return Crossed(sent, received)


def _result(message: dict[str, Any]) -> dict[str, Any]:
    result = message.get("result")
    return result if isinstance(result, dict) else {}


def _messages(texts: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The JSON-RPC messages among texts; a batch is several."""
    for text in texts:
        try:
            value = json.loads(text)
        except ValueError:
            continue
        yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict))


def _requests(data: bytes) -> Iterator[tuple[h11.Request, str]]:
    """The requests on one connection, each with its body."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 24)
    connection.receive_data(data)
    request, body = None, b""
    while isinstance(event := connection.next_event(), h11.Request | h11.Data | h11.EndOfMessage):
        if isinstance(event, h11.Request):
            request, body = event, b""
        elif isinstance(event, h11.Data):
            body += event.data
        elif request:
            yield request, body.decode(errors="replace")
            connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is not h11.DONE:
                return
            connection.start_next_cycle()


def _responses(requests: Sequence[h11.Request], data: bytes) -> Iterator[tuple[str, str]]:
    """The answers to requests on one connection: content type and body, as far as it came."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 24)
    connection.receive_data(data)
    for request in requests:
        connection.send(h11.Request(method=request.method, target=request.target, headers=[("Host", "localhost")]))
        connection.send(h11.EndOfMessage())
        content_type, body = "", b""
        while isinstance(
            event := connection.next_event(), h11.InformationalResponse | h11.Response | h11.Data | h11.EndOfMessage
        ):
            if isinstance(event, h11.Response):
                content_type = dict(event.headers).get(b"content-type", b"").decode()
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                break
        yield content_type, body.decode(errors="replace")
        if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
            return
        connection.start_next_cycle()
