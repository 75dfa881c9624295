"""The extension MCP Apps: who is told of the page that draws an execution, and of the tool that only the page calls.

The tools that open the page are bound to it for every client, in their `_meta`, which no model is shown; and whoever
asks for the page by its address gets it, since some hosts leave out what they can do. The lists have page and tool only
for clients that declare the extension, because the others would hand them to their model.
"""

from collections.abc import Mapping
from typing import Any

from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.extension import Extension

from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.ui import EXECUTION_PAGE, EXTENSION, MIME_TYPE, RESOURCE_META, declared_by, page

SESSION_HEADER = "mcp-session-id"
SESSION_MARK = "with-apps"
"""How the id of an HTTP session begins whose client has declared the extension in its handshake."""
_LISTS = {"tools/list": "tools", "resources/list": "resources"}
"""Requests whose answers are lists, and where the list is in them."""


class Apps(Extension):
    """Declares the extension. Tools and page are registered like all others: the SDK's own would load them at once."""

    identifier = EXTENSION


def add_page(server: MCPServer[AppContext]) -> None:
    """Register the page as a resource."""

    def execution_page() -> str:
        return page(EXECUTION_PAGE)

    server.resource(
        EXECUTION_PAGE,
        name="execution_page",
        title="Execution view",
        description="Draws one execution, or two side by side. Hosts show it; models have no use for it.",
        mime_type=MIME_TYPE,
        meta=dict(RESOURCE_META),
    )(execution_page)


def is_only_for_apps(listed: Mapping[str, Any]) -> bool:
    """Whether a tool or resource, as it is listed, is for hosts that draw pages and for nobody else."""
    ui = (listed.get("_meta") or {}).get("ui", {})
    return listed.get("mimeType") == MIME_TYPE or ui.get("visibility") == ["app"]


def apps_middleware(ctx: ServerRequestContext[AppContext, Any], call_next: CallNext) -> Any:
    """Leave out of lists what is only for apps, unless the client declares the extension; returns what is awaited."""
    # Not a coroutine function itself: that would cost every call.
    return _list_without(ctx, call_next) if ctx.method in _LISTS and not _declares_apps(ctx) else call_next(ctx)


async def _list_without(ctx: ServerRequestContext[AppContext, Any], call_next: CallNext) -> HandlerResult:
    result = await call_next(ctx)
    if not isinstance(result, dict):
        raise TypeError("the SDK hands out lists as JSON, in both eras of the protocol")  # pragma: no cover
    kind = _LISTS[ctx.method]
    return {**result, kind: [listed for listed in result[kind] if not is_only_for_apps(listed)]}


def _declares_apps(ctx: ServerRequestContext[AppContext, Any]) -> bool:
    capabilities = ctx.session.client_capabilities
    if capabilities is not None:
        return declared_by(capabilities.model_dump(by_alias=True))
    session_id: str = getattr(ctx.request, "headers", {}).get(SESSION_HEADER, "")
    return session_id.startswith(SESSION_MARK)
