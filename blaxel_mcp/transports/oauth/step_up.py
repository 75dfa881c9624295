"""Asks for `jobs:write` where a call changes something, before the protocol's own layers see it.

An answer of HTTP is what makes a client ask its user for more; an error of the protocol would not.
"""

import json
from collections.abc import Collection
from typing import Any

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from blaxel_mcp.transports.oauth.door import READ, WRITE, OAuthDoor


class StepUp:
    """Turns away calls that change something, from whoever may only read.

    Args:
        app: what is behind it.
        door: makes the answer.
        writing: names of the tools that change something.
    """

    def __init__(self, app: ASGIApp, door: OAuthDoor, writing: Collection[str]) -> None:
        self._app = app
        self._writing = frozenset(writing)
        self._refusal = door.insufficient(f"{READ} {WRITE}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["method"] != "POST" or _may_write(scope):
            await self._app(scope, receive, send)
            return
        # It has been received already: see Admission.
        parts: list[Message] = []
        while not parts or parts[-1].get("more_body", False):
            parts.append(await receive())
        if _may_change(b"".join(part.get("body", b"") for part in parts), self._writing):
            await self._refusal(scope, receive, send)
            return

        async def replay() -> Message:
            return parts.pop(0) if parts else await receive()

        await self._app(scope, replay, send)


def _may_write(scope: Scope) -> bool:
    user = scope.get("user")
    return isinstance(user, AuthenticatedUser) and WRITE in user.scopes


def _may_change(body: bytes, writing: Collection[str]) -> bool:
    """Whether a message, or one of several, calls one of these tools; true as well if that cannot be told."""
    try:
        given = json.loads(body.decode(), object_pairs_hook=_without_doubt)
    except (ValueError, RecursionError):
        return True
    return any(_calls(message, writing) for message in (given if isinstance(given, list) else [given]))


def _without_doubt(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; of a key that is there twice, the one who reads it next may take the other."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError
    return made


def _calls(message: Any, writing: Collection[str]) -> bool:
    match message:
        case {"method": "tools/call", "params": {"name": str(name)}}:
            return name in writing
    return False
