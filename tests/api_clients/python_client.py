"""What Blaxel's Python client does with the control plane at the address given; run by an interpreter that has it.

It prints one JSON object of what it saw. Each of its errors ends the script.
"""

import asyncio
import json
import sys
from typing import Any

# The package does not come with this project: the tests install it into an environment of its own.
import blaxel  # type: ignore[import-not-found, unused-ignore]
from blaxel.core.authentication import auth  # type: ignore[import-not-found, unused-ignore]
from blaxel.core.client.api.jobs import (  # type: ignore[import-not-found, unused-ignore]
    get_job,
    list_job_execution_tasks,
    list_jobs,
)
from blaxel.core.client.client import client  # type: ignore[import-not-found, unused-ignore]
from blaxel.core.common.settings import Settings  # type: ignore[import-not-found, unused-ignore]
from blaxel.core.jobs import bl_job  # type: ignore[import-not-found, unused-ignore]


def point_to(url: str) -> None:
    """Send everything to this address, for which the package has neither a variable nor a parameter.

    Its settings compute the address from BL_ENV, so the property is replaced; login and client are then made anew as
    the package itself makes them when it is imported.
    """
    Settings.base_url = property(lambda _: url)
    blaxel.settings.auth = auth(blaxel.settings.env, url)
    blaxel.autoload()


def tasks(job: str, execution: str) -> list[Any]:
    """The tasks of an execution, by every page."""
    cursor, found = "", []
    while True:
        page = list_job_execution_tasks.sync(job, execution, client=client, limit=15, cursor=cursor)
        found += page.data
        if not page.meta.has_more:
            return found
        cursor = page.meta.next_cursor


async def waited(job: Any, execution: str) -> str:
    """The status of an execution once the package's asynchronous wait is over."""
    return str((await job.await_for_execution(execution, max_wait=60, interval=1)).status)


def see() -> dict[str, Any]:
    """Use every operation that the package has on executions."""
    report, imports, corpus = bl_job("nightly-report"), bl_job("nightly-import"), bl_job("embed-corpus")
    running = corpus.get_execution(corpus.list_executions(limit=1)[0].metadata.id)
    page = report.list_executions(limit=5)
    listed = list(page.auto_paging_iter())
    failed = imports.get_execution(imports.list_executions(limit=1)[0].metadata.id).to_dict()
    parts = tasks("nightly-import", failed["metadata"]["id"])
    created = imports.run([{"n": n} for n in range(3)], env={"SOURCE": "s3"}, memory=512)
    finished = imports.wait_for_execution(created, max_wait=60, interval=1)
    cancelled = imports.run([{}] * 25, execution_id="to-be-cancelled")
    imports.cancel_execution(cancelled)
    return {
        "jobs": len(list_jobs.sync(client=client).data),
        "generation": get_job.sync("nightly-import", client=client).spec.runtime.generation,
        "page": len(page.data),
        "listed": [one.status for one in listed],
        "failed": [failed["status"], failed["spec"]["taskCount"], bool(failed["tasks"]), failed["stats"]["failure"]],
        "env": failed["spec"]["envOverride"],
        "tasks": [len(parts), sum(task.status == "failed" for task in parts)],
        "running": [running.status, len(running.tasks)],
        "finished": [finished.status, finished.stats.success, finished.spec.memory_override],
        "cancelled": [cancelled, asyncio.run(waited(imports, cancelled))],
        "status": report.get_execution_status(listed[0].metadata.id),
        "missing": missing(imports),
    }


def missing(job: Any) -> str:
    """What the package says of an execution that does not exist."""
    try:
        job.get_execution("nope")
    except Exception as error:  # noqa: BLE001 - it raises nothing more special
        return str(error)
    return ""


if __name__ == "__main__":
    point_to(sys.argv[1])
    sys.stdout.write(json.dumps({"version": blaxel.__version__, "login": type(blaxel.settings.auth).__name__, **see()}))
