"""The HTTP application for other servers than our own: `uvicorn --factory blaxel_mcp.asgi:create_app --workers 4`.

Settings come from the environment alone. How to listen and how many processes there are is that server's business, so
the deadlines and the cap on connections of `blaxel-mcp --transport http` are not part of the application. At a signal
it answers the calls in flight all the same, if the server gives it the time.
"""

import asyncio
import gc
from typing import TYPE_CHECKING

from blaxel_mcp.cli import environment_settings, read_login, report_error
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.process import end_startup

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CANNOT_START = 3
"""uvicorn's own exit code for a failed start-up: after any other it would start the worker again, and again."""


def create_app() -> "ASGIApp":
    """Build the application. It is stateless, so any process answers any request (over SSE, of its own connections)."""
    try:
        settings = environment_settings()
        gc.disable()  # not `begin_startup`, whose settings would reach another application's models
        from blaxel_mcp.runtime import compose, http_app  # noqa: PLC0415 - after the collector is paused
        from blaxel_mcp.transports.exposure import check_exposure, log_warnings  # noqa: PLC0415
        from blaxel_mcp.transports.http import IN_FLIGHT_SECONDS  # noqa: PLC0415
        from blaxel_mcp.transports.signals import also_on_signal  # noqa: PLC0415

        # Where it will listen is not known here.
        check_exposure(settings, loopback=False, place="What serves this application")
        log_warnings(settings)
        parts = compose(settings, read_login)
        app = http_app(parts)
        end_startup()
    except ConfigurationError as error:
        report_error(error)
        raise SystemExit(_CANNOT_START) from None

    def shut_down() -> None:
        # Calls that take longer are answered with an error, while the server that runs this still waits for them.
        asyncio.get_running_loop().call_later(IN_FLIGHT_SECONDS, parts.upstream.abort_in_flight)

    async def application(scope: "Scope", receive: "Receive", send: "Send") -> None:
        async def send_noting_lifespan(message: "Message") -> None:
            if message["type"] == "lifespan.startup.complete":
                also_on_signal(shut_down)
            if message["type"] == "lifespan.shutdown.complete":
                await parts.aclose()
            await send(message)

        await app(scope, receive, send_noting_lifespan if scope["type"] == "lifespan" else send)

    return application
