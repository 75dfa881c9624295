"""JSON text as JSON-RPC messages and back: every request that has an id is answered, whatever else is in it.

The SDK drops what its parser can't read, and takes a request whose id is neither a string nor a whole number for a
notification: either way the client would wait for ever. Here, what can be understood is repaired first, such as half of
a surrogate pair or a byte that is no UTF-8. Any other request is answered with an error that carries its id.
"""

import json
import math
import re
from itertools import islice
from typing import Any

from mcp_types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    jsonrpc_message_adapter,
)
from pydantic_core import PydanticSerializationError

from blaxel_mcp.error_bounds import bound_error

_BATCH_MEMBERS = 100
"""Requests of a batch that are answered one by one; the protocol has no batches."""
_DIGITS = 4000
"""Of a number; Python converts no more than 4,300, be it here or at the client."""
_LARGE = 256 * 1024
"""Bytes from which an HTTP body that looks plain is not parsed twice: parsed it can take thirty times its size."""
_NOT_JSON = "The message is not JSON that can be read here: check its syntax and how deeply it is nested."
_NOT_A_REQUEST = "The message is not a JSON-RPC 2.0 request, whose id is a string or a whole number."
_BATCH = "The protocol has no batches: send each request by itself."


def read_message(text: bytes) -> JSONRPCMessage | list[str]:
    """Parse a message; where that is impossible, return the lines to answer with, which are none without an id."""
    return _parse(text) or _repair(text)


def readable_body(body: bytes) -> bytes | list[str]:
    """The body of an HTTP request as it is, or repaired so that the SDK can parse it, or the answers to it."""
    if _is_plain(body) if len(body) > _LARGE else _parse(body):
        return body
    found = _repair(body)
    if isinstance(found, list):
        return found or body
    return write_message(found).encode()


def _is_plain(body: bytes) -> bool:
    """Whether the SDK will find nothing odd in a body, as far as that can be told without parsing it."""
    try:
        number = _top_level_id(body.decode())
    except UnicodeDecodeError:
        return False
    if number is None or _ODD.search(body):
        return False
    return number.startswith('"') or number.lstrip("-").isdigit()


def _parse(text: bytes) -> JSONRPCMessage | None:
    """Parse as the SDK does; None if it can't, or might take a request with a wrong id for a notification."""
    try:
        message = jsonrpc_message_adapter.validate_json(text, by_name=False)
    except ValueError:
        return None
    with_id = isinstance(message, JSONRPCNotification) and (b'"id"' in text or b"\\u" in text)
    return None if with_id else message


def write_message(message: JSONRPCMessage) -> str:
    """Serialize a message, the texts of an error bounded; half of a surrogate pair becomes U+FFFD."""
    if isinstance(message, JSONRPCError) and (bounded := bound_error(message.error)) is not message.error:
        message = message.model_copy(update={"error": bounded})
    try:
        return message.model_dump_json(by_alias=True, exclude_unset=True)
    except PydanticSerializationError:
        dumped = message.model_dump(by_alias=True, exclude_unset=True)
        return _whole_characters(json.dumps(dumped, ensure_ascii=False, separators=(",", ":"), default=str))


def _repair(text: bytes) -> JSONRPCMessage | list[str]:
    """Parse as Python's parser does, which takes more than the SDK's; else return the answers."""
    readable = text.decode("utf-8-sig", errors="replace")
    try:
        found = json.loads(readable, strict=False, parse_int=_parse_int)
        repaired = _whole_characters(json.dumps(found, ensure_ascii=False))
    except (ValueError, RecursionError):
        number = _top_level_id(readable)
        return [] if number is None else [_error(number, PARSE_ERROR, _NOT_JSON)]
    if isinstance(found, list):
        members = [one for one in found if isinstance(one, dict) and "id" in one and "method" in one]
        return [_error(_id_text(one["id"]), INVALID_REQUEST, _BATCH) for one in members[:_BATCH_MEMBERS]]
    if not isinstance(found, dict) or "method" not in found:  # no request: an answer, or nothing that is known
        return []
    number = found.get("id")
    usable = isinstance(number, int) and not isinstance(number, bool)
    usable = usable or (isinstance(number, str) and _whole_characters(number) == number)
    if usable or "id" not in found:
        try:
            return jsonrpc_message_adapter.validate_json(repaired, by_name=False)
        except ValueError:
            pass
    if "id" not in found:
        return []
    return [_error(_top_level_id(readable) or _id_text(number), INVALID_REQUEST, _NOT_A_REQUEST)]


def _parse_int(digits: str) -> int | float:
    return int(digits) if len(digits) <= _DIGITS else float(digits)


def _whole_characters(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair; two halves side by side become one character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# A string that isn't closed is a token too: else each quote in it would be tried as the beginning of another.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]++|[\]}]++', re.DOTALL)
_VALUE = re.compile(r'\s*+:\s*+("(?:[^"\\]++|\\.)*+"|-?[0-9][0-9.eE+-]*+|[a-zA-Z]++)?', re.DOTALL)
_LAST_VALUE = re.compile(r'"id"\s*:\s*("(?:[^"\\]++|\\.)*+"|-?[0-9][0-9.eE+-]*+|[a-zA-Z]++)\s*}\s*\Z')
_TOKENS, _TAIL = 100_000, 1_000
"""How much is looked through from the beginning, in tokens, and then at the end, in characters."""
_ODD = re.compile(rb"\\u[dD][89abAB]|[\x00-\x08\x0b\x0c\x0e-\x1f]")  # a surrogate, or a control character
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def _top_level_id(text: str) -> str | None:
    """The JSON text of the outermost object's id, without a parser: that text is no JSON, or is nested too deeply."""
    depth, number = 0, None
    for token in islice(_TOKEN.finditer(text), _TOKENS):
        if token[0][0] in "[{":
            depth += len(token[0])
        elif token[0][0] in "]}":
            depth -= len(token[0])
        elif depth == 1 and token[0] == '"id"' and (value := _VALUE.match(text, token.end())):
            number = value[1] or "null"
            break
    else:
        last = _LAST_VALUE.search(text, len(text) - _TAIL)
        if last is None:
            return None
        number = last[1]
    if number.startswith('"'):
        try:
            return json.dumps(json.loads(number, strict=False))
        except ValueError:
            return "null"
    is_number = _NUMBER.fullmatch(number) and len(number) <= _DIGITS
    return number if is_number or number in {"true", "false"} else "null"


def _id_text(number: Any) -> str:
    """The JSON text of an id that was parsed; null if it can't be one, such as an object."""
    return json.dumps(number) if isinstance(number, str | int) or _is_finite(number) else "null"


def _is_finite(number: Any) -> bool:
    return isinstance(number, float) and math.isfinite(number)


def _error(number: str, code: int, message: str) -> str:
    return f'{{"jsonrpc":"2.0","id":{number},"error":{{"code":{code},"message":{json.dumps(message)}}}}}'
