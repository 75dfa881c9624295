"""Claude Code: `claude mcp add`, then `claude -p`."""

from clients.cli.agent import QUESTION, SERVER, Plan, Setup, main

CLAUDE = "@anthropic-ai/claude-code/cli-wrapper.cjs"
"""What its package has for installations that run no scripts, such as ours; `claude` starts the same program."""


def plan(setup: Setup) -> Plan:
    """The server is added to the user's scope; the name stands before what could take it for a value."""
    add = [CLAUDE, "mcp", "add", "--scope", "user"]
    add += [SERVER, "--", *setup.command] if setup.over_stdio else ["--transport", setup.transport, SERVER, setup.url]
    return Plan(
        commands=[add, [CLAUDE, "-p", "--dangerously-skip-permissions", QUESTION]],
        variables={
            "ANTHROPIC_BASE_URL": setup.model,
            "ANTHROPIC_API_KEY": "scripted",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "IS_SANDBOX": "1",  # else it refuses to skip permissions as root
        },
    )


if __name__ == "__main__":
    main(plan)
