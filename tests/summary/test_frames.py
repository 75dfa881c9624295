"""Which frames are the workload's own: not those of a language, a library or a framework, one of each that is known."""

import pytest

from blaxel_mcp.summary import frames
from blaxel_mcp.summary.fingerprint import fingerprint
from blaxel_mcp.summary.frames import at_frame, frame, position_frame, python_frame

FOREIGN_PATHS = (
    "/app/.venv/site-packages/numpy/core.py",
    "/opt/dist-packages/yaml.py",
    "/opt/conda/lib/python3.11/decoder.py",
    "/usr/lib/ruby/set.rb",
    "/usr/share/php/run.php",
    "/usr/local/lib/run.R",
    "/usr/local/go/src/net/dial.go",
    "/opt/src/runtime/proc.go",
    "/root/go/pkg/mod/gorm.io/gorm@v1.25.0/finisher.go",
    "/nix/store/abc-glibc/start.c",
    "/app/node_modules/pg/client.js",
    "node:fs.js",
    "internal/process/task_queues.js",
    "/root/.cargo/registry/src/tokio/runtime.rs",
    "/root/.cargo/git/checkouts/serde/de.rs",
    "/rustc/90b35a6/library/core/panicking.rs",
    "/opt/toolchain/rustlib/src/result.rs",
    "/opt/gems/pg-1.5/connection.rb",
    "/srv/vendor/symfony/Kernel.php",
    "<frozen importlib>/bootstrap.py",
    "<internal:kernel>/kernel.rb",
    "<anonymous>/a.js",
    "<string>/a.py",
    "<unknown>/a.kt",
    "<stdin>/a.py",
)
FOREIGN_CLASSES = (
    "java.util.ArrayList.get",
    "javax.sql.DataSource.open",
    "jdk.internal.misc.Unsafe.park",
    "sun.nio.ch.Net.connect",
    "com.sun.jndi.Connection.read",
    "kotlin.collections.Maps.get",
    "kotlinx.coroutines.Task.run",
    "scala.Option.get",
    "clojure.lang.AFn.run",
    "groovy.lang.Closure.call",
    "akka.actor.Actor.receive",
    "reactor.core.Flux.next",
    "io.netty.channel.Channel.read",
    "okhttp3.Call.execute",
    "org.apache.spark.Executor.run",
    "org.springframework.boot.Run.main",
    "org.hibernate.Session.flush",
    "org.junit.Runner.run",
    "org.eclipse.jetty.Server.handle",
    "org.postgresql.Driver.connect",
    "com.mysql.cj.Driver.connect",
    "com.zaxxer.hikari.Pool.get",
    "com.fasterxml.jackson.Parser.next",
    "com.google.common.Cache.get",
    "System.IO.File.Open",
    "Microsoft.Data.Connection.Open",
)


@pytest.mark.parametrize("path", FOREIGN_PATHS)
def test_a_file_of_a_language_or_a_library_is_not_the_workloads_own(path: str) -> None:
    """The same name in a folder of the workload's is."""
    assert frame(path, "7") == ""
    name = path.rsplit("/", 1)[-1].removeprefix("node:")
    assert frame(f"/srv/app/{name}", "7") == f"{name}:7"


@pytest.mark.parametrize("method", FOREIGN_CLASSES)
def test_a_class_of_a_language_or_a_library_is_not_the_workloads_own(method: str) -> None:
    """The same name in a package of the workload's is."""
    assert at_frame(f"\tat {method}(Some.java:7)") == ""
    assert at_frame(f"\tat com.acme.{method}(Some.java:7)") == "Some.java:7"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/srv/app/main.go:42: boom", "main.go:42"),
        ("src/main.rs:4:", "main.rs:4"),
        ("src/main.rs:4:5", "main.rs:4"),
        ("file:///srv/app/load.mjs:3:9", "load.mjs:3"),
        ("no place at all", ""),
        ("", ""),
    ],
)
def test_a_place_is_a_file_and_its_line(text: str, expected: str) -> None:
    """Without its folder, its column and the words behind it."""
    assert position_frame(text) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('  File "/srv/app/load.py", line 12, in main', "load.py:12"),
        ('  File "/srv/app/load.py", line 12', "load.py:12"),
        ('  File "/srv/app/load.py", line 1234567, in main', "load.py:1234567"),
        ('  File "/srv/app/load.py", line 12345678, in main', ""),
        ('  File "/srv/app/load.py", line 12 in main', "load.py:12"),
        ('  File "/srv/app/load.py", line 12, in main(a, b)', "load.py:12"),
        ('  File "/srv/app/load.py", line 12, in main # a.py", line 9', "load.py:12"),
        ('  File "x", File "load.py", line 12', "load.py:12"),
        ("   at Acme.Load.Read() in C:\\src\\Load.cs:line 27", "Load.cs:27"),
        ("   at Acme.Load.Read() in /src/a:line 3/Load.cs:line 27", "Load.cs:27"),
        ("   at Acme.Load.Read() in /usr/lib/made in x/Load.cs:line 27", ""),
        ("   at Acme.Load.Read(String path)", ""),
        ("    at new in (/srv/app/load.mjs:3:9)", "load.mjs:3"),
        ("    at async /srv/app/load.mjs:3:9", "load.mjs:3"),
        ("    at async load (/srv/app/load.mjs:3:9) {", "load.mjs:3"),
    ],
)
def test_a_line_of_a_stack_is_read(line: str, expected: str) -> None:
    """Of Python, and of Node with a function that waits."""
    read = python_frame if "File" in line else at_frame
    assert read(line) == expected


def test_one_of_each_that_is_known_is_above() -> None:
    """And each is foreign for one reason only, so that none can be taken out of the tables unnoticed."""
    for table, examples in ((frames._FOREIGN_PATHS, FOREIGN_PATHS), (frames._FOREIGN_CLASSES, FOREIGN_CLASSES)):
        reasons = [
            [
                known
                for known in table
                if (known in example if "/" in example or ":" in example else example.startswith(known))
            ]
            for example in examples
        ]
        assert sorted(reason for (reason,) in reasons) == sorted(table)


UNITS = (
    *(
        "b",
        "kb",
        "mb",
        "gb",
        "tb",
        "kib",
        "mib",
        "gib",
        "tib",
        "byte",
        "bytes",
        "ns",
        "us",
        "µs",
        "ms",
        "s",
        "sec",
        "secs",
    ),
    *("second", "seconds", "milliseconds", "min", "mins", "minute", "minutes", "m", "h", "hr", "hrs", "hour", "hours"),
    *(
        "day",
        "days",
        "week",
        "weeks",
        "am",
        "pm",
        "utc",
        "gmt",
        "z",
        "cet",
        "cest",
        "est",
        "edt",
        "cst",
        "cdt",
        "pst",
        "pdt",
    ),
    *(
        "jan",
        "feb",
        "mar",
        "apr",
        "may",
        "jun",
        "june",
        "jul",
        "july",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
        "january",
    ),
    *(
        "february",
        "march",
        "april",
        "august",
        "september",
        "october",
        "november",
        "december",
        "mon",
        "tue",
        "wed",
        "thu",
    ),
    *("fri", "sat", "sun", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)


def test_a_unit_varies_as_its_number_does() -> None:
    """A duration, a size, a time of day or a date is one thing, whatever it is measured in."""
    assert {fingerprint(f"gave up after 5 {unit} of it") for unit in UNITS} == {fingerprint("gave up after 12 of it")}
