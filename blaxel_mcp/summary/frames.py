"""The frames of a stack trace: which file and line, and whether that is the workload's own code."""

import re

from blaxel_mcp.summary.patterns import lazy_compile

# Parts of a path under which languages keep code that the workload did not write.
_FOREIGN_PATHS = (
    "site-packages",
    "dist-packages",
    "/lib/python3",
    "/usr/lib",
    "/usr/share",
    "/usr/local/lib",
    "/usr/local/go/src",
    "/src/runtime/",
    "/pkg/mod/",
    "/nix/store",
    "node_modules",
    "node:",
    "internal/",
    ".cargo/registry",
    ".cargo/git",
    "/rustc/",
    "/rustlib/",
    "/gems/",
    "/vendor/",
    "<frozen",
    "<internal:",
    "<anonymous>",
    "<string>",
    "<unknown>",
    "<stdin>",
)
_FOREIGN_CLASSES = (
    "java.",
    "javax.",
    "jdk.",
    "sun.",
    "com.sun.",
    "kotlin.",
    "kotlinx.",
    "scala.",
    "clojure.",
    "groovy.",
    "akka.",
    "reactor.",
    "io.netty.",
    "okhttp3.",
    "org.apache.",
    "org.springframework.",
    "org.hibernate.",
    "org.junit.",
    "org.eclipse.",
    "org.postgresql.",
    "com.mysql.",
    "com.zaxxer.",
    "com.fasterxml.",
    "com.google.common.",
    "System.",
    "Microsoft.",
)
_PATH_CHARACTERS = 400
"""The longest path that is read; what is longer is no path."""

_OWN = lazy_compile(r"[\w@+-][\w.@+-]{0,59}:[1-9][0-9]{0,6}", re.ASCII)
_POSITION = lazy_compile(r"[^\s()]++")  # a path with its line, as it stands at the end of a frame
_LINE = lazy_compile(r":(\d{1,7})(?::\d{1,7})?$", re.ASCII)


def frame(path: str, line: str) -> str:
    """A frame as `load.py:118`; empty where the path is not the workload's own, or is no ordinary file name."""
    path = path[-_PATH_CHARACTERS:].replace("\\", "/")
    if any(part in path for part in _FOREIGN_PATHS):
        return ""
    named = f"{path.rpartition('/')[2]}:{line}"
    return named if _OWN.fullmatch(named) else ""


def is_frame(text: str) -> bool:
    """Whether this is a file name and a line and nothing else, so that it can be shown without quotes."""
    return _OWN.fullmatch(text) is not None


def python_frame(line: str) -> str:
    """The own frame that a line like `File "/srv/load.py", line 118, in run` names."""
    before, found, after = line.partition('", line ')
    if not found:
        return ""
    number = after.partition(",")[0].partition(" ")[0]
    return frame(before.rpartition('File "')[2], number)


def at_frame(line: str) -> str:
    """The own frame that a line like `at …` names: of Java and Kotlin, Node, or .NET."""
    told = line.strip()[:_PATH_CHARACTERS].removeprefix("at ")
    if told.startswith(_FOREIGN_CLASSES):
        return ""
    place = told.partition(" in ")[2]
    if ":line " in place:
        path, _, number = place.rpartition(":line ")
        return frame(path, number)
    return position_frame(told.rpartition("(")[2].removeprefix("async "))


def position_frame(text: str) -> str:
    """The own frame of a text that begins with a place like `/srv/app/main.go:42` or `src/main.rs:4:5`."""
    place = _POSITION.match(text.strip()[:_PATH_CHARACTERS])
    found = _LINE.search(place[0].removesuffix(":")) if place else None
    return frame(place[0][: found.start()], found[1]) if place and found else ""
