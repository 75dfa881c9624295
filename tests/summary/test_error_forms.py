"""The odd shapes in which programs print what went wrong: cut off, put behind other words, with more behind it."""

import pytest

from blaxel_mcp.summary.telling import telling

TRACEBACK = 'Traceback (most recent call last):\n  File "/app/a.py", line 5, in f\n    g()\n'
GROUP = '  + Exception Group Traceback (most recent call last):\n  |   File "/app/main.py", line 20, in <module>\n'
DISK = "java.io.IOException: disk gone\n\tat com.acme.Disk.write(Disk.kt:8)\n"

# By language: a message, and of what is found in it the text, the frame and the class of error.
SHAPES: dict[str, list[tuple[str, str, str, str]]] = {
    "one line": [
        ("job failed (ValueError)", "job failed (ValueError)", "", "ValueError"),
        ("load (a) failed (TimeoutError)", "load (a) failed (TimeoutError)", "", "TimeoutError"),
        ("failed (retries)", "failed (retries)", "", ""),
        ("failed (code Error)", "failed (code Error)", "", ""),
        ("ValueError: no row (x)", "ValueError: no row (x)", "", "ValueError"),
        ("main.go:12: bad value at start", "main.go:12: bad value at start", "main.go:12", ""),
        ("main.go:12: bad line here", "main.go:12: bad line here", "main.go:12", ""),
    ],
    "shell": [
        ("step two: run.sh: line 9: aws: not found", "step two: run.sh: line 9: aws: not found", "run.sh:9", ""),
        ("sh: run.sh: line 9: eval: line 2: bad", "sh: run.sh: line 9: eval: line 2: bad", "run.sh:9", ""),
    ],
    "Perl": [
        ("died at load.pl line 12.", "died at load.pl line 12.", "load.pl:12", ""),
        ("no row at load.pl line 12, <F> line 3.", "no row at load.pl line 12, <F> line 3.", "load.pl:12", ""),
        ("stopped at row 3 at load.pl line 12.", "stopped at row 3 at load.pl line 12.", "load.pl:12", ""),
        ("bad value at the end of /in/a.csv line 3", "bad value at the end of /in/a.csv line 3", "", ""),
    ],
    "Python": [
        (
            '    Traceback (most recent call last):\n      File "/a/a.py", line 5, in f\n        g()\n    KeyError: 1',
            *("KeyError: 1", "a.py:5", "KeyError"),
        ),
        (
            '    Traceback (most recent call last):\n      File "/app/a.py", line 5, in f\n        g()\nKeyError: 1',
            *("KeyError: 1", "a.py:5", "KeyError"),
        ),
        (
            'Traceback (most recent call last):\n File "/app/a.py", line 5, in f\n g()\nKeyError: 1',
            *("KeyError: 1", "a.py:5", "KeyError"),
        ),
        (
            (
                'loader: Traceback (most recent call last):\nloader:   File "/app/a.py", line 5, in f\n'
                "loader:     g()\nloader: KeyError: 1\nloader: stopped"
            ),
            *("KeyError: 1", "a.py:5", "KeyError"),
        ),
        (f"loader: {TRACEBACK}KeyError: 1", "KeyError: 1", "a.py:5", "KeyError"),
        (
            'Traceback (most recent call last): File "/app/a.py", line 5, in f g()\nKeyError: 1',
            *("KeyError: 1", "a.py:5", "KeyError"),
        ),
        (
            'Traceback (most recent call last):\n  File "/usr/lib/python3/a.py", line 5, in f\n    g()\nKeyError: 1',
            *("KeyError: 1", "", "KeyError"),
        ),
        (f"{TRACEBACK}ValueError:\n  no price\n  in row 17", "ValueError: no price", "a.py:5", "ValueError"),
        (f"{TRACEBACK}ValueError: bad\n  no price", "ValueError: bad", "a.py:5", "ValueError"),
        (f"{TRACEBACK}ValueError:", "ValueError:", "a.py:5", "ValueError"),
        (f"{TRACEBACK}the worker is gone", "the worker is gone", "a.py:5", ""),
        (
            f"{TRACEBACK}ValidationError: 1 validation error for Job\nday\n  Field required\n    For more see x",
            *("ValidationError: 1 validation error for Job day Field required", "a.py:5", "ValidationError"),
        ),
        (
            (
                'File "/a/load.py", line 118, in run\n    read(path)\n  File "/usr/lib/python3/x.py", line 1, in read\n'
                "    go()\nsqlite3.OperationalError:\n  database is locked\n  for good"
            ),
            *("sqlite3.OperationalError: database is locked", "load.py:118", "OperationalError"),
        ),
        ('File "/app/a.py", line 5, in f\nKeyError: 1', "KeyError: 1", "a.py:5", "KeyError"),
        ('File "/app/a.py", line 5, in f\n g()\nKeyError: 1', "KeyError: 1", "a.py:5", "KeyError"),
        (
            'File "/app/a.py", line 5, in f g() sqlite3.OperationalError: locked',
            *("sqlite3.OperationalError: locked", "a.py:5", "OperationalError"),
        ),
        ('File "/usr/lib/python3/x.py", line 1, in f g() KeyError: 1', "KeyError: 1", "", "KeyError"),
        (
            'yaml.ScannerError: mapping values are not allowed here\n  in "conf.yaml", line 3, column 9\nexit code 1',
            *("yaml.ScannerError: mapping values are not allowed here", "", "ScannerError"),
        ),
    ],
    "Python's groups": [
        (
            f"{GROUP}  | ExceptionGroup: one (1 sub-exception)\n    | acme.RowProblem: no price",
            *("acme.RowProblem: no price", "", "RowProblem"),
        ),
        (
            "  + Exception Group Traceback (most recent call last):\n  | ExceptionGroup: none (1 sub-exception)",
            *("ExceptionGroup: none (1 sub-exception)", "", "ExceptionGroup"),
        ),
        (
            (
                f"{GROUP}  | ExceptionGroup: two failed (2 sub-exceptions)\n  +-+---------------- 1 ----------------\n"
                "    | Traceback (most recent call last):"
            ),
            *("ExceptionGroup: two failed (2 sub-exceptions)", "main.py:20", "ExceptionGroup"),
        ),
        (
            (
                f"{GROUP}  | ExceptionGroup: outer (1 sub-exception)\n  +-+---------------- 1 ----------------\n"
                '    | Exception Group Traceback (most recent call last):\n    |   File "/a/pool.py", line 5, in run\n'
                "    | ExceptionGroup: inner (1 sub-exception)\n    +-+---------------- 1 ----------------\n"
                '      | Traceback (most recent call last):\n      |   File "/app/fetch.py", line 7, in fetch\n'
                '      |     else: parse(text)\n      |   File "/usr/lib/python3/xml.py", line 1, in parse\n'
                "      |     raise Bad()\n      | XMLSyntaxError: bad\n      +------------------------------------"
            ),
            *("XMLSyntaxError: bad", "fetch.py:7", "XMLSyntaxError"),
        ),
        (
            (
                f"{GROUP}  | ExceptionGroup: many\n  | details\n  | of them (1 sub-exception)\n"
                "  +-+---------------- 1 ---------\n    | KeyboardInterrupt\n    +-----------------------------"
            ),
            *("KeyboardInterrupt", "", "KeyboardInterrupt"),
        ),
    ],
    "Java, Node, .NET": [
        (
            (
                "java.lang.IllegalStateException: first\n\tat com.acme.A.a(A.java:1)\nretrying\n"
                "java.io.IOException: second\n\tat com.acme.B.b(B.java:2)\n\tat com.acme.C.c(C.java:3)"
            ),
            *("java.io.IOException: second", "B.java:2", "IOException"),
        ),
        (
            (
                "System.Exception: boom\n   at Acme.A.B() in /src/A.cs:line 7\n"
                "--- End of stack trace from previous location ---\n   at Acme.C.D() in /src/C.cs:line 9"
            ),
            *("System.Exception: boom", "A.cs:7", "Exception"),
        ),
        (
            "Error:\n    at load (/app/load.js:4:2) {\n  [errors]: [ Error: connect ECONNREFUSED 10.0.0.3:5432 ]\n}",
            *("Error: Error: connect ECONNREFUSED 10.0.0.3:5432 ]", "load.js:4", "Error"),
        ),
        ("Error:\n    at load (/app/load.js:4:2)", "Error:", "load.js:4", "Error"),
        (
            (
                "Error: load failed\n    at main (/app/x.js:3:9) {\n"
                "  [cause]: Error: connect ECONNREFUSED 10.0.0.3:6379\n}"
            ),
            *("Error: connect ECONNREFUSED 10.0.0.3:6379", "x.js:3", "Error"),
        ),
        (
            (
                f"{DISK}Caused by: com.acme.BException:\nError: inner\nand so on\n\tat com.acme.B.b(B.java:2)\n"
                "\tat com.acme.C.c(C.java:3)"
            ),
            *("com.acme.BException: Error: inner", "B.java:2", "BException"),
        ),
        (f"{DISK}Caused by: java.io.EOFException: cut", "java.io.EOFException: cut", "Disk.kt:8", "EOFException"),
        (
            f"{DISK}Caused by: com.acme.BException:\nno row at all",
            *("com.acme.BException: no row at all", "Disk.kt:8", "BException"),
        ),
        (
            (
                "System.Exception: outer\n ---> System.IO.IOException: inner\n   at Acme.A.B() in /src/A.cs:line 7\n"
                "stopping\nError: late\n    at f (/app/a.js:1:1)"
            ),
            *("System.IO.IOException: inner", "A.cs:7", "IOException"),
        ),
        (
            (
                "TypeError: fetch failed\n    at f (/app/a.js:1:1) {\n  [cause]: Error: refused {\n"
                "    code: 'ECONNREFUSED'\n  }\n}"
            ),
            *("Error: refused", "a.js:1", "Error"),
        ),
        (f"  {DISK}", "java.io.IOException: disk gone", "Disk.kt:8", "IOException"),
        (
            (
                "Error: a\n    at f (/app/a.js:1:1)\n    ... 2 lines matching cause stack trace ...\n"
                "    at g (/app/b.js:2:2)"
            ),
            *("Error: a", "a.js:1", "Error"),
        ),
        ("it is bad\n\tat com.acme.A.a(A.java:1)\nacme.LateError", "it is bad", "A.java:1", ""),
        ("something bad\n    at load (/app/load.js:4:2)", "something bad", "load.js:4", ""),
        (
            "Error: first\n    at f (/app/a.js:1:1)\nsecond went wrong\n    at g (/app/b.js:2:2)",
            *("second went wrong", "b.js:2", ""),
        ),
        (
            (
                f"{DISK}\tSuppressed: java.lang.IllegalStateException: close failed\n"
                "\t\tat com.acme.Disk.close(Disk.kt:20)\nCaused by: java.io.EOFException: cut\n"
                "\tat com.acme.Raw.read(Raw.kt:3)"
            ),
            *("java.io.EOFException: cut", "Raw.kt:3", "EOFException"),
        ),
        (
            f"{DISK}Caused by: java.net.ConnectException: refused\n\tat org.postgresql.Driver.open(Driver.java:1)",
            *("java.net.ConnectException: refused", "Disk.kt:8", "ConnectException"),
        ),
        (
            "java.lang.IllegalStateException: a\n\tat org.postgresql.Driver.open(Driver.java:1)",
            *("java.lang.IllegalStateException: a", "", "IllegalStateException"),
        ),
        (
            (
                "System.AggregateException: One or more errors occurred. (boom)\n"
                " ---> (Inner Exception #0) System.IO.IOException: disk gone\n   at Acme.A.B() in /src/A.cs:line 7"
            ),
            *("System.IO.IOException: disk gone", "A.cs:7", "IOException"),
        ),
        ("Uncaught TypeError: x is null\n    at f (/app/a.js:1:1)", "TypeError: x is null", "a.js:1", "TypeError"),
        (
            "worker: Unhandled exception. System.Exception: boom\n   at Acme.A.B() in /src/A.cs:line 7",
            *("System.Exception: boom", "A.cs:7", "Exception"),
        ),
        (
            "worker: Unhandled Exception: System.Exception: boom\n   at Acme.A.B() in /src/A.cs:line 7",
            *("System.Exception: boom", "A.cs:7", "Exception"),
        ),
        (
            "2026-11-26 02:00:00 ERROR loader - a - java.lang.IllegalStateException: boom\n\tat com.acme.A.a(A.java:1)",
            *("java.lang.IllegalStateException: boom", "A.java:1", "IllegalStateException"),
        ),
        ("ERROR job failed - see x\n\tat com.acme.A.a(A.java:1)", "job failed - see x", "A.java:1", ""),
    ],
    "Java, Node, .NET on one line": [
        (
            "A: a Caused by: java.lang.BError: b Caused by: java.io.IOException: c at com.acme.B.b(B.java:2)",
            *("java.io.IOException: c", "B.java:2", "IOException"),
        ),
        ("Error: x at f (node:net:1:2) at g (/app/a.js:3:4)", "Error: x", "a.js:3", "Error"),
        ("Error: x at f (node:net:1:2)", "Error: x", "", "Error"),
        ("it did not work at f (/app/a.js:1:1)", "it did not work", "a.js:1", ""),
        ("it failed at once", "it failed at once", "", ""),
    ],
    "Go": [
        (
            "2026/11/26 02:00:00 panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/app/main.go:6 +0x28",
            *("panic: boom", "main.go:6", ""),
        ),
        ("panic: boom [recovered, repanicked]\n\t/app/main.go:6", "panic: boom", "main.go:6", ""),
        (
            "panic: boom\nmain.go:1: odd\n\t/app/run.sh:3\n\t/usr/local/go/src/a.go:7\n\t/app/b.go:6 +0x1",
            *("panic: boom", "b.go:6", ""),
        ),
        ("panic: boom\nexit status 2", "panic: boom", "", ""),
        ("do not panic: it failed\nexit status 2", "do not panic: it failed", "", ""),
    ],
    "Rust": [
        ("thread 'main' panicked at src/main.rs:4:5: boom", "boom", "main.rs:4", ""),
        ("thread 'main' panicked at src/main.rs:4:5:\nboom", "boom", "main.rs:4", ""),
        ("thread 'main' panicked at src/main.rs:4:5:", "thread 'main' panicked at src/main.rs:4:5:", "", ""),
        (
            "thread 'a' panicked at src/a.rs:1:1:\none\nthread 'b' panicked at src/b.rs:2:2:\ntwo\nnote: run with",
            *("two", "b.rs:2", ""),
        ),
        ("thread 'main' panicked at 'no 'x', sorry', src/main.rs:4:5", "no 'x', sorry", "main.rs:4", ""),
        ("thread 'main' panicked at 'boom", "'boom", "", ""),
        ("Error: a\n\nCaused by:\n    0: b\n    1: c\nbye\n    d", "Error: a: c", "", "Error"),
        ("Error: a\n\nCaused by:\n    connection refused", "Error: a: connection refused", "", "Error"),
        ("Error: a\n\nCaused by:\nbye", "Error: a", "", "Error"),
        ("Error: a\n\nCaused by:\n connection refused", "Error: a: connection refused", "", "Error"),
        ("failed. Caused by:\n    no file", "failed. Caused by: no file", "", ""),
        ("Caused by:\n    0: no file", "0: no file", "", ""),
    ],
    "Ruby": [
        (
            "read conf.rb: ok\n\tfrom /app/x.rb:1:in 'y': odd\n/app/b.rb:9:in 'b'\n/app/a.rb:3:in 'a': b: c (KeyError)",
            *("b: c (KeyError)", "a.rb:3", "KeyError"),
        ),
        ("/app/a.rb:3:in 'a': bad (x) (KeyError)", "bad (x) (KeyError)", "a.rb:3", "KeyError"),
        ("/app/a.rb:3:in 'a': boom", "boom", "a.rb:3", ""),
        ("/app/a.rb:3:in 'a': no b.rb: x (LoadError)", "no b.rb: x (LoadError)", "a.rb:3", "LoadError"),
        ("/app/a.rb:3:in 'a': bad:in x (KeyError)", "bad:in x (KeyError)", "a.rb:3", "KeyError"),
        ("a worker: a.rb:3:in 'a': boom (KeyError)", "boom (KeyError)", "a.rb:3", "KeyError"),
        (
            "/usr/lib/ruby/x.rb:7:in 'x': no (KeyError)\n\tfrom /usr/lib/ruby/y.rb:4:in 'y'",
            *("no (KeyError)", "", "KeyError"),
        ),
    ],
    "PHP": [
        (
            (
                "PHP Fatal error:  Uncaught TypeError: a in /app/a.php:1\nretry\n"
                "PHP Fatal error:  Uncaught ErrorException: no row in b in /app/b.php:2\nstopped"
            ),
            *("ErrorException: no row in b", "b.php:2", "ErrorException"),
        ),
        (
            "PHP Fatal error:  Uncaught RowError: Fatal error: no row in /app/a.php:1",
            *("RowError: Fatal error: no row", "a.php:1", "RowError"),
        ),
        (
            "PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted",
            *("Allowed memory size of 134217728 bytes exhausted", "", ""),
        ),
    ],
    "C++": [
        (
            "start\nterminate called after throwing an instance of 'acme::io::Error'\n  what():  bad config\nAborted",
            *("acme::io::Error: bad config", "", "Error"),
        ),
        ("\x1b[1mterminate called after throwing an instance of 'A'", "A", "", "A"),
        ("terminate called after throwing an instance of 'std::bad_alloc'\nx", "std::bad_alloc", "", "bad_alloc"),
    ],
    "compilers": [
        (
            "  src/a.c:1:10: fatal error: x.h: No such file\n    1 | #include <x.h>\nsrc/b.c:2:3: error: y",
            *("src/a.c:1:10: fatal error: x.h: No such file", "a.c:1", ""),
        ),
        (
            "src/app.ts(3,5): error TS2304: Cannot find name 'f(x)', sorry.\nFound 1 error.",
            *("src/app.ts(3,5): error TS2304: Cannot find name 'f(x)', sorry.", "app.ts:3", ""),
        ),
        (
            "src/app.ts(3,5): error TS2304: Cannot find name 'x'.",
            *("src/app.ts(3,5): error TS2304: Cannot find name 'x'.", "app.ts:3", ""),
        ),
        (
            "see /in/app.ts(3,5): error TS2304: Cannot find name 'x'.",
            *("see /in/app.ts(3,5): error TS2304: Cannot find name 'x'.", "", ""),
        ),
        (
            "Program.cs(9,13): error CS1002: ; expected\nBuild FAILED.",
            *("Program.cs(9,13): error CS1002: ; expected", "Program.cs:9", ""),
        ),
        (
            "main.obj : error LNK2019: unresolved symbol f\nmain.exe : fatal error LNK1120: 1 unresolved",
            *("main.obj : error LNK2019: unresolved symbol f", "", ""),
        ),
        ("warning: x\nerror[E0432]: no serde", "error[E0432]: no serde", "", ""),
        ("error[E0432]: no serde\n --> src/main.rs:1:5", "error[E0432]: no serde", "main.rs:1", ""),
        ("collect2: error: ld returned 1\nsrc/a.c:3:5: error: x", "src/a.c:3:5: error: x", "a.c:3", ""),
    ],
    "npm": [
        (
            "".join(
                f"npm error {line}\n"
                for line in (
                    *("code E404", "errno -2", "syscall open", "path /app", "command sh", "dest /x", "Lifecycle x"),
                    *("A complete log is in /x", "    at load (/app/a.js:1:1)", "404 Not Found - GET /zod", "404 more"),
                )
            ),
            *("404 Not Found - GET /zod", "", ""),
        ),
        ("> build\nnpm ERR! \nnpm ERR! missing script: build", "missing script: build", "", ""),
    ],
    "R": [
        ("Error in a() : one\nError in b() : two\nCalls: b", "Error in b() : two", "", ""),
        ("start\nError in b() :", "Error in b() :", "", ""),
        ("Error in b() :\n  two\n  three", "Error in b() : two", "", ""),
        ("Error in b() :\n  two", "Error in b() : two", "", ""),
    ],
}


@pytest.mark.parametrize("language", SHAPES)
def test_what_went_wrong_is_found_in_odd_shapes_too(language: str) -> None:
    """Text, frame and class of error, of messages that are cut off, stand behind other words, or go on."""
    found = [(message, *telling(message)) for message, *_ in SHAPES[language]]
    assert found == SHAPES[language]
