"""The HTTP application for other servers than our own: `uvicorn --factory blaxel_mcp.asgi:create_app --workers 4`.

Settings come from the environment alone. How it listens and how many processes there are is that server's business, so
what `blaxel-mcp --transport http` does about slow headers and open connections is not part of it. Told to end by a
signal, it answers the calls in flight all the same, if the server gives it the time.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from blaxel_mcp.cli import environment_settings, read_login, report_error
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.process import frozen_startup

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

_CANNOT_START = 3
"""uvicorn's own exit code for that: after any other it would start the worker again, and again."""


def create_app() -> "ASGIApp":
    """The application; stateless, so that any process can answer any request (over SSE only its own connections')."""
    try:
        settings = environment_settings()
        with frozen_startup():
            from blaxel_mcp.runtime import compose, http_app  # noqa: PLC0415 - after the collector is paused
            from blaxel_mcp.transports.exposure import check_exposure, warnings  # noqa: PLC0415
            from blaxel_mcp.transports.http import FINISH_SECONDS  # noqa: PLC0415
            from blaxel_mcp.transports.signals import besides  # noqa: PLC0415

            # Where it will listen is not known here.
            check_exposure(settings, loopback=False, place="What serves this application")
            for warning in warnings(settings):
                logger.warning(warning)
            parts = compose(settings, read_login)
            app = http_app(parts)
    except ConfigurationError as error:
        report_error(error)
        raise SystemExit(_CANNOT_START) from None

    def stop() -> None:
        # Calls that take longer are answered with an error, while the server that runs this still waits for them.
        asyncio.get_running_loop().call_later(FINISH_SECONDS, parts.upstream.abort_in_flight)

    async def application(scope: "Scope", receive: "Receive", send: "Send") -> None:
        async def noting(message: "Message") -> None:
            if message["type"] == "lifespan.startup.complete":
                besides(stop)
            if message["type"] == "lifespan.shutdown.complete":
                await parts.aclose()
            await send(message)

        await app(scope, receive, noting if scope["type"] == "lifespan" else send)

    return application
