"""Every answer is within its bytes on the wire, whatever its texts cost there, and however much there is to tell."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from ask import CALLS, Asked, asking, wire_bytes
from crowd import crowded_bodies
from hostile_plane import EXECUTION, JOB, Bodies, HostilePlane, Place, benign_bodies, put
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from promises import BUDGETS, check_answer

from blaxel_mcp.demo import control_plane

COSTLY = {
    "plain": "abc ",
    "quotes": '"',
    "backslashes": "\\",
    "emoji": "🚀",
    "combining marks": "e\u0301\u0323",
    "right to left": "שלום ",
    "CJK": "日本語",
    "controls": "a\u0001\u202e\u200b",
    "half a pair": "x\ud800",
    "markup": "![a](<b>",
}
CROWDS = [
    *((name, 60) for name in COSTLY),
    *((name, tasks) for name in ("quotes", "emoji") for tasks in (0, 1, 3, 1_000)),
]
_CONDITION: Place = ("execution", "tasks", 0, "conditions", 0, "message")
_LISTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "all jobs": ("list_jobs", {"limit": 50}),
    "all executions": ("list_job_executions", {"jobId": JOB, "limit": 50}),
    "all tasks": ("list_job_execution_tasks", {"jobId": JOB, "executionId": EXECUTION, "limit": 100}),
    "all lines": ("get_job_execution_logs", {"jobId": JOB, "executionId": EXECUTION, "limit": 500}),
}
EVERY_CALL = {**CALLS, **_LISTS}


@pytest.fixture(scope="module")
def plane() -> Iterator[tuple[HostilePlane, str]]:
    """A control plane whose answers a test decides, and its address."""
    app = HostilePlane()
    with control_plane.serve(app) as url:
        yield app, url


def answers(
    plane: tuple[HostilePlane, str], cases: Iterable[Bodies], calls: Sequence[tuple[str, Mapping[str, Any]]]
) -> list[tuple[str, Asked]]:
    """What each of these calls answers to each of these bodies."""
    app, url = plane

    async def ask() -> list[tuple[str, Asked]]:
        found = []
        async with asking(url) as asker:
            for bodies in cases:
                asker.forget()
                app.bodies = bodies
                found += [(tool, await asker.call(tool, arguments)) for tool, arguments in calls]
        return found

    return asyncio.run(ask())


def filled(text: str, length: int) -> Any:
    """Names and messages of about so many characters, each with its number in front."""
    return lambda number: f"{number}{text * (length // len(text) + 1)}"[:length]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "tasks"), CROWDS)
def test_every_answer_keeps_its_budget(name: str, tasks: int, plane: tuple[HostilePlane, str]) -> None:
    """With every optional section, and as many executions, jobs and lines as tasks, up to what may be asked for."""
    sizes = {"executions": min(tasks, 100), "jobs": min(tasks, 20), "lines": min(tasks, 500)}
    bodies = crowded_bodies(filled(COSTLY[name], 400), tasks=tasks, **sizes)
    for tool, asked in answers(plane, [bodies], list(EVERY_CALL.values())):
        check_answer(tool, asked)


alphabets = st.sampled_from([*COSTLY.values(), "".join(COSTLY.values())])


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    text=alphabets,
    length=st.integers(1, 300),
    tasks=st.sampled_from([0, 1, 2, 7, 60]),
    executions=st.integers(0, 100),
    jobs=st.integers(0, 20),
    lines=st.sampled_from([0, 1, 20, 500]),
)
def test_any_mixture_keeps_its_budget(  # noqa: PLR0917 - given by hypothesis
    plane: tuple[HostilePlane, str], text: str, length: int, tasks: int, executions: int, jobs: int, lines: int
) -> None:
    """Lengths and numbers vary apart from each other."""
    bodies = crowded_bodies(filled(text, length), tasks=tasks, executions=executions, jobs=jobs, lines=lines)
    for tool, asked in answers(plane, [bodies], list(EVERY_CALL.values())):
        check_answer(tool, asked)


def _largest(found: Iterable[tuple[str, Asked]]) -> tuple[int, int]:
    sizes = [(wire_bytes(asked.text) - 2, wire_bytes(asked.structured)) for _, asked in found]
    return max(text for text, _ in sizes), max(structured for _, structured in sizes)


@pytest.mark.parametrize(
    ("call", "tasks", "step"),
    [
        ("get", 12, 21),
        *(
            pytest.param(call, tasks, 7, marks=pytest.mark.slow)
            for call, tasks in (
                ("get", 12),
                ("wait for one that is over", 12),
                ("compare", 12),
                ("all executions", 3),
                ("all tasks", 60),
            )
        ),
    ],
)
def test_a_budget_is_used_and_never_exceeded(call: str, tasks: int, step: int, plane: tuple[HostilePlane, str]) -> None:
    """Over all lengths of names and messages the largest answer comes near the promise, in one channel at least.

    So a larger limit in the program shows here as an answer that is too large.
    """
    tool, arguments = EVERY_CALL[call]
    cases = (
        crowded_bodies(filled(text, length), tasks=tasks, lines=400, executions=60)
        for text in ("abc ", "🚀")
        for length in range(2, 240, step)
    )
    text, structured = _largest(answers(plane, cases, [(tool, arguments)]))
    most = BUDGETS[tool]
    assert text <= most[0]
    assert structured <= most[1]
    assert text > 0.93 * most[0] or structured > 0.93 * most[1], (text, structured)


def test_every_cut_is_counted(plane: tuple[HostilePlane, str]) -> None:
    """What a list says it left out, and what it shows, are together all that there is."""
    bodies = crowded_bodies(filled("x", 300), tasks=60, executions=40, jobs=20, lines=500)
    found = {
        name: asked.structured
        for name, (_, asked) in zip(_LISTS, answers(plane, [bodies], list(_LISTS.values())), strict=True)
    }
    wanted = {
        "all jobs": ("jobs", 20),
        "all executions": ("executions", 40),
        "all tasks": ("tasks", 60),
        "all lines": ("lines", 1_000),
    }
    for name, (noun, number) in wanted.items():
        assert len(found[name][noun]) + found[name].get("notShown", 0) == number, name
    (_, got), (_, running) = answers(plane, [bodies], [CALLS["get"], CALLS["get one under way"]])
    for asked, failed in ((got, 20), (running, 20)):
        shown = sum(group["count"] for group in asked.structured["failures"])
        assert shown + asked.structured.get("failuresOmitted", 0) == failed
        config = asked.structured["config"]
        assert len(config.get("envOverrides", [])) + config["envOverridesOmitted"] == 30


def test_texts_are_as_short_as_promised(plane: tuple[HostilePlane, str]) -> None:
    """A message has at most 200 characters, a name 60, a status 40, an id 100; in a row an id has 512 bytes."""
    message, name, job = _CONDITION, ("execution", "tasks", 0, "metadata", "name"), ("execution", "metadata", "job")
    cases: Mapping[Place, tuple[str, Callable[[dict[str, Any]], str], int]] = {
        message: ("get", lambda answer: answer["failures"][0]["message"], 200),
        name: ("get", lambda answer: answer["failures"][0]["tasks"][0], 60),
        job: ("get", lambda answer: answer["jobId"], 100),
        ("baseline", "status"): ("get one that succeeded", lambda answer: answer["status"], 40),
        ("execution", "tasks", 3, *_CONDITION[3:]): ("tasks", lambda answer: answer["tasks"][3]["message"], 200),
        ("jobs", "data", 1, "metadata", "name"): ("jobs", _longest_name, 512),
        ("logs", JOB, "logs", 0, "message"): ("logs", lambda answer: answer["lines"][-1][25:], 500),
        ("revisions", 0, "id"): ("compare", lambda answer: answer["changes"][0].split('"')[1], 40),
    }
    benign = benign_bodies()
    benign["job"] |= {"events": []}
    for place, (call, find, longest) in cases.items():
        for length in (longest, longest + 1, 2 * longest):
            ((_, asked),) = answers(plane, [put(benign, "x" * length, place)], [CALLS[call]])
            assert len(find(asked.structured)) <= longest, (place, length)
            if length == longest:
                assert find(asked.structured) == "x" * longest, place


def _longest_name(answer: dict[str, Any]) -> str:
    return max((str(row["name"]) for row in answer["jobs"]), key=len)


@pytest.mark.parametrize("length", [1, 40, 100, 125])
def test_lines_of_log_leave_room_for_the_longest_frame(length: int, plane: tuple[HostilePlane, str]) -> None:
    """Ids and filters that take four bytes a letter, and as many lines as there may be: near 16 KiB, never above."""
    job = "🚀" * length
    bodies = crowded_bodies(filled("a \\", 30), tasks=3, lines=500)
    bodies["logs"] = {job: bodies["logs"][JOB]}
    wanted = {"jobId": job, "executionId": job, "search": job, "taskName": job, "severity": "error", "limit": 500}
    ((tool, asked),) = answers(plane, [bodies], [("get_job_execution_logs", wanted)])
    check_answer(tool, asked)
    assert length < 100 or max(wire_bytes(asked.text) - 2, wire_bytes(asked.structured)) > 0.93 * 16_384
    assert len(asked.structured["lines"]) + asked.structured["notShown"] == 1_000


def test_an_address_is_whole_or_absent(plane: tuple[HostilePlane, str]) -> None:
    """`rawUri` has at most 400 bytes; a cut one would lead nowhere."""
    bodies = {**benign_bodies(), "execution": {"status": "succeeded"}}
    limit = 400 - len(f"blaxel://jobs/{JOB}/executions/")
    for length in (limit - 60, *range(limit - 3, limit + 4), limit + 60):
        uri = f"blaxel://jobs/{JOB}/executions/{'e' * length}"
        ((_, asked),) = answers(plane, [bodies], [("get_job_execution", {"jobId": JOB, "executionId": "e" * length})])
        assert asked.structured.get("rawUri") == (uri if len(uri) <= 400 else None)


@pytest.mark.sampled(every=8)
@pytest.mark.parametrize("length", [*range(1, 512, 17), 512])
def test_errors_are_short_whatever_they_quote(length: int, plane: tuple[HostilePlane, str]) -> None:
    """At most 700 characters, with ids of any length in the arguments and in the list that the hint names."""
    bodies = crowded_bodies(filled('"\\', length), executions=20)
    gone = [{**one, "status": "odd"} for one in bodies["executions"]["data"]]
    bodies |= {
        "executions": {"data": gone, "meta": {}},
        "execution": 404,
        "running": 404,
        "baseline": 404,
        "cancelled": 404,
    }
    asked_id = ('\\"' * 256)[:length]
    calls = [
        (tool, {**arguments, "executionId": asked_id})
        for tool, arguments in CALLS.values()
        if "executionId" in arguments
    ]
    found = answers(plane, [bodies], calls)
    for tool, asked in found:
        check_answer(tool, asked)
        assert asked.is_error
        assert len(asked.text) <= 700
