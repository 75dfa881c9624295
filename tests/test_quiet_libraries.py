"""With everything logged that programs can log, no library writes a credential, a header of ours, or an answer."""

import json
import re

import httpx
import pytest
from support.program import PATIENCE, Program
from support.sockets import rpc_body, rpc_headers

from blaxel_mcp.demo import control_plane, script

TOOL = {"name": "get_job_execution", "arguments": {"jobId": "image-resize", "executionId": script.FAILED}}
TOKEN = "let-me-in-0123456789"
MESSAGE = "PIL.UnidentifiedImageError"
"""What the failed execution's message says, and therefore the API's answer and ours."""


def logged_over_http(transport: str, plane: str) -> str:
    """What the program wrote to standard error while a tool was called over this transport."""
    env = {"BLAXEL_MCP_LOG_LEVEL": "DEBUG", "BLAXEL_MCP_AUTH_TOKEN": TOKEN, "BL_API_URL": plane}
    env |= {"BL_WORKSPACE": script.WORKSPACE, "BL_CLIENT_CREDENTIALS": f"{script.CLIENT_ID}:{script.CLIENT_SECRET}"}
    with Program("--transport", transport, "--port", "0", env=env) as program:
        base = program.listening()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        if transport == "http":
            asked = rpc_headers("tools/call", TOOL["name"]) | headers  # type: ignore[arg-type] # its name is text
            answer = httpx.post(f"{base}/mcp", json=rpc_body("tools/call", TOOL), headers=asked, timeout=PATIENCE)
            assert MESSAGE in answer.text
        else:
            with httpx.stream("GET", f"{base}/sse", headers=headers, timeout=PATIENCE) as stream:
                lines = stream.iter_lines()
                where = next(line.removeprefix("data: ") for line in lines if line.startswith("data: "))
                body = rpc_body("tools/call", TOOL)
                assert httpx.post(base + where, json=body, headers=headers, timeout=PATIENCE).status_code == 202
                assert MESSAGE in next(line for line in lines if line.startswith("data: "))
        program.process.terminate()
        assert program.wait() == 0
        return program.errors()


def logged_over_stdio(plane: str) -> str:
    """The same over stdio."""
    env = {"BLAXEL_MCP_LOG_LEVEL": "DEBUG", "BL_API_URL": plane, "BL_WORKSPACE": script.WORKSPACE}
    with Program(env=env | {"BL_API_KEY": script.API_KEY}) as program:
        assert MESSAGE in json.dumps(program.request("tools/call", TOOL, modern=True))
        program.close_input()
        assert program.wait() == 0
        return program.errors()


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["stdio", "http", "sse"])
def test_no_library_logs_a_credential_or_a_body(transport: str) -> None:
    """Neither that of the client nor ours, nor a token that was exchanged for it, nor what an answer says."""
    app = control_plane.build_app()
    with control_plane.serve(app) as plane:
        said = logged_over_stdio(plane) if transport == "stdio" else logged_over_http(transport, plane)
        sent = {value for seen in app.state.requests for name, value in seen.headers.items() if "authorization" in name}
    assert sent
    secrets = {word for value in sent for word in value.split() if word not in {"Bearer", "Basic"}}
    secrets |= {TOKEN, script.API_KEY, script.CLIENT_SECRET, script.REFRESH_TOKEN}
    assert [secret for secret in secrets if secret in said] == []
    assert re.findall(r"(?i)x-blaxel-\w+|authorization|session_id=\w+", said) == []
    assert MESSAGE not in said
    assert re.findall(r"(?m)^\w+ (?:httpx|httpcore)\S*", said) == []
