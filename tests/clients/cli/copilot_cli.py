"""Copilot CLI: `~/.copilot/mcp-config.json`, then `copilot -p`, with a model of the user's own and no account."""

from typing import Any

from clients.cli.agent import QUESTION, SERVER, Plan, Setup, as_json, main


def plan(setup: Setup) -> Plan:
    """The server with all its tools; variables name the model, and COPILOT_OFFLINE keeps GitHub out."""
    server: dict[str, Any] = {"type": setup.transport, "url": setup.url}
    if setup.over_stdio:
        command, *args = setup.command
        server = {"type": "local", "command": command, "args": args}
    return Plan(
        commands=[["copilot", "-p", QUESTION, "--allow-all"]],
        files={".copilot/mcp-config.json": as_json({"mcpServers": {SERVER: server | {"tools": ["*"]}}})},
        variables={
            "COPILOT_PROVIDER_BASE_URL": f"{setup.model}/v1",
            "COPILOT_PROVIDER_TYPE": "openai",
            "COPILOT_PROVIDER_API_KEY": "scripted",
            "COPILOT_MODEL": "scripted-model",
            "COPILOT_OFFLINE": "true",
        },
    )


if __name__ == "__main__":
    main(plan)
