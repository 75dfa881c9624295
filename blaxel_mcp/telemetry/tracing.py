"""Exports the SDK's spans, and under them those of the calls to Blaxel, by OTLP over HTTP.

Needs what `blaxel-mcp[otel]` installs, and is configured by OpenTelemetry's own variables: OTEL_EXPORTER_OTLP_ENDPOINT
and the like for the destination, OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES for the service's name.
"""

import logging
import threading
from collections.abc import Callable

from opentelemetry import trace

from blaxel_mcp import __version__

_FLUSH_SECONDS = 1.0


def start() -> Callable[[], None]:
    """Start to export; return the function that stops it, after sending what is left if that takes a second at most.

    Raises:
        ImportError: The exporter is not installed.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    resource = Resource.create({"service.name": "blaxel-mcp", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)  # that would wait for as long as it takes
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)  # it warns of every attempt

    def stop() -> None:
        flush = threading.Thread(target=provider.shutdown, daemon=True)
        flush.start()
        flush.join(_FLUSH_SECONDS)

    return stop
