"""`blaxel-mcp get`: the tool's answer from a shell."""

import asyncio
import json
from collections.abc import Awaitable, Callable

from blaxel_mcp.errors import BlaxelMcpError
from blaxel_mcp.summary.schema import ExecutionAnswer
from blaxel_mcp.tools.get_execution import answer_for
from blaxel_mcp.tools.spec import ToolState

_FAILED_POLLS = 5
"""In a row, after which watching ends with the error."""
_WAIT_SECONDS = 30


async def get(
    state: ToolState,
    job: str,
    execution: str,
    *,
    as_json: bool,
    watch: bool,
    write: Callable[[str], None],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> ExecutionAnswer:
    """Print the answer, or with `watch` one whenever it has changed, until it is done; answers the last one.

    Raises:
        BlaxelMcpError: the API said no, or went on failing.
    """
    answer = await answer_for(state, job, execution)
    write(_shown(answer, as_json=as_json))
    # `latest` would turn into another one as soon as somebody starts the job again.
    execution = answer["executionId"] if execution == "latest" else execution
    seen, failed = _essence(answer), 0
    while watch and not answer["done"]:
        await sleep(answer.get("pollAfterSeconds", _WAIT_SECONDS))
        try:
            answer = await answer_for(state, job, execution)
        except BlaxelMcpError as error:
            failed += 1
            if failed == _FAILED_POLLS or not error.transient:
                raise
            continue
        failed = 0
        if _essence(answer) != seen:
            seen = _essence(answer)
            write(_shown(answer, as_json=as_json))
    return answer


def _essence(answer: ExecutionAnswer) -> object:
    """What makes an answer worth printing again: not the seconds that have passed."""
    return answer.get("status"), answer.get("tasks"), answer.get("failures"), len(answer.get("warnings", []))


def _shown(answer: ExecutionAnswer, *, as_json: bool) -> str:
    # Escaped, so that the JSON is whole in whatever encoding standard output has.
    return (json.dumps(answer, indent=2) if as_json else answer["summary"]) + "\n"
