"""The tools that exist, listed from a reviewed file. A tool is imported and bound to the SDK when it is first called.

Generating the schemas of all tools at start-up would take as long as answering ten calls. tests/test_contract.py
compares `listed.json` with what the tools' own rows say, and writes it anew when asked to.
"""

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp_types import ToolAnnotations
from pydantic_core import from_json

from blaxel_mcp.tools.spec import ToolSpec, bind

LISTED = Path(__file__).with_name("listed.json")
"""Every tool as `tools/list` sends it with --allow-writes, in the order in which clients see them."""
_MODULES = {
    "list_jobs": "list_jobs",
    "list_job_executions": "list_executions",
    "get_job_execution": "get_execution",
    "compare_job_executions": "compare_executions",
    "list_job_execution_tasks": "list_tasks",
    "get_job_execution_logs": "get_logs",
    "wait_for_job_execution": "wait_execution",
    "get_job_execution_view": "view_execution",
    "run_job": "run_job",
    "cancel_job_execution": "cancel_execution",
}
"""The module of each tool, in the same order; it has the tool's row as `SPEC`."""
NAMES = frozenset(_MODULES)
"""The names of all tools, also of those that exist only with --allow-writes."""


class LazyTool(Tool):
    """A tool that knows how it is listed, and loads what answers it when it is called."""

    @cached_property
    def bound(self) -> Tool:
        """The tool itself."""
        return _bind(self.name)

    async def run(self, arguments: dict[str, Any], context: Any, convert_result: bool = False) -> Any:  # noqa: FBT001, FBT002
        """Run the tool itself."""
        return await self.bound.run(arguments, context, convert_result)


def load_spec(name: str) -> ToolSpec:
    """Import a tool's module and return the tool's row."""
    spec: ToolSpec = import_module(f"blaxel_mcp.tools.{_MODULES[name]}").SPEC
    return spec


@cache
def _bind(name: str) -> Tool:
    """The tool itself, made once in a process, however many servers it has: the SDK generates models for it."""
    return bind(load_spec(name))


def load_specs() -> Sequence[ToolSpec]:
    """The rows of all tools, in the order in which they are listed."""
    return [load_spec(name) for name in _MODULES]


def select(*, allow_writes: bool) -> Sequence[Tool]:
    """The tools that exist in this mode, in order: without --allow-writes, those that change something don't exist."""
    tools = [_lazy(listed) for listed in from_json(LISTED.read_bytes())]
    return [tool for tool in tools if allow_writes or not changes_something(tool)]


def changes_something(tool: Tool) -> bool:
    """Whether the tool does more than read."""
    return tool.annotations is None or not tool.annotations.read_only_hint


def _lazy(listed: Mapping[str, Any]) -> LazyTool:
    metadata = FuncMetadata(arg_model=ArgModelBase, output_schema=listed["outputSchema"])
    return LazyTool(
        fn=_never_called,
        name=listed["name"],
        title=listed["title"],
        description=listed["description"],
        parameters=listed["inputSchema"],
        fn_metadata=metadata,
        is_async=True,
        annotations=ToolAnnotations.model_validate(listed["annotations"]),
        meta=listed.get("_meta"),
    )


def _never_called() -> NoReturn:
    raise AssertionError("LazyTool.run calls the tool that it loads")  # pragma: no cover
