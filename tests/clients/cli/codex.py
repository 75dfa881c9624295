"""Codex: `~/.codex/config.toml`, then `codex exec`. It has no SSE."""

import json

from clients.cli.agent import QUESTION, SERVER, Plan, Setup, main


def plan(setup: Setup) -> Plan:
    """A model provider of the user's own, and the server as README.md has it."""
    if setup.over_stdio:
        command, *args = setup.command
        # JSON's strings and lists of strings are TOML's.
        server = f"command = {json.dumps(command)}\nargs = {json.dumps(args)}\nstartup_timeout_sec = 30\n"
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


if __name__ == "__main__":
    main(plan)
