"""The plain parts of the evaluation: what a model is sent, how its answer is read, and what is printed."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from evaluation import stand_in
from evaluation.apis import APIS, ApiError, Call, Conversation, Result, Tool, Turn, read_turn
from evaluation.loop import Outcome
from evaluation.run import Model, as_json, table
from evaluation.scoring import Score

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("answer", [{}, {"choices": []}, {"choices": [{}]}, [], "text", {"content": None}, None])
@pytest.mark.parametrize("api", sorted(APIS))
def test_an_answer_of_another_form_is_an_error(api: str, answer: Any) -> None:
    """Not an empty answer of the model."""
    with pytest.raises(ApiError, match="the answer has not the form"):
        read_turn(APIS[api], answer)


@pytest.mark.parametrize("api", sorted(APIS))
def test_a_conversation_becomes_what_the_api_wants(api: str) -> None:
    """Each call is followed by its own result, and the tools have their schema."""
    call = Call("c1", "list_jobs", {"search": "é"})
    told = Conversation(
        "be brief",
        "which?",
        [Tool("list_jobs", "Jobs.", {"type": "object"})],
        ((Turn("looking", (call,)), (Result(call, "none", is_error=True),)),),
    )
    expected = {
        "openai": {
            "model": "m",
            "messages": [
                {"role": "system", "content": "be brief"},
                {"role": "user", "content": "which?"},
                {
                    "role": "assistant",
                    "content": "looking",
                    "tool_calls": [
                        {
                            "id": "c1",
                            "type": "function",
                            "function": {"name": "list_jobs", "arguments": '{"search": "é"}'},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "c1", "content": "none"},
            ],
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "list_jobs", "description": "Jobs.", "parameters": {"type": "object"}},
                }
            ],
        },
        "anthropic": {
            "model": "m",
            "max_tokens": 2_000,
            "system": "be brief",
            "messages": [
                {"role": "user", "content": "which?"},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "text", "text": "looking"},
                        {"type": "tool_use", "id": "c1", "name": "list_jobs", "input": {"search": "é"}},
                    ],
                },
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "none", "is_error": True}],
                },
            ],
            "tools": [{"name": "list_jobs", "description": "Jobs.", "input_schema": {"type": "object"}}],
        },
    }
    assert APIS[api].body("m", told) == expected[api]


@pytest.mark.parametrize(
    ("arguments", "read"),
    [('{"a": 1}', {"a": 1}), ("", {}), ("[1]", {"arguments": "[1]"}), ("{", {"arguments": "{"})],
)
def test_arguments_that_are_no_object_are_passed_on(arguments: str, read: Mapping[str, Any]) -> None:
    """The server refuses them, and says what it takes."""
    function = {"name": "x", "arguments": arguments}
    answer = {"choices": [{"message": {"content": None, "tool_calls": [{"id": "1", "function": function}]}}]}
    assert read_turn(APIS["openai"], answer) == Turn("", (Call("1", "x", read),), 0)


def test_sentences_are_counted_from_the_beginning() -> None:
    """A line ends one as well; a period inside a word does not."""
    text = "Failed: 3 of 40 (load.py:41). Why: b.\n- c. D"
    assert [stand_in.first_sentences(text, count) for count in (1, 2, 3, 99)] == [
        "Failed: 3 of 40 (load.py:41).",
        "Failed: 3 of 40 (load.py:41). Why: b.\n",
        "Failed: 3 of 40 (load.py:41). Why: b.\n- c.",
        text,
    ]


def test_the_table_has_a_row_for_each_question_and_says_what_is_wrong() -> None:
    """And the sums in the last row."""
    outcomes = [
        Outcome("a", "x", Score(2, 2, ()), ("t",), 2, 12_345, 100, 0),
        Outcome("b-long", "y", Score(0, 1, ("lacks z", "called w")), ("t", "w"), 3, 5, 1, 7),
    ]
    assert table(outcomes) == (
        "question  right  facts  calls  turns  bytes sent  of results\n"
        "a         yes    2/2    1      2      12,345      100\n"
        "b-long    no     0/1    2      3      5           1\n"
        "all 2     1      2/3    3      5      12,350      101\n"
        "- b-long: lacks z; called w\n"
    )
    whole = json.loads(as_json(Model("http://x", "m", key="s3cret"), outcomes, shown="text"))
    assert (whole["model"], whole["api"], whole["shown"]) == ("m", "openai", "text")
    assert whole["totals"]["right"] == 1
    assert [one["right"] for one in whole["outcomes"]] == [True, False]
    assert "s3cret" not in json.dumps(whole)
