"""What a picture of an execution needs: lanes, counts over time, the executions before it."""

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.builders import EXECUTION, JOB, NOW, ago, execution, runs_that_took, task

from blaxel_mcp.models import ExecutionStatus, JobExecution
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.summarize import summarize
from blaxel_mcp.summary.tasks import TaskList
from blaxel_mcp.summary.view import ExecutionView, build_view

HERE = Run(EXECUTION, ExecutionStatus("failed"))


def view(raw: Any, *, runs: Sequence[Run] = (), tasks_apart: TaskList | None = None) -> ExecutionView:
    """The view of what the API would send."""
    parsed = JobExecution.model_validate(raw)
    asked = (JOB, EXECUTION)
    summary = summarize(parsed, asked=asked, workspace="acme", now=NOW, runs=runs, tasks_apart=tasks_apart)
    return build_view(summary, parsed, tasks_apart or TaskList.of(parsed), runs)


def test_every_task_of_a_few_has_a_lane() -> None:
    """Those that went wrong first, then by start, then those that still wait; offsets count from the creation."""
    tasks = [
        task(0, "succeeded", (95, 65)),
        task(1, "running", (40,)),
        task(2, "failed", (95, 80), "out of memory"),
        {"metadata": {"name": "task-3", "createdAt": ago(100)}, "status": "pending"},
        {"metadata": {"name": "task-4"}, "status": "Succeeded", "conditions": [{"type": "Retry"}]},
    ]
    seen = view(execution("running", (100, 96), tasks=tasks, parallelism=2))
    assert seen["now"] == "2026-11-24T12:00:00Z"
    assert seen["answer"]["outcome"] == "in_progress"
    assert "raw" not in seen["answer"]
    timeline = seen["timeline"]
    lanes = timeline["lanes"]
    assert (timeline["origin"], timeline["seconds"], timeline["tasks"]) == ("2026-11-24T11:58:20.000Z", 100.0, 5)
    assert not {"lanesOmitted", "unread"} & set(timeline)
    assert lanes == {
        "names": ["task-2", "task-0", "task-1", "task-3", "task-4"],
        "statuses": ["failed", "succeeded", "running", "pending"],
        "status": [0, 1, 2, 3, 1],
        "queued": [None, None, None, 0.0, None],
        "started": [5.0, 5.0, 60.0, None, None],
        "ended": [20.0, 35.0, None, None, None],
        "retried": [0, 0, 0, 0, 1],
        "failure": [0, -1, -1, -1, -1],
    }


def test_spans_count_all_tasks() -> None:
    """The most that ran at once in each, and how many ended; what starts as another ends does not run beside it."""
    tasks = [
        task(0, "succeeded", (10, 8)),
        task(1, "failed", (8, 5)),
        task(2, "succeeded", (9, 5)),
        task(3, "odd", (9, 5)),
    ]
    tasks += [task(4, "running", (3,)), task(5, "cancelled", (6, 5))]
    spans = view(execution("running", (10,), tasks=tasks))["timeline"]["spans"]
    assert spans == {
        "seconds": 1.0,
        "running": [1, 3, 3, 3, 4, 4, 0, 1, 1, 1],
        "succeeded": [0, 0, 1, 0, 0, 1, 0, 0, 0, 0],
        "failed": [0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
        "other": [0, 0, 0, 0, 0, 2, 0, 0, 0, 0],
    }


def test_tasks_that_took_no_time_ran_all_the_same() -> None:
    """Where times are whole seconds, a task may end in the second in which it started."""
    tasks = [task(n, "succeeded", (5, 5)) for n in range(3)] + [task(3, "succeeded", (8, 5))]
    timeline = view(execution("succeeded", (10, 8, 5), tasks=tasks))["timeline"]
    assert timeline["spans"]["running"] == [0, 0, 1, 1, 3]


def test_of_many_tasks_those_that_went_wrong_have_lanes() -> None:
    """At most 24, with one of each group of failures that is shown, however far on it comes."""
    tasks = [task(n, "failed", (900, 890), "disk full") for n in range(2_000)]
    tasks += [task(n, "succeeded", (900, 800)) for n in range(2_000, 9_999)]
    tasks.append(task(9_999, "failed", (900, 700), "no such bucket"))
    seen = view(execution("failed", (1_000, 900, 10), tasks=tasks))
    timeline = seen["timeline"]
    assert (timeline["tasks"], timeline["lanesOmitted"], len(timeline["lanes"]["names"])) == (10_000, 9_976, 24)
    assert len(timeline["spans"]["running"]) == 240
    assert sum(timeline["spans"]["failed"]) == 2_001
    assert max(timeline["spans"]["running"]) == 10_000
    assert set(timeline["lanes"]["failure"]) == {0, 1}
    assert "task-9999" in timeline["lanes"]["names"]


def test_of_many_tasks_that_went_well_the_longest_have_lanes() -> None:
    """Twelve: those that have been running for longest, then those that took longest, in order of their start."""
    tasks = [task(n, "succeeded", (900 - n, 800 - 2 * n)) for n in range(100)]
    tasks += [task(200 + n, "running", (100 + n,)) for n in range(3)]
    lanes = view(execution("running", (1_000, 900), tasks=tasks))["timeline"]["lanes"]
    assert lanes["names"] == [*(f"task-{n}" for n in range(91, 100)), "task-202", "task-201", "task-200"]


@pytest.mark.parametrize("at", [0, 5, 19, 20, 22])
def test_the_executions_beside_it(at: int) -> None:
    """Twenty, oldest first: the newest ones if it is among those, else as many before it as there are."""
    before = runs_that_took(*range(60, 90))
    beside = view(execution("failed", (100, 90, 10)), runs=[*before[:at], HERE, *before[at:]])["runs"]
    first = 0 if at < 20 else 11  # of 31
    others = [f"exec-before-{number}" for number in range(first + 19, first, -1)]
    older = first + 19 - at
    assert beside["ids"] == [*others[:older], EXECUTION, *others[older:]]
    assert beside["this"] == older
    assert beside["outcomes"] == (["succeeded", "failed"] if older else ["failed", "succeeded"])
    assert beside["outcome"].count(beside["outcomes"].index("failed")) == 1
    assert beside["seconds"][beside["this"]] is None
    assert len(beside["created"]) == len(beside["seconds"]) == len(beside["outcome"]) == 20


def test_what_is_told_of_the_executions_beside_it() -> None:
    """When each was created, how long it ran, and how it ended, as far as that is known."""
    beside = view(execution("failed", (100, 90, 10)), runs=[HERE, *runs_that_took(60, 61)])["runs"]
    assert beside == {
        "ids": ["exec-before-2", "exec-before-1", EXECUTION],
        "created": [1_795_305_600, 1_795_392_000, None],
        "seconds": [61, 60, None],
        "outcomes": ["succeeded", "failed"],
        "outcome": [0, 0, 1],
        "this": 2,
    }


def test_one_that_goes_on_has_been_running_for_as_long_as_it_has() -> None:
    """Its bar would be missing otherwise; one that waits to start has none."""
    going = execution("running", (100, 90))
    runs = [Run.of(JobExecution.model_validate(going)), Run("exec-2", ExecutionStatus("queued")), *runs_that_took(60)]
    assert view(going, runs=runs)["runs"]["seconds"] == [60, None, 90]


def test_without_a_list_that_has_it_there_are_no_executions_beside_it() -> None:
    """It could not be marked."""
    assert "runs" not in view(execution("failed", (100, 90, 10)), runs=runs_that_took(60, 61))


def test_without_times_or_tasks_there_is_no_timeline() -> None:
    """Nothing could be drawn."""
    assert "timeline" not in view(execution("queued", (100,)))
    assert "timeline" not in view(execution("running", tasks=[{"metadata": {"name": "task-0"}, "status": "running"}]))


def test_tasks_that_were_not_read_are_counted() -> None:
    """They are kept apart from the execution."""
    raw = execution("running", (100, 90), stats={"total": 500, "running": 2})
    apart = TaskList([task(n, "running", (50,)) for n in range(2)], whole=False)
    assert view(raw, tasks_apart=apart)["timeline"]["unread"] == 498


def test_names_and_statuses_are_cleaned_and_cut() -> None:
    """As everywhere else."""
    hostile = task(0, "r\u202eunning\x1b[31m" + "x" * 5_000, (50,))
    hostile["metadata"]["name"] = "\x1b[31mevil\u202e " + "n" * 5_000
    lanes = view(execution("running", (100, 90), tasks=[hostile]))["timeline"]["lanes"]
    assert lanes["names"] == ["evil " + "n" * 54 + "…"]
    assert len(lanes["statuses"][0]) == 40
    assert lanes["statuses"][0].isprintable()


_TIMES = st.one_of(st.none(), st.text(max_size=5), st.floats(-1e6, 1e6).map(ago), st.just("9999-12-31T23:59:59Z"))
_TASKS = st.fixed_dictionaries(
    {},
    optional={
        "metadata": st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {"name": st.one_of(st.integers(), st.text(max_size=80))},
                optional=dict.fromkeys(("createdAt", "scheduledAt", "startedAt", "completedAt"), _TIMES),
            ),
        ),
        "status": st.one_of(st.none(), st.sampled_from(["failed", "running", "SUCCEEDED", "cancelled", "?", ""])),
        "conditions": st.one_of(st.none(), st.just([{"type": "Retry"}, 7, {"state": "FAIL", "message": "x" * 900}])),
    },
)


@settings(deadline=None)
@given(
    st.lists(_TASKS, max_size=90),
    st.sampled_from(["failed", "running", "succeeded", "odd"]),
    st.lists(_TIMES, max_size=3),
)
def test_whatever_the_api_sends_columns_are_even_and_small(tasks: list[Any], status: str, times: list[Any]) -> None:
    """Every task is in the timeline or counted, offsets are within it, and the view is under 64 KiB."""
    raw = execution(status, tasks=tasks)
    raw["metadata"] |= dict(zip(("createdAt", "startedAt", "completedAt"), times, strict=False))
    seen = view(raw)
    assert len(json.dumps(seen, ensure_ascii=False).encode("utf-8", "surrogatepass")) <= 64 * 1024
    if (timeline := seen.get("timeline")) is None:
        return
    lanes, spans = timeline["lanes"], timeline["spans"]
    columns = [column for key, column in lanes.items() if key != "statuses"]
    assert {len(column) for column in columns if isinstance(column, list)} == {len(lanes["names"])}
    assert len(lanes["names"]) + timeline.get("lanesOmitted", 0) == timeline["tasks"] == len(tasks)
    assert all(0 <= number < len(lanes["statuses"]) for number in lanes["status"])
    assert all(-1 <= number < len(seen["answer"].get("failures", ())) for number in lanes["failure"])
    offsets = [offset for key in ("queued", "started", "ended") for offset in lanes[key] if offset is not None]
    assert all(0 <= offset <= timeline["seconds"] for offset in offsets)
    numbers = [spans["running"], spans["succeeded"], spans["failed"], spans["other"]]
    assert {len(column) for column in numbers} == {len(spans["running"])}
    assert all(number >= 0 for column in numbers for number in column)


def test_a_moment_that_is_still_to_come_does_not_stretch_the_axis() -> None:
    """A clock that is a minute ahead is believed, a year 9999 is not."""
    ahead = task(1, "succeeded", (50, -30))
    wrong = task(0, "succeeded", (50,))
    wrong["metadata"]["completedAt"] = "9999-12-31T23:59:59Z"
    timeline = view(execution("running", (100, 90), tasks=[wrong, ahead]))["timeline"]
    assert timeline["seconds"] == 130.0
    assert timeline["lanes"]["ended"] == [None, 130.0]
    for early, ended in ((60, 160.0), (60.001, None)):
        lanes = view(execution("running", (100, 90), tasks=[task(0, "succeeded", (50, -early))]))["timeline"]["lanes"]
        assert lanes["ended"] == [ended]


def test_a_creation_in_another_age_is_not_where_the_picture_begins() -> None:
    """Nothing would be seen of what happened."""
    raw = execution("running", (100, 90), tasks=[task(0, "running", (50,))])
    raw["metadata"]["createdAt"] = "1970-01-01T00:00:00Z"
    timeline = view(raw)["timeline"]
    assert (timeline["origin"], timeline["seconds"]) == ("2026-11-24T11:58:30.000Z", 90.0)


def named(*tasks: Any) -> list[str]:
    """The names of the tasks that have a lane, of an execution that goes on."""
    lanes = view(execution("running", (1_000, 900), tasks=[*tasks]))["timeline"]["lanes"]
    return [name.removeprefix("task-") for name in lanes["names"]]


def test_sixty_tasks_have_a_lane_each() -> None:
    """Of one more that went well twelve have: those that took longest."""
    tasks = [task(n, "succeeded", (500 - n, 400 - 2 * n)) for n in range(61)]
    assert named(*tasks[:60]) == [str(n) for n in range(60)]
    assert named(*tasks) == [str(n) for n in range(49, 61)]


def test_of_many_that_went_wrong_lanes_are_spread_over_the_time() -> None:
    """The example of their reason and 23 of the others, from the first to the last, whatever order they come in."""
    failed = [task(n, "failed", (900 - n, 800 - n), "disk full") for n in range(100)]
    for tasks in (failed, failed[::-1]):
        shown = [int(name) for name in named(*tasks)]
        assert (len(shown), shown[0], shown[-1]) == (24, 0, 99)
        assert {after - one for one, after in pairwise(shown)} <= {1, 2, 3, 4, 5}
        assert shown == sorted(set(shown))
    # Of another reason there is one too, wherever it is.
    assert "500" in named(*failed, task(500, "failed", (849.5, 700), "no such bucket"))


def test_an_example_of_a_reason_has_one_lane() -> None:
    """Where tasks that wait by their status say why the execution failed."""
    tasks = [task(n, "pending", (), "no such bucket") for n in range(61)]
    lanes = view(execution("failed", (900, 800, 100), tasks=tasks))["timeline"]["lanes"]
    assert (len(lanes["names"]), len(set(lanes["names"])), lanes["names"][0]) == (12, 12, "task-0")


def test_the_longest_are_those_that_took_longest() -> None:
    """Not those that ended last; one that took half a second did take longer than one that has not started."""
    early = [task(n, "succeeded", (900 - n, 700 - n)) for n in range(12)]
    assert named(*early, *(task(100 + n, "succeeded", (300 - n, 250 - n)) for n in range(60))) == [*map(str, range(12))]
    waiting = [task(n, "pending") for n in range(60)]
    quick = [task(60 + n, "succeeded", (50 - n, 49.5 - n)) for n in range(2)]
    assert named(*waiting, *quick) == ["60", "61", *map(str, range(10))]


def test_a_task_of_no_known_time_comes_before_others_that_wait() -> None:
    """It may have waited from the first moment on."""
    later = {"metadata": {"name": "task-0", "createdAt": ago(999.5)}, "status": "pending"}
    assert named(later, task(1, "pending")) == ["1", "0"]


@pytest.mark.parametrize(("wrong", "well"), [(0, 12), (1, 11), (11, 1), (12, 0), (20, 0)])
def test_where_few_went_wrong_the_longest_make_up_for_it(wrong: int, well: int) -> None:
    """Twelve lanes in all, those that went wrong first."""
    tasks = [task(n, "cancelled", (900 - n, 100)) for n in range(wrong)]
    tasks += [task(100 + n, "succeeded", (800 - n, 700 - 2 * n)) for n in range(80)]
    assert named(*tasks) == [*map(str, range(wrong)), *(str(180 - n) for n in range(well, 0, -1))]


def test_those_that_have_not_started_come_last() -> None:
    """Behind those that run, the longest first to be chosen, and those that ended."""
    tasks = [{"metadata": {"name": f"task-{n}", "createdAt": ago(500 - n)}, "status": "pending"} for n in range(60)]
    tasks += [task(60, "running", (50,)), task(61, "running", (70,)), task(62, "succeeded", (100, 40))]
    assert named(*tasks) == ["62", "61", "60", *map(str, range(9))]


def test_when_a_task_was_there_to_run() -> None:
    """When it was created, else when it was scheduled."""
    times = [{"createdAt": ago(90), "scheduledAt": ago(80)}, {"scheduledAt": ago(70)}, {"scheduledAt": 5}, {}]
    tasks = [{"metadata": one, "status": "pending"} for one in times]
    assert view(execution("running", (100, 95), tasks=tasks))["timeline"]["lanes"]["queued"] == [None, None, 10.0, 30.0]


def test_statuses_are_the_words_of_the_api() -> None:
    """Each once, in the order of the lanes; other words are cleaned, and one that has nothing left is none."""
    words = ["running", "RUNNING", "odd\x1b[0m", "odd", "\x1b[0m", None, 7, "unspecified"]
    tasks = [{"metadata": {"startedAt": ago(50 - n)}, "status": word} for n, word in enumerate(words)]
    lanes = view(execution("running", (100, 95), tasks=tasks))["timeline"]["lanes"]
    assert (lanes["statuses"], lanes["status"]) == (["running", "odd", "unspecified"], [0, 0, 1, 1, 2, 2, 2, 2])


def test_a_failure_is_that_of_a_group_which_the_answer_shows() -> None:
    """Five groups, the largest first; a task that did not fail is of none, whatever its conditions say."""
    reasons = ("disk full", "KeyError: 'a'", "connection refused", "no such bucket", "permission denied", "killed")
    tasks = [
        task(10 * place + n, "failed", (500 - place, 400), reason)
        for place, reason in enumerate(reasons)
        for n in range(6 - place)
    ]
    fine = task(99, "succeeded", (300, 200), "disk full")
    lanes = view(execution("failed", (900, 800, 100), tasks=[*tasks, fine]))["timeline"]["lanes"]
    assert lanes["failure"] == [*[0] * 6, *[1] * 5, *[2] * 4, *[3] * 3, *[4] * 2, -1, -1]


def test_where_no_task_is_called_failed_their_conditions_tell() -> None:
    """Of a failed execution whose tasks still wait by their status; one that was cancelled has no failure."""
    tasks = [task(0, "pending", (), "no such bucket"), task(1, "pending"), task(2, "cancelled", (), "no such bucket")]
    lanes = view(execution("failed", (900, 800, 100), tasks=tasks))["timeline"]["lanes"]
    assert (lanes["names"], lanes["failure"]) == (["task-2", "task-0", "task-1"], [-1, 0, -1])


def test_a_task_was_retried_if_a_condition_of_that_type_says_so() -> None:
    """In any case of letters; conditions without a type say nothing."""
    kinds: list[Any] = [{"type": "RETRY"}, {"type": "Completed"}, {"message": "retry"}, {"type": 5}, {}]
    tasks = [{"metadata": {"startedAt": ago(50 - n)}, "conditions": [{}, kind]} for n, kind in enumerate(kinds)]
    assert view(execution("running", (100, 95), tasks=tasks))["timeline"]["lanes"]["retried"] == [1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("times", "origin", "seconds"),
    [
        ((100, 90), 100, 100.0),
        # Without a creation it begins with whatever comes first.
        ((None, 90), 90, 90.0),
        ((None, 40), 50, 50.0),
        ((None, None), 50, 50.0),
        # 30 days of waiting are believed, more are not.
        ((30 * 86_400 + 90, 90), 30 * 86_400 + 90, 30 * 86_400 + 90.0),
        ((30 * 86_400 + 91, 90), 90, 90.0),
        # What claims to be before the creation does not shift the picture.
        ((30, 20), 30, 30.0),
    ],
)
def test_where_the_picture_begins(times: tuple[float | None, float | None], origin: float, seconds: float) -> None:
    """A task has been running for 50 s."""
    raw = execution("running", tasks=[task(0, "running", (50,))])
    raw["metadata"] |= {key: ago(t) for key, t in zip(("createdAt", "startedAt"), times, strict=True) if t is not None}
    timeline = view(raw)["timeline"]
    begins = ago(origin).replace("Z", ".000Z")
    assert (timeline["origin"], timeline["seconds"]) == (begins, seconds)
    assert timeline["lanes"]["started"] == [max(0.0, origin - 50)]


def test_the_picture_of_one_that_is_over_ends_with_it() -> None:
    """Or with what its tasks say came later; one that goes on ends now."""
    tasks = [task(0, "succeeded", (80, 60))]
    assert view(execution("succeeded", (100, 90, 50), tasks=tasks))["timeline"]["seconds"] == 50.0
    assert view(execution("succeeded", (100, 90, 70), tasks=tasks))["timeline"]["seconds"] == 40.0
    assert view(execution("succeeded", (100, 90), tasks=tasks))["timeline"]["seconds"] == 40.0
    assert view(execution("succeeded", (100,), tasks=[task(0, "succeeded")]))["timeline"]["seconds"] == 0.0
    assert view(execution("running", (100, 90, 70), tasks=tasks))["timeline"]["seconds"] == 100.0


def test_offsets_are_milliseconds() -> None:
    """Of the creation, which is told as exactly."""
    raw = execution("running", (100.4567, 90), tasks=[task(0, "running", (50.1234,))])
    timeline = view(raw)["timeline"]
    assert timeline["origin"] == "2026-11-24T11:58:19.543Z"
    assert (timeline["seconds"], timeline["lanes"]["started"]) == (100.457, [50.333])


@pytest.mark.parametrize(
    ("lasted", "number", "width"),
    [(0.0, 1, 0.001), (0.5, 1, 0.5), (1.0, 1, 1.0), (1.5, 2, 0.75), (240.0, 240, 1.0), (241.0, 240, 1.004167)],
)
def test_a_span_is_a_second_or_a_240th(lasted: float, number: int, width: float) -> None:
    """Whichever is longer; what ended at the very end is in the last one."""
    raw = execution("succeeded", (1_000, 1_000, 1_000 - lasted), tasks=[task(0, "succeeded", (1_000, 1_000 - lasted))])
    spans = view(raw)["timeline"]["spans"]
    assert spans == {
        "seconds": width,
        "running": [1] * number,
        "succeeded": [*[0] * (number - 1), 1],
        "failed": [0] * number,
        "other": [0] * number,
    }


def test_who_runs_in_a_span() -> None:
    """Not one that failed and does not tell when, nor one that has not started; one may end before its start."""
    tasks = [task(0, "failed", (9,)), task(1, "pending"), task(2, "succeeded", (6, 7)), task(3, "running", (2,))]
    tasks.append({"metadata": {"completedAt": ago(1)}, "status": "succeeded"})
    spans = view(execution("running", (10, 10), tasks=tasks))["timeline"]["spans"]
    assert spans["running"] == [0, 0, 0, 0, 1, 0, 0, 0, 1, 1]
    assert spans["succeeded"] == [0, 0, 0, 1, 0, 0, 0, 0, 0, 1]
    assert sum(spans["failed"]) == sum(spans["other"]) == 0


def test_spans_of_less_than_a_second() -> None:
    """Four of 3.5 seconds: a task that ran from 1 to 2.7 s ran in all but the first, and ended in the last."""
    tasks = [task(0, "succeeded", (1_000, 998.2)), task(1, "failed", (999, 997.3))]
    spans = view(execution("succeeded", (1_000, 1_000, 996.5), tasks=tasks[1:]))["timeline"]["spans"]
    assert (spans["seconds"], spans["running"], spans["failed"]) == (0.875, [0, 1, 1, 1], [0, 0, 0, 1])
    spans = view(execution("succeeded", (1_000, 1_000, 996.5), tasks=tasks))["timeline"]["spans"]
    assert (spans["running"], spans["succeeded"]) == ([1, 2, 2, 1], [0, 0, 1, 0])
