"""The line of a message that tells what went wrong, for messages as real programs print them."""

import json

import pytest

from blaxel_mcp.summary.error_forms import FORMS
from blaxel_mcp.summary.frames import is_frame
from blaxel_mcp.summary.telling import TellingLine, TellingLog, telling, telling_log, telling_text

# Name, message, and what is expected of it: the text, the frame, the class of error.
MESSAGES: list[tuple[str, str, tuple[str, str, str]]] = [
    (
        "Python",
        """Traceback (most recent call last):
  File "/srv/app/main.py", line 31, in <module>
    main()
  File "/srv/app/steps/load.py", line 118, in run
    frame = pd.read_parquet(path)
            ^^^^^^^^^^^^^^^^^^^^^
  File "/usr/local/lib/python3.12/site-packages/pandas/io/parquet.py", line 667, in read_parquet
    return impl.read(
FileNotFoundError: [Errno 2] No such file or directory: '/mnt/in/orders.parquet'
""",
        (
            "FileNotFoundError: [Errno 2] No such file or directory: '/mnt/in/orders.parquet'",
            "load.py:118",
            "FileNotFoundError",
        ),
    ),
    (
        "Python, chained: the last",
        """Traceback (most recent call last):
  File "/srv/app/db.py", line 12, in connect
    socket.create_connection(address)
ConnectionRefusedError: [Errno 111] Connection refused

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/app/main.py", line 8, in <module>
    connect()
  File "/srv/app/db.py", line 14, in connect
    raise StartupError("no database at db:5432") from error
db.StartupError: no database at db:5432
""",
        ("db.StartupError: no database at db:5432", "db.py:14", "StartupError"),
    ),
    (
        "Python, during handling",
        """Traceback (most recent call last):
  File "/a/x.py", line 2, in f
    d["price"]
KeyError: 'price'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/a/x.py", line 9, in <module>
    f()
ValueError: row 17 has no price
""",
        ("ValueError: row 17 has no price", "x.py:9", "ValueError"),
    ),
    (
        "Python, syntax error",
        """  File "/srv/app/job.py", line 3
    def run(:
            ^
SyntaxError: invalid syntax
""",
        ("SyntaxError: invalid syntax", "job.py:3", "SyntaxError"),
    ),
    (
        "Python, syntax error of an import",
        """Traceback (most recent call last):
  File "/srv/app/main.py", line 1, in <module>
    import job
  File "/srv/app/job.py", line 3
    print "x"
    ^^^^^^^^^
SyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)?
""",
        ("SyntaxError: Missing parentheses in call to 'print'. Did you mean print(...)?", "job.py:3", "SyntaxError"),
    ),
    (
        "Python, exception group",
        """  + Exception Group Traceback (most recent call last):
  |   File "/srv/app/main.py", line 20, in <module>
  |     asyncio.run(main())
  |   File "/usr/lib/python3.12/asyncio/runners.py", line 194, in run
  |     return runner.run(main)
  | ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/srv/app/fetch.py", line 7, in fetch
    |     raise TimeoutError("no answer from api.example.com")
    | TimeoutError: no answer from api.example.com
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "/srv/app/fetch.py", line 9, in fetch
    |     1 / 0
    | ZeroDivisionError: division by zero
    +------------------------------------
""",
        ("TimeoutError: no answer from api.example.com", "fetch.py:7", "TimeoutError"),
    ),
    (
        "Python, message of several lines",
        """Traceback (most recent call last):
  File "/srv/app/db.py", line 40, in query
    cursor.execute(sql)
sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at "db" (10.0.0.7), port 5432 failed
\tIs the server running on that host and accepting TCP/IP connections?

(Background on this error at: https://sqlalche.me/e/20/e3q8)
""",
        (
            (
                "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection to server at "
                '"db" (10.0.0.7), port 5432 failed'
            ),
            "db.py:40",
            "OperationalError",
        ),
    ),
    (
        "Python, pydantic's list",
        """Traceback (most recent call last):
  File "/srv/app/settings.py", line 9, in <module>
    settings = Settings()
pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings
DATABASE_URL
  Field required [type=missing, input_value={}, input_type=dict]
""",
        (
            (
                "pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings DATABASE_URL "
                "Field required [type=missing, input_value={}, input_type=dict]"
            ),
            "settings.py:9",
            "ValidationError",
        ),
    ),
    (
        "Python, noise after it",
        """INFO starting
Traceback (most recent call last):
  File "/app/a.py", line 5, in <module>
    import xgboost
ModuleNotFoundError: No module named 'xgboost'
Container exited with code 1
exit code 1
""",
        ("ModuleNotFoundError: No module named 'xgboost'", "a.py:5", "ModuleNotFoundError"),
    ),
    (
        "Python, interrupted",
        """Traceback (most recent call last):
  File "/app/a.py", line 5, in <module>
    time.sleep(99)
KeyboardInterrupt
""",
        ("KeyboardInterrupt", "a.py:5", "KeyboardInterrupt"),
    ),
    (
        "Python, line breaks lost",
        (
            'Traceback (most recent call last): File "/srv/app/main.py", line 3, in <module> main() '
            'File "/srv/app/steps/load.py", line 118, in run frame = read(path) '
            "FileNotFoundError: [Errno 2] No such file or directory: '/mnt/in/orders.parquet'"
        ),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: '/mnt/in/orders.parquet'",
            "load.py:118",
            "FileNotFoundError",
        ),
    ),
    (
        "Python, header cut off",
        'File "/srv/app/steps/load.py", line 118, in run\n    read(path)\nsqlite3.OperationalError: database is locked',
        ("sqlite3.OperationalError: database is locked", "load.py:118", "OperationalError"),
    ),
    (
        "Python, timestamps before each line",
        (
            "2026-11-26T02:00:00.1Z Traceback (most recent call last):\n"
            '2026-11-26T02:00:00.2Z   File "/app/a.py", line 5, in f\n'
            "2026-11-26T02:00:00.2Z     g()\n"
            "2026-11-26T02:00:00.3Z ValueError: bad batch"
        ),
        ("ValueError: bad batch", "a.py:5", "ValueError"),
    ),
    (
        "Python, ranks of torchrun",
        (
            "[rank0]: Traceback (most recent call last):\n"
            '[rank0]:   File "/app/train.py", line 88, in step\n'
            "[rank0]:     loss.backward()\n"
            "[rank0]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
        ),
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.", "train.py:88", "OutOfMemoryError"),
    ),
    (
        "CUDA",
        (
            "RuntimeError: CUDA error: device-side assert triggered\n"
            "CUDA kernel errors might be asynchronously reported at some other API call.\n"
            "For debugging consider passing CUDA_LAUNCH_BLOCKING=1\n"
            "Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions."
        ),
        ("RuntimeError: CUDA error: device-side assert triggered", "", "RuntimeError"),
    ),
    (
        "Java",
        """Exception in thread "main" java.lang.IllegalStateException: cannot start
\tat com.acme.Main.main(Main.java:12)
Caused by: java.sql.SQLException: no pool
\tat com.acme.Pool.open(Pool.java:40)
\t... 1 more
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.connect0(Native Method)
\tat org.postgresql.core.PGStream.<init>(PGStream.java:98)
\tat com.acme.Pool.connect(Pool.java:77)
\t... 12 more
""",
        ("java.net.ConnectException: Connection refused", "Pool.java:77", "ConnectException"),
    ),
    (
        "Java without a cause",
        """Exception in thread "main" java.lang.NullPointerException: Cannot invoke "String.length()" as "<l1>" is null
\tat com.acme.Load.run(Load.java:12)
\tat com.acme.Main.main(Main.java:5)
""",
        (
            'java.lang.NullPointerException: Cannot invoke "String.length()" as "<l1>" is null',
            "Load.java:12",
            "NullPointerException",
        ),
    ),
    (
        "Java, suppressed",
        """java.io.IOException: disk gone
\tat com.acme.Disk.write(Disk.kt:8)
\tSuppressed: java.lang.IllegalStateException: close failed
\t\tat com.acme.Disk.close(Disk.kt:20)
""",
        ("java.io.IOException: disk gone", "Disk.kt:8", "IOException"),
    ),
    (
        "Kotlin",
        """Exception in thread "main" kotlin.UninitializedPropertyAccessException: lateinit property db is not set
\tat com.acme.MainKt.main(Main.kt:7)
""",
        (
            "kotlin.UninitializedPropertyAccessException: lateinit property db is not set",
            "Main.kt:7",
            "UninitializedPropertyAccessException",
        ),
    ),
    (
        "Java, by a logger",
        """2026-11-26 02:00:00.123 ERROR 1 --- [main] com.acme.Load : job failed
java.lang.ArithmeticException: / by zero
\tat com.acme.Load.run(Load.java:12)
""",
        ("java.lang.ArithmeticException: / by zero", "Load.java:12", "ArithmeticException"),
    ),
    (
        "Java, line breaks lost",
        (
            "java.lang.RuntimeException: outer at com.acme.A.a(A.java:1) Caused by: java.io.IOException: inner "
            "at com.acme.B.b(B.java:2) at com.acme.A.a(A.java:3)"
        ),
        ("java.io.IOException: inner", "B.java:2", "IOException"),
    ),
    (
        "Node",
        """/app/src/index.js:3
    throw new TypeError("price is undefined");
    ^

TypeError: price is undefined
    at total (/app/src/cart.js:17:11)
    at Object.<anonymous> (/app/src/index.js:3:9)
    at Module._compile (node:internal/modules/cjs/loader:1554:14)

Node.js v22.14.0
""",
        ("TypeError: price is undefined", "cart.js:17", "TypeError"),
    ),
    (
        "Node, module not found",
        """node:internal/modules/cjs/loader:1228
  throw err;
  ^

Error: Cannot find module 'lodash'
Require stack:
- /app/index.js
    at Function._resolveFilename (node:internal/modules/cjs/loader:1225:15)
    at Object.<anonymous> (/app/index.js:1:9) {
  code: 'MODULE_NOT_FOUND',
  requireStack: [ '/app/index.js' ]
}

Node.js v22.14.0
""",
        ("Error: Cannot find module 'lodash'", "index.js:1", "Error"),
    ),
    (
        "Node, module of its loader",
        """Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'zod' imported from /app/main.mjs
    at packageResolve (node:internal/modules/esm/resolve:873:9)
""",
        ("Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'zod' imported from /app/main.mjs", "", "Error"),
    ),
    (
        "Node, cause",
        """TypeError: fetch failed
    at async load (file:///app/load.mjs:4:15) {
  [cause]: Error: connect ECONNREFUSED 127.0.0.1:5432
      at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16) {
    errno: -111,
    code: 'ECONNREFUSED'
  }
}
""",
        ("Error: connect ECONNREFUSED 127.0.0.1:5432", "load.mjs:4", "Error"),
    ),
    (
        "V8",
        """
<--- Last few GCs --->
[1:0x5]    21043 ms: Mark-Compact 2046.2 (2083.1) -> 2044.9 MB
<--- JS stacktrace --->
FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
 1: 0xb8d0a3 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]
Aborted (core dumped)
""",
        ("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", "", ""),
    ),
    (
        "Go",
        """panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
runtime.goPanicIndex(0x5, 0x3)
\t/usr/local/go/src/runtime/panic.go:115 +0x74
main.load(...)
\t/srv/app/main.go:42
main.main()
\t/srv/app/main.go:12 +0x1d
exit status 2
""",
        ("panic: runtime error: index out of range [5] with length 3", "main.go:42", ""),
    ),
    (
        "Go, recovered",
        """panic: no rows [recovered]
\tpanic: no rows

goroutine 18 [running]:
main.f()
\t/srv/app/f.go:9 +0x1d
""",
        ("panic: no rows", "f.go:9", ""),
    ),
    (
        "Go, fatal",
        (
            "fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()\n"
            "\t/app/main.go:6 +0x28\nexit status 2"
        ),
        ("fatal error: all goroutines are asleep - deadlock!", "main.go:6", ""),
    ),
    (
        "Go's log",
        "2026/11/26 02:00:00 hi\n2026/11/26 02:00:01 dial tcp 10.0.0.1:5432: connection refused\nexit status 1",
        ("dial tcp 10.0.0.1:5432: connection refused", "", ""),
    ),
    (
        "klog",
        (
            "I1126 02:00:00.000001       1 main.go:10] starting\n"
            "E1126 02:00:01.000002       1 loader.go:12] cannot list pods: forbidden"
        ),
        ("cannot list pods: forbidden", "loader.go:12", ""),
    ),
    (
        "Rust",
        """thread 'main' panicked at src/main.rs:4:5:
index out of bounds: the len is 3 but the index is 5
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
""",
        ("index out of bounds: the len is 3 but the index is 5", "main.rs:4", ""),
    ),
    (
        "Rust before 1.73",
        "thread 'main' panicked at 'called `Option::unwrap()` on a `None` value', src/main.rs:4:5\nnote: run with …",
        ("called `Option::unwrap()` on a `None` value", "main.rs:4", ""),
    ),
    (
        "anyhow",
        (
            "Error: failed to load config\n\nCaused by:\n    0: could not read /etc/app.toml\n"
            "    1: No such file or directory (os error 2)"
        ),
        ("Error: failed to load config: No such file or directory (os error 2)", "", "Error"),
    ),
    (
        ".NET",
        """Unhandled exception. System.InvalidOperationException: job failed
 ---> System.IO.FileNotFoundException: Could not find file '/mnt/in/a.csv'.
   at System.IO.File.OpenRead(String path)
   at Acme.Loader.Read(String path) in /src/Loader.cs:line 27
   --- End of inner exception stack trace ---
   at Acme.Program.Main() in /src/Program.cs:line 9
""",
        (
            "System.IO.FileNotFoundException: Could not find file '/mnt/in/a.csv'.",
            "Loader.cs:27",
            "FileNotFoundException",
        ),
    ),
    (
        ".NET without an inner one",
        """Unhandled exception. System.DivideByZeroException: Attempted to divide by zero.
   at Acme.Program.Main() in C:\\src\\Program.cs:line 9
""",
        ("System.DivideByZeroException: Attempted to divide by zero.", "Program.cs:9", "DivideByZeroException"),
    ),
    (
        "C++",
        "terminate called after throwing an instance of 'std::runtime_error'\n  what():  bad config\nAborted",
        ("std::runtime_error: bad config", "", "runtime_error"),
    ),
    (
        "Python, a second traceback cut off",
        (
            'Traceback (most recent call last):\n  File "/app/a.py", line 5, in f\n    x()\nValueError: bad\n'
            'Traceback (most recent call last):\n  File "/app/b.py", li'
        ),
        ("ValueError: bad", "a.py:5", "ValueError"),
    ),
    (
        "pytest",
        "FAILED tests/test_a.py::test_x - AssertionError: assert 1 == 2\n1 failed, 3 passed in 0.12s",
        ("FAILED tests/test_a.py::test_x - AssertionError: assert 1 == 2", "", ""),
    ),
    (
        "Maven",
        "[ERROR] Failed to execute goal: no such plugin\n[ERROR] -> [Help 1]\n[ERROR] For more information, see x",
        ("Failed to execute goal: no such plugin", "", ""),
    ),
    (
        "MySQL",
        "ERROR 1045 (28000): Access denied for user 'root'@'10.0.0.3'",
        ("ERROR 1045 (28000): Access denied for user 'root'@'10.0.0.3'", "", ""),
    ),
    (
        "dbt",
        'Database Error in model orders\n  relation "raw.orders" does not exist\nDone. PASS=1 WARN=0 ERROR=1',
        ('relation "raw.orders" does not exist', "", ""),
    ),
    (
        "Ruby",
        """/app/load.rb:3:in 'Kernel#Integer': invalid value for Integer(): "x" (ArgumentError)
\tfrom /app/load.rb:3:in 'load'
\tfrom /app/main.rb:9:in '<main>'
""",
        ('invalid value for Integer(): "x" (ArgumentError)', "load.rb:3", "ArgumentError"),
    ),
    (
        "Ruby, inside a gem",
        (
            "/usr/lib/ruby/gems/pg-1.5/connection.rb:709:in `connect': could not connect (PG::ConnectionBad)\n"
            "\tfrom /app/db.rb:4:in `open'"
        ),
        ("could not connect (PG::ConnectionBad)", "db.rb:4", "PG::ConnectionBad"),
    ),
    (
        "PHP",
        """PHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [2002] Connection refused in /app/db.php:12
Stack trace:
#0 /app/db.php(12): PDO->__construct()
#1 {main}
  thrown in /app/db.php on line 12
""",
        ("PDOException: SQLSTATE[HY000] [2002] Connection refused", "db.php:12", "PDOException"),
    ),
    (
        "PHP, parse error",
        'PHP Parse error:  syntax error, unexpected token ";" in /app/x.php on line 3',
        ('syntax error, unexpected token ";"', "x.php:3", ""),
    ),
    (
        "Perl",
        "Can't open orders.csv: No such file or directory at /app/load.pl line 12.\n",
        ("Can't open orders.csv: No such file or directory at /app/load.pl line 12.", "load.pl:12", ""),
    ),
    (
        "shell",
        "+ cd /srv\n+ jq . orders.json\n/app/run.sh: line 3: jq: command not found\nexit code 127",
        ("/app/run.sh: line 3: jq: command not found", "run.sh:3", ""),
    ),
    ("bash", "bash: python4: command not found", ("bash: python4: command not found", "", "")),
    (
        "R",
        "Error in library(forecast) : there is no package called 'forecast'\nCalls: main -> library\nExecution halted",
        ("Error in library(forecast) : there is no package called 'forecast'", "", ""),
    ),
    (
        "R, message on the next line",
        "Error in read.csv(path) : \n  cannot open file 'orders.csv'\nExecution halted",
        ("Error in read.csv(path) : cannot open file 'orders.csv'", "", ""),
    ),
    (
        "Terraform",
        "╷\n│ Error: Unsupported argument\n│ \n│   on main.tf line 3, in resource:\n╵\n",
        ("Error: Unsupported argument", "", "Error"),
    ),
    (
        "C compiler",
        (
            "src/a.c: In function 'main':\nsrc/a.c:3:5: error: 'x' undeclared\n    3 |     x = 1;\n      |     ^\n"
            "src/a.c:9:1: error: expected ';'\nmake: *** [a.o] Error 1"
        ),
        ("src/a.c:3:5: error: 'x' undeclared", "a.c:3", ""),
    ),
    (
        "Rust compiler",
        "error[E0432]: unresolved import `serde`\n --> src/main.rs:1:5\n  |\nerror: aborting due to 1 previous error",
        ("error[E0432]: unresolved import `serde`", "main.rs:1", ""),
    ),
    (
        "TypeScript compiler",
        "src/app.ts(3,5): error TS2304: Cannot find name 'x'.",
        ("src/app.ts(3,5): error TS2304: Cannot find name 'x'.", "app.ts:3", ""),
    ),
    (
        "linker",
        (
            "/usr/bin/ld: main.o: in function `main':\nmain.c:(.text+0x5): undefined reference to `foo'\n"
            "collect2: error: ld returned 1 exit status"
        ),
        ("main.c:(.text+0x5): undefined reference to `foo'", "", ""),
    ),
    (
        "argparse",
        "usage: load.py [-h] --day DAY\nload.py: error: the following arguments are required: --day",
        ("load.py: error: the following arguments are required: --day", "", ""),
    ),
    (
        "npm",
        (
            "npm ERR! code ENOENT\nnpm ERR! syscall open\nnpm ERR! path /app/package.json\nnpm ERR! errno -2\n"
            "npm ERR! enoent ENOENT: no such file or directory, open '/app/package.json'\n"
            "npm ERR! A complete log of this run can be found in: /root/.npm/_logs/x.log"
        ),
        ("enoent ENOENT: no such file or directory, open '/app/package.json'", "", ""),
    ),
    (
        "JSON lines: the last of the gravest level",
        '{"level":"error","msg":"retrying"}\n{"level":"error","msg":"no table orders"}\n{"level":"info","msg":"bye"}',
        ("no table orders", "", ""),
    ),
    (
        "JSON, error beside the message",
        '{"severity":"ERROR","message":"load failed","error":"connection refused"}',
        ("load failed: connection refused", "", ""),
    ),
    (
        "JSON, error as an object with its stack",
        (
            '{"level":50,"msg":"boom","err":{"type":"TypeError","message":"x is null",'
            '"stack":"TypeError: x is null\\n    at f (/app/a.js:3:1)"}}'
        ),
        ("TypeError: x is null", "a.js:3", "TypeError"),
    ),
    (
        "JSON of an API",
        '{"error": {"code": 403, "message": "The caller does not have permission", "status": "PERMISSION_DENIED"}}',
        ("PERMISSION_DENIED: The caller does not have permission", "", ""),
    ),
    (
        "JSON with a traceback",
        (
            '{"level": "error", "event": "crashed", "exception": "Traceback (most recent call last):\\n'
            '  File \\"/app/a.py\\", line 5, in f\\n    g()\\nValueError: bad batch"}'
        ),
        ("ValueError: bad batch", "a.py:5", "ValueError"),
    ),
    (
        "logfmt",
        (
            'time=2026-11-26T02:00:00Z level=info msg="go"\ntime=2026-11-26T02:00:01Z level=error msg="cannot write" '
            'err="no space left on device"'
        ),
        ("cannot write: no space left on device", "", ""),
    ),
    (
        "warnings first, the error last",
        (
            "2026-11-26 02:00:00,001 WARNING deprecated option\n2026-11-26 02:00:01,002 ERROR no table orders\n"
            "2026-11-26 02:00:01,003 INFO stopped"
        ),
        ("no table orders", "", ""),
    ),
    (
        "an error before warnings",
        "ERROR:root:no table orders\nWARNING:root:cannot clean up",
        ("no table orders", "", ""),
    ),
    (
        "logger between timestamp and level",
        "2026-11-26 02:00:00,123 - loader - ERROR - cannot parse orders.csv",
        ("cannot parse orders.csv", "", ""),
    ),
    ("Postgres", 'ERROR:  relation "orders" does not exist', ('relation "orders" does not exist', "", "")),
    ("platform", "Task timed out after 30 minutes.", ("Task timed out after 30 minutes.", "", "")),
    (
        "wrapped",
        "Task task-4 failed with message: ValueError: bad batch",
        ("ValueError: bad batch", "", "ValueError"),
    ),
    ("only an exit code", "exit code 1\n", ("exit code 1", "", "")),
    ("an exit code at the end", "磁盘空间不足\n退出\nexit code 1", ("退出", "", "")),
    ("Chinese", "开始\n错误 找不到文件 订单.csv\n", ("错误 找不到文件 订单.csv", "", "")),
    (
        "German",
        "Lade Daten\nDatei nicht gefunden: aufträge.csv\n----------\n",
        ("Datei nicht gefunden: aufträge.csv", "", ""),
    ),
    ("Arabic", "خطأ: الملف غير موجود", ("خطأ: الملف غير موجود", "", "")),
    ("colours", "\x1b[32mok\x1b[0m\n\x1b[31mError: bad token\x1b[0m", ("Error: bad token", "", "Error")),
    (
        "a progress bar",
        "OSError: disk gone\n 45%|████▌     | 45/100 [00:01<00:01, 30.00it/s]\n",
        ("OSError: disk gone", "", "OSError"),
    ),
    (
        "Docker Compose, whose own last line has no prefix",
        (
            "worker-1  | start\nworker-1  |\nworker-1  | Error: bad token\nworker-1  |     at go (/app/x.js:3:9)\n"
            "worker-1 exited with code 1"
        ),
        ("Error: bad token", "x.js:3", "Error"),
    ),
    (
        "Kubernetes, each line with its time and stream",
        (
            "2026-11-20T08:00:01.1Z stderr F Traceback (most recent call last):\n"
            '2026-11-20T08:00:01.1Z stderr F   File "/app/a.py", line 3, in <module>\n'
            '2026-11-20T08:00:01.1Z stderr F     int("x1")\n'
            "2026-11-20T08:00:01.1Z stderr F ValueError: invalid literal for int() with base 10: 'x1'\n"
        ),
        ("ValueError: invalid literal for int() with base 10: 'x1'", "a.py:3", "ValueError"),
    ),
    (
        "Prisma, whose reason is the last line of several",
        (
            "PrismaClientInitializationError: \nInvalid `prisma.user.findMany()` invocation:\n\n\n"
            "Can't reach database server at `db:5432`\n    at main (/app/seed.ts:14:3)"
        ),
        (
            "PrismaClientInitializationError: Can't reach database server at `db:5432`",
            "seed.ts:14",
            "PrismaClientInitializationError",
        ),
    ),
    (
        "dbt, which writes of errors in sentences behind a time",
        (
            "08:11:02  Completed with 1 error and 0 warnings:\n08:11:02    Database Error in model orders\n"
            '08:11:02    column "prce" does not exist\n08:11:02  Done. PASS=3 WARN=0 ERROR=1 SKIP=0 TOTAL=4'
        ),
        ('column "prce" does not exist', "", ""),
    ),
    (
        "tar, whose last words say nothing",
        "tar: a.tgz: Cannot open: No such file or directory\ntar: Error is not recoverable: exiting now",
        ("tar: a.tgz: Cannot open: No such file or directory", "", ""),
    ),
    (
        "Chinese, then a clean-up",
        "开始处理\n致命错误: 数据库连接失败\n正在清理临时文件",
        ("致命错误: 数据库连接失败", "", ""),
    ),
    (
        "Japanese, then the end",
        "処理を開始します\nエラー: 設定ファイルが見つかりません\n終了します",
        ("エラー: 設定ファイルが見つかりません", "", ""),
    ),
    ("Korean, then the end", "시작\n오류: 파일을 찾을 수 없습니다\n종료", ("오류: 파일을 찾을 수 없습니다", "", "")),
    (
        "German, then a clean-up",
        "Start\nFehler: Spalte Betrag fehlt\nAufräumen abgeschlossen",
        ("Fehler: Spalte Betrag fehlt", "", ""),
    ),
    (
        "French, then the end",
        "Erreur : fichier introuvable ventes.csv\nFin du traitement",
        ("Erreur : fichier introuvable ventes.csv", "", ""),
    ),
    (
        "Russian, then the end",
        "Ошибка: не удалось открыть файл\nЗавершение",  # noqa: RUF001 - it is Russian
        ("Ошибка: не удалось открыть файл", "", ""),
    ),
    (
        "a shell's own error behind another one",
        "RuntimeError: no TLS bundle\n/app/run.sh: line 9: aws: command not found",
        ("/app/run.sh: line 9: aws: command not found", "run.sh:9", ""),
    ),
    (
        "Python, each line with a timestamp of its own length",
        (
            "12:00:01.5 Traceback (most recent call last):\n"
            '12:00:01.25   File "app.py", line 3, in main\n'
            "12:00:01.25     run()\n"
            "12:00:01.25 KeyError: 'price'"
        ),
        ("KeyError: 'price'", "app.py:3", "KeyError"),
    ),
    (
        "JavaScript's cause on one line",
        "Error: load failed at main (/app/x.js:3:9) [cause]: Error: refused at net (node:net:1:2)",
        ("Error: refused", "", "Error"),
    ),
    (
        ".NET's cause on one line",
        "Error: a ---> System.Exception: b at X.Y() in x.cs:line 3",
        ("System.Exception: b", "x.cs:3", "Exception"),
    ),
    (
        "Java without frames",
        'Exception in thread "main" java.lang.IllegalStateException: boom',
        ("java.lang.IllegalStateException: boom", "", "IllegalStateException"),
    ),
    (
        "Ruby on one line",
        "app/load.rb:3:in 'Kernel#Integer': invalid value for Integer() (ArgumentError)",
        ("invalid value for Integer() (ArgumentError)", "load.rb:3", "ArgumentError"),
    ),
    (
        "Java's cause without frames",
        "outer Caused by: java.io.IOException: gone",
        ("java.io.IOException: gone", "", "IOException"),
    ),
    ("npm on one line", "npm error enoent Could not read package.json", ("enoent Could not read package.json", "", "")),
    ("logfmt on one line", 'level=error msg="cannot write"', ("cannot write", "", "")),
    ("logfmt with a severity", 'severity=ERROR msg="cannot write"', ("cannot write", "", "")),
    ("logfmt with a short word", 'lvl=error msg="cannot write"', ("cannot write", "", "")),
    ("logfmt with a short word, behind text", 'go\nlvl=error msg="cannot write"', ("cannot write", "", "")),
    ("a level on one line", "[error] no table", ("no table", "", "")),
    ("a time and a level on one line", "2026-11-26 02:00:00 ERROR no table", ("no table", "", "")),
    ("klog on one line", "E1126 02:00:01.000002       1 load.go:12] no table", ("no table", "load.go:12", "")),
    ("syslog on one line", "Nov 26 02:00:00 ERROR no table", ("no table", "", "")),
    ("syslog on an early day", "Nov  6 02:00:00 ERROR no table", ("no table", "", "")),
    ("a blank behind it", "no table  ", ("no table", "", "")),
    ("wrapped with an error", "Task a failed with error: no table", ("no table", "", "")),
    ("wrapped with a reason", "Task a failed with reason: no table", ("no table", "", "")),
    ("wrapped, in lines", "Task a failed with message:\nno more rows", ("no more rows", "", "")),
    ("wrapped twice", "a failed with error: b failed with error: bad", ("b failed with error: bad", "", "")),
    ("wrapped around nothing", "Task a failed with message: ", ("Task a failed with message:", "", "")),
    (
        "wrapped in a later line",
        "go\nTask a failed with message: no table",
        ("Task a failed with message: no table", "", ""),
    ),
    ("wrapped at once", f"{'a' * 178} failed with message: b", ("b", "", "")),
    ("wrapped too late", f"{'a' * 179} failed with message: b", (f"{'a' * 179} failed with message: b", "", "")),
    ("a stream's name", "stdout: go\nstderr: no table\nstdout: done", ("no table", "", "")),
    ("a stream's name inside", "[out] cannot find [out] in x", ("cannot find [out] in x", "", "")),
    ("a stream's name only inside", "go\ncannot find [err] in x", ("cannot find [err] in x", "", "")),
    ("a container's two lines", "w | go\nw | no such table", ("no such table", "", "")),
    ("a container's last word behind two", "w | go\nw | no such table\nw exited", ("no such table", "", "")),
    ("a container's words in between", "w | go\nw | no such table\nw exits\nw exited", ("w | no such table", "", "")),
    ("a container's last word behind one", "w | no such table\nw exited", ("w | no such table", "", "")),
    ("a single line with a bar", "w | no such table\n", ("w | no such table", "", "")),
    ("JSON over lines", '{\n"level": "info",\n"msg": "no table"\n}', ("no table", "", "")),
    ("JSON of an error beside text", '{"level":"error","msg":"no table"}\nold words', ("no table", "", "")),
    ("JSON of no error beside text", '{"level":"warn","msg":"cannot write"}\nold words', ("old words", "", "")),
    ("JSON of no error", '{"level":"info","msg":"a"}\n{"level":"warn","msg":"b"}\n{"msg":"c"}', ("c", "", "")),
    ("JSON of one level", '{"level":"info","msg":"a"}\n{"level":"info","msg":"b"}', ("b", "", "")),
    ("a list behind a colon", "cannot load:\n  orders.csv", ("cannot load: orders.csv", "", "")),
    ("a list between a ruler and words", "-----\ncannot load:\n  orders.csv\nbye", ("cannot load: orders.csv", "", "")),
    ("the number of a line", "read orders: line 3\ncannot go on", ("cannot go on", "", "")),
    ("a class within modules", "Stripe::CardError: declined", ("Stripe::CardError: declined", "", "CardError")),
    (".NET's cause without frames", "Error: a ---> System.Exception: b", ("System.Exception: b", "", "Exception")),
    (
        "anyhow behind JSON",
        '{"level":"info","msg":"go"}\nError: no config\n\nCaused by:\n    0: gone',
        ("Error: no config: gone", "", "Error"),
    ),
    ("a ruler behind a colon", "cannot load:\n----------", ("cannot load:", "", "")),
    ("a farewell behind a colon", "cannot load:\nDone", ("cannot load:", "", "")),
    ("a colon at the end", "go\ncannot load:", ("cannot load:", "", "")),
    ("a level with an exit code", "ERROR exit code 1\nno more rows", ("exit code 1", "", "")),
    ("a warning with an exit code", "WARNING exit code 1\nno more rows", ("no more rows", "", "")),
    ("a fatal line before an error", "FATAL no table\nERROR no rows", ("no table", "", "")),
    ("plain words behind a warning", "WARNING cannot write\nno more rows\nINFO cannot wait", ("no more rows", "", "")),
    ("a warning behind news", "WARNING low\nINFO on", ("low", "", "")),
    ("a class of error before words", "BatchFault: x\ncannot go on", ("BatchFault: x", "", "BatchFault")),
    ("no message", "", ("", "", "")),
    ("only white space", " \n\t\n ", ("", "", "")),
]


@pytest.mark.parametrize(("message", "expected"), [row[1:] for row in MESSAGES], ids=[row[0] for row in MESSAGES])
def test_the_line_that_tells_is_found(message: str, expected: tuple[str, str, str]) -> None:
    """Text, frame and class of error of messages as programs print them."""
    assert telling(message) == TellingLine(*expected)
    assert telling_text(message) == expected[0]


@pytest.mark.parametrize("form", FORMS, ids=[form.name for form in FORMS])
def test_every_form_reads_one_of_the_messages(form: object) -> None:
    """No row of the table of forms is without a message above that it reads."""
    assert isinstance(form, type(FORMS[0]))
    texts = [message for _, message, _ in MESSAGES if any(mark in message for mark in form.marks)]
    assert any(form.read([line for line in text.splitlines() if line.strip()]) for text in texts)


HOSTILE = {
    "brackets": "(" * 1_000_000,
    "frames": "at " * 300_000,
    "indented frames": "\n    at " * 100_000,
    "spaces": " " * 1_000_000,
    "newlines": "\n" * 100_000,
    "quotes": "'\"`" * 300_000,
    "control characters": "\x00\x01\x1b\x9b" * 10_000,
    "escapes": "\x1b[" * 300_000,
    "digits": "1" * 1_000_000,
    "dots": "a." * 500_000,
    "words": "word " * 200_000,
    "colons": "a: " * 300_000,
    "backslashes": "\\" * 1_000_000,
    "open objects": '{"a":' * 200_000,
    "open lists": "[" * 1_000_000,
    "logfmt": "level=" * 200_000,
    "open logfmt": 'level="\\' * 100_000,
    "frames of Python": 'File "x", line ' * 60_000,
    "headers of Python": "Traceback (most recent call last):\n" * 30_000,
    "groups": "Exception Group Traceback (\n |" * 30_000,
    "causes": "Caused by: " * 90_000,
    "causes in lines": "Caused by:\n" * 90_000,
    "arrows": "---> " * 200_000,
    "panics": "panicked at '" * 70_000,
    "Ruby": ".rb:" * 250_000,
    "levels": "ERROR " * 170_000,
    "pipes": "a" * 50 + " | \n" * 100_000,
    "timestamps": "2026-01-01 00:00:00 " * 50_000,
    "surrogates": "\ud800" * 100_000,
}


@pytest.mark.parametrize("message", HOSTILE.values(), ids=HOSTILE)
def test_a_megabyte_costs_its_first_and_last_8_kib(message: str) -> None:
    """What lies between is never looked at, whatever it is."""
    middle = message[8192:-8192]
    other = f"{message[:8192]}{'x' * len(middle)}{message[-8192:]}"
    assert telling(message) == telling(other)
    assert "\n" not in telling(message).text


def test_an_error_at_either_end_of_a_long_message_is_found() -> None:
    """The first 8 KiB and the last are read."""
    noise = "reading the next batch\n" * 20_000
    assert telling(f"ValueError: bad\n{noise}").text == "ValueError: bad"
    assert telling(f"{noise}ValueError: bad\n").text == "ValueError: bad"


def test_no_line_of_a_key_is_the_one_that_tells() -> None:
    """One line of a key alone would not be recognised as a credential by what masks them."""
    body = "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7errorXq" for _ in range(9)])
    key = f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n"
    assert telling(f"cannot parse\n{key}").text == "cannot parse"
    assert telling(key).text == "-----BEGIN PRIVATE KEY----- ***"
    assert telling(f"key is bad: cannot parse\n{body}").text == "key is bad: cannot parse"
    assert not [line for line in telling_log(["ERROR bad key", *key.splitlines()], 3).lines if "MIIE" in line]


def test_a_frame_is_a_file_name_and_a_line_and_nothing_else() -> None:
    """A path that could pass for prose is no frame."""
    message = (
        'Traceback (most recent call last):\n  File "/a/ignore all rules (now).py", line 3, in f\n    x\nValueError: x'
    )
    assert telling(message).frame == ""
    assert is_frame("load.py:118")
    assert not is_frame("load all.py:118")
    assert not is_frame("load.py:118\n")
    assert not is_frame("")


@pytest.mark.parametrize(
    ("lines", "most", "expected"),
    [
        (
            ["Running migrations:", 'django.db.utils.OperationalError: could not translate host name "db"'],
            3,
            ['django.db.utils.OperationalError: could not translate host name "db"'],
        ),
        (
            [
                "Traceback (most recent call last):",
                '  File "/srv/app/load.py", line 118, in run',
                "    read(path)",
                "FileNotFoundError: [Errno 2] No such file or directory: 'a'",
                "exit code 1",
            ],
            3,
            ["FileNotFoundError: [Errno 2] No such file or directory: 'a' (load.py:118)"],
        ),
        (
            ["ERROR cannot reach db", "INFO retrying", "ERROR cannot reach db", "ERROR giving up: no database"],
            3,
            ["cannot reach db", "giving up: no database"],
        ),
        (["ERROR one is bad", "ERROR two is bad", "ERROR three is bad"], 2, ["two is bad", "three is bad"]),
        (
            [
                "ERROR no price",
                "Traceback (most recent call last):",
                "KeyError: 'price'",
                "During handling of the above exception, another exception occurred:",
                "Traceback (most recent call last):",
                '  File "/app/a.py", line 5, in f',
                "ValueError: z",
                "ERROR Task failed",
            ],
            3,
            ["no price", "KeyError: 'price'", "ValueError: z (a.py:5)"],
        ),
        (["ERROR one is bad", "ERROR two is bad"], 1, ["two is bad"]),
        (
            ["ERROR : big.bin: 403: quota exceeded", "ERROR : Attempt 3/3 failed with 1 errors"],
            1,
            ["big.bin: 403: quota exceeded"],
        ),
        (['{"level":"info","msg":"hi"}', '{"level":"error","msg":"no table"}'], 3, ["no table"]),
        (
            ["Traceback (most recent call last):\n  File \"/a/b.py\", line 2, in f\nKeyError: 'x'"],
            3,
            ["KeyError: 'x' (b.py:2)"],
        ),
        (
            ["Unhandled exception. System.InvalidOperationException: boom"],
            3,
            ["System.InvalidOperationException: boom"],
        ),
        ([], 3, []),
        (["", " "], 3, []),
        (["only words"], 3, ["only words"]),
        (["only words", "\u200b", "\x07"], 3, ["only words"]),
        (["\u200b"], 3, []),
    ],
)
def test_the_lines_of_a_log_that_tell(lines: list[str], most: int, expected: list[str]) -> None:
    """The oldest first, each once, the one that tells most always among them."""
    assert telling_log(lines, most).lines == expected


def test_a_long_line_of_a_log_is_cut_in_its_middle() -> None:
    """Head and tail stay, and the cut is marked."""
    (line,) = telling_log([f"ValueError: {'x' * 5_000} is no price"], 3).lines
    assert len(line) == 400
    assert line.startswith("ValueError: xx")
    assert line.endswith("xx is no price")
    assert " … " in line


def test_credentials_in_a_log_are_masked_before_a_line_is_cut() -> None:
    """Nobody could recognise the second half of a token, nor one line of a private key."""
    token = f"eyJhbGciOiJSUzI1NiJ9.{'QUJDREVGR0g' * 40}.{'c2lnbmF0dXJl' * 20}"
    assert telling_log([f"ERROR request failed with token {token}"], 3).lines == ["request failed with token ***"]
    dashes = "-" * 5
    key = [f"{dashes}BEGIN PRIVATE KEY{dashes}", "QUJDREVGR0gx" * 5, "SUpLTA==", f"{dashes}END PRIVATE KEY{dashes}"]
    for logged in (key, key[1:], key[:-1]):
        assert not {*key[1:3]} & set(telling_log(["starting", *logged], 3).lines)


def test_the_mark_of_an_engine_with_nothing_behind_it_is_no_form() -> None:
    """The lines are weighed one by one instead."""
    assert telling("starting\nFATAL ERROR: \n").text == "ERROR:"


def test_a_log_is_sure_to_tell_if_a_line_names_an_error() -> None:
    """By its words, by the class of an error, or by a frame beside it; else its newest lines are as good as any."""
    rust = ["thread 'main' panicked at src/main.rs:4:5:", "index out of bounds: the len is 3 but the index is 5"]
    bounds = "index out of bounds: the len is 3 but the index is 5"
    pydantic = [
        "Traceback (most recent call last):",
        '  File "/usr/lib/python3/dist-packages/pydantic/main.py", line 5, in f',
        "pydantic_core.ValidationError: 1 validation error for Settings",
        "DATABASE_URL",
        "  Field required",
    ]
    joined = "pydantic_core.ValidationError: 1 validation error for Settings DATABASE_URL Field required"
    compiler = "src/a.c:3:5: error: 'x' undeclared"
    rows = [
        (["go", "cannot reach db"], "cannot reach db", "", "", ["cannot reach db"]),
        (["cannot reach db", "ERROR no data"], "no data", "", "", ["cannot reach db", "no data"]),
        (
            ["ERROR no data", "\tcannot reach db", "cannot wait", "ERROR bad end"],
            "bad end",
            "",
            "",
            ["no data", "cannot wait", "bad end"],
        ),
        (rust, bounds, "main.rs:4", "", [rust[0], f"{bounds} (main.rs:4)"]),
        (pydantic, joined, "", "ValidationError", [joined]),
        ([compiler], compiler, "a.c:3", "", [compiler]),
    ]
    for lines, text, frame, error, shown in rows:
        assert telling_log(lines, 3) == TellingLog(TellingLine(text, frame, error), shown, sure=True)
    for lines, most, shown in (
        (["one", "two", "three", "four"], 3, ["two", "three", "four"]),
        (["one", "two"], 1, ["two"]),
        (["one", "\u200b"], 1, ["one"]),
        (["\u200b"], 3, []),
        ([" ", ""], 3, []),
        ([], 3, []),
        # Behind what says that something failed there are only the prefixes of a container.
        (["Task a failed with message: w |\nw |"], 3, []),
    ):
        assert telling_log(lines, most) == TellingLog(TellingLine(shown[-1] if shown else ""), shown, sure=False)


@pytest.mark.parametrize(("others", "read"), [(512, True), (513, False)])
def test_the_newest_sixty_four_kibibytes_of_a_log_are_read(others: int, *, read: bool) -> None:
    """Each line counts with the end of it, and the one that goes beyond is still among them."""
    batch = f"reading the next batch {'.' * 104}"
    assert len(batch) == 127
    assert telling_log(["ERROR no table", *[batch] * others], 3).sure is read


def entry(level: str, said: str) -> str:
    """A line of a log as JSON."""
    return json.dumps({"level": level, "msg": said})


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            [entry("error", "no table"), entry("info", "cannot wait")],
            TellingLog(TellingLine("no table"), ["no table"], sure=True),
        ),
        (
            [entry("fatal", "no table"), entry("error", "no rows")],
            TellingLog(TellingLine("no table"), ["no table"], sure=True),
        ),
        (
            [entry("warn", "cannot write"), "no more rows"],
            TellingLog(TellingLine("no more rows"), ["WARNING cannot write", "no more rows"], sure=False),
        ),
        (
            [entry("info", "cannot wait"), "no more rows"],
            TellingLog(TellingLine("no more rows"), ["INFO cannot wait", "no more rows"], sure=False),
        ),
        ([entry("loud", "cannot write")], TellingLog(TellingLine("cannot write"), ["cannot write"], sure=True)),
        (
            ['{"level": "error",', '"msg": "cannot write"}'],
            TellingLog(TellingLine("cannot write"), ['{"level": "error",', "cannot write"], sure=True),
        ),
    ],
)
def test_a_log_of_json_is_read_with_its_levels(lines: list[str], expected: TellingLog) -> None:
    """As if they stood in front of what it says."""
    assert telling_log(lines, 3) == expected


def test_messages_in_messages_are_read_three_deep() -> None:
    """What is in there further is shown as it is."""
    nested = ["no table"]
    for _ in range(4):
        nested.append(entry("error", nested[-1]))
    assert [telling(text).text for text in nested[1:]] == ["no table", "no table", "no table", nested[1]]


def test_of_a_long_message_both_ends_are_read() -> None:
    """What is left out, from one character beyond 16 KiB on, is marked."""
    said = f"ValueError: {'x' * 16_372}"
    assert telling(said).text == said
    assert telling(f"{said}y").text == f"{said[:8192]} … {said[-8191:]}y"


@pytest.mark.parametrize(
    ("lines", "at", "found"),
    [(200, 50, True), (201, 49, True), (201, 50, False), (201, 51, True), (300, 149, False), (300, 150, True)],
)
def test_of_many_lines_the_first_fifty_and_the_last_hundred_and_fifty_are_weighed(
    lines: int, at: int, *, found: bool
) -> None:
    """In no particular form, that is."""
    said = ["go"] * lines
    said[at] = "no such table"
    assert (telling("\n".join(said)).text == "no such table") is found


def test_a_line_of_a_log_has_up_to_four_hundred_characters() -> None:
    """A longer one is cut in its middle, where a word tells of an error or not."""
    for said in (f"cannot {'x' * 393}", f"go {'x' * 397}"):
        assert len(said) == 400
        assert telling_log([said], 3).lines == [said]
        (cut,) = telling_log([f"{said}y"], 3).lines
        assert cut == f"{said[:158]} … {said[-238:]}y"
