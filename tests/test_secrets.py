"""No credential that a workload or the API writes reaches a client, wherever it stands and whichever way it leaves."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import ResourceTemplateReference
from support.caller import client_for, connected
from support.faults import Answer
from support.plane import NOW, Plane, job, served, verbatim

from blaxel_mcp.api.call import problem_of_id
from blaxel_mcp.resources import EXECUTION, EXECUTIONS
from blaxel_mcp.summary.raw import raw_uri

DASHES = "-" * 5
FORMS = {
    "hunter2secret": "could not connect to postgres://app:hunter2secret@db/shop",
    "Tr0ub4dor": "loader --password Tr0ub4dor --verbose failed",
    "q7Xv2Lm9pQ": "401 for Authorization: Bearer q7Xv2Lm9pQ",
    "8fj2kd93ls": '{"request": {"api_key": "8fj2kd93ls"}}',
    "S3cr1tPw": "mysql -uroot -pS3cr1tPw shop",
    "abc123Xy": "Server=db;Pwd=abc123Xy;Timeout=5",
    "Zm9vYmFyYmF6": "https://a.example/c?sp=r&sig=Zm9vYmFyYmF6MTIz",
    "AAF4k2mZp9x7": "POST https://api.telegram.org/bot123456789:AAF4k2mZp9x7KqLm/sendMessage",
    "sid8fj2kd93": "Cookie: session=sid8fj2kd93; Path=/",
    "MIIEvQIBADANBg": f"bad {DASHES}BEGIN PRIVATE KEY{DASHES}\nMIIEvQIBADANBgkqhkiG\n{DASHES}END PRIVATE KEY{DASHES}",
    "aB3aB3aB3aB3": "token hf" + "_" + "aB3" * 11,
    "x7Kq2mZp9aBc": "gl" + "pat-x7Kq2mZp9aBcDeFgHiJk",
}
JOB, RUN = "train", "exec-1"
LOGS, TASKS = "/observability/logs", "/tasks"


def execution(text: str, status: str) -> Any:
    """An execution with a text in every place that may hold one."""
    tasks = [
        {
            "metadata": {"name": f"{text} {number}", "createdAt": text, "workspace": text},
            "spec": {"timeout": text, text: text},
            "status": "failed" if number < 3 else text,
            "conditions": [
                {"type": text, "state": "CONDITION_FAILED", "reason": text, "executionReason": text, "message": text}
            ],
            "novel": [{"deep": text}],
        }
        for number in range(6)
    ]
    spec = {"envOverride": {text: text, "A": text}, "parallelism": 2, "novel": text, "list": [text]}
    return verbatim(
        RUN,
        NOW - timedelta(hours=1),
        metadata={"job": text, "workspace": text, "updatedBy": text, "completedAt": text},
        spec=spec,
        status=status,
        stats={"total": 6, "failure": 3, "success": 0},
        tasks=tasks,
        novel={"x": [text]},
    )


def log_lines(text: str) -> Answer:
    """The log endpoint's answer with this text in each line."""
    lines = [{"timestamp": f"2026-11-24T08:00:0{n}Z", "severity": 17, "message": f"{n}: {text}"} for n in range(4)]
    return Answer(200, json_body={JOB: {"logs": lines, "totalCount": 4}})


async def everything(client: Client, job_id: str = JOB, execution_id: str = RUN) -> str:
    """All that leaves, in one text: answers and errors of all tools that read, resources and completions."""
    ids = {"jobId": job_id, "executionId": execution_id}
    left: list[Any] = [
        (await client.call_tool(tool, arguments)).model_dump(mode="json")
        for tool, arguments in (
            ("get_job_execution", ids),
            ("get_job_execution", {**ids, "executionId": "latest"}),
            ("get_job_execution", {**ids, "executionId": "exec-unknown"}),
            ("get_job_execution", {**ids, "jobId": "unknown"}),
            ("wait_for_job_execution", {**ids, "timeoutSeconds": 1}),
            ("list_jobs", {}),
            ("list_job_executions", {"jobId": job_id}),
            ("list_job_execution_tasks", ids),
            ("get_job_execution_logs", ids),
            ("get_job_execution_view", ids),
        )
    ]
    left += [
        await read(client, uri)
        for uri in (
            raw_uri(job_id, execution_id),
            f"{raw_uri(job_id, execution_id)}/tasks",
            EXECUTIONS.replace("{jobId}", job_id),
        )
    ]
    template = ResourceTemplateReference(type="ref/resource", uri=EXECUTION)
    for name in ("jobId", "executionId"):
        completed = await client.complete(template, {"name": name, "value": ""}, context_arguments={"jobId": job_id})
        left.append(completed.completion.values)
    return json.dumps(left, ensure_ascii=False)


async def writes(client: Client, text: str = "plain") -> str:
    """Answers and errors of the tools that change something, asked with this text in each argument that is free."""
    answers = [
        await client.call_tool(tool, arguments)
        for tool, arguments in (
            ("run_job", {"jobId": JOB}),
            ("run_job", {"jobId": JOB, "tasks": [{text: text}], "env": {text: text}, "memory": 1, "allowQueue": False}),
            ("cancel_job_execution", {"jobId": JOB, "executionId": RUN}),
            ("cancel_job_execution", {"jobId": JOB, "executionId": "exec-unknown"}),
        )
    ]
    return json.dumps([answer.model_dump(mode="json") for answer in answers], ensure_ascii=False)


async def read(client: Client, uri: str) -> Any:
    """A resource's contents, or the message of its error."""
    try:
        return (await client.read_resource(uri)).model_dump(mode="json")
    except MCPError as error:
        return error.error.message


def seen(plane: Plane, what: Callable[[Client], Awaitable[str]], **state: Any) -> str:
    """What a client of the server in front of this control plane gets to see."""

    async def run() -> str:
        async with connected(client_for(plane.url), "auto", **state) as client:
            return await what(client)

    return asyncio.run(run())


# All forms with the slow tests; a plain pytest looks for one.
@pytest.fixture(
    params=[form if number == 0 else pytest.param(form, marks=pytest.mark.slow) for number, form in enumerate(FORMS)]
)
def secret(request: pytest.FixtureRequest) -> str:
    """The part of a text that must not be seen."""
    return str(request.param)


@pytest.mark.parametrize(
    "status", ["failed", *(pytest.param(word, marks=pytest.mark.slow) for word in ("running", "succeeded"))]
)
def test_no_answer_holds_a_credential(secret: str, status: str) -> None:
    """In prose, structure, raw JSON, lists, logs, resources and completions."""
    text = FORMS[secret]
    one = job(JOB, [execution(text, status)], display_name=text, labels=((text, text),))
    for plane in served(one):
        plane.faults.always(log_lines(text), path=LOGS)
        shown = seen(plane, everything, raw="full")
    assert "could not be read" not in shown
    assert shown.count("***") > 10
    assert secret not in shown


def test_masked_counts_what_is_masked_in_raw(secret: str) -> None:
    """The count stands beside the JSON that it is about, and without one there is no count."""
    text = FORMS[secret]
    plain = verbatim("exec-0", NOW - timedelta(hours=2), status="failed", novel="plain")
    leaking = verbatim(
        RUN, NOW - timedelta(hours=1), status="failed", novel=text, spec={"envOverride": {"A": "x", "B": "***"}}
    )
    for plane in served(job(JOB, [leaking, plain])):

        async def ask(client: Client) -> str:
            both = [
                await client.call_tool("get_job_execution", {"jobId": JOB, "executionId": i}) for i in (RUN, "exec-0")
            ]
            first, second = (answer.structured_content or {} for answer in both)
            assert (first["masked"], "masked" in second) == (2, False)
            assert first["raw"]["spec"] == {"envOverride": {"A": "***", "B": "***"}}
            return json.dumps(first)

        assert secret not in seen(plane, ask)


@pytest.mark.parametrize("status", ["cancelling", "failed", ""])
def test_no_answer_to_a_write_holds_a_credential(secret: str, status: str) -> None:
    """Neither that of a start, whatever its id is said to be, nor that of a cancellation, with a status or without."""
    text = FORMS[secret]
    one = execution(text, "failed")
    started, cancelled = ({"executionId": text, "id": text, "novel": text}, {**one.body, "status": status})
    for plane in served(job(JOB, [one], display_name=text)):
        plane.faults.add(*[Answer(200, json_body=started)] * 2, *[Answer(200, json_body=cancelled)] * 2, path="/jobs")
        shown = seen(plane, partial(writes, text=text), allow_writes=True, raw="full")
        assert ("Started execution" in shown) == (problem_of_id(text) is None)  # what cannot be an id starts nothing
    assert "***" in shown
    assert secret not in shown


NAME = "hf" + "_" + "aB3" * 11


def test_names_that_are_credentials_are_masked() -> None:
    """Of jobs, executions and tasks: also in the next step, the resource's address, and what a 404 suggests."""
    tasks = [{"metadata": {"name": NAME}, "status": "failed"}]
    run = verbatim(NAME, NOW - timedelta(hours=1), status="failed", tasks=tasks)
    for plane in served(job(NAME, [run])):
        plane.faults.always(Answer(404), path=LOGS)

        async def all_of_them(client: Client) -> str:
            return await everything(client, NAME, NAME)

        shown = seen(plane, all_of_them)
    # What was asked for comes back as the address of the resource that was read, and nowhere else.
    assert shown.count(NAME) == shown.count(f"blaxel://jobs/{NAME}/executions") + shown.count(f"/executions/{NAME}")


@pytest.mark.sampled(every=4)
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 409, 418, 429, 500, 503])
def test_no_error_quotes_what_the_api_answered(status: int) -> None:
    """Body and headers of a refusal stay out of every text."""
    every = " ".join(FORMS.values())
    body = {"code": every, "error": {"message": every, "code": every, "action": every}, "message": every}
    for plane in served(job(JOB, [execution("plain", "failed")])):
        plane.faults.always(Answer(status, headers={"x-note": "hunter2secret"}, json_body=body))
        shown = seen(plane, everything) + seen(plane, partial(writes, text=every), allow_writes=True)
    assert [one for one in FORMS if one in shown] == []
