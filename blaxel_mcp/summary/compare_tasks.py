"""The tasks of two executions of a job, side by side: matched by name, what became of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from blaxel_mcp.models import JobExecutionTask
from blaxel_mcp.summary import limits
from blaxel_mcp.summary.patterns import lazy_compile
from blaxel_mcp.summary.tasks import FINISHED, UNSTATED, TaskList, task_name, task_seconds, task_status

_SHORTEST_ID = 6
"""Characters of an execution's id from which on it is no coincidence that a task's name has it."""
_DIGITS = lazy_compile(r"\d+")


@dataclass(frozen=True, slots=True)
class SlowedTask:
    """A task that succeeded in both executions, and the seconds it took in each."""

    name: str
    seconds: float
    baseline_seconds: float


@dataclass(frozen=True, slots=True)
class Drift:
    """The median seconds of the tasks that succeeded in both executions; `factor` is the median of their ratios."""

    factor: float
    seconds: float
    baseline_seconds: float


@dataclass(slots=True)
class TaskChanges:
    """What became of each task. Names are as the API gives them, not cleaned.

    Attributes:
        matched: whether the tasks of the two can be matched by their names; if not, all that follows is empty.
        whole: whether all tasks of both are known; if not, only those known are compared, and none is added or gone.
        compared: how many tasks are in both and have ended in both.
        newly_failing: failed, and did not in the baseline.
        still_failing: failed in both.
        recovered: succeeded, and did not in the baseline.
        unfinished: neither failed nor succeeded, although they did in the baseline.
        added: only in the execution; of those, `added_failed` failed.
        gone: only in the baseline.
        slowed: those that took much longer than was to be expected, the one that lost most time first.
        unchanged: how many ended as in the baseline, those still failing not counted.
        not_over: how many are left out because they have not ended in an execution that goes on.
        unstated: how many are left out because the API gives no status of theirs.
        drift: how the tasks in general became slower or faster, where there are enough to tell.
    """

    matched: bool = True
    whole: bool = True
    compared: int = 0
    newly_failing: list[str] = field(default_factory=list)
    still_failing: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    added_failed: int = 0
    gone: list[str] = field(default_factory=list)
    slowed: list[SlowedTask] = field(default_factory=list)
    unchanged: int = 0
    not_over: int = 0
    unstated: int = 0
    drift: Drift | None = None

    @property
    def differ(self) -> bool:
        """Whether any task fares otherwise than in the baseline."""
        others = self.newly_failing, self.recovered, self.unfinished, self.added, self.gone, self.slowed
        return any(others) or bool(self.not_over or self.unstated)


@dataclass(frozen=True, slots=True)
class Tasks:
    """The tasks of one execution that are known, with its id, and whether it goes on."""

    known: TaskList
    execution_id: str
    over: bool = True

    def by_name(self) -> Mapping[str, JobExecutionTask]:
        """The tasks by name, without the execution's own id in it; those without a name are left out."""
        named = ((task_name(task), task) for task in self.known.tasks)
        has_own = len(self.execution_id) >= _SHORTEST_ID
        return {name.replace(self.execution_id, "*") if has_own else name: task for name, task in named if name}


def compare_tasks(execution: Tasks, baseline: Tasks) -> TaskChanges | None:
    """Match the tasks of two executions by name; `None` where those of either are not known."""
    here, there = execution.by_name(), baseline.by_name()
    if not here or not there:
        return None
    whole = execution.known.whole and baseline.known.whole
    common = [name for name in here if name in there]
    if not _are_same_names(here, there, len(common)):
        return TaskChanges(matched=False, whole=whole)
    changes = TaskChanges(whole=whole)
    if whole:
        added = [task for name, task in here.items() if name not in there]
        changes.added = list(map(task_name, added))
        changes.added_failed = sum(task_status(task) == "failed" for task in added)
        changes.gone = [task_name(task) for name, task in there.items() if name not in here]
    for name in common:
        one, other = here[name], there[name]
        status, earlier = task_status(one), task_status(other)
        if (not execution.over and status not in FINISHED) or (not baseline.over and earlier not in FINISHED):
            changes.not_over += 1
        elif status in UNSTATED or earlier in UNSTATED:
            changes.unstated += 1
        else:
            _add(changes, task_name(one), status, earlier)
    _add_durations(changes, [(here[name], there[name]) for name in common])
    return changes


def _are_same_names(here: Mapping[str, object], there: Mapping[str, object], common: int) -> bool:
    """Whether two sets of names are of the same tasks: half of them are in both, or they differ only in numbers."""
    if not common:
        return False
    return common >= limits.SAME_NAMES_SHARE * max(len(here), len(there)) or _schemes(here) == _schemes(there)


def _schemes(names: Mapping[str, object]) -> set[tuple[str, ...]]:
    """The names, each without its numbers: what stands between them."""
    return {tuple(_DIGITS.split(name)) for name in names}


def _add(changes: TaskChanges, name: str, status: str, earlier: str) -> None:
    changes.compared += 1
    if status == "failed":
        (changes.still_failing if earlier == "failed" else changes.newly_failing).append(name)
    elif status == "succeeded" and earlier != "succeeded":
        changes.recovered.append(name)
    elif status != "succeeded" and earlier in {"succeeded", "failed"}:
        changes.unfinished.append(name)
    else:
        changes.unchanged += 1


def _add_durations(changes: TaskChanges, pairs: Sequence[tuple[JobExecutionTask, JobExecutionTask]]) -> None:
    """Those of the tasks that succeeded in both: the general drift, and the tasks that lost time beyond it."""
    timed: list[SlowedTask] = []
    for one, other in pairs:
        if task_status(one) == task_status(other) == "succeeded":
            seconds, baseline_seconds = task_seconds(one), task_seconds(other)
            if seconds is not None and baseline_seconds is not None:
                timed.append(SlowedTask(task_name(one), seconds, baseline_seconds))
    ratios = [task.seconds / task.baseline_seconds for task in timed if task.baseline_seconds]
    drift = 1.0
    if len(ratios) >= limits.DRIFT_TASKS:
        drift = median(ratios)
        medians = median(task.seconds for task in timed), median(task.baseline_seconds for task in timed)
        changes.drift = Drift(drift, *medians)

    def lost(task: SlowedTask) -> float:
        return task.seconds - max(drift, 1.0) * task.baseline_seconds

    changes.slowed = sorted(
        (
            task
            for task in timed
            if lost(task) >= limits.SLOWED_SECONDS
            and task.seconds >= limits.SLOWED_FACTOR * max(drift, 1.0) * task.baseline_seconds
        ),
        key=lost,
        reverse=True,
    )
