"""What `blaxel-mcp get` draws on a terminal: everything in its width, nothing obeyed, and text where none is wanted."""

# ruff: noqa: RUF001 - the pictures hold characters of box drawing that look like letters
import asyncio
import io
import json
import re
import signal
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from support import sockets
from support.builders import EXECUTION, JOB, execution, runs_that_took, task
from support.faults import Answer, Faults
from support.one_execution import OneExecution
from support.plane import HOSTILE
from support.program import PATIENCE, Program, account, side_by_side
from support.screen import Emulator, Terminal, widest

from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.client import Session, Upstream
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.errors import ApiError
from blaxel_mcp.get import show
from blaxel_mcp.models import JobExecution
from blaxel_mcp.settings import load
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.summarize import summarize
from blaxel_mcp.summary.tasks import TaskList
from blaxel_mcp.summary.view import ExecutionView, build_view
from blaxel_mcp.terminal.picture import Size, draw
from blaxel_mcp.terminal.prose import sentences, split_prose
from blaxel_mcp.terminal.screen import Screen
from blaxel_mcp.terminal.shapes import ASCII, UNICODE, Shapes, cut, shapes_for
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.find import find_execution
from blaxel_mcp.tools.view_execution import view_for

IMAGE = Path(__file__).parents[1] / "docs" / "images" / "terminal.svg"
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WIDTHS = (40, 60, 80, 120, 200)
DEMO = {
    "succeeded": ("nightly-report", script.SUCCEEDED),
    "failed": ("image-resize", script.FAILED),
    "explained by its log": ("nightly-import", script.IMPORT_FAILED),
    "running": ("embed-corpus", script.RUNNING),
    "queued": ("weekly-train", script.QUEUED),
    "pending": ("backfill", script.PENDING),
    "timed out": ("weekly-train", script.TIMED_OUT),
    "being cancelled": ("backfill", script.CANCELLING),
    "cancelled": ("backfill", script.CANCELLED),
    "1,000 tasks": ("load-test", script.MANY_FAILED),
    "succeeded with failed tasks": ("load-test", script.PARTLY_FAILED),
}


@pytest.fixture(scope="module")
def demo() -> dict[str, ExecutionView]:
    """The views of the demo's executions, at a moment that stands still."""

    async def views(url: str) -> dict[str, ExecutionView]:
        app, upstream = _app(url, lambda: NOW)
        try:
            found = {}
            for name, ids in DEMO.items():
                session = app.new_session({})
                found[name] = await view_for(session, app, await find_execution(session, *ids, NOW, history=True))
            return found
        finally:
            await upstream.aclose()

    with control_plane.serve(control_plane.build_app(clock=lambda: NOW)) as url:
        return asyncio.run(views(url))


def _app(url: str, clock: Callable[[], datetime], **more: Any) -> tuple[AppContext, Upstream]:
    settings = load({}, account(url), None)
    upstream = Upstream(api_url=url, api_version=settings.api_version, timeout=PATIENCE, first_wait=0.001)
    auth = BlaxelAuth.from_settings(settings, lambda: None)
    return AppContext(lambda _: Session(upstream, auth), clock, **more), upstream


def view(raw: Any) -> ExecutionView:
    """The view of an execution that the API sent with its tasks, after five that succeeded."""
    parsed, runs = JobExecution.model_validate(raw), runs_that_took(60, 61, 58, 60, 59)
    summary = summarize(parsed, asked=(JOB, EXECUTION), workspace="acme", now=NOW, runs=runs)
    return build_view(summary, parsed, TaskList.of(parsed), runs)


def many(tasks: int, *, failed: int = 0, name: Callable[[int], str] = "task-{}".format) -> Any:
    """An execution of so many tasks, fifty at a time and ten seconds each, the first ones of which failed."""
    made = []
    for number in range(tasks):
        start = 3000 - number // 50 * 10
        one = task(
            number, "failed" if number < failed else "succeeded", (start, start - 10), "it broke" * (number < failed)
        )
        one["metadata"]["name"] = name(number)
        made.append(one)
    stats = {"total": tasks, "success": tasks - failed, "failure": failed}
    return execution("failed" if failed else "succeeded", (3005, 3000, 900), tasks=made, stats=stats)


def shown(
    what: ExecutionView, width: int = 80, height: int = 40, *, shapes: Shapes = UNICODE, least: int = 8, step: str = ""
) -> list[str]:
    """The lines of a picture as text."""
    output = io.StringIO()
    picture = draw(what, Size(width, height, least), step=step, shapes=shapes)
    Console(file=output, width=width, color_system=None, _environ={}).print(picture)
    lines = output.getvalue().removesuffix("\n").split("\n")
    assert len(lines) == len(picture.renderables), "a line was wrapped"
    return lines


# The picture, a pure function of a view and a size


def test_a_running_execution_is_drawn_whole() -> None:
    """Verdict, prose, outcomes, lanes on one axis with the time that is left, history, and the next step."""
    tasks = [
        task(0, "succeeded", (60, 30)),
        task(1, "failed", (60, 40), "exit code 137: out of memory", "OOMKilled"),
        task(2, "running", (40,)),
        task(3, "pending"),
    ]
    stats = {"total": 4, "success": 1, "failure": 1, "running": 1}
    raw = execution("running", (62, 60), tasks=tasks, stats=stats, parallelism=2, timeout=600)
    assert shown(view(raw), 70, step="Run this again.") == EXPECTED.strip("\n").split("\n")


def test_time_left_is_a_range_alone_where_no_value_is_likely() -> None:
    """One task has run for far longer than any that finished: no moment is marked."""
    tasks = [*(task(n, "succeeded", (200, 140)) for n in range(20)), task(20, "running", (200,))]
    counts = {"total": 21, "success": 20, "running": 1}
    raw = execution("running", (200, 200), tasks=tasks, stats=counts, parallelism=21)
    lines = shown(view(raw), 70)
    assert any("Time left: anything from " in line for line in lines)
    assert [set(line.strip()) for line in lines if line.startswith("time left")] == [set("time left┃░")]


EXPECTED = """
 ▸ running  resize · exec-1
workspace acme · 2 at a time

Running: 2 of 4 tasks finished (50%), 1 failed among them, 1 running,
1 waiting.
✗ 1 task: out of memory  task-1
  exit code 137: out of memory

Running for 1m. Time left: about 6s (0s to 8s), judging by 5 recent
successful executions (median 1m).

█████████████████╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳╳▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░░░░░░░░ 4
✓ 1 succeeded   ✗ 1 failed   ▸ 1 running   ○ 1 waiting

✗ task-1   ━━━━━━━━━━━━━━━✗                                        20s
✓ task-0   ━━━━━━━━━━━━━━━━━━━━━━╸                                 30s
▸ task-2                  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━           40s
○ task-3
time left                                               ┃░░░◆░      6s
          ╵0s        ╵15s       ╵30s       ╵45s       ╵1m

→ Run this again.
"""


@pytest.mark.sampled(every=4)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", DEMO)
def test_a_picture_keeps_to_the_width(demo: Mapping[str, ExecutionView], name: str, width: int) -> None:
    """No line is wider than the terminal, none is wrapped by it, and a picture on a small terminal is still bounded."""
    lines = shown(demo[name], width, 23)
    assert widest(lines) <= width
    assert len(lines) <= (45 if width >= 60 else 60)


@pytest.mark.parametrize("name", DEMO)
def test_what_is_refreshed_keeps_to_the_height(demo: Mapping[str, ExecutionView], name: str) -> None:
    """Else it could not be replaced in its place; the verdict and what comes next stay."""
    for height in (8, 9, 11, 14, 18, 23, 29, 39, 59):
        lines = shown(demo[name], 80, height, least=0, step="Watching.")
        assert len(lines) <= height
        assert any(line.startswith(split_prose(demo[name]["answer"]).verdict[:60]) for line in lines)
        assert lines[-1] == "→ Watching."


@pytest.mark.parametrize("name", DEMO)
def test_the_picture_says_all_that_the_prose_says(demo: Mapping[str, ExecutionView], name: str) -> None:
    """Reasons, doubts and the next step in a form of their own, the rest word for word."""
    answer = demo[name]["answer"]
    drawn = " ".join(" ".join(shown(demo[name], 200, 60)).split())
    said = answer["summary"].partition(" Next: ")[0]
    for sentence in sentences(said):
        if not sentence.startswith(("Why: ", "Failures: ")):
            assert sentence.removeprefix("Note: ") in drawn
    for failure in answer.get("failures", []):
        assert failure.get("message", "") in drawn
    for line in answer["evidence"]["lines"] if "evidence" in answer else ():
        assert line in drawn
    for what in (answer["nextStep"], answer["jobId"], answer["executionId"], answer["workspace"]):
        assert what in drawn


def test_ten_thousand_tasks_are_one_screen() -> None:
    """At most twenty lanes, those that went wrong, the others counted; all of them as numbers over time."""
    lines = shown(view(many(10_000, failed=70)), 100, 45)
    assert len(lines) <= 45
    lanes = [line for line in lines if re.match(r"✗ task-\d+ ", line)]
    assert 10 <= len(lanes) <= 20
    assert f"  and {10_000 - len(lanes):,} more tasks, {70 - len(lanes)} of them failed" in lines
    assert next(line for line in lines if line.startswith("at once")).split()[-1] == "50"
    assert next(line for line in lines if line.startswith("failed")).split()[-1] == "70"


@pytest.mark.parametrize("tasks", [0, 1, 60, 61])
def test_any_number_of_tasks_is_drawn(tasks: int) -> None:
    """Up to twenty lanes of those that there are; nothing of a timeline where there are none."""
    lines = shown(view(many(tasks)), 80, 45)
    lanes = [line for line in lines if re.match(r"✓ task-\d+ ", line)]
    hidden = [line for line in lines if line.startswith("  and ")]
    assert len(lanes) == (min(tasks, 20) if tasks <= 60 else 6)
    assert hidden == ([f"  and {tasks - len(lanes)} more tasks"] if tasks > 20 else [])


def test_shape_stands_beside_every_colour(demo: Mapping[str, ExecutionView]) -> None:
    """Without colours each state still has its own symbol and its own part of the bar."""
    for shapes in (UNICODE, ASCII):
        states = {*shapes.states.values(), shapes.unknown}
        assert len({state.symbol for state in states}) == len({state.fill for state in states}) == len(states)
    lines = shown(demo["failed"])
    assert any(re.fullmatch(r"█+╳+ 40", line) for line in lines)
    assert "✓ 37 succeeded   ✗ 3 failed   ↻ 4 retried" in lines


MARKUP = ("[red]red[/red]", "[link=https://example.com]x[/link]", ":boom:", "[/]", "\\[bold]", "漢字" * 50, "ﷺ" * 40)


@pytest.mark.sampled(every=4)
@pytest.mark.parametrize("width", [40, 80, 120], ids=str)
@pytest.mark.parametrize("text", [*MARKUP, *HOSTILE, "n" * 5_000], ids=lambda text: ascii(text[:9]))
def test_hostile_text_stays_text(text: str, width: int) -> None:
    """It is neither markup of Rich's nor obeyed by the terminal, and moves nothing, even if nobody had cleaned it."""
    whole = view(many(30, failed=3, name=lambda number: f"{text}{number}"))
    whole["timeline"]["lanes"]["names"] = [text] * 30
    answer = whole["answer"]
    answer["jobId"] = answer["executionId"] = answer["workspace"] = answer["status"] = text
    answer["failures"] = [{"cause": "exit_code", "count": 3, "message": text, "tasks": [text]}] * 5
    answer["warnings"] = [text]
    answer["config"] = {"envOverrides": [text]}
    whole["timeline"]["lanes"]["statuses"] = [text]
    whole["timeline"]["lanes"]["status"] = [0] * 30
    for shapes in (UNICODE, ASCII):
        lines = shown(whole, width, 40, shapes=shapes)
        assert widest(lines) <= width
        assert "".join(lines).isprintable()
        assert len(lines) <= 60


def test_tasks_that_were_not_read_are_counted() -> None:
    """They are among those that have no lane."""
    whole = view(many(30))
    whole["timeline"]["unread"] = 70
    assert "  and 80 more tasks, 70 not read" in shown(whole, 80, 60)


def test_markup_is_shown_as_it_is_written() -> None:
    """Square brackets and colons are nothing special."""
    drawn = "\n".join(shown(view(many(3, name=lambda number: f"[red]{number}[/red]:boom:")), 120))
    assert "[red]0[/red]:boom:" in drawn


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("short", 5, "short"),
        ("task-1234567", 8, "task…567"),
        ("漢字漢字漢字", 6, "漢…字"),
        ("anything", 1, "…"),
        ("anything", 0, ""),
    ],
)
def test_a_name_is_cut_in_its_middle(text: str, width: int, expected: str) -> None:
    """By columns, not characters: numbers at the end tell tasks apart."""
    assert cut(text, width, UNICODE) == expected


@pytest.mark.parametrize(
    ("encoding", "shapes"),
    [("utf-8", UNICODE), ("utf-16", UNICODE), ("ascii", ASCII), ("cp1252", ASCII), ("cp437", ASCII), ("none", ASCII)],
)
def test_shapes_are_those_that_the_encoding_has(encoding: str, shapes: Shapes) -> None:
    """An encoding without the characters of boxes and blocks gets others."""
    assert shapes_for(encoding) is shapes


def test_prose_that_differs_from_the_fields_stays(demo: Mapping[str, ExecutionView]) -> None:
    """What can't be taken out of it as it is, as with a short answer, is not said in another form besides."""
    answer = demo["succeeded with failed tasks"]["answer"]
    (doubt,) = split_prose(answer).warnings
    other: ExecutionAnswer = {**answer, "warnings": [doubt, "another doubt"]}
    assert split_prose(other).warnings == []
    assert f"Note: {doubt}" in split_prose(other).rest


def test_sentences_end_outside_of_quotes() -> None:
    """What is quoted was written by a job, and may look like anything."""
    said = 'Failed: 1 task. Why: task "a. Next: b" said "Note: c. d". Ran 3s.'
    assert list(sentences(said)) == ["Failed: 1 task.", 'Why: task "a. Next: b" said "Note: c. d".', "Ran 3s."]


# On a terminal


@pytest.fixture(scope="module")
def screens(plane: str) -> dict[str, tuple[int, Emulator, str]]:
    """Exit code, screen and errors of runs of the program on a terminal."""

    def on_terminal(*arguments: str, size: tuple[int, int] = (80, 24), **env: str) -> tuple[int, Emulator, str]:
        encoding = env.get("PYTHONIOENCODING", "utf-8")
        env = {"TERM": "xterm-256color"} | ({} if "--demo" in arguments else account(plane)) | env
        with (
            Terminal(*size, encoding) as terminal,
            Program("get", *arguments, env=env, stdout=terminal.program_end) as program,
        ):
            code, errors = program.wait(), program.errors()
            return code, terminal.finish(), errors

    runs: dict[str, Callable[[], tuple[int, Emulator, str]]] = {
        name: lambda ids=ids: on_terminal(*ids)  # type: ignore[misc]
        for name, ids in DEMO.items()
    }
    failed = DEMO["failed"]
    runs |= {
        "40 columns": lambda: on_terminal(*failed, size=(40, 24)),
        "120 columns": lambda: on_terminal(*failed, size=(120, 50)),
        "NO_COLOR": lambda: on_terminal(*failed, NO_COLOR="1"),
        "FORCE_COLOR": lambda: on_terminal(*failed, FORCE_COLOR="1"),
        "dumb": lambda: on_terminal(*failed, TERM="dumb"),
        "ascii": lambda: on_terminal(*failed, PYTHONIOENCODING="ascii"),
        "cp1252": lambda: on_terminal(*failed, PYTHONIOENCODING="cp1252"),
        "json": lambda: on_terminal(*failed, "--json"),
        "watched": lambda: on_terminal(*failed, "--watch"),
        "narrow": lambda: on_terminal(*failed, size=(7, 5)),
        "--demo": lambda: on_terminal(*failed, "--demo"),
        "no such execution": lambda: on_terminal("image-resize", "exec-1", "--watch"),
    }
    return side_by_side(runs)


@pytest.mark.slow
@pytest.mark.parametrize("name", DEMO)
def test_an_execution_is_drawn_on_a_terminal(screens: Mapping[str, tuple[int, Emulator, str]], name: str) -> None:
    """Of every kind: exit code 0, no error, within the terminal's width, colours besides."""
    code, screen, errors = screens[name]
    assert (code, errors) == (0, "")
    assert re.match(r" [✓✗⊘▸○] ", screen.lines[0])
    assert DEMO[name][0] in screen.lines[0]
    assert widest(screen.lines) <= 80
    assert screen.styles & {"31", "32", "33", "36"}
    assert screen.cursor_shown
    assert len(screen.lines) <= 45


@pytest.mark.slow
@pytest.mark.parametrize(("name", "columns"), [("40 columns", 40), ("120 columns", 120)])
def test_the_width_is_the_terminals(screens: Mapping[str, tuple[int, Emulator, str]], name: str, columns: int) -> None:
    """And all of it is used."""
    assert widest(screens[name][1].lines) == columns


@pytest.mark.slow
@pytest.mark.parametrize("name", ["NO_COLOR", "FORCE_COLOR", "--demo"])
def test_colours_are_there_where_they_are_wanted(screens: Mapping[str, tuple[int, Emulator, str]], name: str) -> None:
    """NO_COLOR leaves weight and reverse, the picture is the same."""
    colours = {style for style in screens[name][1].styles if len(style) == 2}
    assert colours == (set() if name == "NO_COLOR" else {"31", "32", "36"})
    picture, usual = (without_times(screens[which][1].text) for which in (name, "failed"))
    assert picture.split() == usual.split()


def without_times(picture: str) -> str:
    """A picture without its numbers, and without the seconds of a duration, which whole minutes lack."""
    return re.sub(r"\d+", "0", re.sub(r"(\d+[hm])\s+\d+[ms]\b", r"\1", picture))


@pytest.mark.slow
def test_a_dumb_terminal_gets_the_text_of_a_pipe(screens: Mapping[str, tuple[int, Emulator, str]]) -> None:
    """One line of prose and nothing to obey; likewise JSON with --json."""
    code, screen, errors = screens["dumb"]
    assert (code, errors, screen.styles, screen.lines[1:]) == (0, "", set(), [""])
    assert screen.lines[0].startswith("Failed: 3 of 40 tasks failed")
    assert json.loads(screens["json"][1].text)["outcome"] == "failed"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ascii", "cp1252"])
def test_an_encoding_without_blocks_gets_other_shapes(
    screens: Mapping[str, tuple[int, Emulator, str]], name: str
) -> None:
    """The same picture of plain characters."""
    code, screen, errors = screens[name]
    assert (code, errors) == (0, "")
    assert screen.lines[0].startswith(" x failed  image-resize - ")
    assert any(re.fullmatch(r"#+X+ 40", line) for line in screen.lines)
    assert screen.text.isascii()


@pytest.mark.slow
def test_a_watched_execution_that_is_done_is_drawn_once(screens: Mapping[str, tuple[int, Emulator, str]]) -> None:
    """It stays on the screen, and the exit code is that of a pipe."""
    code, screen, errors = screens["watched"]
    assert (code, errors, screen.cursor_shown) == (3, "", True)
    assert sum("image-resize" in line for line in screen.lines) == 1


@pytest.mark.slow
def test_ten_thousand_tasks_are_drawn_on_a_terminal() -> None:
    """From the API to the screen, which has room for all that matters."""
    app = OneExecution(JOB, EXECUTION, many(10_000, failed=70), now=NOW)
    with (
        control_plane.serve(app) as url,
        Terminal(100, 40) as terminal,
        Program("get", JOB, EXECUTION, env=account(url) | {"TERM": "xterm"}, stdout=terminal.program_end) as program,
    ):
        assert (program.wait(), program.errors()) == (0, "")
        screen = terminal.finish()
    assert screen.lines[3] == "Failed: 70 of 10,000 tasks failed, 9,930 succeeded."
    assert next(line for line in screen.lines if line.startswith("at once")).split()[-1] == "50"
    assert len(screen.lines) <= 41
    assert widest(screen.lines) <= 100


@pytest.mark.slow
def test_no_terminal_is_too_narrow(screens: Mapping[str, tuple[int, Emulator, str]]) -> None:
    """What has no room is not seen, and nothing is wrapped."""
    code, screen, errors = screens["narrow"]
    assert (code, errors) == (0, "")
    assert widest(screen.lines) == 7


@pytest.mark.slow
def test_an_error_is_said_as_in_a_pipe(screens: Mapping[str, tuple[int, Emulator, str]]) -> None:
    """One line on standard error, and nothing is drawn."""
    code, screen, errors = screens["no such execution"]
    assert (code, screen.text, errors.count("\n")) == (1, "", 1)
    assert errors.startswith('blaxel-mcp: Job "image-resize" has no execution "exec-1" (404).')


@pytest.mark.slow
def test_an_interrupt_leaves_the_terminal_in_order() -> None:
    """The picture stays, the cursor is in sight below it; exit code 130 and no traceback."""
    with (
        Terminal(80, 24) as terminal,
        Program(
            "get", *DEMO["running"], "--watch", "--demo", env={"TERM": "xterm"}, stdout=terminal.program_end
        ) as program,
    ):
        terminal.wait_for("the next look is in ")
        program.signal(signal.SIGINT)
        assert (program.wait(), program.errors()) == (130, "")
        screen = terminal.finish()
    assert screen.cursor_shown
    assert re.fullmatch(r"→ About .* left\. Watching, the next look is in \d+s\.", screen.lines[-2])
    assert screen.lines[-1] == ""


@pytest.mark.slow
def test_only_a_terminal_imports_rich(plane: str) -> None:
    """Neither a pipe nor a server does, which pay for every import; FORCE_COLOR makes no terminal of a pipe.

    Where Rich is installed, the SDK would log with it, and httpx would offer its command line.
    """
    command = (sys.executable, "-P", "-X", "importtime", "-m", "blaxel_mcp")
    env = account(plane) | {"FORCE_COLOR": "1"}
    arguments = dict(zip(("jobId", "executionId"), DEMO["failed"], strict=True))
    errors = {}
    with Program("get", *DEMO["failed"], "--watch", env=env, command=command) as program:
        assert program.wait() == 3
        assert program.output().startswith("Failed: 3 of 40 tasks failed")
        errors["pipe"] = program.errors()
    with Program(env=env, command=command) as program:
        program.request("tools/call", {"name": "get_job_execution", "arguments": arguments}, modern=True)
        program.close_input()
        assert program.wait() == 0
        errors["stdio"] = program.errors()
    with Program("--transport", "http", "--port", "0", env=env, command=command) as program:
        base = program.listening()
        sockets.call(base, "get_job_execution", arguments)
        program.signal(signal.SIGTERM)
        program.wait()
        errors["http"] = program.errors()
    for where, said in errors.items():
        modules = {line.rsplit("|", 1)[-1].strip() for line in said.splitlines() if line.startswith("import time:")}
        assert "blaxel_mcp.summary.answer" in modules
        assert modules.isdisjoint({"rich", "pygments", "blaxel_mcp.terminal"}), where


# Watching, with a clock of its own


class Watched:
    """What `show` draws while it watches, on a terminal of 80 columns and 30 lines, and the time that passes."""

    def __init__(self, on_sleep: Callable[[float], None] = lambda _: None) -> None:
        self.now = NOW
        self.screen = Emulator()
        self.seen: list[str] = []
        self._on_sleep = on_sleep
        self._output, self._read = _Output(), 0

    async def sleep(self, seconds: float) -> None:
        """Look at the screen, and move the clock."""
        self._look()
        self.now += timedelta(seconds=seconds)
        self._on_sleep(self._seconds())

    def _seconds(self) -> float:
        return (self.now - NOW).total_seconds()

    def _look(self) -> None:
        written = self._output.getvalue()
        self.screen.write(written[self._read :].replace("\n", "\r\n"))  # as a terminal does
        self._read = len(written)
        self.seen.append(self.screen.text)

    def watch(self, url: str, job: str, execution_id: str) -> ExecutionAnswer:
        """Watch an execution to its end."""

        async def watch() -> ExecutionAnswer:
            app, upstream = _app(url, lambda: self.now, sleep=self.sleep, timer=self._seconds)
            try:
                with Screen(self._output, {"TERM": "xterm", "COLUMNS": "80", "LINES": "30"}, in_place=True) as screen:
                    return (await show(app, job, execution_id, watch=True, screen=screen)).answer
            finally:
                await upstream.aclose()

        try:
            return asyncio.run(watch())
        finally:
            self._look()


class _Output(io.StringIO):
    encoding = "utf-8"


def test_watching_refreshes_in_place_to_the_end() -> None:
    """One picture at any time, the time left and the next look counted down; the last one stays."""
    watched = Watched()
    with control_plane.serve(control_plane.build_app(clock=lambda: watched.now)) as url:
        assert watched.watch(url, *DEMO["running"])["outcome"] == "succeeded"
    assert {text.count("embed-corpus") for text in watched.seen} <= {0, 1}
    assert watched.screen.highest < 30
    first = watched.seen[0].splitlines()[-1]
    found = re.fullmatch(r"→ About 1m 5\ds left\. Watching, the next look is in (\d+)s\.", first)
    assert found, first
    counted = [re.search(r"the next look is in (\d+)s\.", text) for text in watched.seen[: int(found[1])]]
    assert [int(each[1]) for each in counted if each] == list(range(int(found[1]), 0, -1))
    assert watched.screen.lines[0].startswith(" ✓ succeeded  embed-corpus")
    assert watched.screen.lines[-2:] == ["→ Nothing to do.", ""]
    assert watched.screen.cursor_shown


def test_a_failed_look_is_said_in_place() -> None:
    """And that another one follows; after the next good one it is gone."""
    faults = Faults(control_plane.build_app())
    down = Answer(503)

    def on_sleep(passed: float) -> None:
        if passed == 1:
            faults.add(*[down] * 4, Answer(200, json_body={"metadata": {"id": script.QUEUED}, "status": "succeeded"}))

    watched = Watched(on_sleep)
    with control_plane.serve(faults) as url:
        assert watched.watch(url, *DEMO["queued"])["outcome"] == "succeeded"
    failed = [text for text in watched.seen if "The last look failed: " in text]
    assert failed
    assert all("Not started yet: " in text for text in failed)
    assert "failed" not in watched.screen.text.splitlines()[-2]


def test_watching_ends_when_looks_go_on_failing() -> None:
    """The picture stays with what was known last, and the error goes its usual way."""
    faults = Faults(control_plane.build_app())
    watched = Watched(lambda passed: faults.always(Answer(403)) if passed == 1 else None)
    with control_plane.serve(faults) as url, pytest.raises(ApiError):
        watched.watch(url, *DEMO["queued"])
    assert "Not started yet: " in watched.screen.text
    assert watched.screen.cursor_shown


# The picture in the documentation

SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<title>blaxel-mcp get on a terminal</title>
<style>
.{unique_id}-matrix {{
  font: {char_height}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  line-height: {line_height}px; white-space: pre;
}}
.{unique_id}-title {{ font: bold 16px ui-sans-serif, system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Rich's own form, without the fonts that it would fetch."""


def test_the_documents_show_what_is_drawn(demo: Mapping[str, ExecutionView], pytestconfig: pytest.Config) -> None:
    """The picture is made of the demo, holds all that it needs, and is small; `--update-pictures` writes it anew."""
    console = Console(
        file=io.StringIO(), width=84, record=True, force_terminal=True, color_system="truecolor", _environ={}
    )
    console.print(draw(demo["failed"], Size(84, 36, least_lanes=8)))
    title = " ".join(("blaxel-mcp get", *DEMO["failed"]))
    made = console.export_svg(title=title, code_format=SVG, unique_id="terminal")
    made = "".join(f"{line.strip()}\n" for line in made.splitlines() if line.strip())
    if pytestconfig.getoption("--update-pictures"):
        IMAGE.parent.mkdir(exist_ok=True)
        IMAGE.write_text(made, encoding="utf-8")
    assert IMAGE.read_text(encoding="utf-8") == made, "write it anew with --update-pictures, and look at it"
    assert len(made.encode()) < 60_000
    assert re.findall(r"(?:https?:|url\()[^\s\"]*", made.replace('xmlns="http://www.w3.org/2000/svg"', "")) == [
        found for found in re.findall(r"url\([^)]*\)", made) if found.startswith("url(#terminal-")
    ]
    assert "@" not in made
