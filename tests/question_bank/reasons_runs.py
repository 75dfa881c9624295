"""More executions of the question bank: logs, tasks that come apart, what waits, limits, noise, and the object's facts.

Format and helpers are those of `reasons`.
"""

from typing import Any

from reasons import (
    DAY,
    DONE,
    EXITED,
    HOW_LONG,
    HOW_MANY,
    HOW_OFTEN,
    NEXT,
    SAME,
    SURE,
    WHEN,
    WHOSE,
    WHY,
    Case,
    broke,
    condition,
    counts,
    done,
    execution,
    one,
    q,
    task,
)

GENERIC = "Task resize-7hq2x-task0 failed with message: The container exited with an error."

LOG = (
    Case(
        "django, its database's name",
        one(GENERIC),
        (
            q(
                WHY,
                "could not translate host name",
                facts={"evidence.task": "task-0", "evidence.from": "log"},
                contains={"evidence.lines": "could not translate host name"},
            ),
            q(DONE, facts={"outcome": "failed", "tasks.failed": 1}),
        ),
        log=(
            "Operations to perform:",
            "  Apply all migrations: admin, auth, orders",
            "Running migrations:",
            "Traceback (most recent call last):",
            '  File "/app/.venv/lib/python3.12/site-packages/django/db/backends/base/base.py", line 279, in connect',
            "    self.connection = self.get_new_connection(conn_params)",
            "django.db.utils.OperationalError: could not translate host name 'db': Name or service not known",
        ),
    ),
    Case(
        "node, exit code 1",
        one("exit code 1"),
        (
            q(
                WHY,
                "ERR_INVALID_ARG_TYPE",
                "argument must be of type string",
                contains={"evidence.lines": "argument must be of type string"},
                facts={"evidence.from": "log", "failures.0.count": 1},
            ),
        ),
        log=(
            "> resize@2.0.1 start",
            "> node dist/main.js",
            "node:internal/errors:540",
            "      throw error;",
            "TypeError [ERR_INVALID_ARG_TYPE]: The 'path' argument must be of type string. Received undefined",
            "    at Object.openSync (node:fs:567:10)",
            "    at file:///app/dist/main.js:12:20",
            "Node.js v22.21.0",
        ),
    ),
    Case(
        "go, no condition at all",
        execution("failed", [task("task-0", "failed")], counts(total=1, failure=1), below="spec"),
        (
            q(
                WHY,
                "assignment to entry in nil map",
                facts={"evidence.task": "task-0", "evidence.from": "log"},
                contains={"evidence.lines": "assignment to entry in nil map"},
            ),
        ),
        log=(
            "2026/11/24 10:00:12 listening for work",
            "2026/11/24 10:04:09 took batch 4",
            "panic: assignment to entry in nil map",
            "",
            "goroutine 18 [running]:",
            "main.count(0x0, {0xc000012345, 0x5})",
            "\t/src/main.go:40 +0x5c",
        ),
    ),
    Case(
        "conditions that are null",
        execution(
            "failed",
            [{**task("task-0", "failed"), "conditions": None}, *done(2, 1)],
            counts(total=3, failure=1, success=2),
        ),
        (
            q(HOW_MANY, "1 of 3", facts={"tasks.failed": 1}),
            q(WHY, "no such bucket: acme-in-eu", contains={"evidence.lines": "no such bucket: acme-in-eu"}),
        ),
        log=(
            '{"severity":"INFO","message":"starting","version":"1.9.2"}',
            '{"severity":"INFO","message":"listing objects"}',
            '{"severity":"ERROR","message":"cannot list objects","error":"no such bucket: acme-in-eu"}',
        ),
    ),
    Case(
        "twelve tasks, one log",
        execution(
            "failed",
            [*(broke(f"task-{n}", "The container exited with code 1.") for n in range(12)), *done(12, 12)],
            counts(total=24, failure=12, success=12),
        ),
        (
            q(HOW_MANY, "12 of 24", facts={"failures.0.count": 12}),
            q(
                WHY,
                "MAX_PIXELS must be a number",
                facts={"evidence.from": "log"},
                contains={"evidence.lines": "MAX_PIXELS must be a number"},
            ),
            q(SAME, absent=("failures.1",)),
        ),
        log=("reading settings", "ValueError: MAX_PIXELS must be a number, got 'large'"),
    ),
    Case(
        "a task by its number in the log",
        one("The container exited with an error.", "ContainerError"),
        (q(WHY, "ffmpeg: command not found", contains={"evidence.lines": "ffmpeg: command not found"}),),
        log=("+ ./convert.sh clip.mov", "./convert.sh: line 8: ffmpeg: command not found"),
        log_task="0",
    ),
    Case(
        "a message that says it already",
        one("TypeError: unsupported operand type(s) for +: 'int' and 'str'"),
        (q(WHY, "unsupported operand type(s)", absent=("evidence",)),),
        log=("adding up", "TypeError: unsupported operand type(s) for +: 'int' and 'str'"),
    ),
    Case(
        "an empty log",
        one("exit code 1"),
        (q(WHY, any_of=("exit code 1", "code 1"), absent=("evidence",), facts={"outcome": "failed"}),),
        log=(),
    ),
)


def apart(status: str, count: int, stats: dict[str, int] | None = None, **more: Any) -> dict[str, Any]:
    """An execution that counts its tasks and does not list them."""
    body = execution(status, None, stats, taskCount=count, tasksRef="managed", **more)
    return {**body, "tasks": None}


APART = (
    Case(
        "three of forty",
        apart("failed", 40, counts(success=37, failure=3), timeout=3600),
        (
            q(DONE, "3 of 40", facts={"tasks.total": 40, "tasks.failed": 3, "tasks.succeeded": 37}),
            q(
                WHY,
                "the palette of sprite.png is empty",
                never=("gave no reason", "gives no reason"),
                facts={"failures.0.count": 3, "failures.0.cause": "exit_code"},
                absent=("failures.1",),
            ),
        ),
        tasks_at=[
            *done(37),
            *(broke(f"task-{n}", "ValueError: the palette of sprite.png is empty") for n in (37, 38, 39)),
        ],
    ),
    Case(
        "no counts",
        apart("failed", 6),
        (
            q(HOW_MANY, "2 of 6", facts={"tasks.total": 6, "tasks.failed": 2, "tasks.succeeded": 4}),
            q(WHY, "bad magic number", never=("gave no reason",), facts={"failures.0.count": 2}),
        ),
        tasks_at=[
            *done(2),
            broke("task-2", "zipimport.ZipImportError: bad magic number"),
            *done(2, 3),
            broke("task-5", "zipimport.ZipImportError: bad magic number"),
        ],
    ),
    Case(
        "the failed one on a later page",
        apart("failed", 300, counts(total=300, success=299, failure=1)),
        (
            q(HOW_MANY, "1 of 300", facts={"tasks.total": 300}),
            q(
                WHY,
                "EOFError",
                "task-287",
                never=("gave no reason",),
                facts={"failures.0.tasks": ["task-287"], "failures.0.count": 1},
            ),
        ),
        tasks_at=[*done(287), broke("task-287", "EOFError: marker not found"), *done(12, 288)],
    ),
    Case(
        "more than is read",
        apart("failed", 1500, counts(total=1500, success=1495, failure=5)),
        (
            q(HOW_MANY, any_of=("5 of 1,500", "5 of 1500"), facts={"tasks.failed": 5, "tasks.total": 1500}),
            q(SURE, any_of=("first 800",)),
            q(WHY, "checksum mismatch"),
        ),
        tasks_at=[
            *(broke(f"task-{n}", "IOError: checksum mismatch") for n in range(3)),
            *done(1495, 3),
            *(broke(f"task-{n}", "IOError: checksum mismatch") for n in (1498, 1499)),
        ],
    ),
    Case(
        "a running one",
        apart("running", 50, counts(success=20, running=5), times=("11:40:00", "11:40:00", ""), parallelism=5),
        (
            q(DONE, "20 of 50", facts={"done": False, "tasks.total": 50, "tasks.running": 5, "tasks.waiting": 25}),
            q(WHEN, present=("timing.estimatedRemainingSeconds", "timing.estimatedRemainingRange")),
            q(HOW_OFTEN, between={"pollAfterSeconds": (15, 600)}),
        ),
        tasks_at=[
            *(
                task(f"task-{n}", "succeeded", times=(f"11:{40 + n // 5 * 4}:00", f"11:{44 + n // 5 * 4}:00"))
                for n in range(20)
            ),
            *(task(f"task-{n}", "running", times=("11:56:00", "")) for n in range(20, 25)),
            *(task(f"task-{n}", "pending", times=("", "")) for n in range(25, 50)),
        ],
    ),
    Case(
        "the list is what each task was given",
        execution(
            "succeeded",
            [{"name": "John"}, {"name": "Mary"}, {}],
            counts(total=3, success=3),
            below="spec",
        ),
        (
            q(DONE, "all 3 tasks", facts={"outcome": "succeeded", "tasks.succeeded": 3, "tasks.total": 3}),
            q(SURE, absent=("warnings",)),
        ),
    ),
    Case(
        "unspecified",
        execution(
            "succeeded",
            [task(f"task-{n}", "unspecified", times=("", "")) for n in range(5)],
            counts(total=5, success=5),
        ),
        (q(SURE, absent=("warnings",), facts={"outcome": "succeeded", "tasks.succeeded": 5}),),
    ),
)


def pending(name: str, message: str) -> dict[str, Any]:
    """A task that waits, and why."""
    why = condition(message, "Unschedulable", type="Started", state="CONDITION_PENDING", severity="INFO")
    return task(name, "pending", why, times=("", ""))


CONDITIONS = (
    Case(
        "the specific one comes last",
        execution(
            "failed",
            [
                task(
                    "task-0",
                    "failed",
                    condition("Task failed with message: The container exited with an error."),
                    condition(
                        "FileNotFoundError: [Errno 2] No such file or directory: 'weights.bin'",
                        type="ContainerExited",
                    ),
                ),
                *done(3, 1),
            ],
            counts(total=4, failure=1, success=3),
        ),
        (q(WHY, "FileNotFoundError", "weights.bin", contains={"failures.0.message": "weights.bin"}),),
    ),
    Case(
        "the specific one comes first",
        execution(
            "failed",
            [
                task(
                    "task-0",
                    "failed",
                    condition("ValueError: width 0 is not a width", type="ContainerExited"),
                    condition("The container exited with an error."),
                )
            ],
            counts(total=1, failure=1),
            below="spec",
        ),
        (q(WHY, "ValueError", "width 0 is not a width", contains={"failures.0.message": "width 0"}),),
    ),
    Case(
        "what went well is no reason",
        execution(
            "failed",
            [
                task(
                    "task-0",
                    "failed",
                    condition("Started deployed container in 3.1s", "", type="Started", state="CONDITION_SUCCEEDED"),
                    condition("LookupError: unknown encoding: mac-latin9"),
                )
            ],
            counts(total=1, failure=1),
        ),
        (q(WHY, "unknown encoding: mac-latin9", never=("Started deployed container",)),),
    ),
    Case(
        "queued for gpus",
        execution(
            "queued",
            [pending(f"task-{n}", "Waiting for GPU capacity: 0 of 8 available") for n in range(8)],
            counts(total=8),
            times=("11:48:00", "", ""),
        ),
        (
            q(DONE, facts={"done": False, "status": "queued"}),
            q("why does it wait?", "Waiting for GPU capacity", "0 of 8"),
        ),
    ),
    Case(
        "running, and the rest waits for gpus",
        execution(
            "running",
            [
                *(task(f"train-{n}", "running", times=("11:40:00", "")) for n in range(3)),
                *(pending(f"train-{n}", "Waiting for GPU capacity: 3 of 8 available") for n in range(3, 8)),
            ],
            counts(total=8, running=3),
            times=("11:39:00", "11:40:00", ""),
        ),
        (
            q("why does it wait?", "Waiting for GPU capacity", "3 of 8"),
            q(HOW_MANY, facts={"tasks.running": 3, "tasks.waiting": 5, "done": False}),
        ),
    ),
    Case(
        "cancelled by somebody",
        execution(
            "cancelled",
            [
                *done(3),
                *(
                    task(
                        f"task-{n}",
                        "cancelled",
                        condition("Cancelled by user alice@acme.example", "", executionReason="CANCELLED"),
                        times=("", ""),
                    )
                    for n in range(3, 8)
                ),
            ],
            counts(total=8, success=3, cancelled=5),
        ),
        (
            q(DONE, "3 of 8", facts={"outcome": "cancelled", "done": True, "tasks.cancelled": 5}),
            q("who cancelled it?", "alice@acme.example"),
        ),
    ),
    Case(
        "tried again",
        execution(
            "running",
            [
                task(
                    "task-0",
                    "running",
                    condition(
                        "Attempt 2 of 4 after exit code 1: ConnectionResetError: [Errno 104] Connection reset by peer",
                        "Retrying",
                        type="Retry",
                        state="CONDITION_RECONCILING",
                        severity="WARNING",
                    ),
                    times=("11:58:00", ""),
                    retries=3,
                )
            ],
            counts(total=1, running=1, retried=1),
            times=("11:50:00", "11:50:00", ""),
        ),
        (
            q("what is being retried, and why?", "Connection reset by peer", facts={"tasks.retried": 1}),
            q(DONE, facts={"done": False, "outcome": "in_progress"}),
        ),
    ),
    Case(
        "the host went away beside a general word",
        execution(
            "failed",
            [
                task(
                    "task-0",
                    "failed",
                    condition("Task failed.", ""),
                    condition(
                        "The host was preempted 12 minutes into the task", "HostPreempted", type="ResourcesReady"
                    ),
                ),
                *done(63, 1),
            ],
            counts(total=64, failure=1, success=63),
        ),
        (
            q(WHY, "preempted", facts={"failures.0.cause": "platform", "origin": "platform"}),
            q(NEXT, contains={"nextStep": "63"}),
        ),
    ),
    Case(
        "never started",
        execution(
            "failed",
            [
                broke(f"task-{n}", "Secret STRIPE_KEY of the job does not exist", "ConfigurationError", times=("", ""))
                for n in range(4)
            ],
            counts(total=4, failure=4),
            times=("10:00:00", "", "10:00:40"),
        ),
        (
            q(
                "did it run at all?",
                any_of=("never start", "not start", "nothing start", "before it start", "never ran", "did not run"),
                absent=("timing.runningSeconds", "timing.startedAt"),
            ),
            q(WHY, "STRIPE_KEY", facts={"failures.0.cause": "configuration", "failures.0.count": 4}),
            q(WHOSE, facts={"origin": "configuration"}),
        ),
    ),
)

_MAXIMUM = ("2026-11-23T10:00:00Z", "2026-11-23T10:00:10Z", "2026-11-24T10:00:10Z")
_A_DAY = dict(zip(("createdAt", "startedAt", "completedAt"), _MAXIMUM, strict=True))
_HIGHER = ("Raise the job's timeout", "Raise the task's timeout", "Raise the timeout")
_PAGES = [
    *(
        task(f"page-{n}", "succeeded", times=(f"09:{n // 2 * 2:02}:00", f"09:{n // 2 * 2 + 1:02}:55"))
        for n in range(58)
    ),
    *(task(f"page-{n}", "cancelled", times=("09:58:00", "10:00:00")) for n in (58, 59)),
]

LIMITS = (
    Case(
        "a task's own timeout",
        execution(
            "failed",
            [
                broke(
                    "task-0",
                    "Task was terminated after 600 seconds: exceeded its timeout; exit code 0",
                    "Timeout",
                    executionReason="TIMEOUT",
                    times=("10:00:10", "10:10:11"),
                    timeout="600s",
                ),
                *done(29, 1, timeout="600s"),
            ],
            counts(total=30, failure=1, success=29),
            timeout=3600,
        ),
        (
            q(WHY, "10m", any_of=("timeout", "timed out"), facts={"failures.0.cause": "timed_out", "origin": "limits"}),
            q(NEXT, never=("above 1h",), contains={"nextStep": "10m"}),
            q("what does another run repeat?", contains={"nextStep": "29"}),
        ),
    ),
    Case(
        "half an hour of two",
        execution(
            "FAILED",
            [
                broke(
                    f"render-{n}",
                    "Deadline exceeded: the task ran for 1800s",
                    "DeadlineExceeded",
                    times=("10:00:10", "10:30:10"),
                    timeout="30m",
                )
                for n in range(3)
            ],
            counts(total=3, failure=3),
            times=("10:00:00", "10:00:10", "10:30:12"),
            timeout=7200,
        ),
        (
            q(WHY, "30m", facts={"failures.0.cause": "timed_out", "failures.0.count": 3}),
            q(NEXT, never=("above 2h",), contains={"nextStep": "30m"}),
        ),
    ),
    Case(
        "at the maximum",
        execution(
            "timeout",
            [task("task-0", "cancelled", times=("", ""))],
            counts(total=1, cancelled=1),
            metadata=_A_DAY,
            timeout=86400,
        ),
        (
            q(DONE, facts={"outcome": "timed_out", "done": True, "timing.timeoutSeconds": 86400}),
            q(NEXT, never=_HIGHER),
        ),
    ),
    Case(
        "a task at the maximum",
        execution(
            "failed",
            [
                {
                    **broke(
                        "train",
                        "Task was terminated after 86400 seconds: exceeded its timeout",
                        "Timeout",
                        executionReason="TIMEOUT",
                        timeout="86400s",
                    ),
                    "metadata": {"name": "train", "startedAt": _MAXIMUM[1], "completedAt": _MAXIMUM[2]},
                }
            ],
            counts(total=1, failure=1),
            metadata=_A_DAY,
            timeout=86400,
        ),
        (q(WHY, facts={"failures.0.cause": "timed_out"}), q(NEXT, never=_HIGHER)),
    ),
    Case(
        "the override was the limit",
        execution(
            "failed",
            [
                *done(37),
                *(
                    broke(f"task-{n}", "Memory limit of 512 MiB exceeded with 519 MiB used.", EXITED)
                    for n in (37, 38, 39)
                ),
            ],
            counts(total=40, success=37, failure=3),
            memoryOverride=512,
            timeout=3600,
        ),
        (
            q(WHY, "512", facts={"failures.0.cause": "out_of_memory", "config.memoryMb": 512}),
            q(
                NEXT,
                any_of=("override",),
                never=("Raise the job's memory above 512",),
                contains={"nextStep": "overrid"},
            ),
            q("what does another run repeat?", "37", contains={"nextStep": "37"}),
        ),
    ),
    Case(
        "the job's memory was the limit",
        execution(
            "failed",
            [*done(4), broke("task-4", "Memory limit of 2048 MiB exceeded with 2060 MiB used.", "OOMKilled")],
            counts(total=5, success=4, failure=1),
        ),
        (
            q(WHY, "2048", facts={"failures.0.cause": "out_of_memory", "origin": "limits"}),
            q(NEXT, contains={"nextStep": "memory"}),
        ),
    ),
    Case(
        "the whole ran out of time",
        execution(
            "timeout",
            _PAGES,
            counts(total=60, success=58, cancelled=2),
            times=("08:59:50", "09:00:00", "10:00:00"),
            parallelism=2,
            timeout=3600,
        ),
        (
            q(DONE, "58 of 60", facts={"outcome": "timed_out", "tasks.succeeded": 58}),
            q(NEXT, "parallelism", contains={"nextStep": "parallelism"}),
            q("what does another run repeat?", contains={"nextStep": "58"}),
        ),
    ),
    Case(
        "failing fast",
        execution(
            "running",
            [
                *done(1, times=("11:55:00", "11:55:30")),
                *(broke(f"task-{n}", "KeyError: 'bucket'", times=("11:55:00", "11:55:20")) for n in range(1, 31)),
                *(task(f"task-{n}", "pending", times=("", "")) for n in range(31, 1000)),
            ],
            counts(total=1000, success=1, failure=30),
            times=("11:54:00", "11:55:00", ""),
            parallelism=10,
        ),
        (
            q(DONE, "30", "969", facts={"done": False, "tasks.failed": 30, "tasks.waiting": 969}),
            q(WHY, "KeyError", "bucket", facts={"failures.0.count": 30}),
            q(NEXT, any_of=("cancel",), contains={"nextStep": "cancel"}),
        ),
    ),
    Case(
        "queued for three hours",
        execution("queued", None, counts(total=200), times=("09:00:00", "", "")),
        (
            q(DONE, "3h", facts={"done": False, "timing.queuedSeconds": 10800}),
            q(HOW_OFTEN, between={"pollAfterSeconds": (60, 600)}),
        ),
    ),
    Case(
        "almost over",
        execution(
            "running",
            [
                *(task(f"task-{n}", "succeeded", times=("11:59:40", "11:59:44")) for n in range(19)),
                task("task-19", "running", times=("11:59:57", "")),
            ],
            counts(total=20, success=19, running=1),
            times=("11:59:30", "11:59:40", ""),
        ),
        (q(HOW_OFTEN, "19 of 20", between={"pollAfterSeconds": (15, 600)}),),
    ),
    Case(
        "just begun",
        execution("Running", None, counts(total=3, running=3), times=("11:59:50", "11:59:52", "")),
        (q(HOW_OFTEN, between={"pollAfterSeconds": (15, 600)}, facts={"done": False, "tasks.running": 3}),),
        tasks_at=[task(f"task-{n}", "running", times=("11:59:52", "")) for n in range(3)],
    ),
    Case(
        "57 of 60 minutes, its task 10 of 60",
        execution(
            "running",
            [
                *(task(f"task-{n}", "succeeded", times=("11:03:00", "11:50:00"), timeout="") for n in range(4)),
                task("task-4", "running", times=("11:50:00", ""), timeout=""),
            ],
            counts(total=5, success=4, running=1),
            times=("11:02:50", "11:03:00", ""),
            parallelism=4,
            timeout=3600,
        ),
        (q(SURE, "57m", never=("16%", "17%"), facts={"timing.runningSeconds": 3420}),),
    ),
)


def well(*minutes: int, times: tuple[str, str, str] = DAY, **spec: Any) -> dict[str, Any]:
    """An execution that succeeded, by the minutes that each of its tasks took."""
    tasks = [task(f"task-{n}", "succeeded", times=("10:00:10", f"10:{took:02}:10")) for n, took in enumerate(minutes)]
    return execution("succeeded", tasks, counts(total=len(tasks), success=len(tasks)), times=times, **spec)


NOISE = (
    Case(
        "all well",
        well(*[5] * 9, times=("10:00:00", "10:00:10", "10:05:12"), timeout=3600),
        (
            q(
                DONE,
                "all 9 tasks",
                never=("exits 0", "exited 0", "exit 0"),
                facts={"outcome": "succeeded", "done": True},
            ),
            q(HOW_LONG, "5m", never=("median", "slowest"), facts={"timing.runningSeconds": 302}),
        ),
    ),
    Case(
        "two minutes of an hour",
        well(2, 2, times=("10:00:00", "10:00:10", "10:02:10"), timeout=3600),
        (q(HOW_LONG, "2m", never=("timeout", "time out"), facts={"timing.timeoutSeconds": 3600}),),
    ),
    Case(
        "most of its timeout",
        well(54, times=("10:00:00", "10:00:10", "10:54:10"), timeout=3600),
        (q(SURE, "54m", any_of=("timeout", "limit", "time out"), facts={"timing.runningSeconds": 3240}),),
    ),
    Case(
        "one is slower",
        well(1, 1, 1, 1, 25, 1, 1, 1, 1),
        (
            q(
                "which was slowest?",
                "25m",
                "task-4",
                any_of=("slowest", "longest"),
                facts={
                    "timing.slowestTask.name": "task-4",
                    "timing.slowestTask.seconds": 1500,
                    "timing.medianTaskSeconds": 60,
                },
            ),
        ),
    ),
    Case(
        "counts alone",
        execution("succeeded", None, counts(total=12, success=12), timeout=7200),
        (q(DONE, "all 12 tasks", never=("exits 0", "timeout", "no reason"), facts={"tasks.succeeded": 12}),),
    ),
)

STRUCTURE = (
    Case(
        "ended",
        well(2, 4, 6, 8, 30),
        (
            q(
                HOW_LONG,
                facts={
                    "timing.runningSeconds": 1800,
                    "timing.queuedSeconds": 10,
                    "timing.endedSecondsAgo": 5390,
                    "timing.medianTaskSeconds": 360,
                    "timing.slowestTask.name": "task-4",
                    "timing.slowestTask.seconds": 1800,
                },
            ),
        ),
    ),
    Case(
        "failed a moment ago",
        execution(
            "failed",
            [broke("a", "ValueError: no rows", times=("11:50:00", "11:59:00"))],
            counts(total=1, failure=1),
            times=("11:49:00", "11:50:00", "11:59:30"),
        ),
        (q(HOW_LONG, "30s", facts={"timing.endedSecondsAgo": 30, "timing.runningSeconds": 570}),),
    ),
    Case(
        "cancelled",
        execution(
            "cancelled", None, counts(total=4, success=1, cancelled=3), times=("11:00:00", "11:00:00", "11:40:00")
        ),
        (q(HOW_LONG, "20m", facts={"timing.endedSecondsAgo": 1200, "outcome": "cancelled"}),),
        tasks_at=[*done(1), *(task(f"task-{n}", "cancelled", times=("", "")) for n in (1, 2, 3))],
    ),
    Case(
        "running, by its tasks",
        execution(
            "running",
            [
                *(task(f"t-{n}", "succeeded", times=("11:40:00", "11:48:00")) for n in range(4)),
                *(task(f"t-{n}", "succeeded", times=("11:48:00", "11:58:00")) for n in range(4, 8)),
                *(task(f"t-{n}", "running", times=("11:58:00", "")) for n in range(8, 12)),
                *(task(f"t-{n}", "pending", times=("", "")) for n in range(12, 16)),
            ],
            counts(total=16, success=8, running=4),
            times=("11:40:00", "11:40:00", ""),
            parallelism=4,
        ),
        (
            q(
                WHEN,
                "8 of 16",
                present=("timing.estimateBasis",),
                between={
                    "timing.estimatedRemainingSeconds": (600, 1500),
                    "timing.estimatedRemainingRange.0": (300, 1200),
                    "timing.estimatedRemainingRange.1": (900, 2400),
                },
                absent=("timing.endedSecondsAgo",),
            ),
        ),
    ),
    Case(
        "running, by the past",
        execution("running", None, None, times=("11:50:00", "11:50:00", "")),
        (
            q(
                WHEN,
                present=("timing.estimatedRemainingRange.0", "timing.estimatedRemainingRange.1"),
                between={"timing.estimatedRemainingSeconds": (400, 900)},
                facts={"done": False, "timing.runningSeconds": 600},
            ),
        ),
        usual=(1000, 1200, 1500),
    ),
)

RUNS = (*LOG, *APART, *CONDITIONS, *LIMITS, *NOISE, *STRUCTURE)
