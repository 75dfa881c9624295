"""What counts as passed, and how many bytes of each channel a model was given; nothing is run."""

import json
from pathlib import Path
from typing import Any

import pytest

from clients import limits
from clients.crossed import Crossed, from_stdio
from clients.environments import package_name, place
from clients.report import Report, ReportError, read
from clients.result import Result, conclude, dump, load
from clients.rows import FILE, TRANSPORTS, Client, select
from clients.rows import read as read_rows
from clients.scenario import QUESTIONS, TOOLS, judge, missing_tools
from clients.table import long, put, record_file, short

FAILED, RUNNING, _, WRONG = QUESTIONS
TEXT = (
    "Failed: 3 of 40 tasks failed, 37 succeeded (3 retried). Why: the program raised FileNotFoundError: "
    "'/data/in/orders/part-0005.parquet'. Ran 2m 38s; ended 5h ago. Next: Fix that error."
)
NOTHING: list[Any] = ["", None, [], {}]
FIELDS = {"summary": TEXT, "outcome": "failed", "done": True}
RAW = {"status": "failed", "über": 1}
TEXT_BYTES, FIELDS_BYTES, RAW_BYTES = 183, 228, 29


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        (TEXT, (TEXT_BYTES, 0, 0)),
        ([{"type": "text", "text": TEXT}], (TEXT_BYTES, 0, 0)),
        ({"content": [{"type": "text", "text": TEXT}], "isError": False}, (TEXT_BYTES, 0, 0)),
        (json.dumps({"type": "text", "text": TEXT}), (TEXT_BYTES, 0, 0)),
        (json.dumps(FIELDS, indent=2), (0, FIELDS_BYTES, 0)),
        (FIELDS | {"raw": RAW}, (0, FIELDS_BYTES, RAW_BYTES)),
        (str(FIELDS | {"raw": RAW}), (0, FIELDS_BYTES, RAW_BYTES)),
        (
            {"content": [{"text": TEXT}], "structuredContent": FIELDS | {"raw": RAW}},
            (TEXT_BYTES, FIELDS_BYTES, RAW_BYTES),
        ),
    ],
    ids=["text", "blocks", "result", "block as text", "fields as text", "fields", "Python's words", "all three"],
)
def test_what_a_model_was_given_is_measured_by_channel(given: Any, sizes: tuple[int, int, int]) -> None:
    """However the library wraps it, and whichever of the channels it hands on; every fact is found in each."""
    answer = judge(FAILED, given)
    assert (answer.text, answer.structured, answer.raw) == sizes
    assert answer.passed


def test_a_fact_that_is_not_there_is_named() -> None:
    """An answer without it has not passed."""
    answer = judge(FAILED, TEXT.replace("2m 38s", "a while"))
    assert (answer.passed, answer.missing) == (False, ["Ran 2m 38s"])


def test_an_empty_answer_has_no_fact() -> None:
    """Nothing is taken for granted."""
    for question in QUESTIONS:
        for nothing in NOTHING:
            assert judge(question, nothing).missing == list(question.facts)


def test_a_prefix_of_the_client_is_no_missing_tool() -> None:
    """Many put the server's name in front; a longer name is another tool."""
    assert missing_tools([f"mcp__blaxel__{tool}" for tool in TOOLS]) == []
    assert missing_tools([f"my{tool}" if tool == "list_jobs" else tool for tool in TOOLS]) == ["list_jobs"]
    assert missing_tools(["get_job_execution_logs"]) == [tool for tool in TOOLS if tool != "get_job_execution_logs"]


def call(version: str = "") -> dict[str, Any]:
    """A tool call, in the newer era with its version."""
    meta = {"_meta": {"io.modelcontextprotocol/protocolVersion": version}} if version else {}
    return {"id": 1, "method": "tools/call", "params": {"name": "x"} | meta}


AGREED = {"id": 0, "result": {"protocolVersion": "2025-11-25"}}


@pytest.mark.parametrize(
    ("crossed", "eras"),
    [
        (Crossed([call()], [AGREED]), ["2025-11-25"]),
        (Crossed([call("2026-07-28")], []), ["2026-07-28"]),
        (Crossed([call("2026-07-28"), call("2026-07-28")], [AGREED]), ["2026-07-28"]),
        (Crossed([], [AGREED]), []),
        (Crossed([call()], [{"id": 1, "error": {"code": 1}}]), ["none"]),
    ],
)
def test_the_era_is_that_of_the_calls(crossed: Crossed, eras: list[str]) -> None:
    """A client may have tried another first; the newer era states it in each call."""
    assert crossed.eras == eras


def test_a_log_of_stdio_is_read_back() -> None:
    """What is no JSON is left out, and each start is counted."""
    log = '=\n>{"id": 1}\n<{"result": {}}\n=\n>nonsense\n>[{"id": 2}, {"id": 3}]\n'
    assert from_stdio(log) == Crossed([{"id": 1}, {"id": 2}, {"id": 3}], [{"result": {}}], 2)


def test_the_report_is_the_last_line() -> None:
    """Libraries print what they like before it."""
    assert read('Welcome!\n\n{"tools": ["a"], "given": {"failed": "x"}, "notes": ["n"]}\n') == Report(
        ["a"], {"failed": "x"}, notes=["n"]
    )
    for printed in ("", "Welcome!", "{}", '{"tools": [], "given": {}, "more": 1}', "[1]"):
        with pytest.raises(ReportError):
            read(printed)


def concluded(report: Report | None, **more: Any) -> Result:
    """The result of a run in which the server answered."""
    usual: dict[str, Any] = {
        "client": "one",
        "version": "1.2",
        "transport": "stdio",
        "date": "2026-11-26",
        "seconds": 1.25,
        "megabytes": 7,
        "crossed": Crossed([call()], [AGREED], 1),
    }
    return conclude(report=report, **usual | more)


ALL_WELL = Report(
    list(TOOLS),
    {
        "failed": TEXT,
        "running": "Running: 8 of 20 tasks finished, 4 running. Time left: about 1m. Next: again in 55s.",
        "thousand": "Failed: 37 of 1,000 tasks failed, 963 succeeded: target answered 503; "
        "30 more not read. Ran 7m 33s",
        "wrong id": 'It has no execution "exec-00000000". It will not help. Ask for "latest" or "exec-b7d2640f".',
    },
)


def test_all_that_is_asked_must_be_seen() -> None:
    """Connected, every tool listed, every question answered with its facts."""
    good = concluded(ALL_WELL)
    assert (good.passed, good.problems) == (True, [])
    assert (good.era, good.starts, good.seconds) == ("2025-11-25", 1, 1.2)
    fewer = Report(TOOLS[1:], {name: text for name, text in ALL_WELL.given.items() if name != "running"})
    assert concluded(fewer).problems == ["it did not list list_jobs", "running: not answered"]
    wrong = Report(TOOLS, {**ALL_WELL.given, "wrong id": "Error"})
    assert concluded(wrong).problems == [f"wrong id: without {', '.join(map(repr, WRONG.facts))}"]


def test_a_script_that_fails_leaves_a_result_that_says_so() -> None:
    """Without a report, nothing has been seen."""
    bad = concluded(None, crossed=Crossed(), notes=["it said nothing"])
    assert not bad.passed
    assert bad.problems[0] == "it did not connect"
    assert bad.notes == ["it said nothing"]


def test_a_record_is_read_back_as_it_was() -> None:
    """The table is made from records, so they hold all of a result."""
    good = concluded(ALL_WELL)
    assert load(dump(good)) == good


ROW = read_rows(FILE.read_text(encoding="utf-8"))[0]


def row(name: str, **more: Any) -> Client:
    """A row of the table of clients."""
    usual = {field: getattr(ROW, field) for field in ROW.__slots__} | {"seen_by": "model"}
    return Client(**usual | {"name": name, "title": name.upper()} | more)


def test_the_tables_say_what_was_seen() -> None:
    """One line for each client that was run; in the short one, those that passed, by channel."""
    good = concluded(ALL_WELL)
    http = concluded(ALL_WELL, transport="http")
    given = {**ALL_WELL.given, "failed": FIELDS | {"raw": RAW}}
    two = concluded(Report(list(TOOLS), given, notes=["slow"]), client="two")
    bad = concluded(None, client="bad", crossed=Crossed())
    worse = concluded(None, client="bad", crossed=Crossed(), transport="sse")
    rows = [row("one"), row("two"), row("bad", fails={"sse": "as expected"}), row("never")]
    assert long(rows, [http, good, two, bad, worse]).splitlines() == [
        "Run 2026-11-26. Bytes for: failed, running, thousand, wrong id.",
        "",
        "| client | version | answered over | protocol | given to | text | fields | raw JSON | MB | notes |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        "| ONE | 1.2 | stdio, HTTP | 2025-11-25 | model | 183 / 84 / 98 / 91 | - | - | 7 |  |",
        "| TWO | 1.2 | stdio | 2025-11-25 | model | 0 / 84 / 98 / 91 | 228 / 0 / 0 / 0 | 29 / 0 / 0 / 0 | 7 | slow |",
        "| BAD | 1.2 | stdio **not**: it did not connect, SSE **not**: as expected |  | model | - | - | - | 7 |  |",
    ]
    assert short([*rows, row("one", seen_by="caller"), row("two", delay=1)], [http, good, two, bad]).splitlines() == [
        "| the model is given | in |",
        "| --- | --- |",
        "| the text | ONE 1.2 (stdio, HTTP) |",
        "| the fields and raw JSON | TWO 1.2 (stdio) |",
    ]


def test_a_table_replaces_what_stands_between_its_markers() -> None:
    """And nothing else; a document without them stays as it is."""
    assert put("a\n<!-- t -->\nold\n<!-- /t -->\nb\n", "t", "new") == "a\n<!-- t -->\nnew\n<!-- /t -->\nb\n"
    assert put("a\n", "t", "new") == "a\n"


@pytest.mark.parametrize(
    ("requirement", "name"),
    [
        ("smolagents[mcp]>=1.26,<2", "smolagents"),
        ("fastmcp>=4,<5", "fastmcp"),
        ("ai@^7", "ai"),
        ("@ai-sdk/mcp@^2.0.99", "@ai-sdk/mcp"),
        ("@ai-sdk/mcp", "@ai-sdk/mcp"),
    ],
)
def test_a_requirement_names_its_package(requirement: str, name: str) -> None:
    """In the words of either index."""
    assert package_name(requirement) == name


ROWS = read_rows(FILE.read_text(encoding="utf-8"))


def test_every_row_can_be_run() -> None:
    """Names are unique, scripts are there, transports and ranges are such."""
    assert len({one.name for one in ROWS}) == len(ROWS)
    for one in ROWS:
        assert (FILE.parent / one.script).is_file(), one.name
        assert one.transports
        assert {*one.transports} <= {*TRANSPORTS}
        for package in one.packages:  # from this version on, below the next that may be different
            rest = package.removeprefix("@").partition("/")[2] or package
            assert ("@^" in rest) if one.registry == "npm" else (">=" in rest and ",<" in rest), package


def test_rows_with_the_same_packages_share_an_environment(tmp_path: Path) -> None:
    """And others do not."""
    one, other, same = row("a"), row("b", packages=("other@^1",)), row("c")
    assert place(one, tmp_path) == place(same, tmp_path) != place(other, tmp_path)


def test_clients_are_chosen_by_name_and_size() -> None:
    """All without a name; a name that is no client's is said."""
    rows = [row("a", small=True), row("b", small=False)]
    assert [one.name for one in select(rows, [], small=False)] == ["a", "b"]
    assert [one.name for one in select(rows, ["b"], small=False)] == ["b"]
    assert [one.name for one in select(rows, [], small=True)] == ["a"]
    with pytest.raises(KeyError, match="c, d"):
        select(rows, ["a", "c", "d"], small=False)


def test_a_record_is_named_by_client_and_transport(tmp_path: Path) -> None:
    """So that a new run replaces the old."""
    assert record_file(concluded(ALL_WELL), tmp_path) == tmp_path / "one.stdio.json"


def test_a_library_that_hands_on_pythons_words_is_measured_too() -> None:
    """The fields are told from the text around them."""
    given = (
        f"meta=None content=[TextContent(text={TEXT!r})] structured_content={FIELDS | {'raw': RAW}!r} is_error=False"
    )
    answer = judge(FAILED, given)
    assert answer.passed
    assert (answer.structured, answer.raw) == (FIELDS_BYTES, RAW_BYTES)
    assert TEXT_BYTES < answer.text < TEXT_BYTES + 70


WAITED = Report([], {"wait": "Running: 8 of 20 tasks finished (40%)."})
CUT = Report([], {"wait": {"error": "a | b"}})


@pytest.mark.parametrize(
    ("unset", "told", "wanted"),
    [
        (WAITED, None, (True, False, "", True)),
        (CUT, WAITED, (False, True, '{"error": "a | b"}', True)),
        (CUT, CUT, (False, False, '{"error": "a | b"}', False)),
        (None, None, (False, False, "it ended without a report", False)),
    ],
)
def test_a_client_waits_or_can_be_told_to(
    unset: Report | None, told: Report | None, wanted: tuple[bool, bool, str, bool]
) -> None:
    """Passed is who waits for a call of some seconds as it comes, or once it is connected by the snippet."""
    one = limits.conclude(client="one", version="1", date="2026-11-26", unset=unset, told=told)
    assert (one.waits, one.waits_if_told, one.said, one.passed) == wanted


def test_the_table_of_limits_names_both_kinds() -> None:
    """What a model is told instead of an answer cannot break the table."""
    common = {"version": "1", "date": "2026-11-26"}
    waits = limits.conclude(client="one", unset=WAITED, told=None, **common)
    cuts = limits.conclude(client="two", unset=CUT, told=WAITED, **common)
    assert limits.table([row("one"), row("two")], [cuts, waits]).splitlines() == [
        "| ends a call of 8 s | its model is told | waits once told to |",
        "| --- | --- | --- |",
        '| TWO 1 | {"error": "a / b"} | yes |',
        "",
        "These waited 8 seconds as they come: ONE 1.",
    ]


def test_snippets_are_found_by_their_marker() -> None:
    """Others are for reading."""
    document = "<!-- run: a-b -->\n```python\nx = 1\ny = 2\n```\n```python\nz = 3\n```\n"
    assert limits.snippets(document) == {"a-b": "x = 1\ny = 2\n"}
