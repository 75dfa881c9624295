"""Answers a POST of Streamable HTTP with one JSON object where nothing can come before the answer.

An event stream, which the SDK opens for every request of the 2025 protocol, costs it six tasks and two more writes.
Clients have to take either (Streamable HTTP, "Sending Messages to the Server", 5). What reports its progress and what
may be silent for long is streamed: the SDK's pings keep such a connection open.
"""

import asyncio

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_STREAMED = (b"progressToken", b"wait_for_job_execution", b"\\u")
"""What stands in requests whose answers are streamed; escapes may spell either of the others."""
_BOTH = (b"application/json", b"text/event-stream")


class JsonResponses:
    """Chooses for each request between two applications of the SDK's, which differ in nothing else.

    The body has been received by now, in one message.

    Args:
        json_app: answers with one JSON object; it does not notice that a client has gone.
        stream_app: answers with an event stream.
    """

    def __init__(self, json_app: ASGIApp, stream_app: ASGIApp) -> None:
        self._json_app = json_app
        self._stream_app = stream_app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or cancel the call when the client has gone."""
        received: list[Message] = [await receive()]

        async def replay() -> Message:
            return received.pop() if received else await receive()

        if not _accepts_both(scope) or any(word in received[0]["body"] for word in _STREAMED):
            await self._stream_app(scope, replay, send)
            return
        with anyio.CancelScope() as call:
            watch = asyncio.create_task(_cancel_without_client(receive, call))

            async def send_and_stop_watching(message: Message) -> None:
                if message["type"] == "http.response.body":  # there is only one
                    watch.cancel()
                await send(message)

            try:
                await self._json_app(scope, replay, send_and_stop_watching)
            finally:
                watch.cancel()


def _accepts_both(scope: Scope) -> bool:
    """Whether a client names both kinds of answer, as it must; others are the SDK's to refuse."""
    accepted = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return all(kind in accepted for kind in _BOTH)


async def _cancel_without_client(receive: Receive, call: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    call.cancel()
