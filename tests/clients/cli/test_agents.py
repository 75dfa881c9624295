"""The configuration of each command-line agent, as its user would write it, and what their scripts share."""

import importlib
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from clients.cli.agent import QUESTION, Plan, Setup, end_all_of, report, run
from clients.model.record import Exchange, Record
from clients.model.script import Request, Result, Say, Tool

pytestmark = pytest.mark.slow

STDIO = Setup("stdio", ["/venv/blaxel-mcp", "--demo"], "", "http://127.0.0.1:9")
OVER = {
    "http": Setup("http", [], "http://127.0.0.1:8000/mcp", "http://127.0.0.1:9"),
    "sse": Setup("sse", [], "http://127.0.0.1:8000/sse", "http://127.0.0.1:9"),
}
COMMAND = {"command": "/venv/blaxel-mcp", "args": ["--demo"]}
MCP, SSE = "http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/sse"


def plan(client: str, setup: Setup) -> Plan:
    """What a client's script makes of a setup."""
    made: Plan = importlib.import_module(f"clients.cli.{client}").plan(setup)
    return made


def server(client: str, setup: Setup) -> Any:
    """What stands for the server in the client's file, or in the command that adds it."""
    return written(client, plan(client, setup))


def written(client: str, made: Plan) -> Any:
    """Likewise, of a plan."""
    if client in {"claude_code", "gemini_cli"}:
        return list(made.commands[0][1:])
    (content,) = made.files.values()
    if client == "codex":
        return tomllib.loads(content)["mcp_servers"]["blaxel"]
    if client == "continue_cli":
        return yaml.safe_load(content)["mcpServers"][0]
    return json.loads(content)["mcp" if client == "opencode" else "mcpServers"]["blaxel"]


@pytest.mark.parametrize(
    ("client", "stdio", "http", "sse"),
    [
        (
            "claude_code",
            ["mcp", "add", "--scope", "user", "blaxel", "--", "/venv/blaxel-mcp", "--demo"],
            ["mcp", "add", "--scope", "user", "--transport", "http", "blaxel", MCP],
            ["mcp", "add", "--scope", "user", "--transport", "sse", "blaxel", SSE],
        ),
        (
            "gemini_cli",
            ["mcp", "add", "-s", "user", "blaxel", "/venv/blaxel-mcp", "--demo"],
            ["mcp", "add", "-s", "user", "-t", "http", "blaxel", MCP],
            ["mcp", "add", "-s", "user", "-t", "sse", "blaxel", SSE],
        ),
        ("codex", COMMAND | {"startup_timeout_sec": 30, "required": True}, {"url": MCP}, None),
        (
            "opencode",
            {"type": "local", "command": ["/venv/blaxel-mcp", "--demo"], "enabled": True},
            {"type": "remote", "url": MCP, "enabled": True},
            {"type": "remote", "url": SSE, "enabled": True},
        ),
        (
            "copilot_cli",
            {"type": "local", **COMMAND, "tools": ["*"]},
            {"type": "http", "url": MCP, "tools": ["*"]},
            {"type": "sse", "url": SSE, "tools": ["*"]},
        ),
        ("qwen_code", COMMAND, {"httpUrl": MCP}, {"url": SSE}),
        ("cline_cli", COMMAND | {"timeout": 60}, {"type": "streamableHttp", "url": MCP}, {"type": "sse", "url": SSE}),
        (
            "continue_cli",
            {"name": "blaxel", **COMMAND},
            {"name": "blaxel", "type": "streamable-http", "url": MCP},
            {"name": "blaxel", "type": "sse", "url": SSE},
        ),
    ],
)
def test_the_server_is_configured_in_the_clients_own_way(client: str, stdio: Any, http: Any, sse: Any) -> None:
    """Over each transport that it has; the question is asked last, and of the scripted model."""
    assert server(client, STDIO) == stdio
    assert server(client, OVER["http"]) == http
    if sse is not None:
        assert server(client, OVER["sse"]) == sse
    made = plan(client, STDIO)
    assert QUESTION in made.commands[-1]
    said = [*made.files.values(), *made.variables.values(), *(word for command in made.commands for word in command)]
    assert any("http://127.0.0.1:9" in one for one in said)


@pytest.mark.parametrize(("client", "told"), [("codex", {"required": True}), ("cline_cli", {"timeout": 60})])
def test_a_client_that_does_not_wait_for_a_server_is_told_to(client: str, told: dict[str, Any]) -> None:
    """By a key of the server's own; as it comes, nothing else differs."""
    module = importlib.import_module(f"clients.cli.{client}")
    as_it_comes = module.as_it_comes(STDIO)
    assert as_it_comes.commands == plan(client, STDIO).commands
    assert written(client, as_it_comes) | told == server(client, STDIO)


def test_a_report_has_the_texts_by_question_and_what_was_offered() -> None:
    """Questions that were not answered are left out; what may be why is among the notes, and only then."""
    record = Record()
    tool = Tool("blaxel__list_jobs", "Jobs.", {})
    request = Request("m", stream=True, tools=(tool,), results=(Result("call_0", "all is well"),))
    record.add(Exchange("Messages", request, Say("")))
    record.add_unknown("HEAD /")
    assert report(record, ["failed", "running"], ["claude -p: exit code 1: no"]) == {
        "tools": ["blaxel__list_jobs"],
        "given": {"failed": "all is well"},
        "notes": [
            "Messages: tools of 5 bytes, and 2 of schemas",
            "its model's server does not know HEAD /",
            "claude -p: exit code 1: no",
        ],
    }
    assert report(record, ["failed"], [])["notes"] == ["Messages: tools of 5 bytes, and 2 of schemas"]


@pytest.mark.parametrize(
    ("program", "seconds", "said"),
    [
        ("print('fine')", 30.0, ""),
        (
            "import sys; print('out'); print('no  such\\nthing', file=sys.stderr); sys.exit(2)",
            30.0,
            "exit code 2: no such thing",
        ),
        ("import sys; print('only this'); sys.exit(2)", 30.0, "exit code 2: only this"),
        ("input_that_never_comes = open('pipe').read()", 0.0, "it did not end within 0 seconds: "),
    ],
    ids=["succeeds", "fails", "fails and says so on standard output", "hangs"],
)
def test_a_command_is_run_to_its_end(tmp_path: Path, program: str, seconds: float, said: str) -> None:
    """What it said last is told where it failed; one that hangs is ended."""
    os.mkfifo(tmp_path / "pipe")
    told = run([sys.executable, "-c", program], {"PATH": os.environ["PATH"]}, tmp_path, seconds)
    assert told == (f"{Path(sys.executable).name} -c: {said}" if said else "")


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found by /proc")
def test_what_a_client_leaves_behind_is_ended_by_its_home(tmp_path: Path) -> None:
    """Also in a session of its own; what has another home goes on."""
    wait = [sys.executable, "-c", "print(flush=True); open('/dev/stdin').read()"]
    homes = [str(tmp_path), str(tmp_path / "other")]
    processes = [
        subprocess.Popen(  # noqa: S603 - a Python that waits
            wait, env={"HOME": home}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        for home in homes
    ]
    for process in processes:
        assert process.stdout
        process.stdout.readline()  # it has begun, under its own name
    end_all_of(tmp_path)
    ended, other = processes
    assert ended.wait(30) == -9
    assert other.poll() is None
    other.communicate(timeout=30)
    ended.communicate(timeout=30)
