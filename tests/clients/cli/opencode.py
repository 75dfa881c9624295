"""opencode: `~/.config/opencode/opencode.json`, then `opencode run`. A remote server is of either HTTP transport."""

from clients.cli.agent import QUESTION, SERVER, Plan, Setup, as_json, main

MODEL = "scripted-model"


def plan(setup: Setup) -> Plan:
    """A provider that speaks Chat Completions, and the server: the command is one list."""
    local = {"type": "local", "command": list(setup.command), "enabled": True}
    remote = {"type": "remote", "url": setup.url, "enabled": True}
    config = {
        "$schema": "https://opencode.ai/config.json",
        "model": f"loopback/{MODEL}",
        "small_model": f"loopback/{MODEL}",
        "provider": {
            "loopback": {
                "npm": "@ai-sdk/openai-compatible",
                "name": "A scripted model",
                "options": {"baseURL": f"{setup.model}/v1", "apiKey": "scripted"},
                "models": {MODEL: {"name": MODEL}},
            }
        },
        "mcp": {SERVER: local if setup.over_stdio else remote},
    }
    return Plan(
        # Its package begins with a stand-in, until the script that npm runs after an installation, but not ours.
        commands=[["opencode-ai/postinstall.mjs"], ["opencode", "run", QUESTION]],
        files={".config/opencode/opencode.json": as_json(config)},
        variables={"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
    )


if __name__ == "__main__":
    main(plan)
