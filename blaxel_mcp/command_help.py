"""What `--help` says of the program, its settings and its exit codes. Pure; imported only for help and completion."""

from blaxel_mcp.process import EXIT_CODES
from blaxel_mcp.settings import HOSTED_NAMES, OPTIONS, VARIABLES, format_default, option_for

DESCRIPTION = """\
MCP server that answers questions about Blaxel batch jobs: is it done, why did it fail, when will it finish.
Without a command it serves MCP over stdio. The commands answer the same questions in a shell."""
_COLOURS = "NO_COLOR, set to anything, turns colours off; where a command's output goes into a pipe, there are none."


def describe_setting(variable: str) -> str:
    """What a setting means, and its default; settings go by their variables."""
    default = format_default(variable)
    return f"{VARIABLES[variable].description}{f'; default {default}' if default else ''}"


def epilog() -> str:
    """What stands below the options: the environment variables, the exit codes, and when there are colours."""
    rows = [(name, f"as {option_for(name)}" if name in OPTIONS else describe_setting(name)) for name in VARIABLES]
    width = max(len(name) for name in VARIABLES)
    lines = [
        "environment variables (options win; blanks and a literal ${...} count as unset):",
        *(f"  {name:<{width}}  {meaning}" for name, meaning in rows),
        f"  {' and '.join(HOSTED_NAMES.values())} count only on Blaxel's hosting, where BL_NAME is set",
        "",
        "exit codes:",
        *(f"  {code:>3}  {meaning}" for code, meaning in EXIT_CODES.items()),
        "",
        _COLOURS,
    ]
    return "\n".join(lines)
