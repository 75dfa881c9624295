"""`blaxel-mcp get`: the tool's answer in a shell, and following an execution to its end."""

import asyncio
import json
import re
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from support.caller import caller
from support.faults import Answer, Faults
from support.program import PATIENCE, Program, account, nobody, run, side_by_side, without_ages

from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.client import Session, Upstream
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.errors import ApiError
from blaxel_mcp.get import get
from blaxel_mcp.settings import load
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.tools.context import AppContext

# As a subprocess: what is printed, and the exit code

RUNS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "failed": (("image-resize", script.FAILED), {}),
    "failed, watched": (("image-resize", script.FAILED, "--watch", "--json"), {}),
    "queued": (("weekly-train", script.QUEUED), {}),  # for ever, so that no test depends on when it asks
    "unknown": (("image-resize", "exec-1"), {}),
    "no key": (("image-resize", script.FAILED), {"BL_API_KEY": ""}),
}


ASKED = {"jobId": "image-resize", "executionId": script.FAILED}


@pytest.fixture(scope="module")
def runs(plane: str) -> dict[str, tuple[int, str, str]]:
    """The outcome of every run, and the structured result of the tool for the same execution."""

    def get(arguments: tuple[str, ...], env: dict[str, str]) -> tuple[int, str, str]:
        return run("get", *arguments, env=account(plane) | env)

    async def call() -> tuple[int, str, str]:
        async with caller(plane, clock=lambda: datetime.now(UTC)) as calls:
            return 0, json.dumps(await calls.ask("get_job_execution", **ASKED)), ""

    return side_by_side({name: partial(get, *given) for name, given in RUNS.items()}) | {
        "over MCP": asyncio.run(call())
    }


def test_an_answer_is_exit_code_0(runs: dict[str, tuple[int, str, str]]) -> None:
    """The prose is one line; an execution that failed was asked for and answered too."""
    code, out, err = runs["failed"]
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert out.startswith("Failed: ")


def test_a_pipe_gets_the_tools_text_and_nothing_else(runs: dict[str, tuple[int, str, str]]) -> None:
    """Word for word but for the time that passes: no picture, no colours."""
    out, tool = runs["failed"][1], json.loads(runs["over MCP"][1])["summary"]
    assert without_ages(out) == without_ages(tool) + "\n"


def test_the_next_step_is_for_a_shell(runs: dict[str, tuple[int, str, str]]) -> None:
    """It names no tool, which only a model could call."""
    code, out, _ = runs["queued"]
    assert code == 0
    assert re.search(r"Next: Run this again in \d+s, or with --watch\.", out)
    assert "get_job_execution" not in out


def test_a_watched_execution_that_failed_is_exit_code_3(runs: dict[str, tuple[int, str, str]]) -> None:
    """So that a script can tell; an execution that is done is not waited for."""
    assert runs["failed, watched"][::2] == (3, "")


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("unknown", 1, 'Job "image-resize" has no execution "exec-1" (404).'),
        ("no key", 2, "No Blaxel credential was found."),
    ],
)
def test_an_error_is_one_line(runs: dict[str, tuple[int, str, str]], name: str, code: int, said: str) -> None:
    """On standard error, with exit code 1 if the API said no, and 2 if it could not be asked."""
    got, out, err = runs[name]
    assert (got, out, err.count("\n")) == (code, "", 1)
    assert err.startswith("blaxel-mcp: ")
    assert said in err


def test_json_is_the_tools_structured_result(runs: dict[str, tuple[int, str, str]]) -> None:
    """Key by key and in the same order, but for the seconds between the two."""
    given, expected = json.loads(runs["failed, watched"][1]), json.loads(runs["over MCP"][1])
    assert list(given) == list(expected)
    for answer in (given, expected):
        answer.pop("summary")
        answer["timing"].pop("endedSecondsAgo")
    assert given == expected


def test_any_encoding_of_standard_output_will_do() -> None:
    """Characters that it lacks are escaped."""
    faults = Faults(control_plane.build_app())
    faults.always(
        Answer(200, json_body={"metadata": {"id": "größer → 漢字"}, "status": "failed"}), path="/executions/e"
    )
    with control_plane.serve(faults) as url:
        env = account(url) | {"PYTHONIOENCODING": "cp1252:strict"}
        assert run("get", "j", "e", "--watch", env=env)[::2] == (3, "")
        shell = Shell()
        shell.watch(url, "j", "e")
    assert "漢" not in shell.printed[0]
    assert json.loads(shell.printed[0])["raw"]["metadata"] == {"id": "größer → 漢字"}


@pytest.mark.slow
def test_a_closed_pipe_is_no_error(plane: str) -> None:
    """As with `| head`: nothing on standard error, exit code 0."""
    with nobody() as pipe, Program("get", "image-resize", script.FAILED, env=account(plane), stdout=pipe) as program:
        assert (program.wait(), program.errors()) == (0, "")


@pytest.mark.slow
def test_an_interrupt_while_watching_is_not_a_crash() -> None:
    """Ctrl-C is how a person ends it: exit code 130 and no traceback."""
    with Program("get", "embed-corpus", script.RUNNING, "--watch", "--demo") as program:
        assert program.next_line().startswith("Running: ")
        program.signal(signal.SIGINT)
        assert (program.wait(), program.errors()) == (130, "")


# Watching, with a clock of its own


class Shell:
    """What `get` prints into, and the time that passes while it sleeps."""

    def __init__(self, on_print: Callable[[], None] = lambda: None) -> None:
        self.now = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
        self.printed: list[str] = []
        self.slept: list[float] = []
        self._on_print = on_print

    def write(self, text: str) -> None:
        """Record what is printed."""
        self.printed.append(text)
        self._on_print()

    async def sleep(self, seconds: float) -> None:
        """Move the clock."""
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def watch(self, url: str, job: str, execution: str, *, as_json: bool = True) -> ExecutionAnswer:
        """Run `get --watch` against a control plane."""

        async def run() -> ExecutionAnswer:
            settings = load({}, account(url), None)
            auth = BlaxelAuth.from_settings(settings, lambda: None)
            upstream = Upstream(api_url=url, api_version=settings.api_version, timeout=PATIENCE, first_wait=0.001)
            try:
                app = AppContext(lambda _: Session(upstream, auth), lambda: self.now, sleep=self.sleep)
                return (await get(app, job, execution, as_json=as_json, watch=True, write=self.write)).answer
            finally:
                await upstream.aclose()

        return asyncio.run(run())


def test_watching_prints_what_has_changed_until_the_end() -> None:
    """It polls at the pace of the answers, prints only changes, and ends with the execution."""
    shell = Shell()
    with control_plane.serve(control_plane.build_app(clock=lambda: shell.now)) as url:
        last = shell.watch(url, "embed-corpus", script.RUNNING)
    answers: list[dict[str, Any]] = [json.loads(text) for text in shell.printed]
    assert last["outcome"] == "succeeded"
    assert [answer["done"] for answer in answers] == [False] * (len(answers) - 1) + [True]
    assert answers[0]["pollAfterSeconds"] == shell.slept[0]
    assert len({json.dumps(answer.get("tasks")) + answer["status"] for answer in answers}) == len(answers)
    assert len(answers) <= len(shell.slept) + 1


def test_watching_says_when_it_looks_again() -> None:
    """The next step is the watching itself, not a tool to call."""
    shell = Shell()
    with control_plane.serve(control_plane.build_app(clock=lambda: shell.now)) as url:
        shell.watch(url, "embed-corpus", script.RUNNING, as_json=False)
    assert f"Next: Watching, the next look is in {shell.slept[0]}s." in shell.printed[0]
    assert not [text for text in shell.printed if "get_job_execution " in text]


def test_watching_latest_stays_with_one_execution() -> None:
    """Somebody may start the job again meanwhile, so `latest` is resolved once."""
    faults = Faults(control_plane.build_app())
    ended = Answer(200, json_body={"metadata": {"id": script.QUEUED}, "status": "cancelled"})
    shell = Shell(lambda: faults.add(ended, path=f"/executions/{script.QUEUED}"))
    with control_plane.serve(faults) as url:
        assert shell.watch(url, "weekly-train", "latest")["outcome"] == "cancelled"
    one = f"/v0/jobs/weekly-train/executions/{script.QUEUED}"
    list_of_them = "/v0/jobs/weekly-train/executions"
    asked = [seen.path for seen in faults.seen if seen.path != "/v0/jobs/weekly-train"]
    assert asked[:3] == [list_of_them, one, one]
    assert asked[3:] == [list_of_them], "for the history of one that is over"


@pytest.mark.parametrize(("status", "polls"), [(503, 5), (403, 1)])
def test_watching_ends_when_polls_go_on_failing(status: int, polls: int) -> None:
    """After five failed polls in a row if the error is transient, at once if not."""
    faults = Faults(control_plane.build_app())
    shell = Shell(lambda: faults.always(Answer(status)))
    with control_plane.serve(faults) as url, pytest.raises(ApiError) as raised:
        shell.watch(url, "weekly-train", script.QUEUED)
    assert raised.value.status == status
    assert (len(shell.printed), len(shell.slept)) == (1, polls)


def test_watching_survives_a_few_failed_polls() -> None:
    """Failures before a poll that succeeded do not count."""
    faults = Faults(control_plane.build_app())
    waiting, ended = (
        Answer(200, json_body={"metadata": {"id": script.QUEUED}, "status": status})
        for status in ("queued", "succeeded")
    )
    down = [Answer(503)] * 4 * 4  # four polls of four attempts
    shell = Shell(lambda: faults.add(*down, waiting, *down, ended) if len(shell.printed) == 1 else None)
    with control_plane.serve(faults) as url:
        assert shell.watch(url, "weekly-train", script.QUEUED)["outcome"] == "succeeded"
    assert len(shell.slept) == 10
