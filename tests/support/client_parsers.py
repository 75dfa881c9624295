"""How three clients read `mcp add`: stand-ins for them on PATH, which write down the server that they would start.

By their sources: Claude Code parses with commander, Gemini CLI with yargs, Codex with clap. Nothing is imported that
takes time, since each stand-in is a process.
"""

import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

ADDED = "added.json"
"""The file in the home folder that a stand-in writes."""


class UsageError(Exception):
    """The client would print its usage and add nothing."""


@dataclass
class Server:
    """A server as a client keeps it."""

    name: str
    command: str
    args: list[str]
    env: dict[str, str] = field(default_factory=dict)
    scope: str = ""


def claude(arguments: Sequence[str]) -> Server:
    """`claude mcp add [options] <name> <command> [args...]`: `-e` takes values until the next option or `--`."""
    left, scope = list(arguments), "local"
    positional: list[str] = []
    env: list[str] = []
    while left:
        word = left.pop(0)
        if word == "--":
            positional += left
            break
        if word in {"-s", "--scope"}:
            scope = _value(word, left)
        elif word in {"-e", "--env"}:
            env.append(_value(word, left))
            while left and not left[0].startswith("-"):
                env.append(left.pop(0))
        elif word.startswith("-"):
            raise UsageError(f"unknown option '{word}'")
        else:
            positional.append(word)
    return _server(positional, env, scope, {"local", "user", "project"})


def gemini(arguments: Sequence[str]) -> Server:
    """`gemini mcp add [options] <name> <commandOrUrl> [args...]`: what follows `--` is no name and no command."""
    left, scope = list(arguments), "project"
    positional: list[str] = []
    env: list[str] = []
    while left:
        word = left.pop(0)
        if word == "--":
            if len(positional) < 2:
                raise UsageError("Not enough non-option arguments")
            positional += left
            break
        if word in {"-s", "--scope"}:
            scope = _value(word, left)
        elif word in {"-e", "--env"}:
            env.append(_value(word, left))
        else:
            positional.append(word)  # yargs passes unknown options on, as the program's arguments
    return _server(positional, env, scope, {"user", "project"})


def codex(arguments: Sequence[str]) -> Server:
    """`codex mcp add [OPTIONS] <NAME> -- <COMMAND>...`."""
    left = list(arguments)
    positional: list[str] = []
    env: list[str] = []
    while left:
        word = left.pop(0)
        if word == "--":
            return _server([*positional, *left], env, "user", {"user"})
        if word == "--env":
            env.append(_value(word, left))
        elif word.startswith("-"):
            raise UsageError(f"unexpected argument '{word}'")
        else:
            positional.append(word)
    raise UsageError("the program stands after --")


CLIENTS: dict[str, Callable[[Sequence[str]], Server]] = {"claude": claude, "gemini": gemini, "codex": codex}


def _value(option: str, left: list[str]) -> str:
    if not left or left[0].startswith("-"):
        raise UsageError(f"{option} needs a value")
    return left.pop(0)


def _server(positional: list[str], env: list[str], scope: str, scopes: set[str]) -> Server:
    if len(positional) < 2:
        raise UsageError("a name and a program are needed")
    if scope not in scopes:
        raise UsageError(f"there is no scope {scope}")
    if not all("=" in pair for pair in env):
        raise UsageError(f"not NAME=value: {env}")
    name, command, *rest = positional
    return Server(name, command, rest, dict(pair.split("=", 1) for pair in env), scope)


def main(client: str, arguments: Sequence[str]) -> int:
    """Act as the client: write down the server that `mcp add` would add, or say what is wrong, with 1."""
    if list(arguments[:2]) != ["mcp", "add"]:
        sys.stderr.write(f"{client}: no such command here: {arguments}\n")
        return 1
    try:
        server = CLIENTS[client](arguments[2:])
    except UsageError as error:
        sys.stderr.write(f"{client}: {error}\n")
        return 1
    file = Path(os.environ["HOME"]) / ADDED
    added = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    file.write_text(json.dumps([*added, {"client": client, **asdict(server)}]), encoding="utf-8")
    return 0
