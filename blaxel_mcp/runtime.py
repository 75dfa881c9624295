"""Puts together what the settings ask for: the client, its observers, the server and the HTTP application around it."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.callers import caller_of
from blaxel_mcp.api.client import Session, Upstream
from blaxel_mcp.api.pool import CertificateSource
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.settings import Settings
from blaxel_mcp.telemetry import Observer, Observers
from blaxel_mcp.tools import TOOLS, select
from blaxel_mcp.tools.context import AppContext

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from blaxel_mcp.server import Server
    from blaxel_mcp.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runtime:
    """What one process works with; whoever composed it closes it."""

    settings: Settings
    app: AppContext
    upstream: Upstream
    observers: Observers
    metrics: "Metrics | None"
    end_traces: Callable[[], None]

    async def aclose(self) -> None:
        """Give up what is under way, close the client, and send the traces that are left."""
        await self.upstream.aclose()
        self.end_traces()


def compose(settings: Settings, read_login: Callable[[], str | None]) -> Runtime:
    """The parts, for a running loop. Nothing is connected or begun, but for the export of traces.

    Args:
        settings: all of them.
        read_login: the text of the login file now, or None without one.

    Raises:
        ConfigurationError: something is asked for that is not installed.
    """
    metrics = _metrics() if settings.metrics and settings.transport != "stdio" else None
    observers = Observers([*([_request_log()] if settings.request_log else []), *([metrics] if metrics else [])])
    shared = settings.auth == "per-request" and settings.transport != "stdio"
    upstream = Upstream(
        api_url=settings.api_url,
        api_version=settings.api_version,
        timeout=settings.timeout,
        certificates=CertificateSource(settings.ssl_cert_file, settings.ssl_cert_dir),
        observe=observers.upstream_attempt if observers else None,
    )

    # On a shared server, a request without a credential gets none: this process's own must not stand in for it.
    own = None if shared else BlaxelAuth.from_settings(settings, read_login)

    def new_session(headers: Mapping[str, str]) -> Session:
        return Session(upstream, own or BlaxelAuth.for_caller(caller_of(headers), settings))

    app = AppContext(new_session, lambda: datetime.now(UTC), settings.raw, settings.raw_limit, sleep=upstream.sleep)
    return Runtime(settings, app, upstream, observers, metrics, _traces(settings))


def build(parts: Runtime) -> "Server":
    """The server, for any transport."""
    from blaxel_mcp.server import build_server  # noqa: PLC0415 - most of the SDK, which `get` does without

    settings = parts.settings
    return build_server(
        parts.app,
        select(allow_writes=settings.allow_writes),
        observers=parts.observers,
        max_requests=settings.max_requests,
        state_key=_state_key(settings),
    )


def http_app(parts: Runtime) -> "ASGIApp":
    """The same as an HTTP application."""
    from blaxel_mcp.transports.app import build_app  # noqa: PLC0415 - not for stdio

    settings = parts.settings
    return build_app(
        build(parts),
        settings,
        observers=parts.observers,
        metrics=parts.metrics.response if parts.metrics else None,
        certificates=CertificateSource(settings.ssl_cert_file, settings.ssl_cert_dir).context,
    )


def _request_log() -> Observer:
    from blaxel_mcp.telemetry import request_log  # noqa: PLC0415 - on demand

    request_log.configure()
    return request_log.RequestLog(lambda: datetime.now(UTC))


def _metrics() -> "Metrics":
    try:
        from blaxel_mcp.telemetry.metrics import Metrics  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError(["--metrics needs prometheus_client: install blaxel-mcp[metrics]."]) from None
    return Metrics(frozenset(spec.fn.__name__ for spec in TOOLS))


def _traces(settings: Settings) -> Callable[[], None]:
    """Begin to export traces, if that is asked for and can be done; answers what ends it."""
    if settings.otlp_endpoint is not None:
        from blaxel_mcp.telemetry import tracing  # noqa: PLC0415 - an extra

        try:
            return tracing.start()
        except ImportError:
            # No warning: the variable is often set for everything that runs on a machine.
            logger.info("OTEL_EXPORTER_OTLP_ENDPOINT is set; to send traces there, install blaxel-mcp[otel].")
    return lambda: None


def _state_key(settings: Settings) -> bytes | None:
    """The same in every process that was given the same secrets; nothing, and so one for each, where there are none."""
    given = [settings.state_key, settings.auth_token]
    given.append(settings.api_key.key if settings.api_key else None)
    given.append(settings.client_credentials.client_secret if settings.client_credentials else None)
    secret = next((value.get_secret_value() for value in given if value), None)
    return hashlib.sha256(f"blaxel-mcp request state\n{secret}".encode()).digest() if secret else None
