"""Over Streamable HTTP a call is answered with one JSON object, unless something can come before its answer."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from support import in_process
from support.plane import slow_upstream
from support.program import PATIENCE
from support.sockets import ERAS, Connection, call, message, port_of, post, read, rpc, said, tool_call

from blaxel_mcp.demo import script

HANDSHAKE, _ = ERAS
WATCHED: dict[str, Any] = {"_meta": {"progressToken": "t"}}
WAIT = {
    "name": "wait_for_job_execution",
    "arguments": {"jobId": "image-resize", "executionId": script.FAILED, "seconds": 0},
}


@pytest.mark.parametrize(
    ("params", "kind"),
    [
        pytest.param(tool_call(), "application/json", id="a call"),
        pytest.param(tool_call() | WATCHED, "text/event-stream", id="a call whose progress is wanted"),
        pytest.param(WAIT, "text/event-stream", id="a call that may be silent for long"),
    ],
)
def test_what_can_report_or_be_silent_is_streamed(params: Mapping[str, Any], kind: str) -> None:
    """The client said that it takes either kind; the answer in it is the same."""
    with in_process.serving("--demo") as base:
        answer = post(base, "tools/call", params, era=HANDSHAKE)
        assert answer.headers["content-type"].partition(";")[0] == kind
        assert said(read(answer)["result"]) == said(call(base, params["name"], params["arguments"]))


def test_a_token_in_escapes_is_one_too() -> None:
    """JSON may write any letter as its number."""
    body, headers = message("tools/call", tool_call() | WATCHED, HANDSHAKE)
    escaped = json.dumps(body).replace("progressToken", r"progress\u0054oken")
    with in_process.serving("--demo") as base:
        answer = httpx.post(f"{base}/mcp", content=escaped, headers=headers, timeout=PATIENCE)
    assert answer.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("accept", ["application/json", "*/*", ""])
def test_a_client_that_names_one_kind_is_answered_as_before(accept: str) -> None:
    """By the SDK: 406 without both, and a stream for a client that takes anything."""
    with in_process.serving("--demo") as base:
        answer = post(base, "tools/call", tool_call(), {"Accept": accept}, era=HANDSHAKE)
    expected = (200, "text/event-stream") if accept == "*/*" else (406, "application/json")
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == expected


@pytest.mark.parametrize("modern", [False, True], ids=ERAS)
@pytest.mark.parametrize("params", [tool_call(), tool_call() | WATCHED], ids=["whole", "streamed"])
def test_a_call_ends_when_its_client_has_gone(params: dict[str, Any], modern: bool) -> None:  # noqa: FBT001
    """So does what it asked of Blaxel, whichever kind the answer would have been."""
    patient = {"BLAXEL_MCP_TIMEOUT": "30"}  # it does not end by itself meanwhile
    with slow_upstream() as (slow, env), in_process.serving(env=env | patient) as base:
        if modern and "_meta" in params:
            params = message("tools/call", params, ERAS[1])[0]["params"]
        with Connection(port_of(base)) as connection:
            connection.send(rpc("tools/call", params, modern=modern))
            assert slow.hold.arrived.wait(PATIENCE)
            assert not slow.gone.is_set()
        assert slow.gone.wait(10)
