"""Two hosts of MCP Apps on loopback, in front of a real server: the strict one, and the official library's.

Each is a web page. The view's document comes from a second origin, with the policy that the specification prescribes as
a header. What the hosts' scripts ask of the MCP server is passed on to it, so that it is of their own origin.
"""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
from chromium import NODE_MODULES
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from support.program import PATIENCE

from blaxel_mcp.demo import control_plane

HERE = Path(__file__).parent
_PASSED_ON = ("accept", "content-type", "mcp-protocol-version", "mcp-session-id", "mcp-method", "mcp-name")
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""All is on loopback; without this httpx would read a trust store for each client."""
_NEVER_CHANGES = {"Cache-Control": "max-age=3600, immutable"}


def policy(csp: Mapping[str, Sequence[str]] | None) -> str:
    """The Content-Security-Policy of a view that declares these domains; the specification's default without any."""
    declared = csp or {}
    resources = " ".join(declared.get("resourceDomains", ()))
    directives = {
        "default-src": "'none'",
        "script-src": f"'self' 'unsafe-inline' {resources}",
        "style-src": f"'self' 'unsafe-inline' {resources}",
        "img-src": f"'self' data: {resources}",
        "media-src": f"'self' data: {resources}",
        "connect-src": " ".join(declared.get("connectDomains", ())) or "'none'",
    }
    if csp is not None:
        directives |= {
            "font-src": f"'self' {resources}",
            "frame-src": " ".join(declared.get("frameDomains", ())) or "'none'",
            "base-uri": " ".join(declared.get("baseUriDomains", ())) or "'self'",
            "object-src": "'none'",
        }
    return "; ".join(f"{name} {value.strip()}" for name, value in directives.items())


@contextmanager
def hosting(server: str) -> Iterator[str]:
    """Serve both hosts in front of the MCP server with this base URL; yields the base URL of the hosts."""
    pages: list[tuple[str, str]] = []

    async def page(request: Request) -> Response:
        html, csp = pages[request.path_params["number"]]
        return HTMLResponse(html, headers={"Content-Security-Policy": csp})

    with ExitStack() as stack:
        sandbox = stack.enter_context(_served(Starlette(routes=[Route("/{number:int}", page)])))

        def staged(html: str, csp: str) -> Response:
            pages.append((html, csp))
            return PlainTextResponse(f"{sandbox}/{len(pages) - 1}")

        async def stage_page(request: Request) -> Response:
            given = await request.json()
            return staged(given["html"], policy(given.get("csp")))

        async def stage_proxy(request: Request) -> Response:
            return staged((HERE / "sandbox_proxy.html").read_text(encoding="utf-8"), policy(await request.json()))

        async def pass_on(request: Request) -> Response:
            headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
            async with httpx.AsyncClient(timeout=PATIENCE, verify=_NO_TLS) as client:
                body = await request.body()
                answer = await client.request(request.method, f"{server}/mcp", content=body, headers=headers)
            back = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
            return Response(answer.content, answer.status_code, back)

        async def file(request: Request) -> Response:
            return FileResponse(HERE / f"{request.path_params['name']}.{request.path_params['kind']}")

        class Modules(StaticFiles):
            """What npm installed, which a browser may keep: it has a hundred files."""

            def file_response(self, *arguments: Any, **options: Any) -> Response:
                response = super().file_response(*arguments, **options)
                response.headers.update(_NEVER_CHANGES)
                return response

        routes = [
            Route("/pages", stage_page, methods=["POST"]),
            Route("/proxies", stage_proxy, methods=["POST"]),
            Route("/mcp", pass_on, methods=["POST", "DELETE"]),
            Mount("/node_modules", Modules(directory=NODE_MODULES, check_dir=False)),
            Route("/{name}.{kind}", file),
        ]
        yield stack.enter_context(_served(Starlette(routes=routes)))


@contextmanager
def _served(app: Starlette) -> Iterator[str]:
    with control_plane.serve(app) as url:
        yield url.removesuffix("/v0")
