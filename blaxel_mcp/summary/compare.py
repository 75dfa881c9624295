"""Two executions of a job, compared: a pure function of what the API says of both. It finds differences, no causes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache

from blaxel_mcp.advice import advice
from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.changes import Change, Deployment, configuration_changes, deployment_change
from blaxel_mcp.summary.compare_tasks import TaskChanges, Tasks, compare_tasks
from blaxel_mcp.summary.conditions import failure_condition, has_failed_condition
from blaxel_mcp.summary.execution import Evidence, ExecutionSummary
from blaxel_mcp.summary.failures import FailureGroup, failure_key
from blaxel_mcp.summary.next_step import call_arguments, is_plain_id
from blaxel_mcp.summary.runs import Run
from blaxel_mcp.summary.summarize import add_evidence, summarize
from blaxel_mcp.summary.tasks import TaskList, task_name, task_status
from blaxel_mcp.summary.telling import telling_text
from blaxel_mcp.summary.wording import plural

_REMEMBERED = 200
"""How many messages are remembered with their telling lines: tasks that fail alike often say the very same."""


@dataclass(frozen=True)
class Compared:
    """One of the two executions. Texts of the API's are not cleaned.

    Attributes:
        execution: what the API answered.
        execution_id: its id, as it was asked for.
        tasks: its tasks, as far as they are known.
    """

    execution: JobExecution
    execution_id: str
    tasks: TaskList

    @cached_property
    def run(self) -> Run:
        """The execution without its tasks."""
        return Run.of(self.execution)

    @property
    def moment(self) -> datetime | None:
        """When it was created, or else started."""
        return self.run.created or self.run.started


@dataclass(frozen=True, slots=True)
class FailureCauses:
    """Why tasks failed, by whether tasks failed for it in both executions.

    Attributes:
        new: only in the execution; `gone` only in the baseline; `shared` in both, counted in the execution. The largest
            first, and only the largest of each execution.
        uncertain: whether some failed tasks of the baseline were not read, so that a new cause may be an old one.
        unexplained: whether a shared cause says no more than that a task ended, so that it may be several.
    """

    new: Sequence[FailureGroup] = ()
    shared: Sequence[FailureGroup] = ()
    gone: Sequence[FailureGroup] = ()
    uncertain: bool = False
    unexplained: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything there is to say about two executions side by side.

    Attributes:
        execution: the execution, summarized; `baseline` the one that it is compared with.
        baseline_is_newer: whether the baseline was created after the execution.
        tasks: what became of each task; `None` where the tasks of either are not known.
        causes: why tasks failed, in one of them or in both.
        changes: what differs in configuration, and what was deployed between them.
        deployments_known: whether deployments were looked up.
        notes: what could not be had or compared, each one sentence.
        next_step: the one thing to do next; empty where there is none.
        now: the present, in UTC.
    """

    execution: ExecutionSummary
    baseline: ExecutionSummary
    baseline_is_newer: bool
    tasks: TaskChanges | None
    causes: FailureCauses
    changes: Sequence[Change]
    deployments_known: bool
    notes: Sequence[str]
    next_step: str
    now: datetime

    @property
    def alike(self) -> bool:
        """Whether nothing is known to differ but moments and durations."""
        same_end = self.execution.status.outcome == self.baseline.status.outcome
        tasks_differ = self.tasks is None or not self.tasks.matched or self.tasks.differ
        return same_end and not (tasks_differ or self.changes or self.causes.new or self.causes.gone)


def compare(
    execution: Compared,
    baseline: Compared,
    *,
    job_id: str,
    now: datetime,
    deployments: Sequence[Deployment] | None = None,
    notes: Sequence[str] = (),
) -> Comparison:
    """Compare an execution with a baseline.

    Args:
        execution: the one to tell about.
        baseline: the one to compare it with, older or newer.
        job_id: the job that was asked for.
        now: the present, in UTC.
        deployments: those of the job between the two, newest first; `None` where they were not looked up.
        notes: what could not be had, each one sentence.
    """
    here, there = _summarize(execution, job_id, now), _summarize(baseline, job_id, now)
    tasks = compare_tasks(_tasks(execution, here), _tasks(baseline, there))
    moments = baseline.moment, execution.moment
    newer = bool(moments[0] and moments[1] and moments[0] > moments[1])
    deployed = deployment_change(deployments or (), now)
    return Comparison(
        execution=here,
        baseline=there,
        baseline_is_newer=newer,
        tasks=tasks,
        causes=_causes(execution, here, baseline, there),
        changes=[*([deployed] if deployed else ()), *configuration_changes(baseline.run, execution.run)],
        deployments_known=deployments is not None,
        notes=[*notes, *_notes(here, there, tasks)],
        next_step=_next_step(here, there, tasks, newer=newer),
        now=now,
    )


def add_log(comparison: Comparison, evidence: Evidence) -> Comparison:
    """The comparison with lines of log that tell why the tasks of the execution's largest group of failures failed."""
    here, causes = add_evidence(comparison.execution, evidence), comparison.causes
    explained = dict(zip(map(id, comparison.execution.failures), here.failures, strict=True))

    def now_explained(groups: Sequence[FailureGroup]) -> list[FailureGroup]:
        return [explained[id(group)] for group in groups]

    return replace(
        comparison,
        execution=here,
        causes=replace(causes, new=now_explained(causes.new), shared=now_explained(causes.shared)),
        next_step=_next_step(here, comparison.baseline, comparison.tasks, newer=comparison.baseline_is_newer),
    )


def _summarize(compared: Compared, job_id: str, now: datetime) -> ExecutionSummary:
    asked = (job_id, compared.execution_id)
    return summarize(compared.execution, asked=asked, workspace=None, now=now, tasks_apart=compared.tasks)


def _tasks(compared: Compared, summary: ExecutionSummary) -> Tasks:
    return Tasks(compared.tasks, compared.execution_id, over=summary.done)


def _causes(execution: Compared, here: ExecutionSummary, baseline: Compared, there: ExecutionSummary) -> FailureCauses:
    """The groups of failures of both, by whether the other one has failed tasks for the same reason."""
    keys_here, keys_there = _failure_keys(execution, here), _failure_keys(baseline, there)
    new = [group for group in here.failures if _key(group) not in keys_there]
    shared = [group for group in here.failures if _key(group) in keys_there]
    return FailureCauses(
        new=new,
        shared=shared,
        gone=[group for group in there.failures if _key(group) not in keys_here],
        uncertain=bool(new) and not there.tasks_known and there.counts.failed != 0,
        unexplained=any(group.unexplained for group in shared),
    )


def _failure_keys(compared: Compared, summary: ExecutionSummary) -> set[str]:
    """What tells the reasons of all failed tasks apart."""
    tasks = compared.tasks.tasks
    failed = [task for task in tasks if task_status(task) == "failed"]
    if not failed and summary.status.outcome == "failed":
        # One that succeeded after a first attempt that failed is no reason.
        failed = [task for task in tasks if task_status(task) != "succeeded" and has_failed_condition(task)]
    line_of = lru_cache(_REMEMBERED)(telling_text)
    keys = set(map(_key, summary.failures))
    for task in failed:
        condition = failure_condition(task)
        keys.add(failure_key(condition, line_of(condition.get("message") or ""), task_name(task)))
    return keys


def _key(group: FailureGroup) -> str:
    condition = failure_condition(group.task)
    return failure_key(condition, telling_text(condition.get("message") or ""), task_name(group.task))


def _notes(here: ExecutionSummary, there: ExecutionSummary, tasks: TaskChanges | None) -> Iterator[str]:
    """What could not be compared, and why."""
    if any(one.status.waiting or one.never_started for one in (here, there)):
        return
    if tasks is None:
        unknown = [name for name, one in (("the execution", here), ("the baseline", there)) if not one.tasks_read]
        whose = unknown[0] if len(unknown) == 1 else "both executions"
        why = f"those of {whose} are not known" if unknown else "they have no names"
        yield f"Tasks are not compared one by one: {why}."
    elif not tasks.matched:
        yield "Tasks are not compared one by one: the two executions name theirs differently."
    elif not tasks.whole:
        read = f"{here.tasks_read:,} of the execution and {there.tasks_read:,} of the baseline"
        yield f"Only the first tasks were read, {read}; the others are not compared."
    if tasks and tasks.unstated:
        yield f"Blaxel gives no status for {plural(tasks.unstated, 'task')}, so these are not compared."


def _next_step(here: ExecutionSummary, there: ExecutionSummary, tasks: TaskChanges | None, *, newer: bool) -> str:
    """What to do about the execution, as the answer about it alone says; about tasks that only became slow, their log.

    Nothing where the baseline shows that all is well since.
    """
    if newer and there.status.outcome == "succeeded":
        return ""
    if here.status.outcome != "succeeded" or here.failures:
        return here.next_step
    arguments = call_arguments(*here.asked)
    for task in tasks.slowed if tasks and arguments else ():
        if is_plain_id(task.name):
            called = advice().call("get_job_execution_logs", {**arguments, "taskName": task.name})
            return f"{called} to see what it spends its time on."
    return ""
