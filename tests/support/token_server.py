"""A control plane of two routes on a real loopback socket: it issues tokens and checks what it is shown."""

import base64
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class TokenServer:
    """What the server was asked and what it will say; tests read and write it directly.

    Attributes:
        url: its base URL, as BL_API_URL would have it.
        exchanges: the Authorization header and the JSON body of each token request.
        headers: the headers of each token request.
        calls: the method, the bearer and the workspace of each other request.
        refused: bearers that are answered with a 401.
        answers: what the next token requests are answered with; after these, `access-1`, `access-2`, …
    """

    url: str
    exchanges: list[tuple[str | None, dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    calls: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    answers: list[Response] = field(default_factory=list)

    def forget(self) -> None:
        """Start over, at the same address."""
        self.exchanges, self.headers, self.calls, self.refused, self.answers = [], [], [], set(), []

    async def token(self, request: Request) -> Response:
        """Issue a token."""
        self.exchanges.append((request.headers.get("authorization"), json.loads(await request.body())))
        self.headers.append(dict(request.headers))
        if self.answers:
            return self.answers.pop(0)
        return JSONResponse({"access_token": f"access-{len(self.exchanges)}", "expires_in": 7200, "scope": "unknown"})

    async def job(self, request: Request) -> Response:
        """Answer 200, or 401 to a bearer that is refused."""
        bearer = request.headers.get("x-blaxel-authorization", "").removeprefix("Bearer ")
        self.calls.append((request.method, bearer, request.headers.get("x-blaxel-workspace")))
        assert "authorization" not in request.headers
        status = 401 if bearer in self.refused else 200
        return JSONResponse({"status": status, "body": (await request.body()).decode()}, status)


@contextmanager
def serve() -> Iterator[TokenServer]:
    """Run one on a free port; the socket listens before the thread starts, so nobody has to wait for it."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does so only where the protocol is named
    state = TokenServer(f"http://127.0.0.1:{listener.getsockname()[1]}/v0")
    routes = [
        Route("/v0/oauth/token", state.token, methods=["POST"]),
        Route("/v0/jobs/my-job", state.job, methods=["GET", "POST"]),
    ]
    config = uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield state
    finally:
        server.should_exit = True
        thread.join()


def jwt(name: str, *, iat: float | None = None, exp: float | None = None) -> str:
    """An unsigned token that says when it was issued and when it ends, its payload without padding."""
    claims = {"sub": name} | {key: value for key, value in (("iat", iat), ("exp", exp)) if value is not None}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"{base64.urlsafe_b64encode(b'{}').decode()}.{payload}.signature"
