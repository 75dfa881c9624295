"""`blaxel-mcp completion SHELL`: the script with which a shell completes the program's commands and options."""

import shtab

from blaxel_mcp.command_line import build_parser


def completion_script(shell: str) -> str:
    """The script for one of `command_line.SHELLS`."""
    script: str = shtab.complete(build_parser(), shell)
    return script if script.endswith("\n") else f"{script}\n"
