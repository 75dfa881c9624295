"""Sends the SDK's spans, and ours of the calls to Blaxel under them, to where the standard variables say.

Needs what `blaxel-mcp[otel]` brings. Everything else is OpenTelemetry's own: OTEL_EXPORTER_OTLP_ENDPOINT and its
relatives say where to, OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES what it is called.
"""

import logging
import threading
from collections.abc import Callable

from opentelemetry import trace

from blaxel_mcp import __version__

_LAST_SECONDS = 1.0


def start() -> Callable[[], None]:
    """Begin to export; answers what ends it, with the spans that are left sent, if that can be done in a second.

    Raises:
        ImportError: the exporter is not installed.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    resource = Resource.create({"service.name": "blaxel-mcp", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)  # that would wait for as long as it takes
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    logging.getLogger("opentelemetry").setLevel(logging.ERROR)  # it warns of every try

    def end() -> None:
        last = threading.Thread(target=provider.shutdown, daemon=True)
        last.start()
        last.join(_LAST_SECONDS)

    return end
