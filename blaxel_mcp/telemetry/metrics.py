"""Counters and histograms in the Prometheus format; needs `prometheus_client`, which `blaxel-mcp[metrics]` installs."""

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from starlette.responses import Response

from blaxel_mcp.telemetry import RequestRecord

_METHODS = frozenset(
    {
        *("initialize", "ping", "server/discover", "completion/complete"),
        *("tools/list", "tools/call", "prompts/list", "prompts/get"),
        *("resources/list", "resources/read", "resources/templates/list"),
    }
)
"""Any other method is counted as `other`: labels live as long as the process, and callers choose the words."""
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Observer that counts for Prometheus. Each process counts for itself.

    Args:
        targets: The names that may become a label: those of the tools.
    """

    def __init__(self, targets: frozenset[str]) -> None:
        self._targets = targets
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "blaxel_mcp_requests", "MCP requests answered.", ("method", "target", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "blaxel_mcp_request_seconds",
            "Seconds from an MCP request to its answer.",
            ("method", "target"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._bytes = Counter(
            "blaxel_mcp_result_bytes", "Bytes of results as JSON.", ("method", "target"), registry=self._registry
        )
        self._rejected = Counter(
            "blaxel_mcp_turned_away", "HTTP requests refused before MCP.", ("route", "status"), registry=self._registry
        )
        self._upstream = Histogram(
            "blaxel_mcp_upstream_seconds",
            "Seconds of one attempt to reach Blaxel; status none means no answer.",
            ("operation", "status"),
            buckets=_SECONDS,
            registry=self._registry,
        )

    def handled(self, request: RequestRecord) -> None:
        """Count an MCP request by method, target and outcome."""
        method = request.method if request.method in _METHODS else "other"
        target = request.target if request.target in self._targets else ""
        self._requests.labels(method, target, request.outcome).inc()
        self._seconds.labels(method, target).observe(request.seconds)
        self._bytes.labels(method, target).inc(request.bytes)

    def rejected(self, route: str, status: int) -> None:
        """Count an HTTP request that did not reach MCP by route and status."""
        self._rejected.labels(route, str(status)).inc()

    def upstream_attempt(self, operation: str, status: int | None, seconds: float) -> None:
        """Count an attempt to reach Blaxel by operation and status."""
        self._upstream.labels(operation, str(status or "none")).observe(seconds)

    def response(self) -> Response:
        """Return the answer to a scrape."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)
