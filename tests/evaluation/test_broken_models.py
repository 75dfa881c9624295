"""What goes wrong in a run that may have cost money: a model that fails, a file that cannot be written, Ctrl+C."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response, StreamingResponse

from evaluation import stand_in
from evaluation.apis import APIS, Call
from evaluation.loop import Outcome
from evaluation.test_evaluation import ROOT, command, evaluate, evaluate_each

pytestmark = pytest.mark.slow


class Hanging(Response):
    """Never answers."""

    async def __call__(self, *_: object) -> None:
        """Wait until the connection is given up."""
        await asyncio.Event().wait()


async def drops() -> AsyncIterator[bytes]:
    """A byte now and then, for ever."""
    while True:
        yield b" "
        await asyncio.sleep(0.05)


BROKEN = {
    "401": (Response("no key", 401), "the model's address answered 401: no key"),
    "429": (JSONResponse({"error": "slow down"}, 429), 'the model\'s address answered 429: {"error":"slow down"}'),
    "500": (Response("<p>\n oh\n</p>", 500), "the model's address answered 500: <p> oh </p>"),
    "redirect": (Response(status_code=307, headers={"location": "/x"}), "the model's address answered 307: "),
    "hangs": (Hanging(), "the model's address gave no whole answer within 10 seconds"),
    "trickles": (StreamingResponse(drops()), "the model's address gave no whole answer within 10 seconds"),
    "no JSON": (
        Response("{", media_type="application/json"),
        "the model's address answered something else than JSON: ",
    ),
    "not UTF-8": (Response(b"\xff\xfe{}\xff"), "the model's address answered something else than JSON: "),
    "deep": (Response("[" * 200_000), "the model's address answered something else than JSON: "),
    "no choices": (
        JSONResponse({"choices": []}),
        "the answer has not the form of this API (IndexError: list index out of range)",
    ),
    "text is a list": (
        JSONResponse({"choices": [{"message": {"content": ["x"]}}]}),
        "the answer has not the form of this API (a text, an id, a tool's name or a count is something else)",
    ),
}
"""What a model's address may answer, and what is said of it."""
ENDLESS = {"hangs", "trickles"}
SHORT_SECONDS = 10.0
"""Long enough for the answers before them, however busy this machine is."""


@cache
def outcomes(timeout: float) -> Mapping[str, Outcome]:
    """What comes of each of these answers to the second turn; those that never end have a short time."""
    names = [name for name in BROKEN if (name in ENDLESS) == (timeout == SHORT_SECONDS)]
    found = evaluate_each([stand_in.Failing(BROKEN[name][0], after=1) for name in names], timeout=timeout)
    return dict(zip(names, found, strict=True))


@pytest.mark.parametrize("name", BROKEN)
def test_an_answer_that_is_none_costs_the_question_and_is_said(name: str) -> None:
    """Nothing of it is raised, and what was called before is counted."""
    said = BROKEN[name][1]
    outcome = outcomes(SHORT_SECONDS if name in ENDLESS else 60.0)[name]
    assert (outcome.score.found, outcome.called, outcome.turns) == (0, ("list_jobs",), 1)
    (problem,) = outcome.score.problems
    assert problem == said or (said.endswith(": ") and problem.startswith(said))


@pytest.mark.slow
def test_a_model_that_fails_after_a_change_leaves_no_changed_workspace() -> None:
    """The next question is asked about a new one."""
    log: list[dict[str, Any]] = []

    class StartThenLook:
        def reply(self, ask: str, results: Sequence[str]) -> stand_in.Reply:
            if "Start" in ask:
                return Response(status_code=500) if results else Call("c", "run_job", {"jobId": "nightly-report"})
            return results[0] if results else Call("c", "list_job_executions", {"jobId": "nightly-report"})

    changed, looked = evaluate(StartThenLook(), "write-run,write-cancel", log=log)
    assert (changed.called, looked.called) == (("run_job",), ("list_job_executions",))
    assert "Started execution" in str(log[1]["body"]["messages"][-1])
    assert "Of 14 executions looked at" in looked.answer


@pytest.mark.slow
@pytest.mark.parametrize("api", sorted(APIS))
def test_forty_calls_at_once_are_all_answered(api: str) -> None:
    """Each by its own result, also a call of no tool or with arguments that it does not take."""
    odd: list[tuple[str, dict[str, Any]]] = [
        ("no_such_tool", {}),
        ("list_jobs", {"limit": "\ud800"}),
        ("", {}),
        ("list_jobs", {"x": 1}),
    ]
    calls = [Call(f"c{number}", *what) for number, what in enumerate(odd + [("list_jobs", {})] * 36)]
    log: list[dict[str, Any]] = []
    (outcome,) = evaluate(stand_in.Failing(calls), "jobs-attention", api, log=log)
    assert (len(outcome.called), outcome.turns, outcome.score.right) == (40, 2, False)
    messages = log[-1]["body"]["messages"]
    results = messages[-40:] if api == "openai" else messages[-1]["content"]
    assert [one.get("tool_call_id") or one.get("tool_use_id") for one in results] == [call.id for call in calls]
    assert all(one["content"] for one in results)


# The file of --json


@pytest.mark.slow
@pytest.mark.parametrize("name", ["missing/run.json", ".", "file/run.json"])
def test_a_file_that_cannot_be_written_is_said_before_anything_is_asked(tmp_path: Path, name: str) -> None:
    """One sentence and exit code 2: a run costs money."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    log: list[dict[str, Any]] = []
    with stand_in.serve(stand_in.Fixed(), log) as url:
        code, out, err = command("--base-url", f"{url}/v1", "--model", "m", "--json", str(tmp_path / name))
    assert (code, out, log) == (2, "", [])
    assert err.startswith(f"cannot write {tmp_path / name}: ")
    assert err.count("\n") == 1


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk here")
def test_a_disk_that_is_full_does_not_cost_the_run() -> None:
    """The table is printed, and the exit code says that the file is not there."""
    code, out, err = command("--stand-in", "--only", "done-report", "--json", "/dev/full")
    assert (code, out.splitlines()[1].split()[:2]) == (2, ["done-report", "yes"])
    assert err == "done-report: right\ncannot write /dev/full: No space left on device\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the signal of Ctrl+C cannot be sent to one process there")
def test_an_interrupted_run_keeps_what_it_has(tmp_path: Path) -> None:
    """Results are written as they come, and the table has those questions that were asked."""
    file = tmp_path / "run.json"

    class OneThenSilence:
        def reply(self, ask: str, results: Sequence[str]) -> stand_in.Reply:
            del results
            return "All 12 tasks succeeded." if "nightly-report" in ask else Hanging()

    with stand_in.serve(OneThenSilence()) as url:
        arguments = ("--base-url", f"{url}/v1", "--model", "m", "--only", "done-", "--json", str(file))
        running = subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, "-m", "tests.evaluation", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONWARNINGS": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with running:
            try:
                assert running.stderr
                assert running.stderr.readline() == "done-report: wrong\n"
                running.send_signal(signal.SIGINT)
                out, err = running.communicate(timeout=30)
            finally:
                running.kill()
    assert (running.returncode, err) == (130, "interrupted after 1 of 5 questions\n")
    assert out.splitlines()[-2:] == [out.splitlines()[2], "- done-report: called no tool"]
    (kept,) = json.loads(file.read_text(encoding="utf-8"))["outcomes"]
    assert (kept["question"], kept["answer"]) == ("done-report", "All 12 tasks succeeded.")
