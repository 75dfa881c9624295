"""Gemini CLI: `gemini mcp add`, then `gemini -p`."""

from clients.cli.agent import QUESTION, SERVER, Plan, Setup, as_json, main


def plan(setup: Setup) -> Plan:
    """The server is added to the user's scope, without a `--`; a key is the way to sign in that needs no browser."""
    add = ["gemini", "mcp", "add", "-s", "user"]
    add += [SERVER, *setup.command] if setup.over_stdio else ["-t", setup.transport, SERVER, setup.url]
    ask = ["gemini", "--yolo", "--skip-trust", "-m", "gemini-2.5-pro", "-p", QUESTION]
    return Plan(
        commands=[add, ask],
        files={".gemini/settings.json": as_json({"security": {"auth": {"selectedType": "gemini-api-key"}}})},
        variables={"GEMINI_API_KEY": "scripted", "GOOGLE_GEMINI_BASE_URL": setup.model},
    )


if __name__ == "__main__":
    main(plan)
