"""HTTP by hand: requests that no library would send, parsed answers, and JSON-RPC of both eras, raw or by httpx."""

import contextlib
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from blaxel_mcp.demo import script
from support.caller import without_request_id
from support.program import ENVELOPE, HANDSHAKE, MODERN, PATIENCE

TOOL = "get_job_execution"
HERE = "localhost"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        """The JSON-RPC message in it, as JSON or as the one event of a stream."""
        (data,) = [line for line in self.body.split(b"\n") if line.startswith((b"{", b"data: {"))]
        message: dict[str, Any] = json.loads(data.removeprefix(b"data: "))
        return message


class Connection:
    """A connection to the program, which must answer or close within the tests' patience.

    Args:
        port: of the program, on loopback.
        window: bytes that are taken before anything is read, if it is to be few.
    """

    def __init__(self, port: int, window: int | None = None) -> None:
        self._socket = socket.socket()
        self._socket.settimeout(PATIENCE)
        if window is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        self._socket.connect(("127.0.0.1", port))
        self._file = self._socket.makefile("rb")
        self.port: int = self._socket.getsockname()[1]
        """Of this end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fileno(self) -> int:
        """For `select`."""
        return self._socket.fileno()

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        """Write all of it; that the other side has had enough is seen when its answer is read."""
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(data)

    def line(self) -> bytes:
        """The next line of what comes."""
        return self._file.readline()

    def head(self) -> Answer:
        """Status and headers of the next answer, whose body is left."""
        status = int(self.line().split()[1])
        headers = {}
        while line := self.line().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return Answer(status, headers, b"")

    def answer(self) -> Answer:
        """The next answer, with its body."""
        head, body = self.head(), b""
        if length := head.headers.get("content-length"):
            body = self._file.read(int(length))
        elif head.headers.get("transfer-encoding") == "chunked":
            while size := int(self.line(), 16):
                body += self._file.read(size)
                self.line()
            self.line()
        return Answer(head.status, head.headers, body)

    def some(self, size: int) -> bytes:
        """So many bytes of what comes."""
        return self._file.read(size)

    def rest(self) -> bytes:
        """Everything until the other side closes."""
        came = b""
        with contextlib.suppress(ConnectionResetError):
            while part := self._file.read1():
                came += part
        return came


def request(line: str, *headers: str, host: str | None = HERE, body: bytes = b"", length: int | None = None) -> bytes:
    """The bytes of a request. Headers are sent as they are, in Latin-1."""
    lines = [f"{line} HTTP/1.1", *([] if host is None else [f"Host: {host}"]), *headers]
    if body or length is not None or not line.startswith("GET"):
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def exchange(port: int, data: bytes) -> Answer:
    """Send it on a new connection; its answer."""
    with Connection(port) as connection:
        connection.send(data)
        return connection.answer()


def rpc_headers(method: str, name: str = "", *, modern: bool = True) -> dict[str, str]:
    """What a client of either era sends along."""
    common = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if not modern:
        return common | {"MCP-Protocol-Version": HANDSHAKE}
    named = {"Mcp-Name": name} if name else {}
    return common | {"MCP-Protocol-Version": MODERN, "Mcp-Method": method} | named


def rpc_body(
    method: str, params: Mapping[str, Any] | None = None, *, modern: bool = True, number: int = 1
) -> dict[str, Any]:
    """The message itself."""
    given = ({"_meta": ENVELOPE} if modern else {}) | dict(params or {})
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": given}


def rpc(method: str, params: Mapping[str, Any] | None = None, *headers: str, modern: bool = True) -> bytes:
    """The bytes of a JSON-RPC request over Streamable HTTP."""
    name = str((params or {}).get("name", (params or {}).get("uri", "")))
    sent = [f"{key}: {value}" for key, value in rpc_headers(method, name, modern=modern).items()]
    return request("POST /mcp", *sent, *headers, body=json.dumps(rpc_body(method, params, modern=modern)).encode())


def tool_call(job: Any = "image-resize", execution: Any = script.FAILED, name: str = TOOL) -> dict[str, Any]:
    """The parameters of a call that asks for an execution."""
    return {"name": name, "arguments": {"jobId": job, "executionId": execution}}


def port_of(base: str) -> int:
    """Of a base URL."""
    return int(base.rpartition(":")[2].partition("/")[0])


def resident(pid: int) -> int:
    """How much memory a process has, in MiB."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:  # noqa: PTH123
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))


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
    """The only text of a tool's result, without the request id that an error may end with."""
    (block,) = result["content"]
    return without_request_id(block["text"])
