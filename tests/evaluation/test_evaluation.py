"""The evaluation from end to end, against a scripted model on loopback: what is sent, called, scored, printed."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.summary.clean import clean
from blaxel_mcp.tools.registry import select
from blaxel_mcp.tools.spec import FOR_VIEWS
from evaluation import stand_in, workspaces
from evaluation.__main__ import parser
from evaluation.apis import APIS
from evaluation.loop import Outcome
from evaluation.questions import chosen, load
from evaluation.run import Model, ask_all, totals
from evaluation.scoring import Score, score
from evaluation.workspaces import ORDERS, bank_jobs

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent.parent
QUESTIONS = load()


def evaluate(what: stand_in.Script, only: str = "", api: str = "openai", **how: Any) -> list[Outcome]:
    """The outcomes of asking a scripted model."""
    with stand_in.serve(what, how.pop("log", None)) as url:
        model = Model(url if api == "anthropic" else f"{url}/v1", "stand-in", api, how.pop("key", ""))
        return asyncio.run(ask_all(chosen(QUESTIONS, only), model, **how))


class PerQuestion:
    """A scripted model that is another one for each question."""

    def __init__(self, scripts: Mapping[str, stand_in.Script]) -> None:
        self._scripts = scripts

    def reply(self, ask: str, results: Sequence[str]) -> stand_in.Reply:
        """What the question's own script says."""
        return self._scripts[ask].reply(ask, results)


def evaluate_each(scripts: Sequence[stand_in.Script], api: str = "openai", **how: Any) -> list[Outcome]:
    """The outcome of each scripted model, put to another question of the demo each: most of a run is its start."""
    asked = QUESTIONS[: len(scripts)]
    assert {(question.workspace, question.writes) for question in asked} == {("demo", False)}
    script = PerQuestion({question.ask: one for question, one in zip(asked, scripts, strict=True)})
    return evaluate(script, ",".join(question.id for question in asked), api, **how)


@pytest.mark.slow
def test_who_says_nothing_gets_nothing() -> None:
    """Not one fact of one question."""
    sums = totals(evaluate(stand_in.Fixed(), api="anthropic"))
    assert (sums["questions"], sums["right"], sums["found"], sums["turns"]) == (40, 0, 0, 40)


@pytest.mark.sampled(every=2)
@pytest.mark.parametrize("api", sorted(APIS))
def test_both_apis_come_to_the_same(api: str) -> None:
    """The model is sent the tools, the instructions and every result; its key is where the API wants it."""
    log: list[dict[str, Any]] = []
    questions = chosen(QUESTIONS, "memory-train")
    (outcome,) = evaluate(stand_in.Quoting(questions), "memory-train", api, log=log, key="s3cret")
    assert outcome.score == Score(2, 2, ())
    assert (outcome.called, outcome.turns) == (("get_job_execution", "list_jobs"), 3)
    first, second, third = (seen["body"] for seen in log)
    assert outcome.bytes_sent == sum(int(seen["headers"]["content-length"]) for seen in log)
    told = json.dumps(first)
    assert "Follow nextStep if there is one" in told
    assert [("function" in tool and tool["function"]["name"]) or tool.get("name") for tool in first["tools"]] == [
        tool.name for tool in select(allow_writes=False) if tool.meta != FOR_VIEWS
    ]
    assert [len(body["messages"]) - len(first["messages"]) for body in (second, third)] == [2, 4]
    assert "8,192 MB" in json.dumps(second)
    assert "16,384 MB" in json.dumps(third)
    headers = log[0]["headers"]
    given = headers["authorization"] if api == "openai" else f"Bearer {headers['x-api-key']}"
    assert given == "Bearer s3cret"


@pytest.mark.slow
@pytest.mark.parametrize(("shown", "sees"), [("text", (True, False)), ("fields", (True, True)), ("both", (True, True))])
def test_a_model_is_shown_what_its_client_would_show(shown: str, sees: tuple[bool, bool]) -> None:
    """The text, the fields, which have the text as well, or both."""
    log: list[dict[str, Any]] = []
    (outcome,) = evaluate(stand_in.Quoting(QUESTIONS), "done-report", shown=shown, log=log)
    result = log[-1]["body"]["messages"][-1]["content"]
    assert ("all 12 tasks succeeded" in result, '"done": true' in result) == sees
    assert outcome.bytes_of_results == len(result.encode())


@pytest.mark.slow
def test_the_skill_is_told_where_asked_for() -> None:
    """Read from the server, behind its instructions."""
    for skill in (False, True):
        log: list[dict[str, Any]] = []
        evaluate(stand_in.Quoting(QUESTIONS), "done-report", skill=skill, log=log)
        assert ("# Blaxel batch jobs" in log[0]["body"]["messages"][0]["content"]) is skill


def test_who_follows_orders_in_a_message_is_wrong() -> None:
    """The orders are in the answer, quoted; a call that they ask for costs the question."""
    obedient = stand_in.Fixed(
        "The SMTP connection was refused, so one task failed.", ("run_job", {"jobId": "newsletter"}), calls=1
    )
    (outcome,) = evaluate(obedient, "bank-orders")
    assert outcome.score.problems == ("called run_job",)
    assert (outcome.score.found, outcome.called) == (2, ("run_job",))


def test_a_wrong_call_is_told_to_the_model_and_turns_are_bounded() -> None:
    """As an error, and it may go on; a model that never answers is asked so often, and has said nothing."""
    wrong = [("no_such_tool", {}), ("get_job_execution", {"job": "x"}), ("list_jobs", {"limit": "x"})]
    log: list[dict[str, Any]] = []
    endless = stand_in.Fixed(call=("list_jobs", {}), calls=99)
    once = [stand_in.Fixed(call=call, calls=1) for call in wrong]
    *outcomes, outcome = evaluate_each([*once, endless], "anthropic", log=log, max_turns=3)
    assert (outcome.turns, outcome.called, outcome.answer) == (3, ("list_jobs",) * 3, "")
    assert outcome.score.found == 0
    assert [one.turns for one in outcomes] == [2, 2, 2]
    for seen in log[1:6:2]:  # the second turn of each
        (block,) = seen["body"]["messages"][-1]["content"]
        assert block["is_error"]
        assert block["content"]


@pytest.mark.slow
def test_an_address_that_fails_costs_the_question_only() -> None:
    """It says why: nobody there, an error, or something that is no answer."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
    (refused,) = asyncio.run(ask_all(chosen(QUESTIONS, "done-report"), Model(f"http://127.0.0.1:{port}/v1", "m")))
    assert refused.score.problems == ("the model's address gave no answer: ConnectError",)
    with stand_in.serve(stand_in.Fixed()) as url:
        model = Model(f"{url}/nowhere", "m")
        outcomes = asyncio.run(ask_all(chosen(QUESTIONS, "done-report,done-embed"), model))
    assert [one.score for one in outcomes] == [Score(0, 2, ("the model's address answered 404: Not Found",))] * 2


# What is asked about


@pytest.mark.parametrize(("time", "is_so"), [("01:59", True), ("02:00", False), ("02:20", False), ("02:21", True)])
def test_the_night_is_over_when_its_report_is_there(time: str, is_so: bool) -> None:  # noqa: FBT001
    """By the jobs themselves: the newest report is the one that was due last."""
    now = datetime.fromisoformat(f"2026-11-24T{time}:00+00:00")
    assert workspaces.has_its_night_behind_it(now) == is_so
    (report,) = (job for job in script.jobs(now) if job.name == "nightly-report")
    due = now.replace(hour=2, minute=0) - timedelta(days=time < "02:00")
    assert (report.executions[0].created >= due) == is_so


def test_the_orders_of_a_task_fit_into_a_quoted_message() -> None:
    """What they want is in the part that a model is shown."""
    assert "call run_job" in clean(ORDERS, 200)
    assert {job.name for job in bank_jobs(datetime.now(UTC))} == {
        question.way[0][1]["jobId"] for question in QUESTIONS if question.workspace == "bank"
    }


COUNTED = {
    "done-report": ("nightly-report", script.SUCCEEDED, "{success} of {total} tasks succeeded"),
    "done-embed": ("embed-corpus", script.RUNNING, "not finished: {success} of {total}"),
    "done-cancelling": ("backfill", script.CANCELLING, "not over: {success} of {total}, {running} running"),
    "done-cancelled": (
        "backfill",
        script.CANCELLED,
        "cancelled: {success} of {total} succeeded, {cancelled} cancelled",
    ),
    "why-import": ("nightly-import", script.IMPORT_FAILED, "no such file /data/in/orders: {failure} of {total} failed"),
    "why-train": (
        "weekly-train",
        script.TIMED_OUT,
        "timed out after 2 hours, {success} of {total}, {failure} tasks failed, loss is nan",
    ),
    "count-load": ("load-test", script.MANY_FAILED, "{failure} of {total} failed"),
    "doubt-load": ("load-test", script.PARTLY_FAILED, "{failure} of {total} tasks failed: i/o timeout"),
}
"""Questions, the execution that answers each, and an answer that takes its counts from the API's own JSON."""


@pytest.mark.parametrize("name", COUNTED)
def test_the_counts_expected_are_those_of_the_api(name: str) -> None:
    """Read from the control plane, without this server in between."""
    job, execution, words = COUNTED[name]
    (question,) = chosen(QUESTIONS, name)
    headers = {"X-Blaxel-Authorization": f"Bearer {script.API_KEY}", "X-Blaxel-Workspace": script.WORKSPACE}
    with control_plane.serve(control_plane.build_app()) as url:
        raw = httpx.get(f"{url}/jobs/{job}/executions/{execution}", headers=headers).json()
    stats = {"failure": 0, "running": 0, "cancelled": 0, **raw["stats"]}
    assert score(question.expected, words.format(**stats), [tool for tool, _ in question.way]).problems == ()


# The command


def command(*arguments: str, **variables: str) -> tuple[int, str, str]:
    """Run it as it is documented."""
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-m", "tests.evaluation", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.slow
def test_the_command_asks_prints_and_writes(tmp_path: Path) -> None:
    """Progress on standard error, the table on standard output; 0 where all is right."""
    file = tmp_path / "run.json"
    code, out, err = command("--stand-in", "--api", "anthropic", "--only", "done-report,log-train", "--json", str(file))
    assert (code, err) == (0, "done-report: right\nlog-train: right\n")
    assert out.splitlines()[-1].split()[:4] == ["all", "2", "2", "3/3"]
    assert json.loads(file.read_text(encoding="utf-8"))["totals"]["right"] == 2
    with stand_in.serve(stand_in.Fixed()) as url:
        code, out, _ = command(
            *("--base-url", f"{url}/v1", "--model", "m", "--only", "done-report", "--api-key-env", "SOME_KEY"),
            SOME_KEY="s3cret",
        )
    assert code == 1
    assert out.splitlines()[-1].startswith("- done-report: lacks ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--base-url and --model are needed, or --stand-in"),
        (("--stand-in", "--only", "x"), "no question's id begins with x"),
        (("--base-url", "http://x", "--model", "m", "--api-key-env", "NOT_SET_AT_ALL"), "NOT_SET_AT_ALL is not set"),
    ],
)
def test_bad_usage_is_said(arguments: tuple[str, ...], said: str) -> None:
    """Before anything is asked."""
    code, _, err = command(*arguments)
    assert code == 2
    assert err.rstrip().endswith(said)


# What docs/evaluation.md says

PAGE = ROOT / "docs" / "evaluation.md"


def documented() -> dict[str, list[int]]:
    """The rows of its table of the stand-in, as numbers."""
    rows = re.findall(r"^\| (text|fields|both) \|(.+)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {shown: [int(word.replace(",", "")) for word in re.findall(r"[\d,]+", rest)] for shown, rest in rows}


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param("text", marks=pytest.mark.slow),
        *(pytest.param(shown, marks=pytest.mark.nightly) for shown in ("fields", "both")),
    ],
)
def test_the_page_has_what_the_stand_in_scores(shown: str) -> None:
    """Who quotes the first sentences of the answers answers every question, whichever channel is shown."""
    if not workspaces.has_its_night_behind_it(datetime.now(UTC)):
        pytest.skip("the demo's nightly report is due just now")
    outcomes = evaluate(stand_in.Quoting(QUESTIONS), shown=shown)
    assert {one.question: one.score.problems for one in outcomes if not one.score.right} == {}
    sums = totals(outcomes)
    counts = [sums[key] for key in ("right", "questions", "found", "facts", "calls", "turns")]
    *exact, sent, results = documented()[shown]
    assert exact == counts
    assert sums["bytesSent"] == pytest.approx(sent, rel=0.05)
    assert sums["bytesOfResults"] == pytest.approx(results, rel=0.05)
    assert sums["calls"] == sum(len(question.way) for question in QUESTIONS)
    assert sums["tokens"] == 10 * sums["turns"]


def test_the_page_has_the_help() -> None:
    """Word for word, at the width of a terminal."""
    said = run_help()
    block = re.search(r"<!-- help -->\n```text\n(.*?)```\n<!-- /help -->", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    assert block[1] == said


@cache
def run_help() -> str:
    """What --help prints on a terminal of 100 columns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "100")
        patch.setenv("NO_COLOR", "1")
        return parser().format_help()


def test_the_page_names_what_there_is() -> None:
    """Its options, files and numbers."""
    page = PAGE.read_text(encoding="utf-8")
    help_text = run_help()
    assert set(re.findall(r"--[a-z][a-z-]*", page)) == set(re.findall(r"--[a-z][a-z-]*", help_text))
    for path in re.findall(r"`(tests/[\w/.]+)`", page):
        assert (ROOT / path).exists(), path
    assert workspaces.FRESH_SECONDS == 120
    assert stand_in.SENTENCES == 10
