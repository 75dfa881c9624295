"""docs/answers.md against the program: what it says of fields, limits and errors is so, and nothing is left out.

Everything is asked of the real program over stdio, in front of the control plane of `scenarios`.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support import scenarios
from support.caller import without_request_id
from support.program import Program, account, run, side_by_side
from support.scenarios import CAUSES, EXECUTIONS, LEAK, ORDER, SECRETS, size

import blaxel_mcp
from blaxel_mcp.demo import script
from blaxel_mcp.summary import limits
from blaxel_mcp.tools.registry import load_specs

pytestmark = pytest.mark.slow

Json = dict[str, Any]
PAGE = (Path(__file__).parent.parent / "docs" / "answers.md").read_text(encoding="utf-8")
PACKAGE = Path(blaxel_mcp.__file__).parent
GET, WAIT, CANCEL = "get_job_execution", "wait_for_job_execution", "cancel_job_execution"
SHORT = {
    "jobs": "list_jobs",
    "compared": "compare_job_executions",
    "executions": "list_job_executions",
    "tasks": "list_job_execution_tasks",
    "logs": "get_job_execution_logs",
    "run": "run_job",
}
"""How the table of the other tools calls them."""
OPAQUE = {"raw"}
"""Fields that hold somebody else's JSON."""
NEVER_MISSING = {"workspace"}
"""Optional by the schema, but there in every answer of this test: without a workspace nothing is asked."""


def tables(heading: str) -> list[list[list[str]]]:
    """The rows of each table under a heading, without the head of the table."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found: list[list[list[str]]] = []
    for block in re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in block.splitlines()]
        assert {len(row) for row in rows} == {len(rows[0])}, f"A row of {rows[0]} has too many or too few cells."
        found.append(rows[2:])
    return found


def code(cell: str) -> list[str]:
    """What stands in backquotes."""
    return re.findall(r"`([^`]+)`", cell)


@dataclass(frozen=True, slots=True)
class Field:
    """A field as the page has it: its path, such as `failures[].cause`, its type in words, and when it is there."""

    path: str
    type: str
    present: str

    @property
    def parent(self) -> str:
        """The path of the object that holds it; empty for the answer itself."""
        return self.path.rpartition(".")[0]

    @property
    def always(self) -> bool:
        """Whether every such object has it."""
        return self.present == "always"


def read_fields(tool: str) -> list[Field]:
    """The fields of a tool's answer in the page's order."""
    if tool in {GET, WAIT, CANCEL}:
        rows = tables(f"`{GET}`")[0]
    else:
        rows = [row[1:] for row in tables("Lists, logs and `run_job`")[0] if row[0] == "all" or tool in _tools(row[0])]
    return [Field(path, row[1], row[2]) for row in rows for path in code(row[0])]


def _tools(cell: str) -> list[str]:
    return [SHORT[name] for name in cell.split(", ") if name != "all"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool answered: its one text, its object if it has one, and whether it is an error."""

    tool: str
    text: str
    structured: Json | None
    is_error: bool


Call = tuple[str, Json]


def _get(job: str, execution: str = "x", tool: str = GET, **more: Any) -> Call:
    return tool, {"jobId": job, "executionId": execution, **more}


FINE: Sequence[Call] = (
    *(_get("many", name) for name in EXECUTIONS),
    *(_get(name, execution) for _, name, execution in script.SHOWN),
    _get("weekly-train", "latest"),
    _get("nightly-report", "latest"),
    _get("aging", "latest"),
    _get("aging", "aging-11"),
    _get("few", "latest"),
    _get("many", "x" * 400),
    _get("many", "running", WAIT, timeoutSeconds=1),
    _get("many", "causes-0", WAIT),
    _get("many", "running", CANCEL),
    _get("many", "causes-0", CANCEL),
    ("list_jobs", {}),
    ("list_jobs", {"search": "many", "limit": 50}),
    ("list_jobs", {"search": "few"}),
    ("list_jobs", {"search": "nobody has this"}),
    ("list_job_executions", {"jobId": "many", "limit": 50}),
    ("list_job_executions", {"jobId": "many", "status": "failed", "limit": 1}),
    ("list_job_executions", {"jobId": "few"}),
    ("list_job_executions", {"jobId": "old-import"}),
    ("list_job_executions", {"jobId": "aging", "limit": 50}),
    ("list_job_executions", {"jobId": "nightly-report"}),
    ("list_job_executions", {"jobId": "weekly-train"}),
    ("compare_job_executions", {"jobId": "image-resize", "executionId": script.FAILED}),
    ("compare_job_executions", {"jobId": "aging", "executionId": "aging-2", "baselineId": "aging-9"}),
    ("compare_job_executions", {"jobId": "many", "executionId": "causes-0", "baselineId": "half"}),
    _get("many", "many-causes", "list_job_execution_tasks", limit=100),
    _get("many", "causes-0", "list_job_execution_tasks", limit=5),
    *(_get("many", name, "list_job_execution_tasks") for name in EXECUTIONS if name.startswith("causes-")),
    _get("many", "running", "list_job_execution_tasks", status="running"),
    _get("many", "half", "list_job_execution_tasks"),
    _get("many", "bare", "list_job_execution_tasks"),
    _get("many", "causes-0", "get_job_execution_logs", limit=10),
    _get("many", "causes-0", "get_job_execution_logs"),
    _get("weekly-train", "latest", "get_job_execution_logs"),
    ("run_job", {"jobId": "image-resize"}),
)
STATUSES = (400, 401, 402, 403, 408, 409, 429, 500, 502, 503, 504)
FAILING: Mapping[str, Call] = {
    **{f"{status}": _get(f"status-{status}") for status in STATUSES},
    "400, version of the API": _get("version"),
    "400, with a cursor": ("list_jobs", {"cursor": "expired"}),
    "404, unknown execution": _get("many", "missing"),
    "404, unknown execution to cancel": _get("image-resize", "missing", CANCEL),
    "404, job without executions": _get("none"),
    "404, unknown job": _get("image-resiz"),
    "404, job unlike any other": _get("qqqqqqqq"),
    "`latest` of a job without executions": _get("old-import", "latest"),
    "another 5xx": _get("status-529"),
    "another status": _get("status-418"),
    "a redirect": _get("redirect"),
    "too large": _get("oversize"),
    "not JSON": _get("page"),
    "not an object": _get("text"),
    "not decodable": _get("packed"),
    "connection cut": _get("cut"),
    "wrong arguments": (GET, {"jobId": 1, "extra": LEAK}),
    "a job's name that cannot be one": _get(".."),
    "an id that cannot be one": _get("many", "a\x00b"),
    "a cursor that is none": ("list_jobs", {"cursor": "\u2713"}),
    "a search of one character": ("list_jobs", {"search": "x"}),
    "a text that cannot be seen": _get("many", "bare", "get_job_execution_logs", search="\u200b"),
    "no log": _get("no-log", "bare", "get_job_execution_logs"),
    "a log in another form": _get("odd-log", "bare", "get_job_execution_logs"),
    "run: disabled": ("run_job", {"jobId": "disabled"}),
    "run: too much memory": ("run_job", {"jobId": "small", "memory": 512}),
    "run: invalid": ("run_job", {"jobId": "small"}),
    "run: invalid, without the queue": ("run_job", {"jobId": "small", "allowQueue": False}),
    "run: conflict": ("run_job", {"jobId": "over"}),
    "run: 429": ("run_job", {"jobId": "full"}),
    "run: 429, without the queue": ("run_job", {"jobId": "full", "allowQueue": False}),
    "run: outcome unknown": ("run_job", {"jobId": "broken"}),
    "cancel: refused": _get("over", "x", CANCEL),
    "cancel: outcome unknown": _get("broken", "x", CANCEL),
    "cancel: `latest`": _get("many", "latest", CANCEL),
}
"""Situations that the program is brought into here; what it says in the others is looked for in its source."""
ALONE: Mapping[str, Mapping[str, str]] = {
    "no credential": {},
    "connection refused": {"BL_API_URL": "http://127.0.0.1:1/v0"},
    "no TLS": {"BL_API_URL": "https://…"},
    "no certificates to trust": {"BL_API_URL": "https://…", "SSL_CERT_FILE": "/nonexistent"},
    "an attempt took too long": {"BLAXEL_MCP_TIMEOUT": "0.000001"},
    "wrong client credentials": {"BL_CLIENT_CREDENTIALS": f"{script.CLIENT_ID}:{LEAK}"},
}
"""Situations that take a program with variables of its own; `…` is where the control plane listens."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the program said: its answers, what it lists, and its errors by situation."""

    fine: Sequence[Answer]
    failing: Mapping[str, Answer]
    alone: Mapping[str, str]
    statuses: Mapping[int, str]
    listed: Mapping[str, Json]
    resources: Mapping[str, Json]
    stderr: str


def converse(program: Program, calls: Sequence[Call]) -> list[Answer]:
    """Call the tools, some side by side; the answers in the order of the calls."""
    # Not all at once: look-ups that take over three seconds, on a slow machine, would be missing in the answers.
    return [answer for start in range(0, len(calls), 8) for answer in _side_by_side(program, calls[start : start + 8])]


def _side_by_side(program: Program, calls: Sequence[Call]) -> list[Answer]:
    numbers = [program.ask("tools/call", {"name": tool, "arguments": given}) for tool, given in calls]
    by_number = {}
    for _ in numbers:
        message = json.loads(program.next_line())
        by_number[message["id"]] = message["result"]
    answers = []
    for number, (tool, _) in zip(numbers, calls, strict=True):
        result = by_number[number]
        (block,) = result["content"]
        answers.append(Answer(tool, block["text"], result.get("structuredContent"), result.get("isError", False)))
    return answers


@pytest.fixture(scope="module")
def seen() -> Seen:
    """One program asked everything, and one for each situation that needs its own."""

    def alone(url: str, variables: Mapping[str, str]) -> str:
        given = {name: value.replace("https://…", url.replace("http:", "https:")) for name, value in variables.items()}
        env = {} if not variables else account(url) | given
        if "BL_CLIENT_CREDENTIALS" in env:
            del env["BL_API_KEY"]
        errors: str = run("get", "many", "bare", env=env)[2]
        return errors.removeprefix("blaxel-mcp: ").strip()

    def together(url: str) -> Seen:
        with Program("--allow-writes", env=account(url)) as program:
            program.shake_hands()
            listed = program.request("tools/list")["result"]["tools"]
            fine = converse(program, FINE)
            failing = dict(zip(FAILING, converse(program, [*FAILING.values()]), strict=True))
            numbers = [*range(400, 452), *range(500, 530)]
            texts = [answer.text for answer in converse(program, [_get(f"status-{number}") for number in numbers])]
            read = {
                name: program.request("resources/read", {"uri": f"blaxel://jobs/{name}"})
                for name in ("many/executions/causes-0", "status-401/executions/x", "qqqqqqqq/executions/x")
            }
            program.close_input()
            program.wait()
            return Seen(
                fine,
                failing,
                {},
                dict(zip(numbers, texts, strict=True)),
                {tool["name"]: tool for tool in listed},
                read,
                program.errors(),
            )

    with scenarios.serve() as url:
        runs = {"": lambda: together(url)} | {
            name: (lambda variables=variables: alone(url, variables)) for name, variables in ALONE.items()
        }
        done: dict[str, Any] = side_by_side(runs)
    whole: Seen = done.pop("")
    return Seen(whole.fine, whole.failing, done, whole.statuses, whole.listed, whole.resources, whole.stderr)


def objects(value: Any, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every object in an answer with its path."""
    if isinstance(value, dict):
        yield path, value
        if "baseline" in value:  # the page tells the parts of a comparison in words
            return
        for key, part in value.items():
            if f"{path}.{key}".strip(".") not in OPAQUE:
                yield from objects(part, f"{path}.{key}".strip("."))
    elif isinstance(value, list):
        for item in value:
            yield from objects(item, f"{path}[]")


def answers_of(seen: Seen, *tools: str) -> list[Json]:
    """The objects that these tools answered with."""
    answers = [answer for answer in seen.fine if answer.tool in tools and answer.structured is not None]
    # A wait whose time was up answers with a few of the fields, as they fit.
    return [one.structured for one in answers if one.structured and (one.tool != WAIT or one.structured["done"])]


def alike(tool: str) -> tuple[str, ...]:
    """The tools whose answers the tool's table is about."""
    return (GET, WAIT, CANCEL) if tool == GET else (tool,)


TOOLS = (GET, *SHORT.values())


def test_every_call_was_answered_as_meant(seen: Seen) -> None:
    """What follows would say little about answers that are errors, or errors that are answers."""
    assert [answer.text for answer in seen.fine if answer.is_error] == []
    assert [name for name, answer in seen.failing.items() if not answer.is_error] == []
    assert [answer.structured for answer in seen.failing.values()] == [None] * len(FAILING)


@pytest.mark.parametrize("tool", TOOLS)
def test_every_field_is_on_the_page_and_every_field_on_it_exists(tool: str, seen: Seen) -> None:
    """Those of all answers together, at every depth."""
    found = {
        f"{path}.{key}".strip(".")
        for answer in answers_of(seen, *alike(tool))
        for path, holder in objects(answer)
        for key in holder
    }
    assert found == {field.path for field in read_fields(tool)}


@pytest.mark.parametrize("tool", TOOLS)
def test_fields_that_are_always_there_are(tool: str, seen: Seen) -> None:
    """Every object has them; each of the others is missing somewhere."""
    holders: dict[str, list[Json]] = {}
    for answer in answers_of(seen, *alike(tool)):
        for path, holder in objects(answer):
            holders.setdefault(path, []).append(holder)
    always = {field.path: field.always or field.path in NEVER_MISSING for field in read_fields(tool)}
    actual = {
        field.path: all(field.path.rpartition(".")[2] in holder for holder in holders[field.parent])
        for field in read_fields(tool)
    }
    assert actual == always


@pytest.mark.parametrize("tool", TOOLS)
def test_fields_come_in_the_pages_order(tool: str, seen: Seen) -> None:
    """In every object of every answer."""
    order = [field.path for field in read_fields(tool)]
    for answer in answers_of(seen, *alike(tool)):
        for path, holder in objects(answer):
            keys = [f"{path}.{key}".strip(".") for key in holder]
            assert keys == sorted(keys, key=order.index)


KINDS: Mapping[str, tuple[type, Json]] = {
    "string": (str, {"type": "string"}),
    "boolean": (bool, {"type": "boolean"}),
    "integer": (int, {"type": "integer"}),
    "object": (dict, {"type": "object"}),
    "list of strings": (list, {"type": "array", "items": {"type": "string"}}),
    "list of integers": (list, {"type": "array", "items": {"type": "integer"}}),
    "list of objects": (list, {"type": "array"}),
}
UNITS = {
    **dict.fromkeys(("Seconds", "SecondsAgo", "secondsAgo", "seconds"), "seconds"),
    **dict.fromkeys(("At", "From", "To", "lastDue", "nextDue"), "timestamp"),
    "Mb": "MB",
    "bytes": "bytes",
}
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def kind_of(field: Field) -> str:
    """The type in words, without a unit; one of several words is a string."""
    return "string" if field.type.startswith("one of ") else field.type.partition(",")[0]


def values(seen: Seen, tool: str, path: str) -> list[Any]:
    """All values that a field has in the answers."""
    parent, _, key = path.rpartition(".")
    found = [holder for answer in answers_of(seen, *alike(tool)) for at, holder in objects(answer) if at == parent]
    return [holder[key] for holder in found if key in holder]


@pytest.mark.parametrize("tool", TOOLS)
def test_types_and_units_are_the_pages(tool: str, seen: Seen) -> None:
    """Every value has the type; its name says the unit, and a timestamp is one."""
    for field in read_fields(tool):
        given = values(seen, tool, field.path)
        assert {type(value) for value in given} == {KINDS[kind_of(field)][0]}, field
        unit = next(
            (unit for end, unit in UNITS.items() if field.path.endswith(end) and not field.path.endswith("lookedAt")),
            "",
        )
        assert unit == ("" if field.type.startswith("one of") else field.type.partition(", ")[2]), field
        if unit == "timestamp":
            assert all(TIMESTAMP.fullmatch(value) for value in given), field


def published(schema: Json, path: str = "") -> Iterator[tuple[str, Json, bool]]:
    """Every property of a schema with its path, and whether it is required."""
    for key, part in schema.get("properties", {}).items():
        here = f"{path}.{key}".strip(".")
        yield here, part, key in schema.get("required", [])
        yield from published(part, here)
        yield from published(part.get("items", {}), f"{here}[]")


def test_the_published_schema_is_the_page(seen: Seen) -> None:
    """That of get_job_execution whole, but for what is open in it; the others are parts of what the page says."""
    for tool, row in seen.listed.items():
        fields = {field.path: field for field in read_fields(tool)}
        properties = {path: (part, required) for path, part, required in published(row["outputSchema"])}
        assert properties.keys() <= fields.keys(), tool
        if tool == GET:
            open_objects = {path for path, (part, _) in properties.items() if part == {"type": "object"}}
            assert fields.keys() - properties.keys() == {
                path for path in fields if any(path.startswith(f"{holder}.") for holder in open_objects)
            }
        for path, (part, required) in properties.items():
            field = fields[path]
            expected = KINDS[kind_of(field)][1]
            assert expected.items() <= part.items(), path
            assert field.always or not required, path  # requiring all that is always there would cost bytes
            if "enum" in part:
                assert code(field.type) == part["enum"], path


def test_the_words_for_causes_are_all_of_them(seen: Seen) -> None:
    """Each is brought about by a message."""
    (field,) = (field for field in read_fields(GET) if field.path == "failures[].cause")
    assert code(field.type) == [*scenarios.MESSAGES]
    listed = values(seen, SHORT["tasks"], "tasks[].cause")  # where there are many, an answer groups the first few
    assert {*values(seen, GET, field.path), *listed} == {*scenarios.MESSAGES}
    assert len(CAUSES) == len(scenarios.MESSAGES)


def test_the_prose_keeps_the_pages_order(seen: Seen) -> None:
    """Each part begins with words of the page, after the part before it, and each is there in some answer."""
    parts = [code(row[1]) for row in tables(f"`{GET}`")[1]]
    met = set()
    for answer in seen.fine:
        if answer.tool not in {GET, WAIT, CANCEL}:
            continue
        if answer.text.startswith("Looking again failed"):  # a slow machine's: what follows is told with its age
            continue
        at = 0
        for number, beginnings in enumerate(parts):
            found = [answer.text.find(beginning, at) for beginning in beginnings if beginning in answer.text[at:]]
            starts = [place for place in found if place == 0 or answer.text[place - 2 : place] in {". ", "? "}]
            if starts:
                at = min(starts)
                met.add(number)
            assert starts or number not in {2, len(parts) - 2}, (
                answer.text,
                beginnings,
            )  # the verdict and the next step
    assert met == {*range(len(parts))}


def test_every_verdict_on_the_page_is_one_of_the_programs() -> None:
    """Each beginning of a part stands in the source."""
    constants = "\n".join(text for text, _ in sentences(PACKAGE / "summary", PACKAGE / "tools", every=True)).casefold()
    for row in tables(f"`{GET}`")[1]:
        for beginning in code(row[1]):
            assert beginning.removesuffix(":").casefold() in constants


def test_both_channels_say_the_same(seen: Seen) -> None:
    """The text is the summary, or begins with it and goes on with a line for each row or line."""
    for answer in seen.fine:
        assert answer.structured is not None
        summary, *rest = answer.text.split("\n")
        assert answer.structured["summary"] == summary
        if answer.tool == SHORT["compared"]:
            continue  # its lines are about tasks and reasons
        key = {tool: name for name, tool in SHORT.items()}.get(answer.tool, "")
        rows: list[Any] = answer.structured.get("lines" if key == "logs" else key, [])
        assert len(rest) - len(rows) in {0, 1}  # a last line says how to go on
        assert "nextCursor" in answer.structured or len(rest) == len(rows)


def test_raw_is_as_the_page_says(seen: Seen) -> None:
    """Whole where it fits, else cut and counted; not after a cancellation, nor while one is still waited for."""
    for answer in seen.fine:
        if answer.tool not in {GET, WAIT, CANCEL} or answer.structured is None:
            continue
        raw = answer.structured.get("raw")
        done = answer.structured["done"]
        assert (raw is not None) == (answer.tool == GET or (answer.tool == WAIT and done))
        assert raw is None or size(raw) <= limits.RAW_BYTES
    cut = next(answer for answer in seen.fine if answer.structured and "rawOmitted" in answer.structured).structured
    assert cut is not None
    assert {task["status"] for task in cut["raw"]["tasks"]} == {"failed"}
    (content,) = seen.resources["many/executions/causes-0"]["result"]["contents"]
    whole = json.loads(content["text"])
    assert len(whole["tasks"]) == len(cut["raw"]["tasks"]) + cut["rawOmitted"]["tasks"]
    assert size(whole) == size(cut["raw"]) + cut["rawOmitted"]["bytes"]


LIMITS: Mapping[str, tuple[int, str]] = {
    "the prose of an execution": (limits.PROSE_BYTES, "bytes"),
    "`structuredContent` of an execution without `raw`": (limits.STRUCTURE_BYTES, "bytes"),
    "`raw` with `auto`, unless `BLAXEL_MCP_RAW_LIMIT` says otherwise": (limits.RAW_BYTES, "bytes"),
    "a list, in each channel": (limits.LIST_BYTES, "bytes"),
    "a log, in each channel": (limits.LOG_BYTES, "bytes"),
    "an error": (limits.ERROR_CHARACTERS, "characters"),
    "a message": (limits.MESSAGE_CHARACTERS, "characters"),
    "a line of log": (limits.LOG_CHARACTERS, "characters"),
    "a task's or variable's name in an execution's answer": (limits.NAME_CHARACTERS, "characters"),
    "`failures`": (limits.FAILURE_GROUPS, "groups"),
    "`failures[].tasks`": (limits.TASK_NAMES, "names"),
    "`evidence.lines`": (limits.EVIDENCE_LINES, "lines"),
    "`config.envOverrides`": (limits.OVERRIDE_NAMES, "names"),
}


def test_the_limits_are_the_programs() -> None:
    """Each with its unit, and no other."""
    (rows,) = tables("Limits")
    assert [tuple(row) for row in rows] == [(what, f"{most:,} {unit}") for what, (most, unit) in LIMITS.items()]


def test_answers_keep_the_limits(seen: Seen) -> None:
    """Measured, each channel for itself; among the answers are some that had to be cut for each."""
    for answer in seen.fine:
        assert answer.structured is not None
        rest = {key: value for key, value in answer.structured.items() if key not in OPAQUE}
        text, structure = len(answer.text.encode()), size(rest)
        match answer.tool:
            case "get_job_execution" | "wait_for_job_execution" | "cancel_job_execution":
                assert text <= limits.PROSE_BYTES
                assert structure <= limits.STRUCTURE_BYTES
            case "get_job_execution_logs":
                assert max(text, structure) <= limits.LOG_BYTES
            case _:
                assert max(text, structure) <= limits.LIST_BYTES
    assert max(len(answer.text) for answer in seen.failing.values()) <= limits.ERROR_CHARACTERS
    names = [*values(seen, GET, "failures[].tasks"), *values(seen, GET, "config.envOverrides")]
    assert max(len(name) for some in names for name in some) <= limits.NAME_CHARACTERS
    assert max(map(len, values(seen, GET, "failures[].message"))) <= limits.MESSAGE_CHARACTERS
    assert max(map(len, values(seen, GET, "failures"))) == limits.FAILURE_GROUPS
    assert max(map(len, values(seen, GET, "failures[].tasks"))) <= limits.TASK_NAMES
    assert max(map(len, values(seen, GET, "config.envOverrides"))) == limits.OVERRIDE_NAMES
    for path in ("failuresOmitted", "config.envOverridesOmitted", "rawOmitted"):
        assert values(seen, GET, path)
    for tool in (SHORT["jobs"], SHORT["executions"], SHORT["tasks"], SHORT["logs"]):
        assert values(seen, tool, "notShown")


ERRORS = {row[0]: row[1:] for row in tables("Errors")[0]}
AGAIN = {
    "no": r"Trying again unchanged will not help\.",
    "yes": r"Trying again in (?:a moment|\d+s) can help\.",
}


def pattern(text: str) -> str:
    """A sentence of the page as a regular expression: `…` stands for anything."""
    return re.escape(text).replace("…", ".+")


def expected(situation: str) -> str:
    """What the page says about a situation, as a regular expression of the whole text."""
    says, again, advises = ERRORS[situation]
    whole = (pattern(says), AGAIN.get(again) or pattern(again), pattern(advises))
    return " ".join(part for part in whole if part)


def test_the_errors_brought_about_are_on_the_page() -> None:
    """A situation of the test that the page has no row for would not be compared with anything."""
    assert {*FAILING, *ALONE} <= ERRORS.keys()


@pytest.mark.parametrize("situation", [*FAILING, *ALONE])
def test_an_error_says_what_the_page_says(situation: str, seen: Seen) -> None:
    """What failed, whether trying again can help, what to do: the whole text but for a request id."""
    text = without_request_id(seen.alone[situation] if situation in ALONE else seen.failing[situation].text)
    assert re.fullmatch(expected(situation), text), f"The page has another sentence for: {text}"


def test_every_status_has_its_row(seen: Seen) -> None:
    """Whatever Blaxel may answer with; one that has no row of its own is another 5xx or another status."""
    for status, text in seen.statuses.items():
        other = "another 5xx" if status >= 500 else "another status"
        name = "404, job unlike any other" if status == 404 else f"{status}" if status in STATUSES else other
        assert re.fullmatch(expected(name), text), (status, text)


def sentences(*places: Path, every: bool = False) -> Iterator[tuple[str, str]]:
    """The string constants below these places, `…` for what is put in, and the name of their module.

    Only sentences, unless `every` one is asked for; no docstrings.
    """
    for place in places:
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            for node in constants(ast.parse(file.read_text(encoding="utf-8"))):
                parts = node.values if isinstance(node, ast.JoinedStr) else [node]
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)
                text = re.sub("…+", "…", text)
                if every or (text.endswith(".") and " " in text and re.search(r"\w{2}", text)):
                    yield text, file.stem


def constants(tree: ast.AST) -> Iterator[ast.Constant | ast.JoinedStr]:
    """Strings, plain and formatted, that are values: neither docstrings nor parts of a formatted one."""
    hidden = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr | ast.JoinedStr)
        for child in ast.walk(node)
        if child is not node and (isinstance(node, ast.JoinedStr) or child is node.value)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
        if is_text and id(node) not in hidden:
            yield node  # type: ignore[misc]  # one of the two, as asked above


NO_ERRORS = (
    r"Cancellation sent: .*",  # the answers of tools that change something
    r"Call wait_for_job_execution with .*",
    r"(?:Start|Cancel) .*\? .*",  # questions to a person
    r".*: Attempt .*",
    r"Trying again (?:unchanged will not|in .*) .*",  # explained above the table
    r"See blaxel-mcp --help\.",  # bad usage of the command
    r"Wrong arguments: .*",  # a whole text, which is brought about
    r"Going on with .*",  # a line of the log
    r"Set .* to \S+\.",
    r"Taken: .*",  # which execution an answer is about
    r"Deployments.*",  # notes of a comparison
)


def test_every_sentence_of_the_source_is_on_the_page(seen: Seen) -> None:
    """A new error needs a row: whatever reads like a sentence in the code that makes errors stands on the page."""
    descriptions = {spec.description for spec in load_specs()}
    descriptions |= {part.get("description", "") for tool in seen.listed.values() for part in _arguments(tool)}
    missing = [
        f"{module}: {text}"
        for text, module in sentences(*(PACKAGE / name for name in ("api", "tools", "errors.py")))
        if text not in descriptions and not any(re.fullmatch(known, text) for known in NO_ERRORS)
        if not re.search(pattern(text).replace(".+", ".+?"), PAGE)
    ]
    assert missing == []


def _arguments(tool: Json) -> Iterable[Json]:
    properties: dict[str, Json] = tool["inputSchema"]["properties"]
    return properties.values()


def test_every_sentence_of_the_page_is_in_the_source() -> None:
    """A row about a situation that is not brought about here is made of sentences that the source has."""
    source = [pattern(text) for text, _ in sentences(PACKAGE)]
    for situation in ERRORS.keys() - FAILING.keys() - ALONE.keys():
        says, again, advises = ERRORS[situation]
        assert again in AGAIN or any(re.fullmatch(known, again) for known in source)
        for text in (says, advises):
            assert not text or any(re.search(known, f"{text} ") for known in source), text


def test_a_resource_fails_with_the_same_sentence(seen: Seen) -> None:
    """With the code that the page gives: one for what was not found, one for all else."""
    unknown, refused = (seen.resources[f"{job}/executions/x"]["error"] for job in ("qqqqqqqq", "status-401"))
    assert (unknown["code"], refused["code"]) == (-32602, -32603)
    assert all(f"{code}" in PAGE for code in (-32602, -32603))
    assert re.fullmatch(expected("404, job unlike any other"), unknown["message"])
    assert re.fullmatch(expected("401"), refused["message"])


def test_what_must_never_be_said_is_not(seen: Seen) -> None:
    """No credential, body of an error, value of an override or environment of a job, in whatever came out."""
    out = json.dumps([[answer.text, answer.structured] for answer in (*seen.fine, *seen.failing.values())])
    out += json.dumps([seen.alone, seen.statuses, seen.resources]) + seen.stderr
    assert [secret for secret in SECRETS if secret in out] == []
    assert "***" in out  # what stands for the overrides in raw


def test_text_of_a_job_is_never_advice(seen: Seen) -> None:
    """It is there, but neither in the next step nor outside of quotation marks."""
    assert any(ORDER in answer.text for answer in seen.fine)
    for answer in seen.fine:
        assert answer.structured is not None
        assert ORDER not in answer.structured.get("nextStep", "")
        outside = re.sub(r'"[^"]*"', "", answer.text)
        assert ORDER not in outside
    assert all(ORDER not in answer.text for answer in seen.failing.values())


def test_the_page_is_short() -> None:
    """Most of its lines are rows of tables."""
    assert len(PAGE.splitlines()) <= 335
