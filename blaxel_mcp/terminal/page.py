"""A command's answer as lines on a terminal: a heading, paragraphs and lists wrapped to its width, and what to do next.

Pure. No line is wider than the terminal, except where a single word of a command is.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from blaxel_mcp.answer_parts import split_answer
from blaxel_mcp.terminal.shapes import Shapes, cut, printable, wrap

Commands = Mapping[str, Sequence[str]]
"""The commands that advice names, as they stand between its backticks, each in parts that belong together."""
_JOINT = "\ue000"
"""Stands for the blanks of a command while a paragraph is wrapped, so that no line ends in the middle of it."""
_LOG_LINE = re.compile(r"(\S+(?: \S+)? )([A-Z]+) (.*)", re.DOTALL)
_SEVERITY_STYLES = {"ERROR": "bold red", "FATAL": "bold red", "WARNING": "yellow"}
_LABEL = re.compile(r"[A-Z][a-z ]{2,24}(?: \([\d,]+\))?:")


def lines_of_answer(
    command: str,
    arguments: Mapping[str, Any],
    facts: Mapping[str, Any],
    text: str,
    *,
    width: int,
    shapes: Shapes,
    commands: Commands,
    quiet: bool = False,
    encoding: str = "utf-8",
) -> list[Text]:
    """The lines for an answer that is a list, a log or a comparison.

    Args:
        command: whose answer it is.
        arguments: what was asked for, by the tool's names.
        facts: the answer as an object.
        text: the answer as text.
        width: the terminal's columns.
        shapes: the characters to draw with.
        commands: those that advice in the answer names.
        quiet: whether to leave out heading and advice.
        encoding: what the terminal takes; characters that it lacks are escaped.
    """
    parts = split_answer(facts, text)
    body: list[Text] = []
    if parts.rows:
        for row, line in zip(parts.rows, parts.body, strict=True):
            body += _row(row, printable(line, encoding), width, shapes)
    elif "lines" in facts:
        for line in parts.body:
            body += _log_line(printable(line, encoding), width)
    else:
        body = [wrapped for line in parts.body for wrapped in _labelled(printable(line, encoding), width)]
    lines = [] if quiet else [heading(command, arguments, facts, width, shapes), Text()]
    headed = not (quiet and "lines" in facts)
    if headed:
        lines += paragraph(printable(parts.head, encoding), width, commands)
    if body:
        lines += [*([Text()] if headed else []), *body]
    if parts.step and not quiet:
        lines += [Text(), *step_lines(printable(parts.step, encoding), width, shapes, commands)]
    return lines


def heading(command: str, arguments: Mapping[str, Any], facts: Mapping[str, Any], width: int, shapes: Shapes) -> Text:
    """The line that says what was asked for: ` tasks  orders · exec-1`."""
    badge = f" {command} "
    line = Text(no_wrap=True).append(badge, "bold reverse")
    room = width - cell_len(badge) - 1
    sides = [facts[side]["executionId"] for side in ("execution", "baseline") if side in facts]
    asked = sides or [facts.get("executionId") or arguments.get("executionId", "")]
    job = str(facts.get("jobId") or arguments.get("jobId", ""))
    if not job:
        return line
    executions = [printable(str(one)) for one in asked if one]
    wanted = sum(cell_len(one) + cell_len(shapes.separator) for one in executions)
    share = room if wanted + cell_len(job) <= room else room // (1 + len(executions)) - cell_len(shapes.separator)
    said = [cut(one, share, shapes) for one in executions]
    taken = sum(cell_len(one) + cell_len(shapes.separator) for one in said)
    line.append(" ").append(cut(printable(job), room - taken, shapes), "bold")
    for one in said:
        line.append(shapes.separator, "dim").append(one)
    return line


def paragraph(text: str, width: int, commands: Commands = {}) -> list[Text]:  # noqa: B006 - it is only read
    """A paragraph in lines; a command in it stays in one line if a line has room for it."""
    for command, parts in commands.items():
        whole = f"`{' '.join(parts)}`"
        text = text.replace(f"`{command}`", whole.replace(" ", _JOINT) if cell_len(whole) <= width else whole)
    return [Text(line.plain.replace(_JOINT, " "), no_wrap=True) for line in wrap(Text(text), width)]


def step_lines(text: str, width: int, shapes: Shapes, commands: Commands) -> list[Text]:
    """What to do next, behind a mark; a command stands alone below it, in a form that can be pasted as it stands."""
    named = next((command for command in commands if f"`{command}`" in text), None)
    if named is not None:
        text = text.replace(f"`{named}`", "this", 1).removesuffix(".") + ":"
    mark = shapes.next_step
    indent = " " * (cell_len(mark) + 1)
    wrapped = wrap(Text(text), width - len(indent))
    lines = [Text.assemble((f"{mark} ", "bold"), wrapped[0], no_wrap=True)]
    lines += [Text.assemble(indent, line, no_wrap=True) for line in wrapped[1:]]
    if named is not None:
        whole = command_lines(commands[named], width, f"{indent}  ")
        lines += [Text(line, "bold", no_wrap=True, overflow="ignore") for line in whole]
    return lines


def command_lines(parts: Sequence[str], width: int, indent: str) -> Iterator[str]:
    """A command in lines, each but the last with the backslash that makes a shell read on."""
    line = indent + parts[0]
    for left, part in zip(range(len(parts) - 2, -1, -1), parts[1:], strict=True):
        if cell_len(line) + 1 + cell_len(part) + len(" \\") * bool(left) > width:
            yield f"{line} \\"
            line = f"{indent}  {part}"
        else:
            line += f" {part}"
    yield line


def _row(row: dict[str, Any], line: str, width: int, shapes: Shapes) -> list[Text]:
    """A row's line of text behind the symbol of its status; what is wrapped is in line with its beginning."""
    status = row.get("latest", row).get("status", "")
    if not status:  # it is told by why the job needs attention
        status = row.get("attention", "").split(" ")[0]
    state = shapes.states.get(status, shapes.unknown if status not in {"none", "unknown", ""} else None)
    said = line.removeprefix("- ")
    name, colon, rest = said.partition('": ')
    text = Text.assemble((f"{name}{colon[:1]}", "bold"), colon[1:], rest) if colon else Text(said)
    mark = (f"{state.symbol} ", f"bold {state.style}") if state else "  "
    lines = wrap(text, width - 2)
    return [Text.assemble(mark if at == 0 else "  ", line, no_wrap=True) for at, line in enumerate(lines)]


def _log_line(line: str, width: int) -> list[Text]:
    parts = _LOG_LINE.fullmatch(line)
    if not parts:
        return paragraph(line, width)
    moment, severity, message = parts.groups()
    style = _SEVERITY_STYLES.get(severity, "dim")
    text = Text.assemble((moment, "dim"), (severity, style), f" {message}")
    return _hanging(text, width)


def _labelled(line: str, width: int) -> list[Text]:
    """A line of a comparison: `New: …`, its label in bold."""
    text = Text(line)
    if label := _LABEL.match(line):
        text.stylize("bold", 0, label.end())
    return _hanging(text, width)


def _hanging(text: Text, width: int) -> list[Text]:
    """Lines of which those behind the first are indented."""
    first, *others = wrap(text, width) or [Text()]
    if not others:
        return [first]
    rest = text[len(first.plain) :]
    rest = rest[len(rest.plain) - len(rest.plain.lstrip()) :]
    return [first, *(Text.assemble("  ", line, no_wrap=True) for line in wrap(rest, width - 2))]
