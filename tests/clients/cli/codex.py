"""Codex: `~/.codex/config.toml`, then `codex exec`. It has no SSE."""

import json

from clients.cli.agent import QUESTION, SERVER, Plan, Setup, main

REQUIRED = "required = true\n"
"""Has Codex wait for a server as long as `startup_timeout_sec` says, and not for a second."""


def plan(setup: Setup) -> Plan:
    """A model provider of the user's own, and the server, which Codex is told to wait for."""
    if setup.over_stdio:
        command, *args = setup.command
        # JSON's strings and lists of strings are TOML's.
        server = f"command = {json.dumps(command)}\nargs = {json.dumps(args)}\nstartup_timeout_sec = 30\n{REQUIRED}"
    else:
        server = f'url = "{setup.url}"\n'
    config = f"""\
model = "scripted-model"
model_provider = "loopback"

[model_providers.loopback]
name = "A scripted model"
base_url = "{setup.model}/v1"
wire_api = "responses"

[mcp_servers.{SERVER}]
{server}"""
    ask = ["codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", QUESTION]
    return Plan(commands=[ask], files={".codex/config.toml": config})


def as_it_comes(setup: Setup) -> Plan:
    """The same, but Codex is not told to wait."""
    told = plan(setup)
    return Plan(told.commands, {path: content.replace(REQUIRED, "") for path, content in told.files.items()})


if __name__ == "__main__":
    main(plan)
