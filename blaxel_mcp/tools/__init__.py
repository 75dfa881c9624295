"""The tools, as a table of values. A mode selects rows: a tool that is off does not exist."""

from collections.abc import Sequence

from blaxel_mcp.tools import get_execution
from blaxel_mcp.tools.spec import ToolSpec

TOOLS: tuple[ToolSpec, ...] = (get_execution.SPEC,)


def select(*, allow_writes: bool) -> Sequence[ToolSpec]:
    """The rows that exist in this mode, in the table's order."""
    return [spec for spec in TOOLS if allow_writes or not spec.writes]
