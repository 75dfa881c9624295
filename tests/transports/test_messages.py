"""Every request that has an id is answered, once, with that id, whatever is in it; no answer repeats much of it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import ErrorData, JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse
from pydantic import AnyUrl
from support.program import ENVELOPE, Program, account
from support.sockets import Answer, Connection, port_of, request

from blaxel_mcp.demo import control_plane
from blaxel_mcp.transports.messages import read_message, readable_body, write_message

LONG = "x" * 100_000
HALF = "\\ud800"
DEEP = "[" * 100_000 + "]" * 100_000
NOT_JSON, NOT_A_REQUEST = -32700, -32600


def line(number: str = "7", method: str = '"ping"', params: str = "{}", rest: str = "") -> bytes:
    """A request, of JSON texts."""
    return f'{{"jsonrpc":"2.0","id":{number},"method":{method},"params":{params}{rest}}}'.encode()


def call(name: str, arguments: str = "{}") -> bytes:
    """A tool call."""
    return line(method='"tools/call"', params=f'{{"name":"{name}","arguments":{arguments}}}')


# What is wrong, with the id that the answer must carry and the error if it is one, as the server reads the line.
REFUSED: dict[str, tuple[bytes, Any, int]] = {
    "id that is a fraction": (line("1.50"), 1.5, NOT_A_REQUEST),
    "id that is null": (line("null"), None, NOT_A_REQUEST),
    "id that is true": (line("true"), True, NOT_A_REQUEST),
    "id that is false": (line("false"), False, NOT_A_REQUEST),
    "id that is an object": (line('{"a":1}'), None, NOT_A_REQUEST),
    "id that is no number": (line("NaN"), None, NOT_A_REQUEST),
    "id under an escaped name": (b'{"jsonrpc":"2.0","\\u0069d":2.5,"method":"ping"}', 2.5, NOT_A_REQUEST),
    "id with half a pair": (line(f'"a{HALF}"'), "a\ud800", NOT_A_REQUEST),
    "no version": (b'{"id":7,"method":"ping"}', 7, NOT_A_REQUEST),
    "another version": (b'{"jsonrpc":"1.0","id":7,"method":"ping"}', 7, NOT_A_REQUEST),
    "method that is a number": (line(method="7"), 7, NOT_A_REQUEST),
    "params that are a list": (line(params="[]"), 7, NOT_A_REQUEST),
    "params that are text": (line(params='"a"'), 7, NOT_A_REQUEST),
    "a batch": (b"[" + line() + b"]", 7, NOT_A_REQUEST),
    "large, with an odd id": (
        b'{"method":"ping","id":7.5,"params":{"a":[{"id":"b"},"' + b"x" * 400_000 + b'"]}}',
        7.5,
        NOT_A_REQUEST,
    ),
    "nested deeply": (line(params='{"a":' + DEEP + "}"), 7, NOT_JSON),
    "nested deeply, id last": (b'{"method":"ping","params":' + DEEP.encode() + b',"id":7}', 7, NOT_JSON),
    "nested objects, id last": (b'{"params":' + b'{"a":' * 200_000 + b"1" + b"}" * 200_000 + b',"id":7}', 7, NOT_JSON),
    "cut off": (line()[:-2], 7, NOT_JSON),
    "too much": (line() + b"}", 7, NOT_JSON),
    "NUL behind it": (line() + b"\x00", 7, NOT_JSON),
}
READ: dict[str, tuple[bytes, dict[str, Any]]] = {
    "half a pair": (line(params=f'{{"a{HALF}":"{HALF}b"}}'), {"a\ufffd": "\ufffdb"}),
    "two halves": (line(params='{"a":"\\ud83d\\ude00"}'), {"a": "\U0001f600"}),
    "no UTF-8": (line(params='{"a":"?"}').replace(b"?", b"\xff\xed\xa0\x80"), {"a": "\ufffd" * 4}),
    "byte order mark": (b"\xef\xbb\xbf" + line(), {}),
    "carriage return": (line() + b"\r", {}),
    "large, with bytes that are no UTF-8": (
        line(params='{"a":"' + "x" * 400_000 + '?"}').replace(b"?", b"\xff"),
        {"a": "x" * 400_000 + "\ufffd"},
    ),
    "control characters": (line(params='{"a":"\t\x00"}'), {"a": "\t\x00"}),
    "number of 6,000 digits": (line(params='{"a":' + "9" * 6000 + "}"), {"a": float("inf")}),
    "id twice": (line("1", rest=',"id":7'), {}),
}
SILENT = {
    "nothing": b"",
    "no JSON": b"hello",
    "a number": b"7",
    "notification": b'{"jsonrpc":"1.0","method":"notifications/initialized"}',
    "wrong answer": b'{"jsonrpc":"2.0","id":1.5,"result":{}}',
    "no method": b'{"jsonrpc":"2.0","id":7}',
    "an answer to nothing": b'{"jsonrpc":"2.0","id":"7","result":null,"error":null}',
    "list without requests": b"[1,{}]",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_cannot_be_read_is_refused_by_its_id(name: str) -> None:
    """As JSON has it: a client recognises what it sent."""
    text, number, code = REFUSED[name]
    found = read_message(text)
    assert isinstance(found, list)
    words = {
        NOT_JSON: "The message is not JSON that can be read here: check its syntax and how deeply it is nested.",
        NOT_A_REQUEST: "The message is not a JSON-RPC 2.0 request, whose id is a string or a whole number.",
    }[code]
    words = "The protocol has no batches: send each request by itself." if name == "a batch" else words
    (answer,) = [json.loads(one) for one in found]
    assert answer == {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": words}}


@pytest.mark.parametrize(
    "text", [b'{"a":"' + b'\\"' * 500_000, b'"' * 1_000_000, b'{"id":' * 200_000, b'[{"' * 300_000]
)
def test_what_is_no_json_is_looked_through_once(text: bytes) -> None:
    """A megabyte of it takes a fraction of a second, and not an hour, in which nobody else would be answered."""
    assert isinstance(read_message(text), list)


@pytest.mark.parametrize("text", [line("9" * 6000), line("9" * 6000)[:-1]], ids=["whole", "cut off"])
def test_an_id_of_thousands_of_digits_is_not_repeated(text: bytes) -> None:
    """Many clients could not read it."""
    found = read_message(text)
    assert isinstance(found, list)
    assert [json.loads(one)["id"] for one in found] == [None]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        (b'{"id":7,"method"', [7]),
        (b'{"id":-7.5e1,"method"', [-75.0]),
        (b'{"id":false,"method"', [False]),
        (b'{"id":null,"method"', [None]),
        (b'{"id":nil,"method"', [None]),
        (b'{"id":7.,"method"', [None]),
        (b'{"id":{"a":1},"method"', [None]),
        (b'{"id":', [None]),
        (b'{"id":"a\tb","method"', ["a\tb"]),
        (b'{"id":"\\q","method"', [None]),
        (b'{"a":{"id":1},"b":[{"id":2}],"id":7,"method"', [7]),
        (b'{"a":{"b":{"c":1},"id":1},"id":7,"method"', [7]),
        (b'{"a":[[{"id":1}]],"id":7,"method"', [7]),
        (b'{"a":{"id":1,"b":', []),
        (b'["id",{"id":1},', []),
        (b'"id":7', []),
        (b'{"id":' + b"9" * 4000 + b',"method"', [int("9" * 4000)]),
        (b'{"id":' + b"9" * 4001 + b',"method"', [None]),
    ],
)
def test_the_outermost_id_of_what_is_cut_off_is_answered(text: bytes, ids: list[Any]) -> None:
    """Whatever else is called so, and null where it is none, or has more than 4,000 digits."""
    found = read_message(text)
    assert isinstance(found, list)
    assert [json.loads(one)["id"] for one in found] == ids


def test_an_id_is_looked_for_at_the_beginning_and_at_the_end() -> None:
    """In 100,000 strings and brackets, then in the last 1,000 characters; nobody would wait for more than that."""

    def ids(before: int, behind: str) -> list[Any]:
        found = read_message(b'{"a":[' + b'"",' * before + b'],"id":7' + behind.encode())
        assert isinstance(found, list)
        return [json.loads(one)["id"] for one in found]

    assert (ids(99_995, ","), ids(99_996, ",")) == ([7], [])
    assert (ids(100_000, " " * 993 + "}"), ids(100_000, " " * 994 + "}")) == ([7], [])


def test_a_batch_is_answered_once_for_each_request() -> None:
    """For a hundred, with each id as JSON has it; what is no request in it isn't answered."""
    numbers = ["1", '"a"', "1.5", "true", "null", "NaN", "1e999", "[1]", '{"a":1}']
    batch = b"[7,{},[" + b"]," + b'{"id":8},' + b",".join(line(number) for number in numbers) + b"]"
    found = read_message(batch)
    assert isinstance(found, list)
    assert [json.loads(one)["id"] for one in found] == [1, "a", 1.5, True, None, None, None, None, None]
    assert len(read_message(b"[" + b",".join([line()] * 101) + b"]")) == 100  # type: ignore[arg-type]


def test_answers_are_read_as_the_sdk_reads_them() -> None:
    """A client's result or error, and a notification; that one without what could have been its id."""
    result, error = {"a": [1, 2.5]}, {"code": -1, "message": "no"}
    assert read_message(json.dumps({"jsonrpc": "2.0", "id": 7, "result": result}).encode()) == JSONRPCResponse(
        jsonrpc="2.0", id=7, result=result
    )
    assert read_message(json.dumps({"jsonrpc": "2.0", "id": "a", "error": error}).encode()) == JSONRPCError(
        jsonrpc="2.0", id="a", error=ErrorData(code=-1, message="no")
    )
    told = b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"id":7}}'
    assert read_message(told) == JSONRPCNotification(jsonrpc="2.0", method="notifications/progress", params={"id": 7})


@pytest.mark.parametrize(("digits", "number"), [(4000, int("9" * 4000)), (4001, float("inf"))])
def test_a_number_of_over_4000_digits_is_no_whole_number(digits: int, number: float) -> None:
    """Where the SDK could not read the message; Python converts hardly more."""
    message = read_message(line(params=f'{{"a":{"9" * digits},"b":"{HALF}"}}'))
    assert isinstance(message, JSONRPCRequest)
    assert message.params == {"a": number, "b": "\ufffd"}


# Bodies over HTTP without what fills them up, and whether a large one is left to the SDK as it is.
LARGE_BODIES: dict[str, tuple[str, bool]] = {
    "number": ('{"id":7,"method":8,"a":"@"}', True),
    "negative number": ('{"id":-7,"method":8,"a":"@"}', True),
    "word": ('{"id":"a","method":8,"a":"@"}', True),
    "fraction": ('{"id":7.5,"method":8,"a":"@"}', False),
    "null": ('{"id":null,"method":8,"a":"@"}', False),
    "half a pair": ('{"id":7,"method":8,"a":"@\\ud800"}', False),
    "control character": ('{"id":7,"method":8,"a":"@\x00"}', False),
    "no UTF-8": ('{"id":7,"method":8,"a":"@\udcff"}', False),
}


@pytest.mark.parametrize("name", LARGE_BODIES)
def test_a_large_body_that_looks_plain_is_left_to_the_sdk(name: str) -> None:
    """From 256 KiB on it isn't parsed twice; below, and where something is odd, it is answered if it is no request."""
    text, is_plain = LARGE_BODIES[name]
    without = text.replace("@", "").encode(errors="surrogateescape")
    for size, left in ((262_144, False), (262_145, is_plain)):
        body = text.encode(errors="surrogateescape").replace(b"@", b"x" * (size - len(without)))
        assert len(body) == size
        found = readable_body(body)
        if left:
            assert found == body
        else:
            assert isinstance(found, list)
            assert [json.loads(one)["error"]["code"] for one in found] == [NOT_A_REQUEST]


def test_a_body_that_can_be_repaired_is_given_to_the_sdk_in_utf_8() -> None:
    """Large or not; what asks for nothing is given to it as it came, and so is what it can read."""
    for size in (1, 400_000):
        spoilt = line(params='{"a":"' + "x" * size + '?"}').replace(b"?", b"\xff")
        assert readable_body(spoilt) == spoilt.replace(b"\xff", "\ufffd".encode())
        for body in (b"hello" + b" " * size, b'{"a":"' + b"x" * size + b'"}', line() + b" " * size):
            assert readable_body(body) == body


@pytest.mark.parametrize("name", READ)
def test_what_can_be_understood_is_served(name: str) -> None:
    """Characters that do not exist are replaced, and what other parsers accept is accepted."""
    text, params = READ[name]
    message = read_message(text)
    assert isinstance(message, JSONRPCRequest)
    assert (message.id, message.params) == (7, params)
    body = readable_body(text)
    assert isinstance(body, bytes)
    again = read_message(body)
    assert isinstance(again, JSONRPCRequest)
    assert again == message or again.params == {"a": None}  # JSON has no infinity


@pytest.mark.parametrize("name", SILENT)
def test_what_asks_for_nothing_is_not_answered(name: str) -> None:
    """Without an id nobody waits."""
    found = read_message(SILENT[name])
    assert not isinstance(found, JSONRPCRequest)
    assert found == [] or not isinstance(found, list)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_value_in_a_request_gets_one_answer_or_is_served(value: object) -> None:
    """In the place of each of its parts, the id apart."""
    for part in ("method", "params", "jsonrpc", "extra"):
        body = {"jsonrpc": "2.0", "id": 7, "method": "ping", "params": {}} | {part: value}
        found = read_message(json.dumps(body).encode())
        if isinstance(found, list):
            assert [json.loads(one)["id"] for one in found] == [7]
        else:
            assert isinstance(found, JSONRPCRequest)


def test_halves_of_pairs_are_replaced_in_what_is_sent() -> None:
    """UTF-8 has none, and a message that can't be sent would leave its reader waiting."""
    message = JSONRPCResponse(jsonrpc="2.0", id=7, result={"a": "\ud800b", "c": "\U0001f600"})
    assert json.loads(write_message(message)) == {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {"a": "\ufffdb", "c": "\U0001f600"},
    }


def test_what_has_halves_of_pairs_is_sent_as_compactly_as_anything_else() -> None:
    """Without blanks or escapes, without what was not set, and other objects as their text."""
    response = JSONRPCResponse(jsonrpc="2.0", id=7, result={"é": "\ud800", "url": AnyUrl("https://a.example/")})
    assert write_message(response) == '{"jsonrpc":"2.0","id":7,"result":{"é":"\ufffd","url":"https://a.example/"}}'
    assert write_message(JSONRPCNotification(jsonrpc="2.0", method="\ud800")) == '{"jsonrpc":"2.0","method":"\ufffd"}'


def test_errors_are_bounded_in_what_is_sent() -> None:
    """Message and data, however they are nested; an error that is short stays as it is."""
    data = {"requested": LONG, "list": [LONG] * 100, "number": 10**5000, "supported": ["2026-07-28"]}
    long = JSONRPCError(jsonrpc="2.0", id=7, error=ErrorData(code=-32000, message=LONG + "\x1b[31m", data=data))
    assert len(write_message(long)) < 3000
    assert json.loads(write_message(long))["error"]["data"]["supported"] == ["2026-07-28"]
    short = JSONRPCError(jsonrpc="2.0", id=7, error=ErrorData(code=-32000, message="short"))
    assert write_message(short) == '{"jsonrpc":"2.0","id":7,"error":{"code":-32000,"message":"short"}}'


# Requests that repeat something in their answers, or did.
HOSTILE = [LONG, HALF, "\\u0000\\u001b[31m\\u202e", "\\udfff" * 100]
ECHOES: dict[str, bytes] = {
    f"{name} {number}": text.replace(b"@", value.encode())
    for number, value in enumerate(HOSTILE)
    for name, text in {
        "tool": call("@"),
        "argument's name": call("get_job_execution", '{"@":1}'),
        "argument": call("get_job_execution", '{"jobId":"@","executionId":"@"}'),
        "wrong type": call("list_jobs", '{"limit":"@"}'),
        "prompt": line(method='"prompts/get"', params='{"name":"@"}'),
        "prompt's argument": line(method='"prompts/get"', params='{"name":"diagnose_failure","arguments":{"@":"@"}}'),
        "resource": line(method='"resources/read"', params='{"uri":"@"}'),
        "resource's job": line(method='"resources/read"', params='{"uri":"blaxel://jobs/@/executions/@"}'),
        "method": line(method='"@"'),
        "completion": line(
            method='"completion/complete"',
            params='{"ref":{"type":"ref/prompt","name":"@"},"argument":{"name":"@","value":"@"}}',
        ),
        "completion's reference": line(
            method='"completion/complete"', params='{"ref":{"type":"@"},"argument":{"name":"@","value":"@"}}'
        ),
        "progress token": line(params='{"_meta":{"progressToken":"@","@":1}}'),
        "cursor": line(method='"tools/list"', params='{"cursor":"@"}'),
        "level": line(method='"logging/setLevel"', params='{"level":"@"}'),
        "protocol": line(
            method='"initialize"',
            params='{"protocolVersion":"@","capabilities":{},"clientInfo":{"name":"@","version":"@"}}',
        ),
    }.items()
}
MOST = 3_000
"""Bytes of an answer that repeats anything."""


def in_era(text: bytes, *, modern: bool) -> bytes:
    """The request with the 2026 era's envelope."""
    envelope = json.dumps(ENVELOPE)[1:-1].encode()
    if not modern or b'"_meta"' in text or b'"params":{' not in text:
        return text
    return text.replace(b'"params":{}', b'"params":{"_meta":{' + envelope + b"}}").replace(
        b'"params":{"', b'"params":{"_meta":{' + envelope + b'},"', 1
    )


@pytest.fixture(scope="module")
def plane() -> Iterator[dict[str, str]]:
    """The account of the demo."""
    with control_plane.serve(control_plane.build_app()) as url:
        yield account(url)


@pytest.mark.slow
@pytest.mark.parametrize("modern", [False, True], ids=["2025", "2026"])
def test_every_line_with_an_id_is_answered_once_over_stdio(plane: dict[str, str], *, modern: bool) -> None:
    """The next line too, so the server has survived; nothing is echoed without bounds, nor logged."""
    wanted = {name: (text, 7) for name, text in ECHOES.items()} | {name: one[:2] for name, one in REFUSED.items()}
    wanted |= {name: (text, 7) for name, (text, _) in READ.items()}
    with Program(env=plane) as program:
        if modern:
            program.request("tools/list", modern=True)
        else:
            program.shake_hands()
        assert program.process.stdin
        for name, (text, number) in wanted.items():
            program.process.stdin.write(in_era(text, modern=modern) + b"\n")
            program.process.stdin.flush()
            answer = program.next_line()
            assert len(answer.encode()) < MOST or "tools" in json.loads(answer).get("result", {}), name
            assert json.loads(answer)["id"] == number, name
        program.request("ping" if not modern else "tools/list", modern=modern)
        program.close_input()
        assert (program.wait(), program.output().count("\n"), program.errors()) == (0, len(wanted) + 2, "")


@pytest.mark.slow
@pytest.mark.parametrize("modern", [False, True], ids=["2025", "2026"])
def test_every_body_with_an_id_is_answered_with_it_over_http(plane: dict[str, str], *, modern: bool) -> None:
    """Where the SDK's transport would have answered null or nothing; bounded likewise."""
    wanted = {name: (text, 7) for name, text in ECHOES.items()} | {name: one[:2] for name, one in REFUSED.items()}
    wanted |= {name: (text, 7) for name, (text, _) in READ.items()}
    with Program("--transport", "http", "--port", "0", env=plane) as program:
        port = port_of(program.listening())
        for name, (text, number) in wanted.items():
            if len(text) > 900_000:
                continue
            answer = ask_over_http(port, in_era(text, modern=modern), modern=modern)
            assert answer.status in {200, 400, 404}, (name, answer.status)
            message = answer.message
            assert message["id"] == number, (name, answer)
            assert len(answer.body) < MOST or "tools" in message.get("result", {}), name


def ask_over_http(port: int, body: bytes, *, modern: bool) -> Answer:
    """Post a body with the headers that go with it, as far as they can carry them."""
    headers = ["Content-Type: application/json", "Accept: application/json, text/event-stream"]
    headers.append(f"MCP-Protocol-Version: {'2026-07-28' if modern else '2025-11-25'}")
    message = read_message(body)
    if modern and isinstance(message, JSONRPCRequest):
        params = message.params or {}
        for header, value in (("Mcp-Method", message.method), ("Mcp-Name", params.get("name", params.get("uri")))):
            if isinstance(value, str) and value.isascii() and value.isprintable() and len(value) < 1000:
                headers.append(f"{header}: {value}")
    with Connection(port) as connection:
        connection.send(request("POST /mcp", *headers, body=body))
        return connection.answer()


@pytest.mark.slow
def test_a_protocol_version_of_50_kb_does_not_come_back(plane: dict[str, str]) -> None:
    """The SDK's HTTP transport refuses it before the request reaches the middleware."""
    version = "x" * 50_000
    envelope = ENVELOPE | {"io.modelcontextprotocol/protocolVersion": version}
    body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {"_meta": envelope}}).encode()
    headers = ["Content-Type: application/json", "Accept: application/json, text/event-stream"]
    headers += [f"MCP-Protocol-Version: {version}", "Mcp-Method: tools/list"]
    with Program("--transport", "http", "--port", "0", env=plane) as program:
        port = port_of(program.listening())
        with Connection(port) as connection:
            connection.send(request("POST /mcp", *headers, body=body))
            answer = connection.answer()
    assert (answer.status, answer.message["id"], answer.message["error"]["code"]) == (400, 7, -32022)
    assert len(answer.body) < MOST
