"""What differs between two runs: only what the API says of both, and deployments in any shape."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from blaxel_mcp.models import ExecutionStatus, Job
from blaxel_mcp.summary.changes import (
    Change,
    Deployment,
    configuration_changes,
    deployment_change,
    deployments_between,
    outstanding_changes,
)
from blaxel_mcp.summary.runs import Run

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
YESTERDAY, LAST_WEEK = NOW - timedelta(days=1), NOW - timedelta(days=7)


def run(**more: Any) -> Run:
    """A run of which only so much is known."""
    return Run("exec-1", ExecutionStatus("succeeded"), **more)


def names(*names: str) -> frozenset[str]:
    """Names of overridden variables."""
    return frozenset(names)


@pytest.mark.parametrize(
    ("before", "after", "texts"),
    [
        (run(), run(), []),
        (run(memory_mb=4096), run(memory_mb=4096), []),
        (run(memory_mb=4096), run(memory_mb=2048), ["memory override 2,048 MB instead of 4,096 MB"]),
        (run(), run(memory_mb=1024), ["a memory override of 1,024 MB"]),
        (run(memory_mb=1024), run(), ["no memory override, instead of 1,024 MB"]),
        (run(timeout=1800), run(timeout=900), ["timeout 15m instead of 30m"]),
        (run(timeout=1800), run(), []),
        (run(parallelism=8), run(parallelism=4), ["parallelism 4 instead of 8"]),
        (run(tasks=40), run(tasks=1200), ["1,200 tasks instead of 40"]),
        (run(tasks=40), run(tasks=1), ["1 task instead of 40"]),
        (run(tasks=40), run(), []),
        (run(), run(override_names=names("MAX_EDGE")), ['override "MAX_EDGE" added']),
        (run(override_names=names("B", "A", "C", "D")), run(), ['overrides "A", "B" and 2 more gone']),
        (
            run(override_names=names("A")),
            run(override_names=names('x" now\u202e')),
            ['override "x\' now" added', 'override "A" gone'],
        ),
    ],
)
def test_a_change_is_what_the_api_says_of_both(before: Run, after: Run, texts: list[str]) -> None:
    """What it does not say of one run is no change; only overrides may be added or gone."""
    assert [change.text for change in configuration_changes(before, after)] == texts


def test_each_change_says_of_which_setting_it_is() -> None:
    """Also where one of the two has no value of its own."""
    bare, full = run(), run(memory_mb=1024, override_names=names("A"))
    assert [change.what for change in configuration_changes(bare, full)] == ["memory", "overrides"]
    assert [change.what for change in configuration_changes(full, bare)] == ["memory", "overrides"]


def test_the_most_telling_change_comes_first() -> None:
    """A few tasks more or fewer say least, many more say much."""
    before = run(memory_mb=1, timeout=60, parallelism=1, tasks=40)
    after = run(memory_mb=2, timeout=61, parallelism=2, override_names=names("A"))
    few = run(memory_mb=2, timeout=61, parallelism=2, tasks=41, override_names=names("A"))
    many = run(memory_mb=2, timeout=61, parallelism=2, tasks=60, override_names=names("A"))
    expected = ["memory", "overrides", "timeout", "parallelism"]
    assert [change.what for change in configuration_changes(before, after)] == expected
    assert [change.what for change in configuration_changes(before, few)] == [*expected, "tasks"]
    assert [change.what for change in configuration_changes(before, many)] == ["memory", "tasks", *expected[1:]]
    assert [change.what for change in outstanding_changes(before, many, [])] == ["memory", "tasks"]


@pytest.mark.parametrize(
    ("count", "others", "stands_out"),
    [
        (41, [], True),  # the one that succeeded had 40, and nothing says that this varies
        (41, [40, 40, 40], True),
        (41, [38, 39, 40], False),
        (42, [38, 39, 40], False),  # as far beyond the most as the least is
        (43, [38, 39, 40], True),
        (36, [38, 39, 40], False),
        (35, [38, 39, 40], True),
        (46, [38, 39, 40], True),
        (1200, [40, 40, 40, 40, 1200], True),  # that once was another one's news
        (1200, [40, 40, 1200], True),  # three of four had about as many as the one that succeeded
        (1200, [40, 1200], False),
        (900, [100, 1000, 300, 700], False),
        (40, [100, 1000], False),
    ],
)
def test_a_number_of_tasks_that_varies_does_not_stand_out(count: int, others: list[int], *, stands_out: bool) -> None:
    """It does where it is beyond what the other runs had, or far from what nearly all had."""
    runs = [run(tasks=other) for other in others]
    assert bool(outstanding_changes(run(tasks=40), run(tasks=count), runs)) is stands_out


def job(*events: Any) -> Job:
    """A job with these events."""
    return Job.model_validate({"metadata": {"name": "train"}, "spec": {}, "events": list(events)})


def event(moment: datetime | str, revision: str = "rev-2", status: Any = "DEPLOYED") -> dict[str, Any]:
    """A CoreEvent of the OpenAPI document."""
    time = moment if isinstance(moment, str) else moment.isoformat()
    return {"type": "deployment", "status": status, "time": time, "revision": revision, "message": "done"}


def revision(moment: datetime, name: str = "rev-2", **more: Any) -> dict[str, Any]:
    """A RevisionMetadata, as Blaxel's Python client reads it."""
    return {"id": name, "createdAt": moment.isoformat(), **more}


def test_deployments_between_two_moments_are_found_newest_first() -> None:
    """Neither those outside, nor ones that failed or go on."""
    between = NOW - timedelta(days=3)
    events = [
        event(LAST_WEEK - timedelta(days=1), "rev-1"),
        event(LAST_WEEK, "rev-0"),
        event(between - timedelta(minutes=2), "rev-2", "BUILDING"),
        event(between, "rev-2"),
        event(between + timedelta(seconds=20), "rev-2"),
        event(between + timedelta(minutes=40), ""),
        event(between + timedelta(minutes=41), ""),
        event(between + timedelta(hours=1), "rev-3", "FAILED"),
        event(between + timedelta(hours=2), "rev-4"),
        event(between + timedelta(minutes=50), "rev-a", ""),
        event(between + timedelta(minutes=51), "rev-b", "") | {"type": "build"},
        event(NOW, "rev-5"),
    ]
    revisions = [
        revision(between - timedelta(hours=1), "rev-2"),  # created before it was deployed
        revision(between + timedelta(hours=3), "rev-6", status="DEPLOYED"),
        revision(between + timedelta(hours=4), "rev-7", status="FAILED"),
        revision(between + timedelta(hours=5), "rev-8", status="BUILT", active=True),
        revision(between + timedelta(hours=6), "rev-9", status="FAILED", previousActive=True),
    ]
    assert deployments_between(job(*events), revisions, LAST_WEEK, YESTERDAY) == [
        Deployment(between + timedelta(hours=6), "rev-9"),
        Deployment(between + timedelta(hours=5), "rev-8"),
        Deployment(between + timedelta(hours=3), "rev-6"),
        Deployment(between + timedelta(hours=2), "rev-4"),
        Deployment(between + timedelta(minutes=50), "rev-a"),
        Deployment(between + timedelta(minutes=41)),
        Deployment(between + timedelta(minutes=40)),
        Deployment(between, "rev-2"),
    ]
    # After the one moment, and up to the other.
    last = between + timedelta(hours=2)
    assert deployments_between(job(*events), [], between, last)[0] == Deployment(last, "rev-4")
    assert deployments_between(job(*events), [], between, last)[-1] == Deployment(between + timedelta(minutes=40))
    assert deployments_between(job(*events), revisions, None, YESTERDAY) == []
    assert deployments_between(job(*events), revisions, LAST_WEEK, None) == []


def test_events_of_a_revision_half_an_hour_apart_are_one_deployment() -> None:
    """A second more, and it was deployed anew; counted from the event before."""
    half = timedelta(minutes=30)
    moments = [YESTERDAY, YESTERDAY + half, YESTERDAY + 2 * half, YESTERDAY + 3 * half + timedelta(seconds=1)]
    found = deployments_between(job(*map(event, moments)), [], LAST_WEEK, NOW)
    assert found == [Deployment(moments[3], "rev-2"), Deployment(moments[0], "rev-2")]


def test_a_revision_that_is_no_text_is_none() -> None:
    """Neither an event's nor that of a revision; that something was deployed is known all the same."""
    events = [event(YESTERDAY) | {"revision": 5}]
    revisions = [revision(YESTERDAY + timedelta(hours=1)) | {"id": None}]
    assert deployments_between(job(*events), [], LAST_WEEK, NOW) == [Deployment(YESTERDAY, "")]
    assert deployments_between(None, revisions, LAST_WEEK, NOW) == [Deployment(YESTERDAY + timedelta(hours=1), "")]


@pytest.mark.parametrize("odd", [None, 3, "x", [None, 3, [], {}, {"time": 5}, {"time": "0001-01-01T00:00:00Z"}], {}])
def test_odd_events_and_revisions_are_no_deployments(odd: Any) -> None:
    """Nothing raises, whatever the API sends."""
    parsed = Job.model_validate({"metadata": None, "events": odd})
    assert deployments_between(parsed, odd or (), LAST_WEEK, NOW) == []
    assert deployments_between(None, (), LAST_WEEK, NOW) == []


def test_deployments_are_one_change() -> None:
    """The newest is told with its revision, the others are counted."""
    assert deployment_change([], NOW) is None
    newest = Deployment(NOW - timedelta(hours=19), "rev-abc")
    text = 'a deployment yesterday at 17:00 UTC (revision "rev-abc")'
    assert deployment_change([newest], NOW) == Change("deployment", text)
    others = [newest, Deployment(YESTERDAY), Deployment(LAST_WEEK)]
    text = '3 deployments, the last one yesterday at 17:00 UTC (revision "rev-abc")'
    assert deployment_change(others, NOW) == Change("deployment", text)
    assert deployment_change([Deployment(YESTERDAY)], NOW) == Change(
        "deployment", "a deployment yesterday at 12:00 UTC"
    )
