"""The scripted model over HTTP: each API at its path, and everything else kept for the record."""

from typing import Any

import httpx
import pytest

from clients.model.script import Step
from clients.model.server import serve

pytestmark = pytest.mark.slow

SCRIPT = [Step("list_jobs", {"search": "nightly"})]
SCHEMA = {"type": "object"}
FUNCTION = {"name": "list_jobs", "description": "Jobs.", "parameters": SCHEMA}
CHAT = {"model": "m", "messages": [], "tools": [{"type": "function", "function": FUNCTION}]}
RESPONSES = {"model": "m", "input": [], "tools": [FUNCTION | {"type": "function"}]}
MESSAGES = {"model": "m", "messages": [], "tools": [{"name": "list_jobs", "input_schema": SCHEMA}]}
GEMINI = {"contents": [], "tools": [{"functionDeclarations": [FUNCTION]}]}


@pytest.mark.parametrize(
    ("path", "body", "streams"),
    [
        ("/v1/chat/completions", CHAT, False),
        ("/v1/chat/completions", CHAT | {"stream": True}, True),
        ("/v1/responses", RESPONSES, False),
        ("/v1/responses", RESPONSES | {"stream": True}, True),
        ("/v1/messages", MESSAGES, False),
        ("/v1/messages", MESSAGES | {"stream": True}, True),
        ("/v1beta/models/m:generateContent", GEMINI, False),
        ("/v1beta/models/m:streamGenerateContent?alt=sse", GEMINI, True),
    ],
)
def test_each_api_answers_with_the_call_in_the_form_that_was_asked_for(
    path: str, body: dict[str, Any], *, streams: bool
) -> None:
    """JSON in one piece, or events where the request or, for Gemini, the method says so."""
    with serve(SCRIPT, "blaxel") as model:
        answer = httpx.post(model.url + path, json=body)
        assert (answer.status_code, "nightly" in answer.text, "list_jobs" in answer.text) == (200, True, True)
        assert answer.headers["content-type"].startswith("text/event-stream" if streams else "application/json")
        (exchange,) = model.record.exchanges
        assert (exchange.request.stream, exchange.request.model) == (streams, "m")


def test_tokens_are_counted_and_models_listed() -> None:
    """A client that asks before its first turn gets an answer."""
    with serve(SCRIPT, "blaxel") as model:
        counted = httpx.post(f"{model.url}/v1/messages/count_tokens", json={"messages": []}).json()
        gemini = httpx.post(f"{model.url}/v1beta/models/m:countTokens", json={"contents": []}).json()
        models = httpx.get(f"{model.url}/v1/models").json()
    assert (counted, gemini) == ({"input_tokens": 3}, {"totalTokens": 3})
    assert [one["id"] for one in models["data"]] == ["scripted-model"]


def test_what_it_does_not_know_it_refuses_and_keeps() -> None:
    """So that the record says what a client asked for in vain."""
    with serve(SCRIPT, "blaxel") as model:
        assert httpx.head(model.url).status_code == 404
        assert (
            httpx.post(f"{model.url}/v1beta/models/m:embedContent", json={}).json()["error"]["type"]
            == "not_found_error"
        )
        assert model.record.unknown == ["HEAD /", "POST /v1beta/models/m:embedContent"]
        assert model.record.exchanges == []
