"""Continue on the command line: `~/.continue/config.yaml`, then `cn -p`."""

from typing import Any

import yaml

from clients.cli.agent import QUESTION, SERVER, Plan, Setup, main


def plan(setup: Setup) -> Plan:
    """A model that speaks Chat Completions, and the server in the same file, which is named, or it wants to sign in."""
    kinds = {"http": "streamable-http", "sse": "sse"}
    server: dict[str, Any] = {"name": SERVER}
    if setup.over_stdio:
        command, *args = setup.command
        server |= {"command": command, "args": args}
    else:
        server |= {"type": kinds[setup.transport], "url": setup.url}
    model = {
        "name": "A scripted model",
        "provider": "openai",
        "model": "scripted-model",
        "apiBase": f"{setup.model}/v1",
        "apiKey": "scripted",
        "roles": ["chat"],
        "capabilities": ["tool_use"],
    }
    config = {"name": "Local", "version": "1.0.0", "schema": "v1", "models": [model], "mcpServers": [server]}
    return Plan(
        commands=[["cn", "-p", "--auto", "--config", "../.continue/config.yaml", QUESTION]],
        files={".continue/config.yaml": yaml.safe_dump(config, sort_keys=False)},
        variables={"CONTINUE_TELEMETRY_ENABLED": "0"},
    )


if __name__ == "__main__":
    main(plan)
