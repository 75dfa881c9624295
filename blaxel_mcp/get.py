"""`blaxel-mcp get`: prints the answer of the tool `get_job_execution` in a shell, or draws it on a terminal."""

import json
import math
from collections.abc import Callable
from typing import NamedTuple, Protocol

from blaxel_mcp.answer_parts import without_advice
from blaxel_mcp.errors import BlaxelMcpError
from blaxel_mcp.polling import poll_until_done
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.summary.view import ExecutionView
from blaxel_mcp.summary.wording import format_duration
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.find import find_execution
from blaxel_mcp.tools.get_execution import answer_about

_MAX_FAILURES = 5
_PAUSE_SECONDS = 30
"""Between two polls where the answer doesn't suggest a time."""


class Shown(NamedTuple):
    """The last answer, the view drawn of it, and the ids of job and execution in full: an answer may have cut them."""

    answer: ExecutionAnswer
    job_id: str
    execution_id: str
    view: ExecutionView | None = None


async def get(
    app: AppContext,
    job: str,
    execution: str,
    *,
    as_json: bool,
    watch: bool,
    write: Callable[[str], None],
    quiet: bool = False,
) -> Shown:
    """Print the answer, and with `watch` another one whenever it has changed, until the execution is done.

    Raises:
        BlaxelMcpError: the execution can't be had; with `watch`, polls went on failing.
    """
    asked = (job, execution)
    printed: object = None

    async def poll() -> ExecutionAnswer:
        nonlocal asked
        session = app.new_session({})
        found = await find_execution(session, *asked, app.clock(), history=app.lookups)
        asked = found.job_id, found.execution_id  # by its id from now on: `latest` may become another one meanwhile
        return await answer_about(session, app, found)

    async def print_changes(answer: ExecutionAnswer) -> None:
        nonlocal printed
        if _essence(answer) != printed:
            printed = _essence(answer)
            write(_format(answer, as_json=as_json, watch=watch, quiet=quiet))

    result = await poll_until_done(
        poll,
        done=lambda answer: answer["done"] or not watch,
        pause=lambda answer, _waited, _cost: answer.get("pollAfterSeconds", _PAUSE_SECONDS),
        report=print_changes,
        sleep=app.sleep,
        timer=app.timer,
        max_failures=_MAX_FAILURES,
    )
    if result.error is not None:
        raise result.error
    return Shown(result.state, *asked)


def _essence(answer: ExecutionAnswer) -> object:
    """The parts of an answer whose change is printed; the seconds that have passed are not among them."""
    return answer.get("status"), answer.get("tasks"), answer.get("failures"), len(answer.get("warnings", []))


def _format(answer: ExecutionAnswer, *, as_json: bool, watch: bool, quiet: bool) -> str:
    if as_json:
        return json.dumps(answer, indent=2) + "\n"  # escaped, so that any encoding of standard output will do
    if quiet:
        return without_advice(answer, answer["summary"]) + "\n"
    return answer["summary"].replace(answer["nextStep"], _step_for_shell(answer, watch=watch)) + "\n"


def _step_for_shell(answer: ExecutionAnswer, *, watch: bool) -> str:
    """The answer's next step, but where it is advice for a model: a person in a shell calls no tools."""
    if not answer["nextStep"].startswith("Call get_job_execution with "):
        return answer["nextStep"]
    seconds = answer.get("pollAfterSeconds", _PAUSE_SECONDS)
    return f"Watching, the next look is in {seconds}s." if watch else f"Run this again in {seconds}s, or with --watch."


class Screen(Protocol):
    """Where pictures are drawn: `blaxel_mcp.terminal.screen`."""

    def show(self, view: ExecutionView, step: str) -> None:
        """Draw an execution; `step` is what a person can do next, or what happens next."""


async def show(app: AppContext, job: str, execution: str, *, watch: bool, screen: Screen) -> Shown:
    """Draw the answer, and with `watch` keep the picture up to date until the execution is done.

    Raises:
        BlaxelMcpError: the execution can't be had; with `watch`, polls went on failing.
    """
    from blaxel_mcp.tools.view_execution import view_for  # noqa: PLC0415 - only for a picture

    asked = (job, execution)
    shown: ExecutionView  # by `draw`, which comes before the first `sleep`
    seen, failed = app.timer(), ""

    async def poll() -> ExecutionView:
        nonlocal asked, failed
        session = app.new_session({})
        try:
            found = await find_execution(session, *asked, app.clock(), history=app.lookups)
            asked = found.job_id, found.execution_id  # as in `get`
            view = await view_for(session, app, found)
        except BlaxelMcpError as error:
            failed = f"The last look failed: {error.message} "
            raise
        failed = ""
        return view

    async def draw(view: ExecutionView) -> None:
        nonlocal shown, seen
        shown, seen = view, app.timer()
        if not watch or view["answer"]["done"]:  # else `sleep` draws it
            screen.show(view, _step_for_shell(view["answer"], watch=False))

    async def sleep(seconds: float) -> None:
        """Count the seconds down in the picture."""
        until = app.timer() + seconds
        while (left := until - app.timer()) > 0:
            screen.show(shown, f"{failed}{_time_left(shown['answer'], app.timer() - seen)}{_next_look(left)}")
            await app.sleep(min(left, left % 1 or 1))
        screen.show(shown, f"{failed}Looking again.")

    result = await poll_until_done(
        poll,
        done=lambda view: view["answer"]["done"] or not watch,
        pause=lambda view, _waited, _cost: view["answer"].get("pollAfterSeconds", _PAUSE_SECONDS),
        report=draw,
        sleep=sleep,
        timer=app.timer,
        max_failures=_MAX_FAILURES,
    )
    if result.error is not None:
        raise result.error
    return Shown(result.state["answer"], *asked, result.state)


def _next_look(seconds: float) -> str:
    return f"Watching, the next look is in {math.ceil(seconds)}s."


def _time_left(answer: ExecutionAnswer, age: float) -> str:
    """How long the execution may still take, so many seconds after the answer; empty without an estimate."""
    left = answer.get("timing", {}).get("estimatedRemainingSeconds")
    if left is None:
        return ""
    return f"About {format_duration(left - age)} left. " if left - age >= 1 else "It should end any moment. "
