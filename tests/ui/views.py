"""A view in a host, as a test sees it: opened, moved through time, asked what it called and what it did wrong."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chromium import launch
from hosts import hosting
from workspace import Workspace, workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Frame, Page
    from playwright.sync_api import Request as BrowserRequest

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
_SETTLE_MILLISECONDS = 10_000
_OPEN = "given => { host.open(given).then(() => (host.opened = true), (error) => (host.failed = String(error))); }"
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


@dataclass
class Seen:
    """What a page did that a well-behaved one does not: messages of the console, errors, requests."""

    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def watch(self, page: "Page", *allowed: str) -> None:
        """Write down what happens from now on; documents and what the host loads may come from `allowed` addresses."""

        def logged(message: "ConsoleMessage") -> None:
            if message.type in {"error", "warning"} and not message.text.startswith(_PRESCRIBED):
                self.console.append(message.text)

        def requested(request: "BrowserRequest") -> None:
            by_view = not request.is_navigation_request() and request.frame.parent_frame is not None
            if by_view or not request.url.startswith(allowed):
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
    found: list[dict[str, Any]] = frame.evaluate(
        "axe.run({ resultTypes: ['violations'] }).then((results) => results.violations)"
    )
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
        # A clock is the whole context's. What needs none shares one, and its cache of the official host's modules.
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
            page.evaluate(_OPEN, given)
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
