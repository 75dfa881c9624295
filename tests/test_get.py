"""`blaxel-mcp get`: the tool's answer in a shell, and following an execution to its end."""

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from faults import Answer, Faults
from program import PATIENCE, Program, account, nobody, run, side_by_side

from blaxel_mcp.api.client import BlaxelClient
from blaxel_mcp.auth import BlaxelAuth
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.errors import ApiError
from blaxel_mcp.get import get
from blaxel_mcp.settings import load
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.tools.spec import ToolState

# As a subprocess: what is printed, and the exit code

RUNS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "failed": (("image-resize", script.FAILED), {}),
    "failed, watched": (("image-resize", script.FAILED, "--watch", "--json"), {}),
    "unknown": (("image-resize", "exec-1"), {}),
    "no key": (("image-resize", script.FAILED), {"BL_API_KEY": ""}),
}


CALL = {"name": "get_job_execution", "arguments": {"jobId": "image-resize", "executionId": script.FAILED}}


@pytest.fixture(scope="module")
def runs(plane: str) -> dict[str, tuple[int, str, str]]:
    """All of them, and what the tool's structured result is of the same execution."""

    def get(arguments: tuple[str, ...], env: dict[str, str]) -> tuple[int, str, str]:
        return run("get", *arguments, env=account(plane) | env)

    def call() -> tuple[int, str, str]:
        with Program(env=account(plane)) as program:
            result = program.request("tools/call", CALL, modern=True)["result"]
            return 0, json.dumps(result["structuredContent"]), ""

    return side_by_side({name: partial(get, *given) for name, given in RUNS.items()} | {"over MCP": call})


def test_an_answer_is_success_whatever_it_says(runs: dict[str, tuple[int, str, str]]) -> None:
    """The prose on one line, and exit code 0 for a failed execution too: it was asked for and answered."""
    code, out, err = runs["failed"]
    assert (code, err, out.count("\n")) == (0, "", 1)
    assert out.startswith("Failed: ")


def test_a_watched_one_that_failed_has_a_code_of_its_own(runs: dict[str, tuple[int, str, str]]) -> None:
    """3, so that a script can tell; one that has ended is not waited for."""
    assert runs["failed, watched"][::2] == (3, "")


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("unknown", 1, 'Job "image-resize" has no execution "exec-1" (404).'),
        ("no key", 2, "No Blaxel credential was found."),
    ],
)
def test_an_error_is_one_line(runs: dict[str, tuple[int, str, str]], name: str, code: int, said: str) -> None:
    """On standard error: 1 if the API said no, 2 if it could not even be asked."""
    got, out, err = runs[name]
    assert (got, out, err.count("\n")) == (code, "", 1)
    assert err.startswith("blaxel-mcp: ")
    assert said in err


def test_json_is_the_tools_structured_result(runs: dict[str, tuple[int, str, str]]) -> None:
    """The same object, key by key and in the same order, but for the seconds between the two."""
    given, expected = json.loads(runs["failed, watched"][1]), json.loads(runs["over MCP"][1])
    assert list(given) == list(expected)
    assert given | {"summary": ""} == expected | {"summary": ""}


def test_any_encoding_will_do() -> None:
    """What the API's words are written in does not have to be what the shell's output is written in."""
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


def test_a_reader_that_has_seen_enough_is_no_error(plane: str) -> None:
    """As with `| head`: nothing on standard error, exit code 0."""
    with nobody() as pipe, Program("get", "image-resize", script.FAILED, env=account(plane), stdout=pipe) as program:
        assert (program.wait(), program.errors()) == (0, "")


def test_an_interrupt_while_watching_is_not_a_crash() -> None:
    """Ctrl-C is how watching is given up: exit code 130 and no traceback."""
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
        """Print."""
        self.printed.append(text)
        self._on_print()

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)

    def watch(self, url: str, job: str, execution: str) -> ExecutionAnswer:
        """Run `get --watch --json` against a control plane."""

        async def run() -> ExecutionAnswer:
            settings = load({}, account(url), None)
            auth = BlaxelAuth.from_settings(settings, lambda: None)
            client = BlaxelClient(
                api_url=url, api_version=settings.api_version, auth=auth, timeout=PATIENCE, first_wait=0.001
            )
            sleep: Callable[[float], Awaitable[None]] = self.sleep
            try:
                state = ToolState(client, lambda: self.now)
                return await get(state, job, execution, as_json=True, watch=True, write=self.write, sleep=sleep)
            finally:
                await client.aclose()

        return asyncio.run(run())


def test_watching_prints_what_has_changed_until_the_end() -> None:
    """It asks when the answer says so, prints only what is news, and ends with the execution."""
    shell = Shell()
    with control_plane.serve(control_plane.build_app(clock=lambda: shell.now)) as url:
        last = shell.watch(url, "embed-corpus", script.RUNNING)
    answers: list[dict[str, Any]] = [json.loads(text) for text in shell.printed]
    assert last["outcome"] == "succeeded"
    assert [answer["done"] for answer in answers] == [False] * (len(answers) - 1) + [True]
    assert answers[0]["pollAfterSeconds"] == shell.slept[0]
    assert len({json.dumps(answer.get("tasks")) + answer["status"] for answer in answers}) == len(answers)
    assert len(answers) <= len(shell.slept) + 1


def test_watching_the_latest_stays_with_the_one_it_was() -> None:
    """Somebody may start the job again in the meantime: `latest` is looked up once."""
    faults = Faults(control_plane.build_app())
    ended = Answer(200, json_body={"metadata": {"id": script.QUEUED}, "status": "cancelled"})
    shell = Shell(lambda: faults.add(ended, path=f"/executions/{script.QUEUED}"))
    with control_plane.serve(faults) as url:
        assert shell.watch(url, "weekly-train", "latest")["outcome"] == "cancelled"
    one = f"/v0/jobs/weekly-train/executions/{script.QUEUED}"
    assert [seen.path for seen in faults.seen] == ["/v0/jobs/weekly-train/executions", one, one]


@pytest.mark.parametrize(("status", "polls"), [(503, 5), (403, 1)])
def test_watching_gives_up_when_the_api_goes_on_failing(status: int, polls: int) -> None:
    """After five failed polls in a row if trying again can help, at once if not."""
    faults = Faults(control_plane.build_app())
    shell = Shell(lambda: faults.always(Answer(status)))
    with control_plane.serve(faults) as url, pytest.raises(ApiError) as raised:
        shell.watch(url, "weekly-train", script.QUEUED)
    assert raised.value.status == status
    assert (len(shell.printed), len(shell.slept)) == (1, polls)


def test_watching_survives_a_few_failed_polls() -> None:
    """What passes does not end it, and it does not add up over time."""
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
