"""Cline on the command line: `cline auth`, `~/.cline/data/settings/cline_mcp_settings.json`, then `cline`."""

from typing import Any

from clients.cli.agent import QUESTION, SERVER, Plan, Setup, as_json, main


def plan(setup: Setup) -> Plan:
    """A provider that speaks Chat Completions, and the server; every tool is approved unless one says otherwise."""
    server: dict[str, Any] = {"type": "streamableHttp" if setup.transport == "http" else "sse", "url": setup.url}
    if setup.over_stdio:
        command, *args = setup.command
        server = {"command": command, "args": args}
    sign_in = ["cline", "auth", "-p", "openai", "-k", "scripted", "-m", "scripted-model", "-b", f"{setup.model}/v1"]
    return Plan(
        commands=[sign_in, ["cline", QUESTION]],
        files={".cline/data/settings/cline_mcp_settings.json": as_json({"mcpServers": {SERVER: server}})},
    )


if __name__ == "__main__":
    main(plan)
