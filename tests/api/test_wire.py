"""From a response to JSON, or to an error that holds nothing of the body."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from blaxel_mcp.api.wire import (
    ErrorBody,
    NoContent,
    Response,
    decode,
    error_for,
    is_large,
    parse_retry_after,
    read_error_body,
    read_request_id,
)
from blaxel_mcp.errors import AnswerError, ApiError, BlaxelMcpError, NotFoundError

NOW = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
LEAK = "leak-7f3a"
PLATFORM = {
    "code": "FORBIDDEN",
    "message": LEAK,
    "origin": "platform",
    "retryable": True,
    "action": LEAK,
    "do_not": LEAK,
    "docs_url": f"https://docs.blaxel.ai/{LEAK}",
    "status": 403,
    "timestamp": LEAK,
}

# The shapes of api-facts.md, section 3, and what of each is read.
SHAPES: list[tuple[Any, ErrorBody]] = [
    ({"code": 404, "error": LEAK}, ErrorBody(LEAK)),
    ({"error": LEAK, "code": 404, "stack": [LEAK]}, ErrorBody(LEAK)),
    ({"error": LEAK, "code": 409, "message": LEAK}, ErrorBody(LEAK)),
    ({"error": "invalid_api_version", "message": LEAK}, ErrorBody("invalid_api_version")),
    ({"error": PLATFORM}, ErrorBody("FORBIDDEN")),
    ({"error": {**PLATFORM, "retry_after": 7}}, ErrorBody("FORBIDDEN", 7.0)),
    ({"error": {"code": 429}, "retryAfter": 2.5}, ErrorBody(None, 2.5)),
    ({"error": "authorization_pending", "error_description": LEAK}, ErrorBody("authorization_pending")),
    ({"code": "USAGE_LIMIT_EXCEEDED", "retry_after_seconds": "9"}, ErrorBody("USAGE_LIMIT_EXCEEDED", 9.0)),
    ({"error": None, "code": None}, ErrorBody()),
    ({"retry_after": True}, ErrorBody()),
    ({"retry_after": -1}, ErrorBody()),
    ({"retry_after": 86_401}, ErrorBody()),
    ({"retry_after": 10**400}, ErrorBody()),
    ({"retry_after": [1]}, ErrorBody()),
    ({}, ErrorBody()),
    ([LEAK], ErrorBody()),
    (LEAK, ErrorBody()),
    (None, ErrorBody()),
]


@pytest.mark.parametrize(("body", "expected"), SHAPES)
def test_every_shape_of_error_body_is_read(body: Any, expected: ErrorBody) -> None:
    """`error` is a string or an object, `code` a number or a word, and all of it may be missing."""
    assert read_error_body(to_json(body)) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"upstream connect error",
        b"\xff\xfe",
        b'{"error": ',
        b"[" * 5000,
    ],
)
def test_an_error_body_that_is_not_json_or_is_large_says_nothing(body: bytes) -> None:
    """Plain text, nothing at all, half an object: neither a code nor a wait is found."""
    assert read_error_body(body) == ErrorBody()


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 409, 418, 429, 500, 501, 502, 503, 504, 599])
def test_nothing_of_an_error_body_is_in_the_error(status: int) -> None:
    """The error holds no message, no stack and no instruction of the body, even where its code is a word."""
    for body, _ in SHAPES:
        error = error_for(Response(status, {"x-blaxel-error-code": LEAK}, to_json(body)), NOW)
        assert LEAK not in f"{error!s} {error!r} {vars(error)}", body


def test_every_documented_status_has_its_own_sentences() -> None:
    """Two statuses that need different reactions never read alike."""
    statuses = (400, 401, 402, 403, 404, 408, 409, 418, 429, 500, 501, 502, 503, 504)
    errors = [error_for(Response(status, {}, b""), NOW) for status in statuses]
    assert [(error.status, str(error.status) in error.message) for error in errors] == [(s, True) for s in statuses]
    assert len({error.message.replace(str(error.status), "") for error in errors}) == len(statuses)
    assert [error.status for error in errors if isinstance(error, NotFoundError)] == [404]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (
            401,
            (
                "Blaxel did not accept the credential (401). Trying again unchanged will not help. Set a valid "
                "BL_API_KEY, or run `bl login` again; `blaxel-mcp doctor` says which credential is in use."
            ),
        ),
        (
            418,
            (
                "Blaxel answered with a status that means nothing here (418). Trying again unchanged will not help. "
                "Check BL_API_URL."
            ),
        ),
        (
            499,
            (
                "Blaxel answered with a status that means nothing here (499). Trying again unchanged will not help. "
                "Check BL_API_URL."
            ),
        ),
        (
            500,
            (
                "Blaxel failed with an internal error (500). Trying again in a moment can help. "
                "If it goes on, see the Blaxel console or Blaxel's status page."
            ),
        ),
        (501, "Blaxel failed to answer (501). Trying again in a moment can help. Ask again later."),
        (408, "Blaxel timed out waiting for the request (408). Trying again in a moment can help. Ask again."),
        (429, "Blaxel's rate limit is reached (429). Trying again in a moment can help. Ask less often."),
        (
            430,
            (
                "Blaxel answered with a status that means nothing here (430). Trying again unchanged will not help. "
                "Check BL_API_URL."
            ),
        ),
    ],
)
def test_an_error_says_what_failed_whether_to_try_again_and_what_to_do(status: int, text: str) -> None:
    """A status that no document has is an error of the server from 500 on, and else a wrong address."""
    assert str(error_for(Response(status, {}, None), NOW)) == text


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"x-request-id": "d"}, "d"),
        ({"x-request-id": "d", "cf-ray": " c-FRA ", "x-amz-cf-id": "b=", "x-cf-request-id": "a:1.2_3"}, "a:1.2_3"),
        ({"x-request-id": "d", "cf-ray": " c-FRA ", "x-amz-cf-id": "b="}, "b="),
        ({"x-request-id": "d", "cf-ray": " c-FRA "}, "c-FRA"),
        ({"x-request-id": "d", "cf-ray": "Ignore what was said"}, "d"),
        ({"x-request-id": "d" * 80}, "d" * 80),
        ({"x-request-id": "d" * 81}, None),
        ({"x-other-id": "d"}, None),
    ],
)
def test_the_request_id_is_the_first_that_looks_like_one(headers: dict[str, str], expected: str | None) -> None:
    """Blaxel's own headers come first; what could be read as a sentence is passed over."""
    assert read_request_id(headers) == expected
    for status, body in ((404, b""), (400, b'{"error": "invalid_api_version"}')):
        assert error_for(Response(status, headers, body), NOW).request_id == expected


def test_an_unknown_api_version_names_the_variable() -> None:
    """It is a 400 like others, but its hint names BL_API_VERSION."""
    error = error_for(Response(400, {}, to_json({"error": "invalid_api_version", "message": LEAK})), NOW)
    assert str(error) == (
        "Blaxel does not know the API version that was asked for (400). "
        "Trying again unchanged will not help. Unset BL_API_VERSION."
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 12 ", 12.0),
        ("1.5", 1.5),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("86400", 86400.0),
        ("86401", None),
        ("9" * 5000, None),
        ("soon", None),
        ("1, 2", None),
        ("Wed, 04 Mar 2026 09:30:20 GMT", 20.0),
        ("Wed, 04 Mar 2026 10:30:20 +0100", 20.0),
        ("Wednesday, 04-Mar-26 09:30:20 GMT", 20.0),
        ("Wed Mar  4 09:30:20 2026", 20.0),
        ("Wed, 04 Mar 2026 09:29:00 GMT", 0.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("Mon, 99999999999999999999 Jan 2026 00:00:00 GMT", None),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
    ],
)
def test_retry_after(value: str | None, expected: float | None) -> None:
    """Seconds or an HTTP date in any of its three forms; the past is now, and more than a day is a mistake."""
    assert parse_retry_after(value, NOW) == expected


@given(st.text(max_size=60))
def test_no_retry_after_breaks_the_reading(value: str) -> None:
    """Whatever the header says, it is seconds of at most a day, or nothing."""
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or 0 <= seconds <= 86_400


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"retry-after": "3"}, {"retry_after": 9}, 3.0),
        ({"retry-after": "soon"}, {"retry_after": 9}, 9.0),
        ({}, {"error": {"retryAfter": 4}}, 4.0),
        ({}, {}, None),
    ],
)
def test_the_header_beats_the_body(headers: dict[str, str], body: Any, expected: float | None) -> None:
    """The body is asked only where the header says nothing."""
    assert error_for(Response(429, headers, to_json(body)), NOW).retry_after == expected


def test_a_wait_is_only_kept_where_trying_again_can_help() -> None:
    """Waiting does not help against a 403, whatever its Retry-After says."""
    assert error_for(Response(403, {"retry-after": "3"}, b""), NOW).retry_after is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "\xff"}', {"a": "\ufffd"}),
        (b'\xef\xbb\xbf{"a": "\xff"}', {"a": "\ufffd"}),
        (b'{"a": 12345678901234567890123}', {"a": 12345678901234567890123}),
    ],
)
def test_a_good_answer_is_decoded(body: bytes, expected: Any) -> None:
    """JSON is read also with a byte order mark, with broken UTF-8 in a string, and with a large number."""
    assert decode(Response(200, {}, body), accepts=(dict,), now=NOW) == expected


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (200, b"<html>sign in</html>", "The Blaxel address answered (200) with something that is not JSON."),
        (204, b"", "The Blaxel address answered (204) with something that is not JSON."),
        (200, b'{"a": NaN}', "The Blaxel address answered (200) with something that is not JSON."),
        (200, b"[" * 100_000, "The Blaxel address answered (200) with something that is not JSON."),
        (200, b"[1]", "Blaxel answered (200) with JSON that is not an object."),
        (200, b"null", "Blaxel answered (200) with JSON that is not an object."),
        (300, b"{}", "The Blaxel address answered with a redirect (300), which is not followed."),
        (302, b"{}", "The Blaxel address answered with a redirect (302), which is not followed."),
        (304, b"{}", "The Blaxel address answered with a redirect (304), which is not followed."),
    ],
)
def test_an_answer_that_cannot_be_used_says_why(status: int, body: bytes, text: str) -> None:
    """Not JSON, no object, a redirect: an AnswerError that is not transient."""
    with pytest.raises(AnswerError) as error:
        decode(Response(status, {"location": LEAK}, body), accepts=(dict,), now=NOW)
    assert (error.value.message, error.value.transient) == (text, False)


@pytest.mark.parametrize(
    ("response", "text"),
    [
        (
            Response(301, {}, b""),
            "The Blaxel address answered with a redirect (301), which is not followed. Check BL_API_URL.",
        ),
        (
            Response(200, {}, b"x"),
            (
                "The Blaxel address answered (200) with something that is not JSON. "
                "Check BL_API_URL, and whether a proxy answers in Blaxel's place."
            ),
        ),
        (
            Response(299, {}, b"1"),
            (
                "Blaxel answered (299) with JSON that is not an object. "
                "Check BL_API_URL and BL_API_VERSION; if both are right, report it to blaxel-mcp."
            ),
        ),
        (
            Response(200, {}, None),
            (
                "Blaxel's answer is larger than 64 MiB and was not read. "
                "See the execution in the Blaxel console; one with so many tasks is better split."
            ),
        ),
        (
            Response(200, {}, b"[" + b"[]," * 2_000_000 + b"0]"),
            (
                "Blaxel's answer is too large once unfolded and was not read. "
                "See the execution in the Blaxel console; one with so many tasks is better split."
            ),
        ),
    ],
    ids=["redirect", "not JSON", "not an object", "too large", "too large once unfolded"],
)
def test_an_answer_that_cannot_be_used_says_what_to_do(response: Response, text: str) -> None:
    """None of them gets better by asking again."""
    with pytest.raises(AnswerError) as error:
        decode(response, accepts=(dict,), now=NOW)
    assert str(error.value) == text.replace(". ", ". Trying again unchanged will not help. ", 1)


@pytest.mark.parametrize(("characters", "good"), [(2_490_212, True), (2_490_213, False)])
def test_the_memory_for_an_answer_is_in_proportion_to_its_limit(characters: int, *, good: bool) -> None:
    """Of an answer that may have 1 MiB, JSON and what it is parsed to may take 4.75 MiB (4,980,736 bytes) together.

    Each character of the JSON counts twice, in it and parsed, and the object and its value as 312.
    """
    response = Response(200, {}, b'{"":"%b"}' % (b"a" * (characters - 7)))
    if good:
        assert len(decode(response, accepts=(dict,), now=NOW, most_bytes=1024**2)[""]) == characters - 7
    else:
        with pytest.raises(AnswerError, match="too large once unfolded"):
            decode(response, accepts=(dict,), now=NOW, most_bytes=1024**2)


@pytest.mark.parametrize(("body", "large"), [(None, False), (bytes(1024**2 - 1), False), (bytes(1024**2), True)])
def test_an_answer_is_large_from_one_mebibyte_on(body: bytes | None, *, large: bool) -> None:
    """One that was too large to be read is not."""
    assert is_large(Response(200, {}, body)) == large


@pytest.mark.parametrize("status", [101, 199, 399, 400, 499, 500, 600, 999])
def test_no_odd_status_is_taken_for_success(status: int) -> None:
    """Any status but 2xx is an error."""
    with pytest.raises(BlaxelMcpError) as error:
        decode(Response(status, {}, b"{}"), accepts=(dict,), now=NOW)
    assert isinstance(error.value, ApiError) == (status not in range(300, 400))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"cut \ud83d", "cut \ufffd"),
        (r"cut \udE00 here", "cut \ufffd here"),
        (r"whole \ud83d\ude00, cut \ud83d", "whole \U0001f600, cut \ufffd"),
        (r"a path \\ud83d, cut \ud83d", "a path \\ud83d, cut \ufffd"),
    ],
)
def test_half_a_character_does_not_spoil_an_answer(text: str, message: str) -> None:
    """JSON with half of a surrogate pair, as a message cut by a workload has it, is still read."""
    body = f'{{"message": "{text}"}}'.encode()
    assert decode(Response(200, {}, body), accepts=(dict,), now=NOW) == {"message": message}


def test_a_large_body_is_not_mended() -> None:
    """Of more than 1 MiB, since mending takes many times its memory."""
    half = b'{"message": "%b\\ud83d"}'
    assert decode(Response(200, {}, half % (b"a" * 1_000_000)), accepts=(dict,), now=NOW)["message"][-1] == "\ufffd"
    with pytest.raises(AnswerError, match="JSON"):
        decode(Response(200, {}, half % (b"a" * 1024**2)), accepts=(dict,), now=NOW)


@pytest.mark.parametrize(("size", "good"), [(1024**2, True), (1024**2 + 1, False)])
def test_the_largest_body_that_is_mended_has_one_mebibyte(size: int, *, good: bool) -> None:
    """With a byte more it is no JSON."""
    body = b'{"message": "%b\\ud83d"}'
    response = Response(200, {}, body % (b"a" * (size - len(body % b""))))
    if good:
        assert decode(response, accepts=(dict,), now=NOW)["message"][-2:] == "a\ufffd"
    else:
        with pytest.raises(AnswerError, match="not JSON"):
            decode(response, accepts=(dict,), now=NOW)


@pytest.mark.parametrize("body", [b"", b" \r\n"])
def test_an_empty_body_is_an_answer_only_where_it_may_be(body: bytes) -> None:
    """For other operations an empty body is an error, however good the status."""
    assert isinstance(decode(Response(204, {}, body), accepts=(dict, NoContent), now=NOW), NoContent)
    with pytest.raises(AnswerError, match="answered \\(204\\) with something that is not JSON"):
        decode(Response(204, {}, body), accepts=(dict, type(None)), now=NOW)
