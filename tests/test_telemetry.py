"""What an operator can watch: lines of JSON, metrics, traces; over every transport, and nothing that is private."""

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from support.faults import Answer, Drop, Faults
from support.in_process import serving
from support.plane import NOW
from support.program import LOGGED, STDIO_SECONDS, Program, account, run
from support.sockets import call, post

from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.telemetry import RequestRecord
from blaxel_mcp.telemetry.request_log import RequestLog

TOOL = "get_job_execution"
FAILED = {"jobId": "image-resize", "executionId": script.FAILED}
TOKEN = {"Authorization": "Bearer let-me-in"}


def lines(errors: str) -> list[dict[str, Any]]:
    """The lines of JSON among what was written to standard error; each must have a time of its own, taken out here."""
    found = [json.loads(line) for line in errors.splitlines() if line.startswith("{")]
    for one in found:
        assert datetime.fromisoformat(one.pop("time")).tzinfo == UTC
        if "durationMs" in one:
            assert one.pop("durationMs") > 0
    return found


@pytest.mark.slow
def test_a_line_for_each_request_over_stdio(plane: str) -> None:
    """Tool, ids, outcome, calls to Blaxel, bytes; arguments that are no ids stay out; notifications have no line."""
    secret = "do-not-log-this"
    with Program("--request-log", env=account(plane)) as program:
        program.shake_hands()
        size = len(json.dumps(program.request("tools/list")["result"], ensure_ascii=False, separators=(",", ":")))
        program.request("tools/call", {"name": TOOL, "arguments": FAILED})
        program.request("tools/call", {"name": TOOL, "arguments": {"jobId": "image-resize", "executionId": ".."}})
        program.request("tools/call", {"name": "list_jobs", "arguments": {"search": secret}})
        program.request("prompts/get", {"name": "job_health"})
        program.request("resources/read", {"uri": f"blaxel://jobs/image-resize/executions/{script.FAILED}"})
        program.request(
            "tools/call", {"name": "a\x1b[31m\u202ename" * 99, "arguments": {"jobId": "a\nb", "executionId": 7}}
        )
        program.close_input()
        assert (program.wait(), program.output().count("\n")) == (0, 8)
        errors = program.errors()
    found = lines(errors)
    sizes = [one.pop("bytes") for one in found]
    assert sizes[1] == size
    assert all(size > 0 for number, size in enumerate(sizes) if number != 5)
    odd = found.pop()
    assert (odd["jobId"], odd["target"][:5], len(odd["target"]), "executionId" in odd) == ("a b", "aname", 100, False)
    ran = {"method": "tools/call", "target": TOOL}
    assert found == [
        {"method": "initialize", "status": "ok", "upstreamCalls": 0},
        {"method": "tools/list", "status": "ok", "upstreamCalls": 0},
        ran | FAILED | {"status": "ok", "upstreamCalls": 3},
        ran | {"jobId": "image-resize", "executionId": "..", "status": "error", "upstreamCalls": 0},
        {"method": "tools/call", "target": "list_jobs", "status": "ok", "upstreamCalls": 1},
        {"method": "prompts/get", "target": "job_health", "status": "refused", "upstreamCalls": 0},
        {
            "method": "resources/read",
            "target": f"blaxel://jobs/image-resize/executions/{script.FAILED}",
            "status": "ok",
            "upstreamCalls": 1,
        },
    ]
    assert secret not in errors
    assert "\x1b" not in errors


@pytest.mark.slow
def test_without_the_option_there_are_no_lines(plane: str) -> None:
    """Nothing is written to standard error while all is well."""
    with Program(env=account(plane)) as program:
        program.request("tools/call", {"name": TOOL, "arguments": FAILED}, modern=True)
        program.close_input()
        assert (program.wait(), program.errors()) == (0, "")


@pytest.mark.slow
def test_lines_and_metrics_over_http() -> None:
    """What was rejected has its line too; each attempt to reach Blaxel is counted by operation and status."""
    faults = Faults(control_plane.build_app())
    faults.add(Answer(503), path="/executions/")
    with control_plane.serve(faults) as plane:
        env = account(plane) | {"BLAXEL_MCP_REQUEST_LOG": "true", "BLAXEL_MCP_AUTH_TOKEN": "let-me-in"}
        with Program("--transport", "http", "--port", "0", "--metrics", env=env) as program:
            base = program.listening()
            assert not call(base, TOOL, FAILED, TOKEN).get("isError")
            assert post(base).status_code == 401
            assert post(base, headers=TOKEN | {"Host": "evil.example"}).status_code == 421
            assert httpx.get(f"{base}/metrics").status_code == 401
            assert httpx.get(f"{base}/metrics", headers=TOKEN | {"Host": "evil.example"}).status_code == 421
            assert httpx.get(f"{base}/.env", headers={"Host": "evil.example"}).status_code == 421
            scrape = httpx.get(f"{base}/metrics", headers=TOKEN)
            program.process.terminate()
            assert program.wait() == 0
            found = lines(program.errors())
    (handled, *rejected) = found
    assert handled.pop("bytes") > 1_000
    assert handled == {"method": "tools/call", "target": TOOL, **FAILED, "status": "ok", "upstreamCalls": 4}
    assert rejected == [
        {"route": "/mcp", "status": 401},
        {"route": "/mcp", "status": 421},
        {"route": "/metrics", "status": 401},
        {"route": "/metrics", "status": 421},
        {"route": "other", "status": 421},
    ]
    assert scrape.headers["content-type"].startswith("text/plain; version=")
    wanted = (
        f'blaxel_mcp_requests_total{{method="tools/call",status="ok",target="{TOOL}"}} 1.0',
        f'blaxel_mcp_request_seconds_count{{method="tools/call",target="{TOOL}"}} 1.0',
        'blaxel_mcp_upstream_seconds_count{operation="GetJobExecution",status="503"} 1.0',
        'blaxel_mcp_upstream_seconds_count{operation="GetJobExecution",status="200"} 1.0',
        'blaxel_mcp_turned_away_total{route="/mcp",status="401"} 1.0',
        'blaxel_mcp_turned_away_total{route="other",status="421"} 1.0',
    )
    assert [line for line in wanted if line not in scrape.text.splitlines()] == []


def test_callers_cannot_fill_the_metrics_with_words_of_their_own() -> None:
    """Labels live as long as the process: unknown methods, tools and paths are counted together."""
    with serving("--demo", "--metrics") as base:
        for number in range(5):
            post(base, f"made/up-{number}", era="2025-11-25")
            post(base, "tools/call", {"name": f"tool-{number}", "arguments": {}})
            httpx.get(f"{base}/path-{number}", headers={"Host": "evil.example"})
        text = httpx.get(f"{base}/metrics").text
    assert "made/up" not in text
    assert "tool-" not in text
    assert "path-" not in text
    assert 'blaxel_mcp_requests_total{method="other",status="refused",target=""} 5.0' in text
    assert 'blaxel_mcp_requests_total{method="tools/call",status="error",target=""} 5.0' in text
    assert 'blaxel_mcp_turned_away_total{route="other",status="421"} 5.0' in text


def test_without_the_option_there_is_no_such_path() -> None:
    """Nor a sign that there could be one."""
    with serving("--demo") as base:
        assert httpx.get(f"{base}/metrics").status_code == 404


@pytest.mark.slow
def test_metrics_that_are_not_installed_are_a_plain_sentence() -> None:
    """With what to install; for stdio the option means nothing."""
    without = "import sys; sys.modules['prometheus_client'] = None; from blaxel_mcp.cli import main; sys.exit(main())"
    with Program("--demo", "--transport", "http", "--metrics", command=(*PYTHON, without)) as program:
        assert (program.wait(), program.errors()) == (
            2,
            "blaxel-mcp: --metrics needs prometheus_client: install blaxel-mcp[metrics]. See blaxel-mcp --help.\n",
        )
    with Program("--demo", "--metrics", command=(*PYTHON, without)) as program:
        program.close_input()
        assert (program.wait(), program.errors()) == (0, "")


PYTHON = (sys.executable, "-c")


def test_the_log_is_a_value_for_each_line() -> None:
    """In the order that is read: when, what, of what, how it went, what it cost."""
    written: list[str] = []
    log = RequestLog(lambda: NOW, written.append)
    log.handled(RequestRecord("tools/call", TOOL, FAILED, "ok", 0.01234, 1, 5120))
    log.rejected("/mcp", 503)
    log.upstream_attempt("GetJobExecution", 200, 0.1)
    assert written == [
        (
            '{"time":"2026-11-24T09:00:00.000Z","method":"tools/call","target":"get_job_execution",'
            f'"jobId":"image-resize","executionId":"{script.FAILED}","status":"ok","durationMs":12.3,'
            '"upstreamCalls":1,"bytes":5120}'
        ),
        '{"time":"2026-11-24T09:00:00.000Z","route":"/mcp","status":503}',
    ]


# Traces


class Collector(ThreadingHTTPServer):
    """Takes spans as the OTLP exporter sends them over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Collecting)
        self.bodies: list[bytes] = []

    def spans(self) -> list[Any]:
        """All that have arrived."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415 - slow to import
            ExportTraceServiceRequest,
        )

        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        scopes = [
            scope for request in requests for resource in request.resource_spans for scope in resource.scope_spans
        ]
        return [span for scope in scopes for span in scope.spans]


class _Collecting(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Keep the body."""
        body = self.rfile.read(int(self.headers["content-length"]))
        assert isinstance(self.server, Collector)
        self.server.bodies.append(body)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def collector() -> Iterator[Collector]:
    """One on a free port."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_the_call_to_blaxel_is_a_child_of_the_tools_span(plane: str, transport: str) -> None:
    """The SDK's span of the request, ours under it, both sent when the program ends, without any credential."""
    with collector() as spans:
        env = account(plane) | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{spans.server_port}"}
        with Program("--transport", transport, "--port", "0", env=env) as program:
            if transport == "stdio":
                program.request("tools/call", {"name": TOOL, "arguments": FAILED}, modern=True)
                program.close_input()
            else:
                call(program.listening(), TOOL, FAILED)
                program.process.terminate()
            assert program.wait() == 0
        found = {span.name: span for span in spans.spans()}
        parent, child = found[f"tools/call {TOOL}"], found["GetJobExecution"]
        assert (child.parent_span_id, child.trace_id) == (parent.span_id, parent.trace_id)
        attributes = {one.key: one.value for one in child.attributes}
        assert {"http.request.method", "http.response.status_code"} <= attributes.keys()
        everything = b"".join(spans.bodies)
        assert b"blaxel-mcp" in everything
        assert script.API_KEY.encode() not in everything


@pytest.mark.slow
def test_no_exception_of_the_http_library_is_in_a_span() -> None:
    """Its text may hold addresses and headers: a call that failed has a name, and neither an event nor a text."""
    secret = "hunter2"
    faults = Faults(control_plane.build_app())
    faults.always(Drop(), path="/executions/")
    with collector() as spans, control_plane.serve(faults) as broken:
        for url in (broken, f"http://127.0.0.1:9/{secret}"):
            env = account(url) | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{spans.server_port}"}
            with Program(env=env) as program:
                answer = program.request("tools/call", {"name": TOOL, "arguments": FAILED}, modern=True)
                assert answer["result"]["isError"]
                program.close_input()
                assert program.wait() == 0
        calls = [span for span in spans.spans() if span.name == "GetJobExecution"]
        assert len(calls) >= 2
        assert [(list(span.events), span.status.message) for span in calls] == [([], "")] * len(calls)
        assert secret.encode() not in b"".join(spans.bodies)


@pytest.mark.slow
def test_a_collector_that_hangs_does_not_hold_up_the_end(plane: str) -> None:
    """The last traces have a second, and nobody is told that they were lost."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        env = account(plane) | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}"} | LOGGED
        with Program(env=env) as program:
            program.request("tools/call", {"name": TOOL, "arguments": FAILED}, modern=True)
            program.close_input()
            assert program.ends_within(STDIO_SECONDS) == 0


@pytest.mark.slow
def test_a_collector_that_is_away_harms_nobody(plane: str) -> None:
    """Calls are answered, and the program ends in time."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        env = account(plane) | {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{nobody.getsockname()[1]}"} | LOGGED
        with Program(env=env) as program:
            answer = program.request("tools/call", {"name": TOOL, "arguments": FAILED}, modern=True)["result"]
            assert answer["structuredContent"]["outcome"] == "failed"
            program.close_input()
            assert (program.ends_within(STDIO_SECONDS), program.warnings()) == (0, "")


@pytest.mark.slow
def test_traces_that_are_not_installed_are_no_reason_not_to_start(plane: str) -> None:
    """The variable is often set for a whole machine."""
    without = (
        "import sys; sys.modules['opentelemetry.exporter.otlp.proto.http.trace_exporter'] = None; "
        "from blaxel_mcp.cli import main; sys.exit(main())"
    )
    env = account(plane) | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    with Program(command=(*PYTHON, without), env=env) as program:
        program.close_input()
        assert (program.wait(), program.errors()) == (0, "")


def test_help_names_the_options() -> None:
    """Those of watching too."""
    _, said, _ = run("--help")
    assert [
        option for option in ("--request-log", "--metrics", "OTEL_EXPORTER_OTLP_ENDPOINT") if option not in said
    ] == []
