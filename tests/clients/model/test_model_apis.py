"""Each API of the scripted model: what a request says, and how a call and a text are told, whole and in pieces."""

import json
from typing import Any

import pytest

from clients.model import chat_completions, gemini, messages, responses
from clients.model.script import Call, Request, Result, Say, Tool

pytestmark = pytest.mark.slow

SCHEMA = {"type": "object", "properties": {"jobId": {"type": "string"}}}
TOOL = Tool("blaxel__get", "How it stands.", SCHEMA)
CALL = Call("call_0", TOOL, {"jobId": "née"})
SAY = Say("Done.")


def data(events: list[str]) -> list[Any]:
    """The JSON of server-sent events."""
    lines = [line for event in events for line in event.splitlines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines if line != "data: [DONE]"]


def test_chat_completions_are_read() -> None:
    """Content is text or blocks; results are messages of the role `tool`."""
    function = {"name": TOOL.name, "description": TOOL.description, "parameters": SCHEMA}
    body = {
        "model": "m",
        "stream": True,
        "tools": [{"type": "function", "function": function}, {"type": "web_search"}],
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Well?"}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "call_0"}]},
            {"role": "tool", "tool_call_id": "call_0", "content": [{"type": "text", "text": "a"}, {"type": "image"}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "b"},
        ],
    }
    results = (Result("call_0", 'a\n{"type":"image"}'), Result("call_1", "b"))
    assert chat_completions.read(body) == Request("m", True, (TOOL,), results, "Be brief.")


def test_chat_completions_are_written() -> None:
    """The pieces add up to the whole, and end with the mark of the end."""
    function = {"name": "blaxel__get", "arguments": '{"jobId":"née"}'}
    call = {"id": "call_0", "type": "function", "function": function}
    whole = chat_completions.whole(CALL, "m")
    assert whole["choices"][0]["message"] == {"role": "assistant", "content": None, "tool_calls": [call]}
    assert whole["choices"][0]["finish_reason"] == "tool_calls"
    events = chat_completions.events(CALL, "m")
    first, second, last = data(events)
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": None, "tool_calls": [{"index": 0, **call}]}
    assert second["choices"] == [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 1010)
    assert events[-1] == "data: [DONE]\n\n"
    assert data(chat_completions.events(SAY, "m"))[0]["choices"][0]["delta"]["content"] == "Done."


def test_responses_are_read() -> None:
    """Tools may be in a namespace; results are items of the input, of text or of blocks."""
    function = {"type": "function", "name": "get", "description": "How it stands.", "parameters": SCHEMA}
    output = [{"type": "input_text", "text": "Output:"}, {"type": "input_text", "text": "b"}]
    body = {
        "model": "m",
        "stream": True,
        "instructions": "Be brief.",
        "tools": [function, {"type": "namespace", "name": "mcp__blaxel", "tools": [function]}, {"type": "web_search"}],
        "input": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Well?"}]},
            {"type": "function_call", "call_id": "call_0", "name": "get", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_0", "output": "a"},
            {"type": "function_call_output", "call_id": "call_1", "output": output},
        ],
    }
    tools = (Tool("get", "How it stands.", SCHEMA), Tool("get", "How it stands.", SCHEMA, "mcp__blaxel"))
    results = (Result("call_0", "a"), Result("call_1", "Output:\nb"))
    assert responses.read(body) == Request("m", True, tools, results, "Be brief.")
    assert responses.read({"model": "m", "input": "Well?"}) == Request("m", stream=False)


def test_responses_are_written() -> None:
    """A call names the namespace of its tool; the events are numbered and end with the whole."""
    grouped = Call("call_0", Tool("get", "", SCHEMA, "mcp__blaxel"), {"jobId": "a"})
    item = {
        "id": "fc_call_0",
        "type": "function_call",
        "status": "completed",
        "call_id": "call_0",
        "name": "get",
        "arguments": '{"jobId":"a"}',
        "namespace": "mcp__blaxel",
    }
    assert responses.whole(grouped, "m")["output"] == [item]
    told = data(responses.events(grouped, "m"))
    assert [one["type"] for one in told] == [
        "response.created",
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [one["sequence_number"] for one in told] == [*range(6)]
    assert told[-1]["response"] == responses.whole(grouped, "m")
    said = data(responses.events(SAY, "m"))
    assert [one["delta"] for one in said if one["type"] == "response.output_text.delta"] == ["Done."]
    assert "namespace" not in responses.whole(CALL, "m")["output"][0]


def test_messages_are_read() -> None:
    """Results are blocks of the user's messages."""
    body = {
        "model": "m",
        "stream": True,
        "system": [{"type": "text", "text": "Be brief."}],
        "tools": [{"name": TOOL.name, "description": TOOL.description, "input_schema": SCHEMA}],
        "messages": [
            {"role": "user", "content": "Well?"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "call_0", "name": "x", "input": {}}]},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "call_0", "content": [{"type": "text", "text": "a"}]},
                    {"type": "tool_result", "tool_use_id": "call_1", "content": "b", "is_error": True},
                    {"type": "tool_result", "tool_use_id": "call_2"},
                ],
            },
        ],
    }
    results = (Result("call_0", "a"), Result("call_1", "b"), Result("call_2", ""))
    assert messages.read(body) == Request("m", True, (TOOL,), results, "Be brief.")


def test_messages_are_written() -> None:
    """The block begins empty and its one piece holds it all."""
    block = {"type": "tool_use", "id": "call_0", "name": "blaxel__get", "input": {"jobId": "née"}}
    assert messages.whole(CALL, "m")["content"] == [block]
    told = data(messages.events(CALL, "m"))
    assert told[0]["message"]["content"] == []
    assert told[1:] == [
        {"type": "content_block_start", "index": 0, "content_block": block | {"input": {}}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "input_json_delta", "partial_json": '{"jobId":"née"}'},
        },
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {"output_tokens": 10},
        },
        {"type": "message_stop"},
    ]
    assert data(messages.events(SAY, "m"))[2]["delta"] == {"type": "text_delta", "text": "Done."}
    assert messages.whole(SAY, "m")["stop_reason"] == "end_turn"


def test_gemini_is_read() -> None:
    """Schemas are of either kind; an answer of one text is that text, any other is JSON."""
    body = {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "tools": [
            {
                "functionDeclarations": [
                    {"name": TOOL.name, "description": TOOL.description, "parametersJsonSchema": SCHEMA},
                    {"name": "other", "parameters": {"type": "OBJECT"}},
                ]
            },
            {"googleSearch": {}},
        ],
        "contents": [
            {"role": "user", "parts": [{"text": "Well?"}]},
            {"role": "model", "parts": [{"functionCall": {"name": TOOL.name, "args": {}}}]},
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"id": "call_0", "name": TOOL.name, "response": {"output": "a"}}},
                    {"functionResponse": {"id": "call_1", "name": TOOL.name, "response": {"error": "b"}}},
                    {"functionResponse": {"name": TOOL.name, "response": {"output": "c", "more": 1}}},
                    {"functionResponse": {"name": TOOL.name}},
                ],
            },
        ],
    }
    results = (
        Result("call_0", "a"),
        Result("call_1", "b"),
        Result(TOOL.name, '{"output":"c","more":1}'),
        Result(TOOL.name, "{}"),
    )
    tools = (TOOL, Tool("other", "", {"type": "OBJECT"}))
    assert gemini.read(body, "m", stream=False) == Request("m", False, tools, results, "Be brief.")


def test_gemini_is_written() -> None:
    """A call has the id by which the answer is found again; a stream is one event."""
    whole = gemini.whole(CALL, "m")
    (part,) = whole["candidates"][0]["content"]["parts"]
    assert part["functionCall"] == {"id": "call_0", "name": "blaxel__get", "args": {"jobId": "née"}}
    assert data(gemini.events(CALL, "m")) == [whole]
    assert gemini.whole(SAY, "m")["candidates"][0]["content"]["parts"] == [{"text": "Done."}]
