"""Qwen Code: `~/.qwen/settings.json`, then `qwen -p`."""

from typing import Any

from clients.cli.agent import QUESTION, SERVER, Plan, Setup, as_json, main


def plan(setup: Setup) -> Plan:
    """The server; `httpUrl` is Streamable HTTP, `url` is SSE. OPENAI_ variables name the model."""
    server: dict[str, Any] = {"httpUrl" if setup.transport == "http" else "url": setup.url}
    if setup.over_stdio:
        command, *args = setup.command
        server = {"command": command, "args": args}
    return Plan(
        commands=[["qwen", "--yolo", "--auth-type", "openai", "-p", QUESTION]],
        files={".qwen/settings.json": as_json({"mcpServers": {SERVER: server}})},
        variables={
            "OPENAI_API_KEY": "scripted",
            "OPENAI_BASE_URL": f"{setup.model}/v1",
            "OPENAI_MODEL": "scripted-model",
        },
    )


if __name__ == "__main__":
    main(plan)
