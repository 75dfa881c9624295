"""Every way to ask the server something, in both channels, through the SDK's client; answers come back as they are."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from hostile_plane import BASELINE, EXECUTION, JOB, RUNNING
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    PromptReference,
    ResourceTemplateReference,
    TextContent,
)
from support.caller import tool_state

from blaxel_mcp.resources import EXECUTION as TEMPLATE
from blaxel_mcp.server import build_server
from blaxel_mcp.tools.cache import ExpiringCache
from blaxel_mcp.tools.registry import select

CALLS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "get": ("get_job_execution", {"jobId": JOB, "executionId": EXECUTION}),
    "get the latest": ("get_job_execution", {"jobId": JOB, "executionId": "latest"}),
    "get one under way": ("get_job_execution", {"jobId": JOB, "executionId": RUNNING}),
    "get one that succeeded": ("get_job_execution", {"jobId": JOB, "executionId": BASELINE}),
    "get one that is gone": ("get_job_execution", {"jobId": JOB, "executionId": "exec-gone-1"}),
    "get by what it begins with": ("get_job_execution", {"jobId": JOB, "executionId": "exec-b…"}),
    "wait": ("wait_for_job_execution", {"jobId": JOB, "executionId": RUNNING, "timeoutSeconds": 20}),
    "wait for one that is over": ("wait_for_job_execution", {"jobId": JOB, "executionId": EXECUTION}),
    "jobs": ("list_jobs", {}),
    "executions": ("list_job_executions", {"jobId": JOB}),
    "tasks": ("list_job_execution_tasks", {"jobId": JOB, "executionId": EXECUTION}),
    "logs": ("get_job_execution_logs", {"jobId": JOB, "executionId": EXECUTION}),
    "view": ("get_job_execution_view", {"jobId": JOB, "executionId": EXECUTION}),
    "view of one under way": ("get_job_execution_view", {"jobId": JOB, "executionId": RUNNING}),
    "compare": ("compare_job_executions", {"jobId": JOB, "executionId": EXECUTION, "baselineId": BASELINE}),
    "compare the latest": ("compare_job_executions", {"jobId": JOB}),
    "run": ("run_job", {"jobId": JOB}),
    "cancel": ("cancel_job_execution", {"jobId": JOB, "executionId": RUNNING}),
}
"""Every tool, and the ways in which its answers differ, with the arguments of a call."""


@dataclass(slots=True)
class Asked:
    """What came of one call: the result as JSON, as it goes over the wire, and what was told or asked beside it."""

    result: dict[str, Any]
    progress: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The one block of text."""
        (block,) = self.result["content"]
        return str(block["text"])

    @property
    def structured(self) -> dict[str, Any]:
        """The structured content without the API's own JSON; empty for an error."""
        whole = self.result.get("structuredContent") or {}
        return {key: value for key, value in whole.items() if key not in {"raw", "masked", "rawOmitted"}}

    @property
    def is_error(self) -> bool:
        """Whether the tool failed."""
        return bool(self.result.get("isError"))


def wire_bytes(value: Any) -> int:
    """The bytes of a value as it goes over the wire: compact JSON in UTF-8, quotes and backslashes escaped."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


@dataclass(slots=True)
class Asker:
    """A client of the server, which keeps progress and questions."""

    client: Client
    questions: list[str]
    now: list[float]

    def forget(self) -> None:
        """Let everything that the server keeps of earlier answers expire."""
        self.now[0] += 1e6

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Asked:
        """Call a tool and agree to whatever it asks."""
        told: list[str] = []
        self.questions.clear()

        async def report(progress: float, total: float | None, message: str | None) -> None:  # noqa: ARG001
            told.append(message or "")

        result = await self.client.call_tool(tool, dict(arguments), progress_callback=report)
        assert isinstance(result, CallToolResult)
        assert all(isinstance(block, TextContent) for block in result.content)
        dumped = result.model_dump(by_alias=True, exclude_none=True, mode="json")
        return Asked(dumped, told, list(self.questions))

    async def read(self, uri: str) -> str:
        """The text of a resource, or of its error."""
        try:
            (contents,) = (await self.client.read_resource(uri)).contents
        except MCPError as error:
            return f"error: {error.error.message}"
        return str(getattr(contents, "text", ""))

    async def complete(self, argument: str, value: str = "", job_id: str | None = None) -> list[str]:
        """The completions of an argument, for a template and for a prompt, which are the same."""
        references = (
            ResourceTemplateReference(type="ref/resource", uri=TEMPLATE),
            PromptReference(type="ref/prompt", name="diagnose_execution"),
        )
        context = {"jobId": job_id} if job_id is not None else None
        one, other = [
            (await self.client.complete(ref, {"name": argument, "value": value}, context_arguments=context)).completion
            for ref in references
        ]
        assert one == other
        return list(one.values)

    async def prompt(self, name: str, arguments: dict[str, str]) -> str:
        """The one message of a prompt, or the text of its error."""
        try:
            (message,) = (await self.client.get_prompt(name, arguments)).messages
        except MCPError as error:
            return f"error: {error.error.message}"
        assert isinstance(message.content, TextContent)
        return message.content.text


@asynccontextmanager
async def asking(url: str, **state: Any) -> AsyncIterator[Asker]:
    """A client of a server whose control plane is at `url`; its clock moves only while it waits."""
    questions: list[str] = []
    now = [0.0]

    async def agree(context: Any, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG001
        questions.append(params.message)
        return ElicitResult(action="accept", content={})

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    def timer() -> float:
        return now[0]

    async with (
        tool_state(url, sleep=sleep, timer=timer, cache=ExpiringCache(timer), **state) as app,
        Client(build_server(app, select(allow_writes=True)), elicitation_callback=agree) as client,
    ):
        yield Asker(client, questions, now)
