"""More executions of the question bank: what tells in a message, what goes together, causes, and whose it is.

Each expectation was written from the JSON alone. They hold facts and no sentences, so that the words may change. What
is arguable is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bank import DAY, DONE, HOW_LONG, HOW_MANY, NEXT, SURE, WHEN, WHY, meta

WHOSE = "whose fault is it?"
HOW_OFTEN = "when should I ask again?"
SAME = "did they all fail for the same reason?"
EXITED = "NonZeroExitCode"
__all__ = ["DAY", "DONE", "HOW_LONG", "HOW_MANY", "HOW_OFTEN", "NEXT", "SAME", "SURE", "WHEN", "WHOSE", "WHY", "meta"]


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question, and what the right answer holds.

    Attributes:
        ask: the question in a person's words.
        holds: all of these are in the prose.
        any_of: at least one of these is in the prose, in any case.
        never: none of these is in the prose or the next step, in any case.
        facts: values in the object by their dotted paths; numbers are places in a list.
        contains: text that a value in the object contains, in any case.
        isnt: values that must not stand there.
        between: the least and the most that a number may be.
        present: paths that must be there, whatever they say.
        absent: paths that must not be there.
    """

    ask: str
    holds: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    contains: Mapping[str, str] = field(default_factory=dict)
    isnt: Mapping[str, Any] = field(default_factory=dict)
    between: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """An execution as the API sends it, and what is asked of it.

    Attributes:
        name: unique in the bank.
        raw: the execution's JSON.
        questions: what is asked.
        log: the failed task's lines of log, oldest first; `None` if the log is not looked at.
        log_task: the task's name in the log, where it is another one than in the execution.
        tasks_at: the tasks that only the operation that lists them gives.
        usual: seconds that recent successful executions of the job took.
    """

    name: str
    raw: Any
    questions: tuple[Question, ...]
    log: Sequence[str] | None = None
    log_task: str | None = None
    tasks_at: Sequence[Any] | None = None
    usual: tuple[int, ...] = ()


def q(ask: str, *holds: str, **more: Any) -> Question:
    """A question, and what the prose holds."""
    return Question(ask=ask, holds=holds, **more)


def caused(cause: str, *holds: str, **more: Any) -> Question:
    """Why it failed, with the cause of the largest group."""
    return q(WHY, *holds, **{"facts": {"failures.0.cause": cause}, **more})


def lines(*parts: str) -> str:
    """A text of several lines."""
    return "\n".join(parts)


def condition(message: str | None, reason: str | None = EXITED, **more: Any) -> dict[str, Any]:
    """A condition of a failed task, unless `more` says otherwise."""
    usual = {"type": "Completed", "state": "CONDITION_FAILED", "severity": "ERROR", "executionReason": ""}
    return {**usual, "reason": reason, "message": message, **more}


def task(
    name: str,
    status: str,
    *conditions: dict[str, Any],
    times: tuple[str, str] = ("10:00:10", "10:04:10"),
    timeout: str = "1h",
    retries: int = 0,
) -> dict[str, Any]:
    """A task; `times` are its start and end, which are absent where empty, as is an empty timeout."""
    keys = ("startedAt", "completedAt")
    stamps = {key: f"2026-11-24T{time}Z" for key, time in zip(keys, times, strict=True) if time}
    return {
        "metadata": {"name": name, **stamps},
        "spec": {"maxRetries": retries, **({"timeout": timeout} if timeout else {})},
        "status": status,
        "conditions": list(conditions),
    }


def broke(name: str, message: str | None, reason: str | None = EXITED, **more: Any) -> dict[str, Any]:
    """A failed task with one condition; `times` and `timeout` are the task's, anything else the condition's."""
    own = {key: more.pop(key) for key in ("times", "timeout", "retries") if key in more}
    return task(name, "failed", condition(message, reason, **more), **own)


def done(count: int, first: int = 0, name: str = "task-", **more: Any) -> list[dict[str, Any]]:
    """Tasks that succeeded."""
    return [task(f"{name}{number}", "succeeded", **more) for number in range(first, first + count)]


def counts(**numbers: int) -> dict[str, int]:
    """An execution's `stats`."""
    return numbers


def execution(
    status: str,
    tasks: Sequence[Any] | None = None,
    stats: dict[str, int] | None = None,
    *,
    times: tuple[str, str, str] = DAY,
    below: str = "tasks",
    metadata: Mapping[str, Any] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """An execution whose tasks are in its `tasks`, or `below="spec"`; everything else goes into the spec."""
    body: dict[str, Any] = {"metadata": meta(*times, **(metadata or {})), "spec": {**spec}, "status": status}
    if stats is not None:
        body["stats"] = stats
    if tasks is not None and below == "spec":
        body["spec"]["tasks"] = list(tasks)
    elif tasks is not None:
        body["tasks"] = list(tasks)
    return body


def one(message: str | None, reason: str | None = EXITED, **more: Any) -> dict[str, Any]:
    """A failed execution with one task, which failed with this message."""
    return execution("failed", [broke("task-0", message, reason, **more)], counts(total=1, failure=1), timeout=3600)


_SITE = "/app/.venv/lib/python3.12/site-packages"
_LONG = "".join(f" row {number}: expected int, got str;" for number in range(90))

TELLING = (
    Case(
        "python, frames of a library",
        execution(
            "failed",
            [
                *done(37, name="shard-"),
                *(
                    broke(
                        f"shard-{number}",
                        lines(
                            "Traceback (most recent call last):",
                            f'  File "{_SITE}/celery/app/trace.py", line 453, in trace_task',
                            "    R = retval = fun(*args, **kwargs)",
                            '  File "/srv/app/steps/load.py", line 118, in run',
                            "    frame = pd.read_parquet(path)",
                            f'  File "{_SITE}/pandas/io/parquet.py", line 667, in read_parquet',
                            "    return impl.read(",
                            f'  File "{_SITE}/pandas/io/common.py", line 882, in get_handle',
                            "    handle = open(handle, ioargs.mode)",
                            "FileNotFoundError: [Errno 2] No such file or directory: '/mnt/in/orders.parquet'",
                        ),
                    )
                    for number in (37, 38, 39)
                ),
            ],
            counts(total=40, success=37, failure=3),
            timeout=3600,
        ),
        (
            q(DONE, "3 of 40", "37", facts={"done": True, "outcome": "failed", "tasks.failed": 3}),
            q(
                WHY,
                "FileNotFoundError",
                "orders.parquet",
                "load.py:118",
                never=("celery",),
                facts={"failures.0.count": 3},
                contains={"failures.0.message": "No such file or directory"},
            ),
            q(SAME, absent=("failures.1",)),
        ),
    ),
    Case(
        "python, one exception during another",
        one(
            lines(
                "Traceback (most recent call last):",
                '  File "/app/pipeline/db.py", line 61, in copy',
                "    cursor.copy(statement)",
                "psycopg.errors.UndefinedColumn: column orders.net does not exist",
                "",
                "During handling of the above exception, another exception occurred:",
                "",
                "Traceback (most recent call last):",
                '  File "/app/pipeline/export.py", line 88, in main',
                "    raise ExportError(day) from None",
                "pipeline.errors.ExportError: could not export the orders of 2026-11-23",
            )
        ),
        (q(WHY, "ExportError", "could not export the orders of 2026-11-23", "export.py:88"),),
    ),
    Case(
        "python, direct cause",
        execution(
            "FAILED",
            [
                broke(
                    "join",
                    lines(
                        "Traceback (most recent call last):",
                        f'  File "{_SITE}/pandas/core/indexes/base.py", line 3805, in get_loc',
                        "    return self._engine.get_loc(casted_key)",
                        "KeyError: 'customer_id'",
                        "",
                        "The above exception was the direct cause of the following exception:",
                        "",
                        "Traceback (most recent call last):",
                        '  File "/workspace/join.py", line 23, in <module>',
                        "    left['key'] = left['customer_id']",
                        f'  File "{_SITE}/pandas/core/frame.py", line 4102, in __getitem__',
                        "    indexer = self.columns.get_loc(key)",
                        "KeyError: 'customer_id'",
                    ),
                )
            ],
            counts(total=1, failure=1),
            below="spec",
        ),
        (
            q(DONE, facts={"done": True, "status": "failed"}),
            caused("exit_code", "KeyError", "customer_id", "join.py:23"),
        ),
    ),
    Case(
        "python, exception group",
        one(
            lines(
                "  + Exception Group Traceback (most recent call last):",
                '  |   File "/app/crawl.py", line 41, in main',
                "  |     async with asyncio.TaskGroup() as group:",
                "  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)",
                "  +-+---------------- 1 ----------------",
                "    | Traceback (most recent call last):",
                '    |   File "/app/crawl.py", line 29, in fetch',
                '    |     raise ValueError(f"page {number} has no title")',
                "    | ValueError: page 7 has no title",
                "    +------------------------------------",
            )
        ),
        (q(WHY, "ValueError", "page 7 has no title"),),
    ),
    Case(
        "python, syntax error",
        one(
            lines(
                '  File "/app/main.py", line 12',
                "    def resize(rows)",
                "                    ^",
                "SyntaxError: expected ':'",
            )
        ),
        (q(WHY, "SyntaxError", "expected ':'", "main.py"),),
    ),
    Case(
        "java, the deepest cause",
        one(
            lines(
                "Exception in thread 'main' org.springframework.beans.factory.BeanCreationException: Error creating "
                "bean with name 'dataSource' defined in class path resource [com/acme/etl/Config.class]",
                *(f"\tat org.springframework.beans.factory.support.Abstract.create(A.java:{n})" for n in range(40)),
                "Caused by: com.zaxxer.hikari.pool.HikariPool$PoolInitializationException: Failed to initialize pool",
                "\tat com.zaxxer.hikari.pool.HikariPool.throwPoolInitializationException(HikariPool.java:596)",
                "\t... 41 more",
                "Caused by: org.postgresql.util.PSQLException: FATAL: password authentication failed for user 'etl'",
                "\tat org.postgresql.core.v3.ConnectionFactoryImpl.doAuthentication(ConnectionFactoryImpl.java:646)",
                "\t... 55 more",
            )
        ),
        (q(WHY, "PSQLException", "password authentication failed for user 'etl'"),),
    ),
    Case(
        "kotlin",
        execution(
            "failed",
            [
                *done(2, name="invoice-"),
                broke(
                    "invoice-2",
                    lines(
                        "14:02:11.310 [main] INFO  c.acme.Import - reading 2026-11.json",
                        "Exception in thread 'main' com.acme.ImportException: import failed",
                        "\tat com.acme.ImportKt.main(Import.kt:31)",
                        "Caused by: kotlinx.serialization.MissingFieldException: Field 'amount' is required for type "
                        "with serial name 'Invoice', but it was missing",
                        "\tat kotlinx.serialization.internal.PluginExceptionsKt.throwMissingFieldException(P.kt:20)",
                        "\t... 3 more",
                    ),
                ),
            ],
            counts(total=3, success=2, failure=1),
        ),
        (
            q(HOW_MANY, "1 of 3", facts={"tasks.succeeded": 2}),
            q(WHY, "MissingFieldException", "Field 'amount' is required", facts={"failures.0.tasks": ["invoice-2"]}),
        ),
    ),
    Case(
        "node, a package that is not there",
        one(
            lines(
                "node:internal/modules/package_json_reader:255",
                "  throw new ERR_MODULE_NOT_FOUND(packageName, fileURLToPath(base), null);",
                "        ^",
                "",
                "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'sharp' imported from /app/dist/worker.js",
                "    at Object.getPackageJSONURL (node:internal/modules/package_json_reader:255:9)",
                "    at packageResolve (node:internal/modules/esm/resolve:767:81)",
                "    at moduleResolve (node:internal/modules/esm/resolve:853:18) {",
                "  code: 'ERR_MODULE_NOT_FOUND'",
                "}",
                "",
                "Node.js v22.21.0",
            )
        ),
        (caused("missing_dependency", "Cannot find package 'sharp'"),),
    ),
    Case(
        "node, a type error",
        one(
            lines(
                "/app/src/basket.js:17",
                "  return basket.items.map(price)",
                "                ^",
                "",
                "TypeError: Cannot read properties of undefined (reading 'items')",
                "    at total (/app/src/basket.js:17:17)",
                "    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)",
                "",
                "Node.js v22.21.0",
            )
        ),
        (caused("exit_code", "TypeError", "Cannot read properties of undefined (reading 'items')"),),
    ),
    Case(
        "node, under npm's own words",
        one(
            lines(
                "Error: Missing column sku in prices.csv",
                "    at parse (/app/src/parse.ts:44:11)",
                "    at main (/app/src/main.ts:9:3)",
                "npm error Lifecycle script `start` failed with error:",
                "npm error code 1",
                "npm error path /app",
                "npm error workspace resize@1.4.0",
            )
        ),
        (q(WHY, "Missing column sku in prices.csv"),),
    ),
    Case(
        "v8, heap",
        one(
            lines(
                "<--- Last few GCs --->",
                "",
                "[7:0x7f1c]   412290 ms: Mark-Compact 2036.4 (2084.1) -> 2035.9 (2085.0) MB, 1287.61 / 0.00 ms",
                "",
                "<--- JS stacktrace --->",
                "",
                "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
                "----- Native stack trace -----",
                "",
                " 1: 0xe13f1e node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]",
                " 2: 0x11d5ad0 v8::Utils::ReportOOMFailure(v8::internal::Isolate*, char const*) [node]",
                " 3: 0x11d5da7 v8::internal::V8::FatalProcessOutOfMemory(v8::internal::Isolate*) [node]",
            )
        ),
        (q(WHY, "JavaScript heap out of memory", never=("OOMErrorHandler",)),),
    ),
    Case(
        "go, panic",
        one(
            lines(
                "2026/11/24 10:03:11 processing 512 rows",
                "panic: runtime error: index out of range [7] with length 7",
                "",
                "goroutine 1 [running]:",
                "main.(*Batch).Next(...)",
                "\t/src/cmd/resize/batch.go:91",
                "main.main()",
                "\t/src/cmd/resize/main.go:34 +0x1d",
                "exit status 2",
            )
        ),
        (q(WHY, "index out of range [7] with length 7", never=("processing 512 rows",)),),
    ),
    Case(
        "go, fatal error",
        one(
            lines(
                "fatal error: all goroutines are asleep - deadlock!",
                "",
                "goroutine 1 [semacquire]:",
                "sync.runtime_Semacquire(0xc0000140a8?)",
                "\t/usr/local/go/src/runtime/sema.go:71 +0x25",
                "sync.(*WaitGroup).Wait(0xc0000140a0)",
                "\t/usr/local/go/src/sync/waitgroup.go:118 +0x48",
            )
        ),
        (q(WHY, "all goroutines are asleep - deadlock!"),),
    ),
    Case(
        "rust",
        one(
            lines(
                "    Finished reading 3 manifests",
                "thread 'main' panicked at src/decode.rs:214:17:",
                "called `Result::unwrap()` on an `Err` value: UnexpectedEof",
                "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
            )
        ),
        (q(WHY, "UnexpectedEof", never=("RUST_BACKTRACE",)),),
    ),
    Case(
        "dotnet",
        one(
            lines(
                "info: Billing.Export[0]",
                "      Exporting tenant 41",
                "Unhandled exception. System.InvalidOperationException: Sequence contains no matching element",
                "   at System.Linq.ThrowHelper.ThrowNoMatchException()",
                "   at Billing.Export.Run(String tenant) in /src/Billing/Export.cs:line 63",
            )
        ),
        (q(WHY, "InvalidOperationException", "Sequence contains no matching element"),),
    ),
    Case(
        "ruby",
        one(
            lines(
                "/app/lib/import.rb:42:in `parse': undefined method `strip' for nil (NoMethodError)",
                "",
                "      line.strip.split(',')",
                "          ^^^^^^",
                "\tfrom /app/lib/import.rb:17:in `block in call'",
                "\tfrom /usr/lib/ruby/3.3.0/csv.rb:1560:in `each'",
                "\tfrom bin/import:5:in `<main>'",
            )
        ),
        (q(WHY, "undefined method `strip' for nil", "NoMethodError"),),
    ),
    Case(
        "shell",
        one(
            lines(
                "+ set -euo pipefail",
                "+ mkdir -p /data/out",
                "+ aws s3 sync /data/out s3://acme-out/",
                "/app/run.sh: line 3: aws: command not found",
            )
        ),
        (caused("missing_dependency", "aws: command not found"),),
    ),
    Case(
        "json lines",
        one(
            lines(
                '{"level":"info","ts":"2026-11-24T10:01:02Z","msg":"connected","host":"db-1"}',
                '{"level":"warn","ts":"2026-11-24T10:01:40Z","msg":"slow query","ms":4120}',
                '{"level":"error","ts":"2026-11-24T10:01:44Z","msg":"insert failed",'
                '"error":"duplicate key value violates unique constraint orders_pkey"}',
            )
        ),
        (
            q(
                WHY,
                "duplicate key value violates unique constraint orders_pkey",
                never=("slow query",),
                contains={"failures.0.message": "orders_pkey"},
            ),
        ),
    ),
    Case(
        "warnings, then the error",
        one(
            lines(
                *(
                    f"/app/train.py:{n}: FutureWarning: 'M' is deprecated and will be removed, use 'ME' instead"
                    for n in range(20, 32)
                ),
                "WARNING:root:no seed given",
                "ERROR:train:dataset customers has 0 rows, nothing to train on",
            )
        ),
        (q(WHY, "dataset customers has 0 rows, nothing to train on", never=("FutureWarning",)),),
    ),
    Case(
        "one long line",
        one(f"RuntimeError: 90 rows are invalid:{_LONG} the file follows schema v6 instead of v7"),
        (
            q(
                WHY,
                "RuntimeError",
                "90 rows are invalid",
                "schema v6 instead of v7",
                "…",
                contains={"failures.0.message": "schema v6 instead of v7"},
            ),
        ),
    ),
    Case(
        "a fifth of a megabyte",
        one(
            lines(
                *(f"2026-11-24 10:02:{n % 60:02} INFO wrote part {n} of 4000 to the bucket" for n in range(4000)),
                "Traceback (most recent call last):",
                '  File "/app/merge.py", line 77, in merge',
                "    raise MergeError(parts)",
                "MergeError: part 3999 has another header than part 0",
            )
        ),
        (q(WHY, "MergeError", "part 3999 has another header than part 0", never=("to the bucket",)),),
    ),
    Case(
        "german",
        execution(
            "failed",
            [
                broke(
                    "prüfung-1",
                    lines(
                        "Lese Konfiguration …",
                        "Verbinde mit der Datenbank …",
                        "FEHLER: Die Datei »kunden.csv« enthält in Zeile 481 ein ungültiges Datum",
                    ),
                )
            ],
            counts(total=1, failure=1),
        ),
        (
            q(
                WHY,
                "»kunden.csv« enthält in Zeile 481 ein ungültiges Datum",
                never=("Lese Konfiguration",),
                facts={"failures.0.tasks": ["prüfung-1"]},
            ),
        ),
    ),
    Case(
        "chinese",
        one(lines("正在读取配置", "正在连接数据库", "错误: 无法打开文件 /data/订单.csv: 没有那个文件或目录")),
        (q(WHY, "无法打开文件", "订单.csv", never=("正在读取配置",)),),
    ),
)


def failing(*messages: str, total: int = 0, below: str = "tasks") -> dict[str, Any]:
    """A failed execution with one failed task for each message, of `total` tasks."""
    tasks = [broke(f"task-{number}", message) for number, message in enumerate(messages)]
    well = done(max(0, total - len(tasks)), len(tasks))
    stats = counts(total=len(tasks) + len(well), failure=len(tasks), success=len(well))
    return execution("failed", [*tasks, *well], stats, below=below, timeout=3600)


def groups(*numbers: int) -> dict[str, Any]:
    """The counts of the groups, the largest first."""
    return {f"failures.{place}.count": number for place, number in enumerate(numbers)}


GROUPS = (
    Case(
        "keys apart",
        failing("KeyError: 'price'", "KeyError: 'customer_id'", "KeyError: 'price'", total=8),
        (
            q(SAME, "price", "customer_id", facts=groups(2, 1), absent=("failures.2",)),
            q(HOW_MANY, "3 of 8", facts={"tasks.failed": 3, "tasks.succeeded": 5}),
        ),
    ),
    Case(
        "one row, three rows",
        failing("AssertionError: dropped 1 row", "AssertionError: dropped 3 rows", "AssertionError: dropped 44 rows"),
        (q(SAME, "AssertionError", facts=groups(3), absent=("failures.1",)),),
    ),
    Case(
        "exit codes apart",
        failing(
            "The container exited with code 3.",
            "The container exited with code 1.",
            "The container exited with code 3.",
            "The container exited with code 3.",
        ),
        (q(SAME, "code 3", "code 1", facts=groups(3, 1), absent=("failures.2",)),),
    ),
    Case(
        "paths, ids and dates together",
        failing(
            *(
                f"OSError: truncated file /mnt/in/2026-11-{day:02}/part-{day * 7:05}.parquet "
                f"(upload 8f1c{day:04x}-5b7e-4c1d-9a53-0242ac1{day:05x})"
                for day in range(1, 25)
            ),
            total=30,
        ),
        (
            q(SAME, "truncated file", facts=groups(24), absent=("failures.1",)),
            q(HOW_MANY, "24 of 30", facts={"tasks.total": 30}),
        ),
    ),
    Case(
        "modules apart",
        failing(
            "ModuleNotFoundError: No module named 'numpy'",
            "ModuleNotFoundError: No module named 'xgboost'",
            "ModuleNotFoundError: No module named 'numpy'",
            below="spec",
        ),
        (
            q(
                SAME,
                "numpy",
                "xgboost",
                facts={
                    **groups(2, 1),
                    "failures.0.cause": "missing_dependency",
                    "failures.1.cause": "missing_dependency",
                },
                absent=("failures.2",),
            ),
        ),
    ),
    Case(
        "relations apart",
        failing(
            'psycopg2.errors.UndefinedTable: relation "orders" does not exist',
            'psycopg2.errors.UndefinedTable: relation "orders" does not exist',
            'psycopg2.errors.UndefinedTable: relation "invoices" does not exist',
        ),
        (q(SAME, "orders", "invoices", facts=groups(2, 1)),),
    ),
    Case(
        "http statuses apart, addresses together",
        failing(
            "HTTPError: HTTP 502 from https://api.acme.example/items/1009",
            "HTTPError: HTTP 502 from https://api.acme.example/items/2044",
            "HTTPError: HTTP 410 from https://api.acme.example/items/3001",
        ),
        (q(SAME, "502", "410", facts=groups(2, 1), absent=("failures.2",)),),
    ),
    Case(
        "quoted values with digits together",
        failing(
            "ValueError: invalid literal for int() with base 10: '12a'",
            "ValueError: invalid literal for int() with base 10: '7b'",
            "ValueError: invalid literal for int() with base 10: '380 kg'",
        ),
        (caused("exit_code", "invalid literal for int()", absent=("failures.1",)), q(SAME, facts=groups(3))),
    ),
    Case(
        "sqlstates apart",
        failing(
            "PDOException: SQLSTATE[40001]: the transaction was rolled back",
            "PDOException: SQLSTATE[23505]: the transaction was rolled back",
            "PDOException: SQLSTATE[40001]: the transaction was rolled back",
        ),
        (q(SAME, "40001", "23505", facts=groups(2, 1)),),
    ),
    Case(
        "task names and hosts together",
        failing(
            *(f"task-{n}: worker lost its lease on 10.0.3.{17 + n}:5432 after {40 + n} s" for n in range(6)), total=6
        ),
        (q(SAME, "lost its lease", facts=groups(6), absent=("failures.1",)),),
    ),
    Case(
        "three reasons, largest first",
        failing(
            *["ZeroDivisionError: division by zero"] * 2,
            *["UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"] * 5,
            "NotImplementedError: rotation of animated pictures",
            total=20,
        ),
        (
            q(SAME, "UnicodeDecodeError", facts=groups(5, 2, 1), absent=("failures.3", "failuresOmitted")),
            q(HOW_MANY, "8 of 20", facts={"tasks.failed": 8}),
        ),
    ),
)

_MEMORY_ADVICE = ("Raise the job's memory", "more memory to the job")

CAUSES = (
    Case(
        "cuda",
        one(
            lines(
                "Traceback (most recent call last):",
                '  File "/app/train.py", line 203, in step',
                "    loss.backward()",
                "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of "
                "23.69 GiB of which 1.10 GiB is free.",
            )
        ),
        (caused("gpu_memory", "CUDA out of memory"), q(NEXT, never=_MEMORY_ADVICE)),
    ),
    Case(
        "redis",
        one("redis.exceptions.OutOfMemoryError: OOM command not allowed when used memory > 'maxmemory'."),
        (
            q(
                WHY,
                "OOM command not allowed",
                isnt={"failures.0.cause": "out_of_memory", "origin": "limits"},
                never=_MEMORY_ADVICE,
            ),
        ),
    ),
    Case(
        "the database's memory",
        one(
            "clickhouse_driver.errors.ServerException: Code: 241. DB::Exception: Memory limit (total) exceeded: would "
            "use 9.31 GiB (attempt to allocate chunk of 4359856 bytes), maximum: 9.20 GiB."
        ),
        (q(WHY, "241", isnt={"failures.0.cause": "out_of_memory"}, never=_MEMORY_ADVICE),),
    ),
    Case(
        "broker node lost",
        one("org.apache.kafka.common.KafkaException: broker node 3 lost, 2 of 3 replicas left"),
        (
            q(WHY, "broker node 3 lost", isnt={"failures.0.cause": "platform", "origin": "platform"}),
            q(WHOSE, never=("platform problem",)),
        ),
    ),
    Case(
        "an api timed out",
        one(
            "requests.exceptions.ReadTimeout: HTTPSConnectionPool(host='api.stripe.com', port=443): Read timed out "
            "after 30 seconds",
            times=("10:00:10", "10:02:10"),
        ),
        (
            q(WHY, "ReadTimeout", "api.stripe.com", isnt={"failures.0.cause": "timed_out", "origin": "limits"}),
            q(NEXT, never=("Raise the job's timeout", "above 1h")),
        ),
    ),
    Case(
        "a picture from a cdn",
        one("failed to fetch image 12 from https://cdn.acme.example/cats/12.webp: HTTP 404"),
        (
            q(WHY, "failed to fetch image 12", isnt={"failures.0.cause": "image"}),
            q(NEXT, never=("the job's image", "image exists")),
        ),
    ),
    Case(
        "a signal of another kind",
        one("ValueError: signal 7 has no samples between 10:00 and 10:05"),
        (caused("exit_code", "signal 7 has no samples", never=("kill signal",)),),
    ),
    Case(
        "access denied",
        one(
            "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the PutObject operation: "
            "User: etl is not authorized to perform: s3:PutObject"
        ),
        (caused("permission", "AccessDenied", "PutObject"),),
    ),
    Case(
        "forbidden",
        one(
            "google.api_core.exceptions.Forbidden: 403 GET https://storage.googleapis.com/storage/v1/b/acme-in/o/a: "
            "etl@acme.example does not have storage.objects.get access to the Google Cloud Storage object."
        ),
        (caused("permission", "Forbidden", "403"),),
    ),
    Case(
        "too many requests",
        failing(
            *(
                f"openai.RateLimitError: Error code: 429 - Rate limit reached for requests, try again in {n}s"
                for n in (4, 6, 9)
            ),
            total=64,
        ),
        (
            caused("rate_limited", "429", absent=("failures.1",)),
            q(HOW_MANY, "3 of 64", facts={"failures.0.count": 3}),
        ),
    ),
    Case(
        "quota of another service",
        one(
            "google.api_core.exceptions.ResourceExhausted: 429 Quota exceeded for quota metric 'Read requests' and "
            "limit 'Read requests per minute per user'"
        ),
        (q(WHY, "429", "Read requests", isnt={"failures.0.cause": "quota"}),),
    ),
    Case(
        "no space, python",
        one("OSError: [Errno 28] No space left on device: '/scratch/chunk-00088.arrow'"),
        (caused("disk_full", "No space left on device"),),
    ),
    Case(
        "no space, go",
        one("2026/11/24 10:04:02 merge: write /scratch/out.bin: no space left on device\nexit status 1"),
        (caused("disk_full", "no space left on device"),),
    ),
    Case(
        "name not found, node",
        one(
            lines(
                "Error: getaddrinfo ENOTFOUND db.internal",
                "    at GetAddrInfoReqWrap.onlookupall [as oncomplete] (node:dns:122:26) {",
                "  errno: -3008,",
                "  code: 'ENOTFOUND',",
                "  syscall: 'getaddrinfo',",
                "  hostname: 'db.internal'",
                "}",
            )
        ),
        (caused("network", "getaddrinfo ENOTFOUND db.internal"),),
    ),
    Case(
        "connection refused",
        one("Error: connect ECONNREFUSED 10.0.0.5:6379"),
        (caused("network", "ECONNREFUSED", "10.0.0.5:6379"),),
    ),
    Case(
        "a certificate that nobody knows",
        one('Get "https://vault.acme.example/v1/sys": tls: failed to verify certificate: x509: unknown authority'),
        (caused("network", "failed to verify certificate"),),
    ),
    Case(
        "module not found",
        one(
            lines(
                "Traceback (most recent call last):",
                '  File "/app/detect.py", line 3, in <module>',
                "    import cv2",
                "ModuleNotFoundError: No module named 'cv2'",
            )
        ),
        (caused("missing_dependency", "ModuleNotFoundError", "No module named 'cv2'", "detect.py:3"),),
    ),
    Case("exit 127", one("The container exited with code 127."), (caused("missing_dependency", "127"),)),
    Case("exit 126", one("The container exited with code 126."), (caused("missing_dependency", "126"),)),
    Case("exit 139", one("The container exited with code 139."), (caused("crash", "139"),)),
    Case(
        "abort",
        one(
            lines(
                "terminate called after throwing an instance of 'std::runtime_error'",
                "  what():  cannot map tiles.bin",
                "The container exited with code 134.",
            )
        ),
        (caused("crash", "cannot map tiles.bin"),),
    ),
    Case(
        "exit 137",
        one("The container exited with code 137."),
        (
            caused("killed", "137"),
            q(SURE, any_of=("likely", "probabl", "usual", "often", "perhaps", "most")),
        ),
    ),
    Case(
        "exit 137, and the platform says why",
        one("Memory limit of 1024 MiB exceeded with 1031 MiB used; exit code 137", "OOMKilled"),
        (
            caused("out_of_memory", "1024", facts={"failures.0.cause": "out_of_memory", "origin": "limits"}),
            q(NEXT, any_of=("memory",), contains={"nextStep": "memory"}),
        ),
    ),
    Case(
        "preempted",
        execution(
            "failed",
            [broke("task-0", "The host was preempted while the task was running.", "HostPreempted"), *done(11, 1)],
            counts(total=12, success=11, failure=1),
        ),
        (
            caused("platform", "preempted", facts={"failures.0.cause": "platform", "origin": "platform"}),
            q(NEXT, "11", any_of=("again",), contains={"nextStep": "11"}),
        ),
    ),
    Case(
        "image pull",
        execution(
            "failed",
            [
                broke(
                    "task-0",
                    "Failed to pull image registry.acme.example/resize:rev-9: manifest unknown",
                    "ImagePullBackOff",
                    times=("", ""),
                )
            ],
            counts(total=1, failure=1),
            times=("10:00:00", "", "10:05:00"),
        ),
        (caused("image", "resize:rev-9"), q(NEXT, any_of=("image",))),
    ),
    Case(
        "quota",
        execution(
            "failed",
            [broke("task-0", "Quota exceeded: 50 of 50 concurrent tasks in use", "QuotaExceeded", times=("", ""))],
            counts(total=1, failure=1),
            times=("10:00:00", "", "10:00:03"),
        ),
        (
            caused("quota", "50 of 50 concurrent tasks"),
            q(SURE, any_of=("never start", "not start", "nothing start", "no task start", "before it start")),
        ),
    ),
)


def trap(name: str, message: str, *holds: str, isnt: str, **more: Any) -> Case:
    """Words of a program that ended itself, which sound like something else and are none of that."""
    question = caused("exit_code", *holds, isnt={"failures.0.cause": isnt})
    return Case(name, one(message, **more), (question,))


TRAPS = (
    trap("403 rows", "ValueError: 403 rows were rejected by the schema", "403 rows", isnt="permission"),
    trap("429 duplicates", "ValueError: 429 of 500 rows are duplicates", "429 of 500", isnt="rate_limited"),
    trap("segments 137 and 139", "GeometryError: segment 139 overlaps segment 137", "segment 139", isnt="crash"),
    trap("an order was cancelled", "OrderError: order 12 was cancelled by the customer", "order 12", isnt="cancelled"),
    trap("a quota of the program's", "ValueError: quota of 50 pictures a page exceeded", "50 pictures", isnt="quota"),
    trap("disk of the other kind", "KeyError: 'disk full of stars.fits'", "disk full of stars.fits", isnt="disk_full"),
    Case(
        "an image that the program pulls",
        one(
            "build failed: failed to pull image acme/base:3: manifest unknown",
            "",
            executionReason="NON_ZERO_EXIT_CODE",
        ),
        (q(WHY, "acme/base:3", isnt={"failures.0.cause": "image"}),),
    ),
    Case(
        "another cluster's node",
        one("SparkException: executor 4 was preempted, the cluster lost 1 node"),
        (q(WHY, "executor 4 was preempted", isnt={"failures.0.cause": "platform", "origin": "platform"}),),
    ),
    Case(
        "a tool that the program runs timed out",
        one(
            "subprocess.TimeoutExpired: Command 'exiftool' timed out after 3600 seconds of processor time",
            times=("10:00:10", "10:08:10"),
        ),
        (q(WHY, "exiftool", isnt={"failures.0.cause": "timed_out"}), q(NEXT, never=("Raise the job's timeout",))),
    ),
    Case(
        "errnos apart",
        failing(
            "OSError: [Errno 5] cannot read '/mnt/in/7.tif'",
            "OSError: [Errno 116] cannot read '/mnt/in/8.tif'",
            "OSError: [Errno 5] cannot read '/mnt/in/9.tif'",
        ),
        (q(SAME, facts=groups(2, 1), absent=("failures.2",)),),
    ),
)

ORIGIN = (
    Case(
        "the program",
        one("ValueError: the batch size must be positive"),
        (q(WHOSE, any_of=("program",), facts={"origin": "program", "failures.0.cause": "exit_code"}),),
    ),
    Case(
        "the program, and many tasks",
        failing(*[f"IndexError: page {n} out of range" for n in range(7)], total=70),
        (
            q(WHOSE, any_of=("program",), facts={"origin": "program", "failures.0.count": 7}),
            q(HOW_MANY, "7 of 70"),
        ),
    ),
    Case(
        "the platform",
        one(None, None, executionReason="JOB_STATUS_SERVICE_POLLING_ERROR"),
        (q(WHOSE, any_of=("platform", "Blaxel"), facts={"origin": "platform", "failures.0.cause": "platform"}),),
    ),
    Case(
        "the limits",
        one("Memory limit of 2048 MiB exceeded with 2101 MiB used", "OOMKilled"),
        (
            q(
                WHOSE,
                "2048",
                any_of=("limit", "out of memory"),
                facts={"origin": "limits", "failures.0.cause": "out_of_memory"},
            ),
        ),
    ),
    Case(
        "nobody knows",
        execution("failed", stats=counts(total=4, failure=4)),
        (
            q(WHOSE, absent=("origin",), never=("the program ended",)),
            q(WHY, facts={"failures.0.cause": "unknown", "failures.0.count": 4}),
        ),
        log=(),
    ),
)

MESSAGES = (*TELLING, *GROUPS, *CAUSES, *TRAPS, *ORIGIN)
