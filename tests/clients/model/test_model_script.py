"""What the scripted model does with a request: the next call of its script, by the names that the client gave."""

import json
from typing import Any

import pytest

from clients.model.record import Exchange, Offered, Record
from clients.model.script import FAREWELL, Call, Request, Result, Say, Step, Tool, decide

pytestmark = pytest.mark.slow

FIRST = Step("get_job_execution", {"jobId": "a", "executionId": "latest"})
SECOND = Step("list_jobs", {})
SCRIPT = (FIRST, SECOND)
SCHEMA: dict[str, Any] = {"type": "object"}
LOGS = Tool("mcp__blaxel__get_job_execution_logs", "Log lines.", SCHEMA)
GET = Tool("mcp__blaxel__get_job_execution", "How it stands.", SCHEMA)
JOBS = Tool("mcp__blaxel__list_jobs", "Jobs, é.", {"type": "object", "properties": {}})
SEARCH, BRIDGE = Tool("tool_search", "Finds tools.", SCHEMA), Tool("tool_call", "Calls what was found.", SCHEMA)
FOUND = Result(
    "search_0",
    f"<functions>\n<function>{json.dumps({'name': GET.name, 'description': GET.description, 'parameters': SCHEMA})}"
    "</function>\n</functions>",
)


def asked(*tools: Tool, results: tuple[Result, ...] = ()) -> Request:
    """A request that offers tools and holds results."""
    return Request("any", stream=True, tools=tools, results=results)


@pytest.mark.parametrize(
    "name",
    ["get_job_execution", "mcp__blaxel__get_job_execution", "mcp_blaxel_get_job_execution", "blaxel-get_job_execution"],
)
def test_a_tool_is_called_by_the_name_that_the_client_gives_it(name: str) -> None:
    """Whatever stands before its own name; another tool whose name begins alike is not taken for it."""
    tool = Tool(name, "", SCHEMA)
    assert decide(asked(LOGS, tool), SCRIPT, "blaxel") == Call("call_0", tool, FIRST.arguments)


def test_each_result_is_followed_by_the_next_call_and_the_last_by_text() -> None:
    """Results of other calls than the script's do not count."""
    results = (Result("call_0", "one"), Result("toolu_of_another", "x"), Result("call_1", "two"))
    assert [decide(asked(GET, JOBS, results=results[:count]), SCRIPT, "blaxel") for count in range(4)] == [
        Call("call_0", GET, FIRST.arguments),
        Call("call_1", JOBS, {}),
        Call("call_1", JOBS, {}),
        Say(FAREWELL),
    ]


def test_a_request_for_something_else_gets_a_few_words() -> None:
    """A client that wants a title offers none of our tools."""
    assert decide(asked(), SCRIPT, "blaxel") == Say(FAREWELL)
    assert decide(asked(Tool("forget_job_execution", "", SCHEMA)), SCRIPT, "blaxel") == Say(FAREWELL)


def test_tools_that_are_not_offered_are_searched_for() -> None:
    """By the server's name; what is found is called by way of the tool for that, or by itself where there is none."""
    searching = Call("search_0", SEARCH, {"query": "blaxel", "max_results": 20})
    through = Call("call_0", BRIDGE, {"name": GET.name, "arguments": dict(FIRST.arguments)})
    assert decide(asked(SEARCH, BRIDGE), SCRIPT, "blaxel") == searching
    assert decide(asked(SEARCH, BRIDGE, results=(FOUND,)), SCRIPT, "blaxel") == through
    assert decide(asked(SEARCH, results=(FOUND,)), SCRIPT, "blaxel") == Call("call_0", GET, FIRST.arguments)


def test_a_search_that_finds_nothing_is_repeated_for_a_while() -> None:
    """The server may still be starting; after twelve the model gives up."""
    nothing = [Result(f"search_{number}", "Some servers are still connecting.") for number in range(12)]
    again = decide(asked(SEARCH, results=tuple(nothing[:11])), SCRIPT, "blaxel")
    assert again == Call("search_11", SEARCH, {"query": "blaxel", "max_results": 20})
    assert decide(asked(SEARCH, results=tuple(nothing)), SCRIPT, "blaxel") == Say(FAREWELL)


def test_the_record_has_what_was_offered_and_the_texts_of_the_longest_conversation() -> None:
    """Each tool once, in bytes; results as they were sent, without those of a search."""
    record = Record()
    for request in (
        asked(GET),
        asked(GET, JOBS, results=(FOUND, Result("call_0", "one"))),
        asked(
            Tool(GET.name, "Another description.", SCHEMA), JOBS, results=(Result("call_0", "1"), Result("call_1", "2"))
        ),
        asked(),
    ):
        record.add(Exchange("Messages", request, Say(FAREWELL)))
    record.add_unknown("HEAD /")
    record.add_unknown("HEAD /")
    assert record.results() == ["1", "2"]
    assert record.offered(["list_jobs", "get_job_execution", "run_job"]) == [
        Offered("mcp__blaxel__get_job_execution", 14, 17),
        Offered("mcp__blaxel__list_jobs", 9, 33),
    ]
    assert record.unknown == ["HEAD /"]
