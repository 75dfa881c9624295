"""Cline on the command line: `cline auth`, `~/.cline/data/settings/cline_mcp_settings.json`, then `cline`."""

from collections.abc import Mapping
from typing import Any

from clients.cli.agent import QUESTION, SERVER, Plan, Setup, as_json, main

TIMEOUT = {"timeout": 60}
"""Seconds that Cline waits for a server, to start and to answer; three for the start unless this is said."""


def plan(setup: Setup) -> Plan:
    """A provider that speaks Chat Completions, and the server, which Cline is told to wait for."""
    return _plan(setup, TIMEOUT)


def as_it_comes(setup: Setup) -> Plan:
    """The same, but Cline is not told to wait."""
    return _plan(setup, {})


def _plan(setup: Setup, told: Mapping[str, Any]) -> Plan:
    """Every tool is approved unless one says otherwise."""
    server: dict[str, Any] = {"type": "streamableHttp" if setup.transport == "http" else "sse", "url": setup.url}
    if setup.over_stdio:
        command, *args = setup.command
        server = {"command": command, "args": args, **told}
    sign_in = ["cline", "auth", "-p", "openai", "-k", "scripted", "-m", "scripted-model", "-b", f"{setup.model}/v1"]
    return Plan(
        commands=[sign_in, ["cline", QUESTION]],
        files={".cline/data/settings/cline_mcp_settings.json": as_json({"mcpServers": {SERVER: server}})},
    )


if __name__ == "__main__":
    main(plan)
