"""`blaxel-mcp get`: prints the answer of the tool `get_job_execution` in a shell."""

import json
from collections.abc import Callable

from blaxel_mcp.polling import poll_until_done
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.find import find_execution
from blaxel_mcp.tools.get_execution import answer_about

_MAX_FAILURES = 5
_PAUSE_SECONDS = 30
"""Between two polls where the answer doesn't suggest a time."""


async def get(
    app: AppContext, job: str, execution: str, *, as_json: bool, watch: bool, write: Callable[[str], None]
) -> ExecutionAnswer:
    """Print the answer, and with `watch` another one whenever it has changed, until the execution is done.

    Returns:
        The last answer.

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
            write(_format(answer, as_json=as_json, watch=watch))

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
    return result.state


def _essence(answer: ExecutionAnswer) -> object:
    """The parts of an answer whose change is printed; the seconds that have passed are not among them."""
    return answer.get("status"), answer.get("tasks"), answer.get("failures"), len(answer.get("warnings", []))


def _format(answer: ExecutionAnswer, *, as_json: bool, watch: bool) -> str:
    if as_json:
        return json.dumps(answer, indent=2) + "\n"  # escaped, so that any encoding of standard output will do
    text, step = answer["summary"], answer["nextStep"]
    if step.startswith("Call get_job_execution with "):  # advice for a model: a person in a shell calls no tools
        seconds = answer.get("pollAfterSeconds", _PAUSE_SECONDS)
        advice = (
            f"Watching, the next look is in {seconds}s." if watch else f"Run this again in {seconds}s, or with --watch."
        )
        text = text.replace(step, advice)
    return text + "\n"
