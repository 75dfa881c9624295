"""Codex with a server that takes longer to start than the second that it waits for one that is not `required`."""

from clients.cli import codex
from clients.cli.agent import Plan, Setup, main


def plan(setup: Setup) -> Plan:
    """As for any other start, and it waits for the server as long as `startup_timeout_sec` says."""
    usual = codex.plan(setup)
    return Plan(usual.commands, {path: f"{content}required = true\n" for path, content in usual.files.items()})


if __name__ == "__main__":
    main(plan)
