"""Advice for a shell: every call that an answer or an error advises is a command that the program reads back."""

import ast
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import blaxel_mcp
from blaxel_mcp.advice import Advice, advice, advise, error_advice
from blaxel_mcp.command_line import TOOLS, parse
from blaxel_mcp.shell_advice import ShellAdvice, program_words, quote_word
from blaxel_mcp.terminal.page import command_lines

IDS = {"jobId": "orders", "executionId": "exec-1"}
ECHO = ["printf", "%s\\0"]
"""Prints the arguments that a shell gives it, each with a zero byte behind it; built into most shells."""
UTF_8 = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


def shell(tool: str, given: Mapping[str, str | int], *, demo: bool = False) -> ShellAdvice:
    """The advice of a command that was given these arguments."""
    return ShellAdvice(["blaxel-mcp"], tool, given, demo=demo)


LATEST = {"jobId": "orders", "executionId": "latest"}
GET, JOBS, EXECUTIONS, TASKS, LOGS, COMPARE, WAIT = TOOLS.values()


@pytest.mark.parametrize(
    ("tool", "given", "advised", "said"),
    [
        (GET, LATEST, lambda a: a.look_again(IDS, "in 5s"), "Run this again in 5s, or with --watch."),
        (COMPARE, LATEST, lambda a: a.look_again(IDS, "in 5s"), "Run `blaxel-mcp get orders exec-1` in 5s."),
        (COMPARE, LATEST, lambda a: a.look_again({}, "in 5s"), "Run `blaxel-mcp get orders latest` in 5s."),
        (
            GET,
            LATEST,
            lambda a: a.call(LOGS, {**IDS, "taskName": "task-5"}),
            "Run `blaxel-mcp logs orders exec-1 --task-name task-5`",
        ),
        (
            GET,
            LATEST,
            lambda a: a.call(TASKS, {**IDS, "status": "failed"}),
            "Run `blaxel-mcp tasks orders exec-1 --status failed`",
        ),
        (WAIT, LATEST, lambda a: a.wait_again({}), "Follow it with `blaxel-mcp get orders latest --watch`."),
        (
            WAIT,
            LATEST,
            lambda a: a.wait_again({"executionId": "exec-1"}),
            "Follow it with `blaxel-mcp get orders exec-1 --watch`.",
        ),
        (WAIT, LATEST, lambda a: a.ask(GET, IDS, "why"), "Run `blaxel-mcp get orders exec-1` to see why"),
        (
            WAIT,
            LATEST,
            lambda a: a.see(EXECUTIONS, {}, "what is left"),
            "Run `blaxel-mcp executions orders` to see what is left",
        ),
        (WAIT, LATEST, lambda a: a.cancel(IDS), "Cancel it in the Blaxel console"),
        (GET, LATEST, lambda a: a.tool(JOBS, {}), "`blaxel-mcp jobs`"),
        (GET, LATEST, lambda a: a.tool(EXECUTIONS, {"jobId": "orders"}), "`blaxel-mcp executions orders`"),
        (
            EXECUTIONS,
            {"jobId": "orders", "status": "failed", "limit": 5},
            lambda a: a.go_on("1!abc=", {}),
            "To go on, run `blaxel-mcp executions orders --status failed --limit 5 --cursor '1!abc='`.",
        ),
        (
            TASKS,
            LATEST,
            lambda a: a.go_on("20", IDS),
            "To go on, run `blaxel-mcp tasks orders exec-1 --cursor 20`.",
        ),
        (JOBS, {}, lambda a: a.go_on("20", {}), "To go on, run `blaxel-mcp jobs --cursor 20`."),
        (GET, LATEST, lambda a: a.argument("executionId"), "EXECUTION"),
        (LOGS, LATEST, lambda a: a.argument("taskName"), "--task-name"),
        (JOBS, {}, lambda a: a.argument("nextCursor"), "the cursor"),
    ],
)
def test_a_call_is_a_command(tool: str, given: Mapping[str, str | int], advised: object, said: str) -> None:
    """In the words of a shell, with the ids that were found, or else those that were given."""
    assert callable(advised)
    words = shell(tool, given)
    assert advised(words) == said
    assert all(f"`{command}`" in said for command in words.commands)


def test_the_demos_commands_ask_the_demo() -> None:
    """Not the account that is configured."""
    assert shell(JOBS, {}, demo=True).go_on("2", {}) == "To go on, run `blaxel-mcp jobs --cursor 2 --demo`."


ODD = [
    "-x",
    "--json",
    "it's",
    'say "hi"',
    "a b",
    "$(touch pwned)",
    "`touch pwned`",
    "a;b|c&d>e",
    "two\nlines",
    "esc\x1b[31m",
    "a\u202eb",
    "é\u200bx",
    "a\u00a0b",
    "line\n\u00851",
    "\u200b'; touch pwned; #\\",
    "größer→漢字",
    "back\\slash",
    "\\'\"; touch pwned; #",
    "!history",
    "~",
    "*",
    "#no comment",
    "",
]


@pytest.mark.skipif(shutil.which("bash") is None, reason="asks bash")
@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("columns", [20, 200])
def test_any_id_survives_the_shell(odd: str, columns: int, tmp_path: Path) -> None:
    """Pasted into a shell, alone or in lines of a narrow terminal, it is one argument, and nothing of it is run."""
    words = ShellAdvice(ECHO, LOGS, {"jobId": odd, "executionId": odd, "search": odd, "limit": 5}, demo=True)
    words.go_on(odd, {})
    (parts,) = words.commands.values()
    pasted = "\n".join(command_lines(parts, columns, "    "))
    bash = ["bash", "-c", pasted]
    done = subprocess.run(bash, cwd=tmp_path, capture_output=True, check=True, timeout=30)  # noqa: S603 - what is pasted
    arguments = {"jobId": odd, "executionId": odd, "search": odd, "limit": 5, "cursor": odd}
    read = done.stdout.decode().split("\0")[:-1]
    assert read[0] == "logs"
    # `logs` has no cursor; `tasks` has, and no search.
    at = next(at for at, word in enumerate(read) if word.startswith("--cursor"))
    assert read[at : at + 2] == ["--cursor", odd] or read[at] == f"--cursor={odd}"
    del read[at : at + (2 if read[at] == "--cursor" else 1)]
    command = parse(read)
    assert command.arguments == {name: value for name, value in arguments.items() if name != "cursor"}
    assert command.demo
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["zsh", "dash", "fish", "tcsh"])
def test_no_shell_runs_anything_of_an_id(name: str, tmp_path: Path) -> None:
    """Each reads it as the word that it is, or as another one where it lacks escapes for what can't be seen."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"asks {name}")
    for odd in ODD:
        word = quote_word(odd)
        command = [program, "-c", f"{shlex.join(ECHO)} {word}"]
        done = subprocess.run(  # noqa: S603 - what is pasted
            command, cwd=tmp_path, env=UTF_8, capture_output=True, check=False, timeout=30
        )
        read = done.stdout.decode().split("\0")[:-1]
        unlike = not odd.isprintable() and name != "zsh"
        # tcsh knows no quotes that keep it from looking for that in its history.
        assert read == [odd] or unlike or (name == "tcsh" and "!" in odd), odd
        assert list(tmp_path.iterdir()) == []
        assert word.isprintable()


def test_a_long_path_of_the_program_takes_no_room_from_an_answer() -> None:
    """It is written out once the answer has its length; in an error, which has no such limit, at once."""
    program = ["/a long/way/to/blaxel-mcp"]
    words = ShellAdvice(program, JOBS, {}, demo=False)
    text = f"Two jobs.\n{words.go_on('2', {})}"
    assert text == "Two jobs.\nTo go on, run `blaxel-mcp jobs --cursor 2`."
    assert words.in_full(text) == "Two jobs.\nTo go on, run `'/a long/way/to/blaxel-mcp' jobs --cursor 2`."
    said = ShellAdvice(program, JOBS, {}, demo=False, brief=False).tool(JOBS, {})
    assert said == "`'/a long/way/to/blaxel-mcp' jobs`"


@pytest.mark.parametrize(
    ("started_as", "found", "by_uv", "words"),
    [
        ("/usr/bin/blaxel-mcp", "/usr/bin/blaxel-mcp", False, ["blaxel-mcp"]),
        ("/home/me/code/.venv/bin/blaxel-mcp", None, False, [".venv/bin/blaxel-mcp"]),
        ("/home/me/code/.venv/bin/blaxel-mcp", "/usr/bin/blaxel-mcp", False, [".venv/bin/blaxel-mcp"]),
        ("/home/me/code/.venv/bin/blaxel-mcp", "/home/me/code/.venv/bin/blaxel-mcp", True, [".venv/bin/blaxel-mcp"]),
        ("/home/me/.cache/uv/x/bin/blaxel-mcp", None, True, ["/home/me/.cache/uv/x/bin/blaxel-mcp"]),
        ("/lib/blaxel_mcp/__main__.py", "/usr/bin/blaxel-mcp", False, ["/bin/python", "-m", "blaxel_mcp"]),
        ("", None, False, ["/bin/python", "-m", "blaxel_mcp"]),
    ],
)
def test_the_program_is_named_as_it_can_be_started(
    started_as: str, found: str | None, words: list[str], *, by_uv: bool
) -> None:
    """By its name if that is what PATH has, else as it was started: relative to the folder that it is below of."""
    assert program_words(started_as, "/bin/python", "/home/me/code", lambda _: found, by_uv=by_uv) == words


def test_a_model_is_advised_unless_a_command_says_otherwise() -> None:
    """And again afterwards."""
    words = shell(JOBS, {})
    with advise(answers=Advice(), errors=words):
        assert (advice().argument("taskName"), error_advice().argument("taskName")) == ("taskName", "--task-name")
    assert error_advice().argument("taskName") == "taskName"


# Completeness

PACKAGE = Path(blaxel_mcp.__file__).parent
NAMED = re.compile(
    r"\b(?:list_jobs|(?:list|get|compare|wait_for|cancel)_job_\w+|run_job|(?:job|execution|baseline)Id|"
    r"taskName|nextCursor|timeoutSeconds)\b"
)
WRITES = {"run_job", "cancel_execution", "confirm", "consents"}
"""Modules of tools that are no commands: what they say only a model reads."""
DESCRIBED = {"description", "title"}
"""What the tool's row and schema say of it to a model."""


def sentences(path: Path) -> Iterator[str]:
    """The texts of a module that could be part of a sentence: neither docstrings nor descriptions of tools."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    left_out = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in DESCRIBED:
            left_out |= {id(part) for part in ast.walk(node.value)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node.value


def test_tools_and_arguments_are_named_by_advice_alone() -> None:
    """No sentence of an answer or an error has a tool's or an argument's name in it that no command would replace."""
    found = [
        (str(path.relative_to(PACKAGE)), text)
        for layer in ("summary", "tools", "api")
        for path in sorted((PACKAGE / layer).glob("*.py"))
        if path.stem not in WRITES
        for text in sentences(path)
        if NAMED.search(text) and not NAMED.fullmatch(text)  # a key, or what `advice` is asked for
    ]
    assert found == []
