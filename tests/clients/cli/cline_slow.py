"""Cline with a server that takes longer to start than the three seconds that it waits unless told to wait longer."""

import json

from clients.cli import cline_cli
from clients.cli.agent import SERVER, Plan, Setup, as_json, main


def plan(setup: Setup) -> Plan:
    """As for any other start, and with the server's own `timeout`, in seconds."""
    usual = cline_cli.plan(setup)
    ((path, content),) = usual.files.items()
    settings = json.loads(content)
    settings["mcpServers"][SERVER]["timeout"] = 60
    return Plan(usual.commands, {path: as_json(settings)}, usual.variables)


if __name__ == "__main__":
    main(plan)
