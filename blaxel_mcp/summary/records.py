"""Structured log lines: JSON objects and logfmt, read as a level and the text that tells."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from blaxel_mcp.summary.patterns import lazy_compile

FATAL, ERROR, PLAIN, WARNING, INFO = 4, 3, 2, 1, 0
"""How grave a line is; a line that names no level is graver than a warning and less than an error."""

LEVELS = {
    **dict.fromkeys(("fatal", "critical", "crit", "emergency", "emerg", "alert", "panic", "dpanic"), FATAL),
    **dict.fromkeys(("error", "err", "severe", "failure"), ERROR),
    **dict.fromkeys(("warning", "warn"), WARNING),
    **dict.fromkeys(("notice", "info", "information", "debug", "trace", "verbose", "default"), INFO),
}
"""The words of log levels, in lower case."""

_LEVEL_KEYS = ("level", "severity", "levelname", "log.level", "lvl", "loglevel", "log_level", "@l")
_LEVEL_PAIRS = tuple(f"{key}=" for key in _LEVEL_KEYS)
_TEXT_KEYS = ("message", "msg", "event", "@message", "@m", "textPayload", "log", "text", "detail", "reason")
_ERROR_KEYS = ("error", "err", "exception", "exc_info", "cause", "@x")
_STACK_KEYS = ("stack", "stack_trace", "stackTrace", "stacktrace", "traceback", "error.stack_trace", "exc_text")
_CLASS_KEYS = ("type", "name", "class", "kind", "status", "code")
_PINO_ERROR, _SYSLOG_ERROR = 50, 3
_NUMBERS: Mapping[float, int] = {_PINO_ERROR: ERROR, 40: WARNING, _SYSLOG_ERROR: ERROR, 4: WARNING}
"""Numeric levels are those of bunyan and pino, where more is graver, or those of syslog, where less is."""

_PAIR = lazy_compile(r"(?<![\w.@-])([\w.@-]{1,40}+)=(?:\"((?:[^\"\\]|\\.)*+)\"|([^\s\"]*+))", re.ASCII)


class Record(NamedTuple):
    """What one structured line of a log says.

    Attributes:
        level: one of the levels above.
        text: the message and the error, of several lines where the error comes with its stack.
    """

    level: int
    text: str


def read_record(line: str) -> Record | None:
    """The record that a line holds as a JSON object or as logfmt; None where it is neither, or has no text."""
    line = line.strip()
    if line.startswith("{") and line.endswith("}"):
        try:
            values = json.loads(line)
        except (ValueError, RecursionError):
            return None
        return _record(values)
    if "=" in line and any(pair in line for pair in _LEVEL_PAIRS):  # reading all pairs of a long line takes long
        pairs = {key: _unescaped(quoted) if quoted else bare for key, quoted, bare in _PAIR.findall(line)}
        return _record(pairs) if any(key in pairs for key in _LEVEL_KEYS) else None
    return None


def _unescaped(text: str) -> str:
    return text.replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t")


def _record(values: Mapping[str, Any]) -> Record | None:
    inner = values.get("jsonPayload")
    if isinstance(inner, dict):
        values = {**values, **inner}
    said, error = _first(values, _TEXT_KEYS), _error(values)
    if "\n" in error:
        # A stack tells for itself; what was said about it comes first, where a message without a stack would be.
        text = f"{said}\n{error}" if said and "\n" not in said else error
    elif said and error and error not in said:
        text = f"{said.rstrip(':. ')}: {error}"
    else:
        text = said or error
    return Record(_level(values, has_error=bool(error)), text) if text else None


def _first(values: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((values[key].strip() for key in keys if isinstance(values.get(key), str) and values[key].strip()), "")


def _error(values: Mapping[str, Any]) -> str:
    """The error as text: its stack if there is one, else class and message."""
    if stack := _first(values, _STACK_KEYS):
        return stack
    for key in _ERROR_KEYS:
        value = values.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, dict):
            return "\n".join(_described(value))
    return ""


def _described(error: Mapping[str, Any]) -> Iterator[str]:
    said, stack = _first(error, _TEXT_KEYS), _first(error, _STACK_KEYS)
    names = (error.get(key) for key in _CLASS_KEYS)
    name = next((str(value) for value in names if isinstance(value, (str, int)) and str(value)), None)
    if said and said not in stack:
        yield f"{name}: {said}" if name and name not in said else said
    if stack:
        yield stack


def _level(values: Mapping[str, Any], *, has_error: bool) -> int:
    value = next((values[key] for key in _LEVEL_KEYS if key in values), None)
    if isinstance(value, str):
        return LEVELS.get(value.strip().lower(), PLAIN)
    if not isinstance(value, (int, float)):
        return ERROR if has_error else PLAIN
    if value > _PINO_ERROR or value < _SYSLOG_ERROR:
        return FATAL
    return _NUMBERS.get(value, INFO)
