"""The demo workspace: a team's jobs and their executions, dated relative to the start of the control plane."""

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from blaxel_mcp.demo.playback import Execution, Failure, Task
from blaxel_mcp.demo.wire import Job

WORKSPACE = "demo"
API_KEY = "demo-key"
CLIENT_ID = "demo-id"
CLIENT_SECRET = "demo-secret"  # noqa: S105 - valid for this control plane only
REFRESH_TOKEN = "demo-refresh"  # noqa: S105 - same
DEVICE_CODE = "demo-device"

SUCCEEDED = "exec-9f2c41d7"
IMPORT_FAILED = "exec-b7d2640f"
FAILED = "exec-51be07aa"
RUNNING = "exec-c83d9e60"
QUEUED = "exec-0d74f1b2"
TIMED_OUT = "exec-e2a86b19"
CANCELLING = "exec-7b15c3f4"
CANCELLED = "exec-3ae0d852"
PENDING = "exec-f6194b7c"
MANY_FAILED = "exec-a40c95ee"
PARTLY_FAILED = "exec-68d2b3a1"

SHOWN: tuple[tuple[str, str, str], ...] = (
    ("Did last night's report finish?", "nightly-report", SUCCEEDED),
    ("Why did the nightly import fail?", "nightly-import", IMPORT_FAILED),
    ("When will the corpus be embedded?", "embed-corpus", RUNNING),
    ("Has this week's training started?", "weekly-train", QUEUED),
)
"""Questions of the guided tour, each with the job and the execution that answer it."""

_PYTHON = "Traceback (most recent call last):"


@lru_cache(maxsize=4)  # they are values, and take a hundredth of a second to make
def jobs(began: datetime) -> tuple[Job, ...]:
    """Every job of the workspace with its executions, newest first, for a start at `began` (UTC)."""
    builders = (
        _nightly_report,
        _nightly_import,
        _image_resize,
        _embed_corpus,
        _weekly_train,
        _backfill,
        _load_test,
        _old_import,
    )
    return tuple(build(began) for build in builders)


def _id(job: str, number: int) -> str:
    return "exec-" + hashlib.sha256(f"{job}/{number}".encode()).hexdigest()[:8]


def _execution(job: str, number: int, created: datetime, tasks: list[Task], **more: Any) -> Execution:
    """The plan of an execution; its id follows from job and `number`, unless `more` has one."""
    more.setdefault("id", _id(job, number))
    return Execution(job=job, workspace=WORKSPACE, created=created, tasks=tuple(tasks), **more)


def _before(began: datetime, ago: timedelta, number: int) -> datetime:
    """A creation time `ago` before the control plane started, not on a whole second."""
    return began - ago - timedelta(microseconds=104_729 * (number + 4))


def _last_time(began: datetime, hour: int, minute: int) -> datetime:
    """The last time that it was so late, at least 20 minutes before the control plane started."""
    moment = began.replace(hour=hour, minute=minute, second=0, microsecond=318_402)
    return moment - timedelta(days=1) if moment > began - timedelta(minutes=20) else moment


def _even(index: int) -> float:
    """A number from 0 to 1 that looks random and is the same each time: a low-discrepancy sequence (golden ratio)."""
    return index * 0.6180339887 % 1


def _tasks(count: int, seconds: float, spread: float, note: Callable[[int], str], *, first: int = 0) -> list[Task]:
    return [Task(round(seconds + spread * (_even(first + i) - 0.5), 3), note=note(i)) for i in range(count)]


def _nightly_report(began: datetime) -> Job:
    night = _last_time(began, 2, 0)
    limits: dict[str, Any] = {"timeout": 3600, "max_retries": 2}

    def run(ago: int) -> Execution:
        tasks = _tasks(12, 239, 18, lambda i: f"wrote 2{i:02d} rows to report_{i:02d}.parquet", first=ago * 5)
        if ago == 4:  # noqa: PLR2004 - four nights ago the database was away
            lost = 'psycopg.OperationalError: connection to server at "10.12.0.7", port 5432 failed: timeout expired'
            slow = {"level": "warning", "logger": "report.db", "msg": "still connecting", "seconds": 30}
            gone = {"level": "error", "logger": "report.main", "msg": "report not written", "error": lost}
            logged = Failure(traceback=(json.dumps(gone),), warned=(json.dumps(slow),))
            for index in (2, 6, 7):
                tasks[index] = Task(95.5, logged, attempts=3)
        env, more = ("REPORT_DATE", "REPORT_FORMAT"), {"digits": 6} if ago else {"id": SUCCEEDED, "digits": 9}
        created = night - timedelta(days=ago)
        return _execution("nightly-report", ago, created, tasks, parallelism=4, env=env, **limits, **more)

    return Job(
        name="nightly-report",
        workspace=WORKSPACE,
        created=began - timedelta(days=212, hours=5),
        display_name="Nightly report",
        labels=(("team", "analytics"),),
        memory=2048,
        **limits,
        envs=("DATABASE_URL", "REPORT_BUCKET", "SMTP_PASSWORD"),
        schedule="0 2 * * *",
        executions=tuple(run(ago) for ago in range(14)),
    )


def _nightly_import(began: datetime) -> Job:
    night = _last_time(began, 3, 30)
    limits: dict[str, Any] = {"timeout": 1800, "max_retries": 1}

    def trace(error: str, line: int, source: str) -> tuple[str, ...]:
        return (
            _PYTHON,
            '  File "/app/load.py", line 118, in <module>',
            "    main(int(os.environ['TASK_INDEX']))",
            '  File "/app/load.py", line 97, in main',
            "    rows = read(path)",
            "           ^^^^^^^^^^",
            f'  File "/app/load.py", line {line}, in read',
            f"    {source}",
            error,
        )

    def missing(part: int) -> Failure:
        path = f"/data/in/orders/part-{part:04d}.parquet"
        error = f"FileNotFoundError: [Errno 2] No such file or directory: '{path}'"
        warned = (f"load: {path} is not in the manifest, trying it all the same",)
        return Failure(
            "The container exited with an error.", trace(error, 41, 'with open(path, "rb") as part:'), warned
        )

    def run(ago: int) -> Execution:
        tasks = _tasks(40, 31, 9, lambda i: f"load: {11_500 + 37 * i} rows of part {i} loaded", first=ago * 7)
        if ago == 0:
            for index in (5, 18, 33):
                tasks[index] = Task(4.2 + index / 10, missing(index), attempts=2)
        if ago == 3:  # noqa: PLR2004 - three nights ago a column was missing, and Blaxel said nothing of it
            unknown = Failure(traceback=trace("KeyError: 'customer_id'", 52, "frame['customer_id'].astype('int64')"))
            tasks[12] = Task(11.4, unknown, attempts=2)
        more = {"env": ("SOURCE", "BATCH_SIZE"), "id": _id("nightly-import", ago) if ago else IMPORT_FAILED}
        usual = {"parallelism": 8, "digits": 9, "says_conditions": False}
        return _execution("nightly-import", ago, night - timedelta(days=ago), tasks, **usual, **limits, **more)

    return Job(
        name="nightly-import",
        workspace=WORKSPACE,
        created=began - timedelta(days=250),
        display_name="Nightly import",
        labels=(("team", "data"),),
        memory=2048,
        **limits,
        envs=("SOURCE", "DATABASE_URL"),
        schedule="30 3 * * *",
        deployed=(night - timedelta(days=44), night - timedelta(hours=10, minutes=28)),
        executions=tuple(run(ago) for ago in range(7)),
    )


def _image_resize(began: datetime) -> Job:
    limits: dict[str, Any] = {"timeout": 900, "max_retries": 2}

    def failure(path: str, code: int, message: str, error: str) -> Failure:
        trace = (
            _PYTHON,
            '  File "/app/resize.py", line 88, in <module>',
            f"    resize(pathlib.Path('{path}'))",
            '  File "/app/resize.py", line 52, in resize',
            "    image = Image.open(path).convert('RGB')",
            error,
        )
        return Failure(f"The container exited with code {code}: {message}", trace)

    def out_of_memory(shard: int, picture: int) -> Failure:
        path = f"/data/in/shard-{shard:02d}/IMG_{picture:05d}.tiff"
        return failure(path, 137, f"out of memory on shard {shard} while resizing {path}", "MemoryError")

    bad = "/data/in/shard-22/IMG_08113.heic"
    unidentified = f"PIL.UnidentifiedImageError: cannot identify image file '{bad}'"
    unreadable = failure(bad, 1, unidentified, unidentified)

    def run(number: int, ago: timedelta, replaced: dict[int, Task], **more: Any) -> Execution:
        tasks = _tasks(40, 31, 14, lambda i: f"resized {480 + 7 * i} images of shard {i}", first=number * 3)
        for index, task in replaced.items():
            tasks[index] = task
        created = _before(began, ago, number)
        return _execution("image-resize", number, created, tasks, parallelism=8, digits=3, **limits, **more)

    failed = {
        9: Task(34.61, attempts=2, note="resized 512 images of shard 9"),
        17: Task(57.302, out_of_memory(17, 20417), attempts=3),
        22: Task(9.87, unreadable, attempts=3),
        31: Task(61.75, out_of_memory(31, 7002), attempts=3),
    }
    return Job(
        name="image-resize",
        workspace=WORKSPACE,
        created=began - timedelta(days=96, hours=2),
        display_name="Image resize",
        labels=(("team", "media"),),
        memory=1024,
        **limits,
        envs=("INPUT_BUCKET", "OUTPUT_BUCKET"),
        deployed=(began - timedelta(hours=4, minutes=11),),
        executions=(
            run(0, timedelta(minutes=26), failed, id=FAILED, env=("MAX_EDGE", "FORMAT")),
            run(1, timedelta(days=1, minutes=41), {}, env=("MAX_EDGE",)),
            run(2, timedelta(days=2, minutes=12), {5: Task(52.4, attempts=2)}, zeros=False),
            run(3, timedelta(days=4, minutes=3), {}),
        ),
    )


def _embed_corpus(began: datetime) -> Job:
    limits: dict[str, Any] = {"timeout": 1800, "max_retries": 1}

    def run(number: int, ago: timedelta, **more: Any) -> Execution:
        tasks = _tasks(20, 45, 8, lambda i: f"embedded documents {i * 500} to {i * 500 + 499}", first=number)
        usual = {"parallelism": 4, "env": ("EMBEDDING_MODEL", "BATCH_SIZE"), "says_conditions": False, "zeros": False}
        created = _before(began, ago, number)
        return _execution("embed-corpus", number, created, tasks, **usual, **limits, **more)

    return Job(
        name="embed-corpus",
        workspace=WORKSPACE,
        created=began - timedelta(days=40, hours=8),
        display_name="Embed corpus",
        labels=(("team", "search"),),
        memory=4096,
        **limits,
        envs=("EMBEDDING_MODEL", "VECTOR_STORE_URL", "VECTOR_STORE_TOKEN"),
        executions=(
            run(0, timedelta(minutes=2, seconds=1), id=RUNNING, digits=6),
            *(run(number, timedelta(days=number, minutes=7 * number), digits=9) for number in range(1, 6)),
        ),
    )


def _weekly_train(began: datetime) -> Job:
    diverged = "ValueError: loss is nan at step 18400"
    crash = Failure(
        "exit code 1",
        (_PYTHON, '  File "/app/train.py", line 203, in <module>', "    trainer.fit(model, data)", diverged),
        execution_reason="",
    )

    def run(number: int, ago: timedelta, seconds: tuple[float, ...], **more: Any) -> Execution:
        tasks = [Task(second, note=f"fold {i}: best loss 0.{311 - i}") for i, second in enumerate(seconds)]
        if number == 1:
            tasks[4] = Task(tasks[4].seconds, crash)
        usual = {"parallelism": 6, "timeout": 7200, "env": ("EPOCHS", "LEARNING_RATE")}
        return _execution("weekly-train", number, _before(began, ago, number), tasks, **usual, **more)

    usual = (5210.4, 5518.9, 5377.2, 5102.6, 5451.0, 5290.7, 1304.5, 1277.3)
    # Two folds hang, so the whole execution meets its timeout with them running and nothing to say so in the tasks.
    hung = (5333.1, 9000.0, 5410.8, 5295.2, 2911.7, 9000.0, 1290.4, 1318.8)
    return Job(
        name="weekly-train",
        workspace=WORKSPACE,
        created=began - timedelta(days=300),
        display_name="Weekly training",
        labels=(("team", "ml"), ("tier", "gpu")),
        memory=16384,
        timeout=7200,
        envs=("WANDB_API_KEY", "DATASET"),
        executions=(
            run(0, timedelta(minutes=6, seconds=12), usual, id=QUEUED, queued=None, memory=8192, zeros=False),
            run(1, timedelta(days=7), hung, id=TIMED_OUT, times_out=True),
            run(2, timedelta(days=14), usual, tasks_under_spec=True),
            run(3, timedelta(days=21), usual),
        ),
    )


def _backfill(began: datetime) -> Job:
    limits: dict[str, Any] = {"timeout": 3600, "max_retries": 1}

    def run(number: int, ago: timedelta, **more: Any) -> Execution:
        tasks = _tasks(60, 600, 420, lambda i: f"backfilled day {i + 1} of 60", first=number * 11)
        usual = {"parallelism": 6, "env": ("FROM_DATE", "TO_DATE"), "digits": 3}
        return _execution("backfill", number, _before(began, ago, number), tasks, **usual, **limits, **more)

    cancelling = began - timedelta(minutes=3, seconds=20)
    cancelled = began - timedelta(days=1, hours=2, minutes=17)
    return Job(
        name="backfill",
        workspace=WORKSPACE,
        created=began - timedelta(days=61),
        display_name="Backfill",
        labels=(("team", "analytics"),),
        memory=2048,
        **limits,
        envs=("DATABASE_URL",),
        executions=(
            run(0, timedelta(seconds=38), id=PENDING, pending=None, zeros=False, year_one=True),
            run(1, timedelta(minutes=53), id=CANCELLING, cancel=cancelling, says_conditions=False),
            run(2, timedelta(days=1, hours=3), id=CANCELLED, cancel=cancelled),
            run(3, timedelta(days=33)),
        ),
    )


def _load_test(began: datetime) -> Job:
    limits: dict[str, Any] = {"timeout": 600, "max_retries": 1}

    def failure(index: int, *, explained: bool) -> Failure:
        """What ends a shard, a Go program; `explained` is whether its condition says it too."""
        request = uuid.UUID(bytes=hashlib.md5(f"load-test/{index}".encode(), usedforsecurity=False).digest())
        log: tuple[str, ...]
        code, warned = 1, (f'{{"level":"warn","msg":"slow response","shard":{index},"ms":{900 + index}}}',)
        if index % 7 == 0:
            code, error = 2, f"panic: runtime error: index out of range [{3000 + index}] with length 3000"
            log = (
                error,
                "",
                "goroutine 1 [running]:",
                f"main.record(0xc0000b{index:04x}, 0x{index:x})",
                "\t/src/cmd/load/record.go:58 +0x1d4",
                "main.main()",
                "\t/src/cmd/load/main.go:31 +0x2a5",
                "exit status 2",
            )
        else:
            turned_away = index % 4 == 3  # noqa: PLR2004 - one cause of three, about a quarter of the failures
            error = "target answered 503" if turned_away else "dial tcp 10.9.4.2:443: i/o timeout"
            line = {"level": "fatal", "msg": "shard gave up", "shard": index, "request": str(request), "error": error}
            log = (json.dumps(line),)
        said = f"The container exited with code {code}: {error}" if explained else f"exit code {code}"
        return Failure(said, log, warned, execution_reason="NON_ZERO_EXIT_CODE" if explained else "")

    def run(number: int, ago: timedelta, count: int, failing: range, **more: Any) -> Execution:
        tasks = _tasks(count, 22, 9, lambda i: f"shard {i}: 3000 requests", first=number)
        for index in failing:
            why = failure(index, explained=number == 1)
            tasks[index] = Task(tasks[index].seconds, why, attempts=2)
        usual = {"parallelism": 50, "env": ("TARGET_URL",), "digits": 9}
        return _execution("load-test", number, _before(began, ago, number), tasks, **usual, **limits, **more)

    return Job(
        name="load-test",
        workspace=WORKSPACE,
        created=began - timedelta(days=18, hours=20),
        display_name="Load test",
        labels=(("team", "platform"),),
        memory=512,
        **limits,
        envs=("TARGET_TOKEN",),
        executions=(
            run(0, timedelta(hours=3, minutes=9), 1000, range(11, 1000, 27), id=MANY_FAILED),
            run(
                1,
                timedelta(days=1, hours=1),
                200,
                range(30, 200, 50),
                id=PARTLY_FAILED,
                final_status="succeeded",
            ),
            run(2, timedelta(days=3), 200, range(0), zeros=False, memory=256),
        ),
    )


def _old_import(began: datetime) -> Job:
    return Job(
        name="old-import",
        workspace=WORKSPACE,
        created=began - timedelta(days=512),
        display_name="Old import",
        enabled=False,
    )
