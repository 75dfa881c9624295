"""Two hosts of MCP Apps on loopback, in front of a real server: the strict one, and the official library's.

Each is a web page. The view's document comes from a second origin, with the policy that the specification prescribes as
a header. What the hosts' scripts ask of the MCP server is passed on to it, so that it is of their own origin.
"""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from chromium import NODE_MODULES, launch
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from support.program import PATIENCE
from workspace import Workspace, workspace

from blaxel_mcp.demo import control_plane

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Frame, Page
    from playwright.sync_api import Request as BrowserRequest

HERE = Path(__file__).parent
STRICT, OFFICIAL = "strict", "official"
KINDS = (STRICT, OFFICIAL)
CAPABILITIES: Mapping[str, Any] = {"serverTools": {}, "message": {"text": {}}}
CONTEXT: Mapping[str, Any] = {
    "theme": "light",
    "displayMode": "inline",
    "availableDisplayModes": ["inline"],
    "containerDimensions": {"width": 800, "maxHeight": 6000},
    "locale": "en-US",
    "timeZone": "UTC",
    "platform": "web",
}
_PASSED_ON = ("accept", "content-type", "mcp-protocol-version", "mcp-session-id", "mcp-method", "mcp-name")
_WAIT = """argument => new Promise((resolve) => {
  let frames = 600;
  const look = () => {
    if (CONDITION) resolve(true);
    else if ((frames -= 1)) requestAnimationFrame(look);
    else resolve(false);
  };
  look();
})"""
_PRESCRIBED = "An iframe which has both allow-scripts and allow-same-origin"
"""How Chromium warns of the permissions that the specification prescribes for the outer iframe."""
_SETTLE_MILLISECONDS = 10_000
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # everything is on loopback; httpx would read a trust store per client
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


@dataclass
class Seen:
    """What a page did that a well-behaved one does not: messages of the console, errors, requests."""

    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def watch(self, page: "Page", *allowed: str) -> None:
        """Write down what happens from now on; requests that start like one of `allowed` are fine."""

        def logged(message: "ConsoleMessage") -> None:
            if message.type in {"error", "warning"} and not message.text.startswith(_PRESCRIBED):
                self.console.append(message.text)

        def requested(request: "BrowserRequest") -> None:
            if not request.url.startswith(allowed):
                self.requests.append(request.url)

        page.on("console", logged)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", requested)

    def problems(self) -> list[str]:
        """All of it, each with its kind."""
        kinds = {"console": self.console, "error": self.errors, "request": self.requests}
        return [f"{kind}: {one}" for kind, found in kinds.items() for one in found]


def axe_findings(frame: "Frame") -> list[str]:
    """What axe-core finds fault with in a document that it has been loaded into: rule, element and why."""
    found: list[dict[str, Any]] = frame.evaluate("axe.run().then((results) => results.violations)")
    return [f"{one['id']}: {node['html']} {node['failureSummary']}" for one in found for node in one["nodes"]]


class View:
    """A view that is shown in a host."""

    def __init__(self, page: "Page", seen: Seen) -> None:
        self.page, self.seen = page, seen

    @property
    def frame(self) -> "Frame":
        """The view's own frame, the innermost."""
        frame = self.page.main_frame
        while frame.child_frames:
            frame = frame.child_frames[0]
        return frame

    def host(self, expression: str, argument: Any = None) -> Any:
        """Evaluate a function of the host."""
        return self.page.evaluate(f"argument => (host => {expression})(globalThis.host)", argument)

    def until(self, condition: str, argument: Any = None) -> None:
        """Wait until this is true in the host's page."""
        waiting = f"argument => (host => {condition})(globalThis.host)"
        self.page.wait_for_function(waiting, arg=argument, timeout=_SETTLE_MILLISECONDS)

    @property
    def calls(self) -> list[Any]:
        """The tools that it called, with their arguments."""
        calls: list[Any] = self.host("host.calls")
        return calls

    def wait_for(self, condition: str, argument: Any = None) -> None:
        """Wait until this is true in the view."""
        assert self.becomes(condition, argument), f"{condition}: still not so"

    def becomes(self, condition: str, argument: Any = None) -> bool:
        """Whether this becomes true in the view, within ten seconds."""
        # Not Playwright's own waiting, which evaluates its condition anew by `eval`: the page's policy forbids that.
        true: bool = self.frame.evaluate(_WAIT.replace("CONDITION", condition), argument)
        return true

    def drawn(self, calls: int = 1) -> None:
        """Wait until it has drawn the tool's result and the answers to so many of its own calls.

        Messages keep their order: once it has answered a ping, it has been given all that was sent before.
        """
        self.until("host.answered >= argument", calls)
        assert self.host("host.ping()") == {}

    def pass_time(self, seconds: float) -> None:
        """Move the browser's clock, and do what was due by then."""
        self.page.clock.fast_forward(round(seconds * 1000))

    @property
    def draws(self) -> list[float]:
        """How long each of its drawings took, in milliseconds, as the page itself measured it."""
        drawn: list[float] = self.frame.evaluate("performance.getEntriesByName('draw').map((one) => one.duration)")
        return drawn

    def text(self) -> str:
        """What is to be read in it."""
        text: str = self.frame.locator("body").inner_text()
        return text

    def problems(self) -> list[str]:
        """What it did against the specification, and whatever the browser complained of."""
        return [*self.host("host.violations"), *self.seen.problems()]


@dataclass(frozen=True, slots=True)
class Hosts:
    """Both hosts, and the browser that shows them."""

    browser: "Browser"
    shared: "BrowserContext"
    url: str
    workspace: Workspace

    @contextmanager
    def show(
        self,
        kind: str,
        tool: str,
        args: Mapping[str, Any],
        *,
        capabilities: Mapping[str, Any] = CAPABILITIES,
        width: int = 800,
        clock: bool = False,
        initialized: bool = True,
        checked: bool = True,
        options: Mapping[str, Any] | None = None,
        **context: Any,
    ) -> Iterator[View]:
        """Show a tool's result in one of the hosts; in the end the view must have done nothing wrong.

        Args:
            kind: which host.
            tool: what the model called.
            args: with which arguments.
            capabilities: what the host can do.
            width: of the window and so of the view, in pixels.
            clock: whether the browser's clock can be moved.
            initialized: whether to wait until the view is initialized and has been given its result.
            checked: whether it must have done nothing wrong.
            options: more for the host: `html`, `result`.
            context: changes to what the host tells the view of itself.
        """
        # A clock is the whole context's. What needs none shares one, with a cache of the official host's hundred modules.
        with ExitStack() as stack:
            own = stack.enter_context(self.browser.new_context()) if clock else self.shared
            page = stack.enter_context(own.new_page())
            page.set_viewport_size({"width": width, "height": 900})
            page.set_default_timeout(_SETTLE_MILLISECONDS)
            seen = Seen()
            seen.watch(page, "http://127.0.0.1:", "about:srcdoc", "data:,")
            if clock:
                page.clock.install()
            page.goto(f"{self.url}/{kind}_host.html")
            page.wait_for_function("() => globalThis.host !== undefined")
            view = View(page, seen)
            told = {**CONTEXT, "containerDimensions": {"width": width, "maxHeight": 6000}, **context}
            given = {"tool": tool, "args": args, "capabilities": capabilities, "context": told, **(options or {})}
            page.evaluate("given => { host.open(given).then(() => host.opened = true, (e) => host.failed = `${e}`); }", given)
            if initialized:
                view.until("host.opened || host.failed")
                assert view.host("host.failed") is None
            yield view
            if checked:
                assert view.problems() == []


@contextmanager
def running_hosts() -> Iterator[Hosts]:
    """A browser, the workspace's server and the hosts in front of it; skips where something isn't installed."""
    with launch() as browser, browser.new_context() as shared, workspace() as running, hosting(running.server) as url:
        yield Hosts(browser, shared, url, running)
