"""The server of a scripted model, in a thread of the caller's: `with serve(script) as model: model.url`.

It speaks every API that the clients of the table ask a model over, at once. What it does not know it answers with 404
and keeps for the record.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clients.model import chat_completions, gemini, messages, responses
from clients.model.record import Exchange, Record
from clients.model.script import Decision, Request, Step, decide, tokens

NAME = "scripted-model"
"""The model's name, for clients that must be told one; it answers to every other name as well."""
PATIENCE = 10.0
_STREAM = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}

Whole = Callable[[Decision, str], dict[str, Any]]
Events = Callable[[Decision, str], list[str]]


@dataclass(frozen=True, slots=True)
class Model:
    """A model that is being served.

    Attributes:
        url: the server's address, without a path.
        record: what it has been sent.
    """

    url: str
    record: Record


def build_app(script: Sequence[Step], record: Record, server: str) -> Starlette:
    """The application: each API's path, lists of models, counts of tokens."""
    asked = _Asked(script, record, server)
    return Starlette(
        routes=[
            Route(chat_completions.PATH, asked.chat, methods=["POST"]),
            Route(responses.PATH, asked.response, methods=["POST"]),
            Route(messages.PATH, asked.message, methods=["POST"]),
            Route(messages.COUNT_PATH, asked.count, methods=["POST"]),
            Route("/v1beta/models/{call}", asked.generate, methods=["POST"]),
            Route("/v1/models", _models),
            Route("/{path:path}", asked.anything, methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
        ]
    )


class _Asked:
    """What the model is asked, each API by its own method."""

    def __init__(self, script: Sequence[Step], record: Record, server: str) -> None:
        self._script = script
        self._record = record
        self._server = server

    async def chat(self, http: HttpRequest) -> Response:
        request = chat_completions.read(await http.json())
        return self._answer("Chat Completions", request, chat_completions.whole, chat_completions.events)

    async def response(self, http: HttpRequest) -> Response:
        return self._answer("Responses", responses.read(await http.json()), responses.whole, responses.events)

    async def message(self, http: HttpRequest) -> Response:
        return self._answer("Messages", messages.read(await http.json()), messages.whole, messages.events)

    async def count(self, http: HttpRequest) -> Response:
        return JSONResponse({"input_tokens": tokens((await http.body()).decode())})

    async def generate(self, http: HttpRequest) -> Response:
        model, _, method = http.path_params["call"].rpartition(":")
        if method == gemini.COUNT_METHOD:
            return JSONResponse({"totalTokens": tokens((await http.body()).decode())})
        if method not in {gemini.STREAM_METHOD, gemini.WHOLE_METHOD}:
            return await self.anything(http)
        request = gemini.read(await http.json(), model, stream=method == gemini.STREAM_METHOD)
        return self._answer("Gemini", request, gemini.whole, gemini.events)

    async def anything(self, http: HttpRequest) -> Response:
        self._record.add_unknown(f"{http.method} {http.url.path}")
        error = {"type": "not_found_error", "code": "not_found", "message": f"Nothing is served at {http.url.path}."}
        return JSONResponse({"type": "error", "error": error}, 404)

    def _answer(self, api: str, request: Request, whole: Whole, events: Events) -> Response:
        decision = decide(request, self._script, self._server)
        self._record.add(Exchange(api, request, decision))
        if request.stream:
            return Response("".join(events(decision, request.model)), headers=_STREAM)
        return JSONResponse(whole(decision, request.model))


async def _models(_: HttpRequest) -> Response:
    return JSONResponse(MODELS)


MODELS: Mapping[str, Any] = {
    "object": "list",
    "data": [
        {
            "id": NAME,
            "type": "model",
            "object": "model",
            "display_name": NAME,
            "created": 1_700_000_000,
            "created_at": "2023-11-14T22:13:20Z",
            "owned_by": "tests",
        }
    ],
    "has_more": False,
    "first_id": NAME,
    "last_id": NAME,
}
"""The list of models, as readers of OpenAI's and of Anthropic's form both understand it."""


@contextlib.contextmanager
def serve(script: Sequence[Step], server: str) -> Iterator[Model]:
    """Serve a model that calls tools of the MCP server of this name, on a free port, until the `with` ends."""
    record = Record()
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listening:
        config = uvicorn.Config(
            build_app(script, record, server), ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=1
        )
        serving = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(serving.serve([listening])), name="scripted model")
        thread.start()
        try:
            yield Model(f"http://127.0.0.1:{listening.getsockname()[1]}", record)
        finally:
            serving.should_exit = True
            thread.join(PATIENCE)
