"""A command's answer as lines on a terminal, as a pure function: widths, commands, and text that nobody had cleaned."""

from typing import Any

import pytest
from rich.cells import cell_len
from support.plane import HOSTILE

from blaxel_mcp.terminal.page import command_lines, lines_of_answer, paragraph, step_lines
from blaxel_mcp.terminal.shapes import ASCII, UNICODE, Shapes

COMMAND = "blaxel-mcp logs orders exec-1 --task-name task-5"
COMMANDS = {COMMAND: ["blaxel-mcp", "logs", "orders", "exec-1", "--task-name task-5"]}
TEXTS = (*HOSTILE, "[red]red[/red]", "[/]", ":boom:", "漢字" * 50, "n" * 500, "a\nb", "\x1b[2J", "x\u202ey")


def shown(facts: dict[str, Any], text: str, width: int = 60, **more: Any) -> list[str]:
    """The lines, without styles."""
    given: dict[str, Any] = {"shapes": UNICODE, "commands": COMMANDS} | more
    command = given.pop("command", "tasks")
    arguments = {"jobId": "orders", "executionId": "latest"}
    return [line.plain for line in lines_of_answer(command, arguments, facts, text, width=width, **given)]


def answers(text: str) -> dict[str, tuple[dict[str, Any], str]]:
    """One of each kind that has this text in every place that text can come to."""
    ids = {"jobId": text, "executionId": text}
    task = {"name": text, "status": text, "message": text}
    job = {"name": text, "attention": text, "latest": {"status": text, "id": text}, "region": text}
    return {
        "tasks": ({"summary": text, "tasks": [task], **ids}, f'{text}\n- "{text}": {text}: "{text}"\n{text}'),
        "jobs": ({"summary": text, "jobs": [job]}, f'{text}\n- "{text}": needs attention ({text}), "{text}"'),
        "logs": ({"summary": text, "lines": [text, f"2026-11-24 09:00:00 ERROR {text}"], **ids}, text),
        "compare": (
            {"summary": text, "jobId": text, "execution": {"executionId": text}, "baseline": {"executionId": text}}
            | {"nextStep": text},
            f"{text}\nNew: {text}.\nNext: {text}",
        ),
    }


@pytest.mark.sampled(every=7)
@pytest.mark.parametrize("width", [30, 60, 120])
@pytest.mark.parametrize("shapes", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text[:9]))
def test_hostile_text_stays_text(text: str, shapes: Shapes, width: int) -> None:
    """Neither markup nor obeyed by the terminal, and no line is wider than it, even if nobody had cleaned it."""
    for kind, (facts, whole) in answers(text).items():
        for quiet in (False, True):
            lines = shown(facts, whole, width, command=kind, shapes=shapes, quiet=quiet)
            assert max(map(cell_len, lines)) <= width, kind
            assert "".join(lines).isprintable(), kind
            if text.startswith("["):
                assert text in "".join(lines)


def test_a_list_is_wrapped_in_line_with_its_rows() -> None:
    """Each behind the symbol of its status."""
    row = {"name": "task-1", "status": "failed", "durationSeconds": 5, "message": "no such file or directory: orders"}
    facts = {"summary": "One task.", "tasks": [row], "jobId": "orders", "executionId": "exec-1"}
    line = '- "task-1": failed, took 5s: "no such file or directory: orders"'
    assert shown(facts, f"One task.\n{line}\nTo go on, run `{COMMAND}`.", 40) == [
        " tasks  orders · exec-1",
        "",
        "One task.",
        "",
        '✗ "task-1": failed, took 5s: "no such',
        '  file or directory: orders"',
        "",
        "→ To go on, run this:",
        "    blaxel-mcp logs orders exec-1 \\",
        "      --task-name task-5",
    ]


@pytest.mark.parametrize(
    ("status", "symbol"), [("succeeded", "✓"), ("running", "▸"), ("timeout", "✗"), ("odd", "?"), ("", " ")]
)
def test_a_row_begins_with_how_it_stands(status: str, symbol: str) -> None:
    """A word that is not known has a symbol of its own; where there is none, there is a blank."""
    row = {"name": "t", "status": status} if status else {"name": "t"}
    lines = shown({"summary": "One.", "tasks": [row]}, 'One.\n- "t": …')
    assert lines[4].startswith(f"{symbol} " if symbol.strip() else "  ")


@pytest.mark.parametrize(
    ("row", "symbol"),
    [
        ({"name": "j", "latest": {"status": "failed", "id": "e"}}, "✗"),
        ({"name": "j", "latest": {"status": "none"}}, " "),
        ({"name": "j", "latest": {"status": "unknown"}}, " "),
        ({"name": "j", "attention": "failed 5m ago", "latest": {"id": "e"}}, "✗"),
    ],
)
def test_a_job_begins_with_how_its_newest_execution_went(row: dict[str, Any], symbol: str) -> None:
    """Also where only the reason why it needs attention says so; nothing where nothing is known."""
    lines = shown({"summary": "One.", "jobs": [row]}, 'One.\n- "t": …', command="jobs")
    assert lines[4][:2] == f"{symbol} "


def test_the_step_comes_with_its_command_below_it() -> None:
    """Other advice stays a sentence."""
    said = [line.plain for line in step_lines(f"Run `{COMMAND}` for the reason.", 80, UNICODE, COMMANDS)]
    assert said == ["→ Run this for the reason:", f"    {COMMAND}"]
    assert [line.plain for line in step_lines("Nothing to do.", 80, ASCII, COMMANDS)] == ["-> Nothing to do."]


def test_a_command_in_a_paragraph_is_not_broken_where_a_line_has_room() -> None:
    """So that it can be copied from its line."""
    text = f"Either see the Blaxel console, or run `{COMMAND}`, or wait."
    lines = [line.plain for line in paragraph(text, 60, COMMANDS)]
    assert lines == ["Either see the Blaxel console, or run", f"`{COMMAND}`, or wait."]


def test_a_word_that_is_wider_than_the_terminal_stays_whole() -> None:
    """A cursor, say: broken, it would be another one."""
    assert list(command_lines(["blaxel-mcp", "jobs", "--cursor " + "x" * 50, "--demo"], 40, "    ")) == [
        "    blaxel-mcp jobs \\",
        "      --cursor " + "x" * 50 + " \\",
        "      --demo",
    ]


def test_a_long_name_leaves_room_for_the_others_in_the_heading() -> None:
    """Cut in its middle, as everywhere on a terminal."""
    facts: dict[str, Any] = {
        "summary": "s",
        "jobId": "j" * 50,
        "execution": {"executionId": "a" * 50},
        "baseline": {"executionId": "b" * 50},
    }
    (heading, *_) = shown(facts, "s", 60, command="compare")
    assert cell_len(heading) <= 60
    assert all(letter in heading for letter in "jab")
