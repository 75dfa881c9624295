"""Four levels of detail, and what of an execution each shows. Prose and object each take the first that fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from blaxel_mcp.summary import limits
from blaxel_mcp.summary.clean import clean, in_quotes
from blaxel_mcp.summary.conditions import Remark
from blaxel_mcp.summary.execution import ExecutionSummary
from blaxel_mcp.summary.failures import FailureGroup
from blaxel_mcp.summary.wording import plural, truncate_bytes

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Detail:
    """How much an answer shows of whatever can grow.

    Attributes:
        message: length of a failure's message, with the class of the exception or the place in the code beside it.
        name: length of a task's or variable's name.
        identity: length of the job's, execution's and workspace's name.
        groups: failure groups in the object.
        prose_groups: failure groups in the prose.
        task_names: task names of each failure group.
        warnings: how many warnings.
        remarks: how many of the things that tasks say which did not fail.
        evidence: how many lines of log; with none, the prose has a line of it only where nothing else tells why.
        overrides: names of overridden variables in the object.
        uri: bytes of `rawUri`, which is left out rather than cut: a cut address leads nowhere.
        history: whether the prose says how the job's executions before this one went.
        asides: whether the prose has what is only nice to know: durations of tasks, what an estimate is based on, the
            execution before, the configuration, and ids that the next step names anyway.
        in_bytes: whether lengths of texts count bytes within a JSON string instead of characters. The size of an
            answer is then known whatever the texts are.
    """

    message: int = limits.MESSAGE_CHARACTERS
    name: int = limits.NAME_CHARACTERS
    identity: int = limits.IDENTITY_CHARACTERS
    groups: int = limits.FAILURE_GROUPS
    prose_groups: int = 3
    task_names: int = limits.TASK_NAMES
    warnings: int = 6
    remarks: int = 2
    evidence: int = 3
    overrides: int = limits.OVERRIDE_NAMES
    uri: int = limits.URI_BYTES
    history: bool = True
    asides: bool = True
    in_bytes: bool = False

    def cut(self, text: str, length: int, *, middle: bool = False) -> str:
        """Untrusted text, cleaned and cut to this many characters or bytes, at its end or in its middle."""
        shown = clean(text, length, middle=middle)
        return truncate_bytes(shown, length) if self.in_bytes else shown

    def quote(self, text: str, length: int, *, middle: bool = False) -> str:
        """Untrusted text in double quotes, cleaned and cut; quotes inside become single ones."""
        return in_quotes(self.cut(text, length, middle=middle))


NORMAL = Detail()
"""Everything, for executions that have ordinary texts."""
BRIEF = replace(NORMAL, asides=False)
"""The same without what is only nice to know, so that reasons stay whole."""
TIGHT = Detail(
    message=80,
    name=20,
    identity=64,
    groups=3,
    prose_groups=2,
    task_names=2,
    warnings=2,
    remarks=1,
    evidence=1,
    overrides=5,
    asides=False,
)
"""The reasons and first warnings of executions with long texts, or with many."""
MINIMAL = Detail(
    message=48,
    name=0,
    identity=56,
    groups=1,
    prose_groups=1,
    task_names=0,
    warnings=0,
    remarks=0,
    evidence=0,
    overrides=0,
    uri=64,
    history=False,
    asides=False,
    in_bytes=True,
)
"""What fits for any execution whatever: tests/summary/test_budgets.py has the worst ones."""


def first_that_fits(build: Callable[[Detail], T], size: Callable[[T], int], budget: int) -> T:
    """What `build` makes at the first level of detail whose size is within the budget."""
    for detail in (NORMAL, BRIEF, TIGHT):
        built = build(detail)
        if size(built) <= budget:
            return built
    return build(MINIMAL)


def failures_shown(summary: ExecutionSummary, groups: int) -> tuple[Sequence[FailureGroup], int]:
    """The first failure groups, and the number of failed tasks in the others."""
    shown, others = summary.failures[:groups], summary.failures[groups:]
    return shown, summary.failures_omitted + sum(group.count for group in others)


def render_remark(remark: Remark, detail: Detail) -> str:
    """What several tasks say, as one sentence: `8 waiting tasks say "no GPU is free"`."""
    who = f"{remark.state} {'task says' if remark.number == 1 else 'tasks say'}"
    return f"{remark.number:,} {who} {detail.quote(remark.text, detail.message, middle=True)}."


def warnings_shown(summary: ExecutionSummary, detail: Detail) -> list[str]:
    """The first warnings; a last one counts those that are left out."""
    shown = list(summary.warnings[: detail.warnings])
    if omitted := len(summary.warnings) - len(shown):
        shown.append(f"{plural(omitted, 'more warning' if shown else 'warning')} left out for brevity.")
    return shown
