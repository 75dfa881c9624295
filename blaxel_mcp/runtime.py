"""From `Settings` to what one process runs: observers, the client of Blaxel's API, the MCP server, the HTTP app."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.callers import caller_of
from blaxel_mcp.api.certificates import load_certificates
from blaxel_mcp.api.client import Session, Upstream
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.settings import Settings
from blaxel_mcp.telemetry import Observer, Observers
from blaxel_mcp.tools import registry
from blaxel_mcp.tools.context import AppContext

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from blaxel_mcp.server import Server
    from blaxel_mcp.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Runtime:
    """What lives as long as the process and what commands and servers work with; whoever composed it closes it."""

    settings: Settings
    observers: Observers
    metrics: "Metrics | None"
    upstream: Upstream
    app: AppContext
    stop_tracing: Callable[[], None]

    async def aclose(self) -> None:
        """Abort the requests to Blaxel that are in flight, close the client, and send the traces that are left."""
        await self.upstream.aclose()
        self.stop_tracing()


def compose(settings: Settings, read_login: Callable[[], str | None]) -> Runtime:
    """Make the runtime. Nothing connects before the first call; only the export of traces, if asked for, starts here.

    Args:
        settings: every setting.
        read_login: gives the current text of the login file, or None without one.

    Raises:
        ConfigurationError: a setting needs an extra that is not installed.
    """
    over_http = settings.transport != "stdio"
    metrics = _create_metrics() if settings.metrics and over_http else None
    request_log = _create_request_log() if settings.request_log else None
    observers = Observers([observer for observer in (request_log, metrics) if observer])

    upstream = Upstream(
        api_url=settings.api_url,
        api_version=settings.api_version,
        timeout=settings.timeout,
        certificates=partial(load_certificates, settings.ssl_cert_file, settings.ssl_cert_dir),
        observe=observers.upstream_attempt if observers else None,
    )
    # With per-request, a caller without a credential gets none: this process's own must not stand in for it.
    per_request = over_http and settings.auth == "per-request"
    own_auth = None if per_request else BlaxelAuth.from_settings(settings, read_login)

    def new_session(headers: Mapping[str, str]) -> Session:
        return Session(upstream, own_auth or BlaxelAuth.for_caller(caller_of(headers), settings))

    app = AppContext(
        new_session,
        lambda: datetime.now(UTC),
        settings.raw,
        settings.raw_limit,
        lookups=settings.lookups == "auto",
        sleep=upstream.sleep,
    )
    return Runtime(settings, observers, metrics, upstream, app, _start_tracing(settings))


def create_server(runtime: Runtime) -> "Server":
    """Make the MCP server, for any transport."""
    from blaxel_mcp.server import build_server

    settings = runtime.settings
    return build_server(
        runtime.app,
        registry.select(allow_writes=settings.allow_writes),
        observers=runtime.observers,
        max_requests=settings.max_requests,
        state_key=_derive_state_key(settings),
    )


def http_app(runtime: Runtime) -> "ASGIApp":
    """Make the HTTP application that serves the MCP server."""
    from blaxel_mcp.transports.app import build_app

    settings = runtime.settings
    return build_app(
        create_server(runtime),
        settings,
        observers=runtime.observers,
        metrics=runtime.metrics.response if runtime.metrics else None,
        certificates=partial(load_certificates, settings.ssl_cert_file, settings.ssl_cert_dir),
    )


def _create_request_log() -> Observer:
    from blaxel_mcp.telemetry import request_log

    request_log.configure()
    return request_log.RequestLog(lambda: datetime.now(UTC))


def _create_metrics() -> "Metrics":
    try:
        from blaxel_mcp.telemetry.metrics import Metrics
    except ImportError:
        raise ConfigurationError(["--metrics needs prometheus_client: install blaxel-mcp[metrics]."]) from None
    return Metrics(registry.NAMES)


def _start_tracing(settings: Settings) -> Callable[[], None]:
    """Start to export traces if that is asked for and installed; return the function that stops it."""
    if settings.otlp_endpoint is not None:
        from blaxel_mcp.telemetry import tracing

        try:
            return tracing.start()
        except ImportError:
            # No warning: the variable is often set for everything that runs on a machine.
            logger.info("OTEL_EXPORTER_OTLP_ENDPOINT is set; to send traces there, install blaxel-mcp[otel].")
    return lambda: None


def _derive_state_key(settings: Settings) -> bytes | None:
    """Derive the key that seals the state of multi-round requests from a secret that all processes of a server share.

    Without any secret there is none, and each process makes a key of its own.
    """
    key, client = settings.api_key, settings.client_credentials
    secrets = (settings.state_key, settings.auth_token, key and key.key, client and client.client_secret)
    secret = next((value.get_secret_value() for value in secrets if value), None)
    return hashlib.sha256(f"blaxel-mcp request state\n{secret}".encode()).digest() if secret else None
