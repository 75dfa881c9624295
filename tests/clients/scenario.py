"""What every client does with the server, which facts its model must get to know, and what counts as passed; pure."""

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TOOLS = (
    "list_jobs",
    "list_job_executions",
    "get_job_execution",
    "compare_job_executions",
    "list_job_execution_tasks",
    "get_job_execution_logs",
    "wait_for_job_execution",
)
"""What a client lists; `get_job_execution_view` is for hosts of MCP Apps, others need not see it."""


@dataclass(frozen=True, slots=True)
class Question:
    """A tool call of the scenario.

    Attributes:
        name: what the records call it.
        arguments: of the tool.
        facts: patterns, each of which must be in what the model was given.
        error: whether the answer is an error.
        tool: the one that is called.
    """

    name: str
    arguments: Mapping[str, Any]
    facts: Sequence[str]
    error: bool = False
    tool: str = "get_job_execution"

    def asked(self) -> dict[str, Any]:
        """As a client's script is given it."""
        return {"name": self.name, "tool": self.tool, "arguments": dict(self.arguments)}


QUESTIONS = (
    Question(
        "failed",
        {"jobId": "nightly-import", "executionId": "latest"},
        ("Failed: 3 of 40 tasks failed, 37 succeeded", "FileNotFoundError", "part-0005.parquet", "Ran 2m 38s", "Next:"),
    ),
    Question(
        "running",
        {"jobId": "embed-corpus", "executionId": "latest"},
        (r"Running: \d+ of 20 tasks finished", "4 running", "Time left: about", r"again in \d+s"),
    ),
    Question(
        "thousand",
        {"jobId": "load-test", "executionId": "latest"},
        ("Failed: 37 of 1,000 tasks failed, 963 succeeded", "target answered 503", "30 more not read", "Ran 7m 33s"),
    ),
    Question(
        "wrong id",
        {"jobId": "nightly-import", "executionId": "exec-00000000"},
        ("has no execution", "exec-00000000", "exec-b7d2640f", "latest", "will not help"),
        error=True,
    ),
)

WAIT_SECONDS = 8
WAIT = Question(
    "wait",
    {"jobId": "embed-corpus", "executionId": "latest", "timeoutSeconds": WAIT_SECONDS},
    ("20 tasks finished",),
    tool="wait_for_job_execution",
)
"""A call that takes longer than some clients allow: the execution is not done by then, which the answer says."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model was given for a question, in bytes of UTF-8.

    Attributes:
        missing: the facts that are not in it; none if all is well.
        text: the prose, where it stands for itself.
        structured: the fields, with the prose that is their first.
        raw: the API's JSON.
        total: all of it, with what the client puts around it.
    """

    missing: Sequence[str]
    text: int
    structured: int
    raw: int
    total: int

    @property
    def passed(self) -> bool:
        """Whether it has every fact."""
        return not self.missing


def judge(question: Question, given: Any) -> Answer:
    """Measure what a model was given for a question: any JSON, or text that may hold some."""
    whole = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    seen = "\n".join(strings(given))
    text = structured = raw = 0
    for part in parts(given):
        if isinstance(part, str):
            text += _size(part)
        else:
            raw += _size(part["raw"]) if "raw" in part else 0
            structured += _size({key: value for key, value in part.items() if key != "raw"})
    return Answer(
        missing=[fact for fact in question.facts if not re.search(fact, seen)],
        text=text,
        structured=structured,
        raw=raw,
        total=_size(whole),
    )


def missing_tools(listed: Sequence[str]) -> list[str]:
    """Tools of the server that a client did not list; it may put something in front of a name."""
    return [tool for tool in TOOLS if not any(re.search(rf"(^|[^a-z]){tool}$", name) for name in listed)]


def parts(given: Any) -> Iterator[str | dict[str, Any]]:
    """The texts in a value, and the structured answers: objects with a summary, whole."""
    value = parsed(given) if isinstance(given, str) else given
    if isinstance(value, str):
        yield from _within(value)
    elif isinstance(value, dict) and "summary" in value and ("outcome" in value or "done" in value):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if key not in NOT_SHOWN:
                yield from parts(one)
    elif isinstance(value, Sequence):
        for one in value:
            yield from parts(one)


def _within(text: str) -> Iterator[str | dict[str, Any]]:
    """A text, or what it holds where a client has put the fields into it as JSON.

    What stands around those is no text of ours, but where it says what their summary says.
    """
    begin = text.find('{"summary":')
    try:
        fields, end = json.JSONDecoder().raw_decode(text, begin) if begin >= 0 else ({}, 0)
    except ValueError:
        fields, end = {}, 0
    if not fields:
        if text.strip():
            yield text
        return
    yield from (around.strip() for around in (text[:begin], text[end:]) if fields["summary"] in around)
    yield fields


NOT_SHOWN = ("type", "role", "id", "tool_call_id", "call_id", "name", "status", "resultType", "_meta")
"""Keys of what clients put around an answer, whose values are none of it."""


REPR = re.compile(r"structured_?content=(\{.*\})(?= is_?error=| meta=|\)?$)", re.DOTALL | re.IGNORECASE)
"""The fields in Python's words for a result, which one library hands to its model."""


def parsed(text: str) -> Any:
    """What a text holds if it is JSON or a Python literal, with an object or a list; else itself."""
    if found := REPR.search(text):
        return [text[: found.start()] + text[found.end() :], found[1]]
    if text.lstrip()[:1] in {"{", "["}:
        for read in (json.loads, ast.literal_eval):
            try:
                return read(text)
            except (ValueError, SyntaxError):
                continue
    return text


def strings(given: Any) -> Iterator[str]:
    """Every string in a value, and in the JSON that strings hold."""
    value = parsed(given) if isinstance(given, str) else given
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, Sequence):
        for one in value:
            yield from strings(one)


def _size(value: Any) -> int:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode())
