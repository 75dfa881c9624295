"""The tools as commands of a shell: the same answers, in a pipe, as JSON and on a terminal, with advice for a shell."""

import asyncio
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from support.caller import invisible
from support.commands import answered, ask, tool_answer
from support.plane import NOW
from support.program import Program, account, environment, nobody, run, side_by_side, without_ages
from support.screen import Emulator, Terminal, widest

from blaxel_mcp.command_line import parse
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.errors import ArgumentError, BlaxelMcpError
from blaxel_mcp.process import ExitCode

JOBS = ("nightly-report", "nightly-import", "embed-corpus", "weekly-train", "image-resize", "load-test", "backfill")
TOLD = re.compile(r"\b(?:list_jobs|(?:list|get|compare|wait_for|cancel)_job_\w+|run_job|jobId|executionId|taskName)\b")
"""What is said to a model alone."""
LINES: Sequence[str] = (
    "jobs",
    "jobs --limit 3",
    *(f"executions {job} --limit 2" for job in JOBS),
    *(f"tasks {job} --limit 3" for job in JOBS),
    *(f"logs {job} --limit 5" for job in JOBS),
    "logs nightly-import --search nothing",
    "logs nightly-import --task-name nobody --severity error",
    *(f"compare {job}" for job in ("nightly-report", "nightly-import", "embed-corpus", "image-resize")),
    *(f"wait {job} --timeout-seconds 1" for job in JOBS),
)
SHOWN = (
    "jobs --limit 3",
    "executions nightly-import --limit 2",
    "tasks load-test --limit 3",
    "logs nightly-import --limit 5",
    "logs nightly-import --search nothing",
    "compare image-resize",
    "compare nightly-import",
    "compare embed-corpus",
    "wait embed-corpus --timeout-seconds 1",
    "wait load-test --timeout-seconds 1",
)


@pytest.fixture(scope="module")
def still() -> Iterator[str]:
    """A control plane of the demo whose clock stands still."""
    with control_plane.serve(control_plane.build_app(clock=lambda: NOW)) as url:
        yield url


@pytest.mark.sampled(every=5)
@pytest.mark.parametrize("line", LINES)
def test_json_is_the_tools_structured_result(still: str, line: str) -> None:
    """The very same object, with its advice for programs and models."""
    assert json.loads(ask(still, f"{line} --json").text) == tool_answer(still, line)[1]


@pytest.mark.sampled(every=5)
@pytest.mark.parametrize("line", LINES)
def test_a_pipe_gets_the_tools_text_with_advice_for_a_shell(still: str, line: str) -> None:
    """Line for line, not wrapped; no tool and no argument of one is named."""
    printed, (text, _) = ask(still, line), tool_answer(still, line)
    assert printed.text.endswith("\n")
    said, told = printed.text[:-1].split("\n"), text.split("\n")
    assert [line for line in said if line.startswith("- ")] == [line for line in told if line.startswith("- ")]
    assert len(said) == len(told)
    assert not TOLD.search(printed.text)
    assert not invisible(printed.text.replace("\n", ""))


@pytest.mark.sampled(every=5)
@pytest.mark.parametrize("line", LINES)
def test_every_command_that_is_advised_can_be_run(still: str, line: str) -> None:
    """As it stands between its backticks; it asks the demo if that was asked."""
    printed = ask(still, f"{line} --demo")
    named = [one for one in re.findall(r"`([^`]+)`", printed.text) if not one.startswith("bl ")]
    assert named == [one for one in printed.advised if f"`{one}`" in printed.text]
    for one in named:
        program, *words = shlex.split(one)
        command = parse(words)
        assert (program, command.demo) == ("blaxel-mcp", True)
        if not command.watch and command.name != "get":
            assert asyncio.run(answered(still, command)).text


@pytest.mark.sampled(every=7)
@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("line", SHOWN)
def test_a_terminal_gets_a_heading_and_lines_of_its_width(still: str, line: str, columns: int) -> None:
    """All of the words of the answer are there, and below it the command to go on with, which can be pasted."""
    shown = ask(still, f"{line} --demo", columns).text
    screen = Emulator()
    screen.write(shown.replace("\n", "\r\n"))
    command = parse(shlex.split(line))
    pasted = [one for one in screen.lines if one.startswith("    ")]
    assert widest([one for one in screen.lines if one not in pasted]) <= columns
    assert not TOLD.search(screen.text)
    if command.name != "wait":
        assert screen.lines[0].startswith(f" {command.name}")
    assert all(str(command.arguments.get("jobId", "")) in one for one in screen.lines[:1])
    if pasted and command.name != "wait":
        program, *words = shlex.split(" ".join(pasted).replace("\\ ", " "))
        assert (program, parse(words).demo) == ("blaxel-mcp", True)


@pytest.mark.sampled(every=5)
@pytest.mark.parametrize("columns", [8, 20, 29])
@pytest.mark.parametrize("line", [line for line in SHOWN if not line.startswith("wait")])
def test_nothing_is_lost_on_a_narrow_terminal(still: str, line: str, columns: int) -> None:
    """All characters of the answer are there, in lines of its width."""
    screen = Emulator()
    screen.write(ask(still, f"{line} --quiet", columns).text.replace("\n", "\r\n"))
    assert widest(screen.lines) <= columns
    shown, said = re.sub(r"\s", "", screen.text), ask(still, f"{line} --quiet").text.splitlines()
    assert [one for one in said if re.sub(r"\s", "", one.removeprefix("- ")) not in re.sub("[✗✓▸○⊘?]", "", shown)] == []


@pytest.mark.sampled(every=5)
@pytest.mark.parametrize("columns", [12, 20, 29])
@pytest.mark.parametrize("job", JOBS)
def test_no_sentence_of_a_picture_is_lost_on_a_narrow_terminal(still: str, job: str, columns: int) -> None:
    """What happened and what to do next are wrapped to its width."""
    line = f"wait {job} --timeout-seconds 1"
    answer = json.loads(ask(still, f"{line} --json").text)
    screen = Emulator()
    screen.write(ask(still, line, columns).text.replace("\n", "\r\n"))
    shown = re.sub(r"\s", "", screen.text)
    verdict = re.split(r"(?<=\.) ", answer["summary"])[0]
    step = re.split("[`]", answer["nextStep"])[0] if "`" in ask(still, line).text else answer["nextStep"]
    assert re.sub(r"\s", "", verdict) in shown
    assert step.startswith("Call ") or re.sub(r"\s", "", step) in shown


def test_an_answer_on_a_terminal(still: str) -> None:
    """The whole of one, as it is read."""
    screen = Emulator()
    screen.write(ask(still, "executions nightly-import --limit 2", 60).text.replace("\n", "\r\n"))
    assert (
        screen.text
        == """\
 executions  nightly-import

The newest execution of job "nightly-import" failed 5h 27m
ago, 3 of 40 tasks failed; showing 1 to 2 of 7. The newest
is the first failure after 2 that succeeded, the last of
them yesterday at 03:32 UTC. Of 7 executions looked at, 5
succeeded and 2 failed (71% success); usually 2m 46s. Due
today at 03:30 UTC, 5h 30m ago: an execution was created
then and failed. Next due tomorrow at 03:30 UTC.

✗ "exec-b7d2640f": failed, 37 of 40 tasks succeeded, 3
  failed, started 2026-11-24T03:30:04Z, took 2m 38s
✓ "exec-d3520be7": succeeded, 40 of 40 tasks succeeded,
  started 2026-11-23T03:30:04Z, took 2m 46s

→ To go on, run this:
    blaxel-mcp executions nightly-import --limit 2 \\
      --cursor '2!'
"""
    )


@pytest.mark.sampled(every=3)
@pytest.mark.parametrize(
    "line", ["jobs --limit 3", "executions nightly-import --limit 2", "tasks load-test", "compare nightly-import"]
)
@pytest.mark.parametrize("columns", [0, 80])
def test_quiet_leaves_out_heading_and_advice(still: str, line: str, columns: int) -> None:
    """And nothing else: what is left are lines of the answer as it is without it."""
    quiet, usual = ask(still, f"{line} --quiet", columns), ask(still, line, columns)
    assert "blaxel-mcp" in usual.text
    assert "blaxel-mcp" not in quiet.text
    assert "→" not in quiet.text
    assert quiet.text.rstrip("\n") in usual.text
    assert len(quiet.text.splitlines()) >= len(usual.text.splitlines()) - (6 if columns else 1)


@pytest.mark.parametrize("columns", [0, 120])
def test_a_quiet_log_is_its_lines(still: str, columns: int) -> None:
    """For what reads logs: time, severity and text, without quotes."""
    lines = json.loads(ask(still, "logs nightly-import --limit 4 --json").text)["lines"]
    printed = ask(still, "logs nightly-import --limit 4 --quiet", columns).text
    assert re.sub(r"\x1b\[[0-9;]*m", "", printed).splitlines() == lines


@pytest.mark.parametrize("columns", [0, 80])
def test_a_quiet_log_without_a_hit_is_nothing(still: str, columns: int) -> None:
    """No empty line, which a program would count."""
    assert ask(still, "logs nightly-import --search nothing --quiet", columns).text == ""


@pytest.mark.parametrize("columns", [0, 80])
@pytest.mark.parametrize("job", ["embed-corpus", "nightly-import"])
def test_a_quiet_wait_is_how_it_stands(still: str, job: str, columns: int) -> None:
    """Without what to do next."""
    line = f"wait {job} --timeout-seconds 1"
    assert "Next" not in ask(still, f"{line} --quiet", columns).text
    assert "→" not in ask(still, f"{line} --quiet", columns).text


@pytest.mark.parametrize(
    ("job", "code"),
    [("nightly-report", ExitCode.SUCCESS), ("nightly-import", ExitCode.NOT_SUCCEEDED), ("backfill", ExitCode.NOT_DONE)],
)
def test_a_wait_ends_with_how_it_went(still: str, job: str, code: ExitCode) -> None:
    """0 succeeded, 3 ended otherwise, 4 the time was up first."""
    assert ask(still, f"wait {job} --timeout-seconds 1").code == code


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("tasks ''", "Wrong arguments: JOB must not be empty. Trying again unchanged will not help. Nothing was sent."),
        ("compare nightly-import latest latest", 'EXECUTION and BASELINE are both "latest"'),
        ("jobs --search x", "--search must have 2 to 200 characters, so nothing was sent."),
        ("jobs --cursor 'a b'", "--cursor is not one that this tool gave"),
        ("tasks https://example.com/", "JOB is an address, but not one of a job"),
        ("tasks nightly-import https://app.blaxel.ai/w/jobs/nightly-import", "EXECUTION is an address without"),
        ("tasks nightly-import 'latest running'", "see `blaxel-mcp executions nightly-import`."),
        ("executions nobody-knows", "which `blaxel-mcp jobs` names."),
    ],
)
def test_an_error_speaks_of_options_and_commands(still: str, line: str, said: str) -> None:
    """Also where the answer would have been JSON."""
    for form in (line, f"{line} --json"):
        with pytest.raises(BlaxelMcpError) as refused:
            ask(still, form)
        assert said in str(refused.value)
        assert not TOLD.search(str(refused.value))


def test_a_wrong_argument_is_wrong_usage(still: str) -> None:
    """Which exit code 2 stands for."""
    with pytest.raises(ArgumentError):
        ask(still, "logs nightly-import --task-name " + "x" * 201)


# As a subprocess


@pytest.fixture(scope="module")
def runs(plane: str) -> dict[str, tuple[int, str, str]]:
    """Exit code, output and errors of runs of the program."""
    lines = {
        "jobs": "jobs",
        "wait": "wait weekly-train --timeout-seconds 1",
        "wait, failed": "wait nightly-import --json",
        "get": "get nightly-import",
        "get, quiet": "get nightly-import --quiet",
        "dash": "executions -- -x",
        "substitution": "logs '$(touch pwned)' '`touch pwned`'",
        "control": "logs 'a\nb'",
        "misspelt": "jbos",
    }
    programs: dict[str, Callable[[], tuple[int, str, str]]] = {
        name: partial(run, *shlex.split(line), env=account(plane)) for name, line in lines.items()
    }
    programs["variable"] = partial(run, "jobs", "--quiet", env=account(plane) | {"BLAXEL_MCP_RAWW": "x"})
    return side_by_side(programs)


@pytest.mark.parametrize(
    ("name", "code", "begins", "error"),
    [
        ("jobs", 0, "3 of 8 jobs need attention: ", ""),
        ("wait", 4, "Not started yet: ", ""),
        ("wait, failed", 3, "{\n", ""),
        ("get", 0, "Failed: ", ""),
        ("get, quiet", 0, "Failed: ", ""),
        ("dash", 1, "", 'blaxel-mcp: There is no job "-x" in this workspace (404).'),
        ("substitution", 1, "", 'blaxel-mcp: There is no job "$(touch pwned)" in this workspace (404).'),
        ("control", 2, "", "blaxel-mcp: JOB contains control characters, so nothing was sent."),
        ("misspelt", 2, "", "blaxel-mcp: Unknown command 'jbos'; did you mean jobs? See blaxel-mcp --help.\n"),
        ("variable", 0, "3 of 8 jobs need attention: ", ""),
    ],
)
@pytest.mark.slow
def test_output_error_and_exit_code(
    runs: Mapping[str, tuple[int, str, str]], name: str, code: int, begins: str, error: str
) -> None:
    """An answer on standard output or one line on standard error, never both; --quiet silences warnings."""
    got, out, err = runs[name]
    assert (got, out[: len(begins)], err[: len(error)]) == (code, begins, error)
    assert bool(out) != bool(err)
    assert err.count("\n") == bool(err)
    assert not TOLD.search(err)


@pytest.mark.slow
def test_a_quiet_get_has_no_next_step(runs: Mapping[str, tuple[int, str, str]]) -> None:
    """Else it is what a pipe gets."""
    usual, quiet = runs["get"][1], runs["get, quiet"][1]
    without = re.sub(r" Next: .*? succeeded\.(?= Job )", "", usual)
    assert without_ages(without) == without_ages(quiet)
    assert "Next:" not in quiet


@pytest.mark.slow
def test_a_closed_pipe_is_no_error(plane: str) -> None:
    """As with `| head`: nothing on standard error, exit code 0."""
    with nobody() as pipe, Program("jobs", env=account(plane), stdout=pipe) as program:
        assert (program.wait(), program.errors()) == (0, "")


@pytest.mark.slow
def test_an_interrupted_wait_is_not_a_crash() -> None:
    """Progress is told on a terminal; Ctrl-C ends the wait with exit code 130 and no traceback."""
    with (
        Terminal(80, 24) as terminal,
        Program("wait", "embed-corpus", "--timeout-seconds", "600", "--demo", stderr=terminal.program_end) as program,
    ):
        terminal.wait_for("8 of 20 tasks finished")
        program.signal(signal.SIGINT)
        assert (program.wait(), program.output()) == (130, "")
        assert terminal.finish().text.rstrip() == "8 of 20 tasks finished"


@pytest.mark.slow
def test_a_wait_for_what_is_over_tells_no_progress() -> None:
    """The answer is there at once."""
    with (
        Terminal(80, 24) as terminal,
        Program("wait", "image-resize", "--demo", stderr=terminal.program_end) as program,
    ):
        assert (program.wait(), program.output()[:8]) == (3, "Failed: ")
        assert terminal.finish().text == ""


@pytest.mark.slow
@pytest.mark.parametrize("no_color", ["1", "anything"])
def test_no_color_is_honoured_by_everything(plane: str, no_color: str) -> None:
    """By the answers that are drawn and by the demo; an empty one counts for nothing."""

    def shown(*words: str, value: str) -> set[str]:
        env = account(plane) | {"TERM": "xterm-256color", "NO_COLOR": value}
        with Terminal(80, 24) as terminal, Program(*words, env=env, stdout=terminal.program_end) as program:
            assert program.wait() == 0
            return terminal.finish().styles

    lines = {"jobs": ("jobs",), "logs": ("logs", "nightly-import"), "compare": ("compare", "image-resize")}
    silent = side_by_side({name: partial(shown, *words, value=no_color) for name, words in lines.items()})
    for name, styles in silent.items():
        assert styles <= {"1", "2", "7"}, name  # weight, and the heading's reversal
    assert shown("demo", value=no_color) == set()
    if no_color == "1":
        assert shown("jobs", value="") & {"31", "32", "33", "36"}


@pytest.mark.slow
def test_a_drawn_execution_advises_commands() -> None:
    """As a list does; where nothing was looked up, the reasons are in its task list."""
    words = ("--lookups", "never", "get", "nightly-import", "--demo")
    with (
        Terminal(120, 40) as terminal,
        Program(*words, env={"TERM": "xterm"}, stdout=terminal.program_end) as program,
    ):
        assert (program.wait(), program.errors()) == (0, "")
        *_, step, pasted, end = terminal.finish().lines
    assert (step, end) == ("→ Run this for the reasons:", "")
    asked = f"tasks nightly-import {script.IMPORT_FAILED} --status failed --demo"
    assert shlex.split(pasted.replace("\\", " ")) == [sys.executable, "-m", "blaxel_mcp", *asked.split()]


@contextmanager
def bash(line: str, folder: Path, **env: str) -> Iterator[subprocess.CompletedProcess[str]]:
    """What bash makes of a line that is pasted into it."""
    command = ["bash", "-c", line]
    yield subprocess.run(  # noqa: S603 - our own program's line
        command, cwd=folder, env=environment(**env), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="pastes into bash")
def test_the_demos_last_line_works_when_pasted(tmp_path: Path) -> None:
    """Into a shell of another folder, where no such program is on PATH."""
    code, out, err = run("demo")
    assert (code, err) == (0, "")
    last = out.splitlines()[-1]
    assert last.startswith(f"{sys.executable} -m blaxel_mcp get nightly-import {script.IMPORT_FAILED}")
    with bash(last, tmp_path) as pasted:
        assert (pasted.returncode, pasted.stderr) == (0, "")
        assert pasted.stdout.startswith("Failed: 3 of 40 tasks failed")
