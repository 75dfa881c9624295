"""Step-up authorization: a call that changes something needs `jobs:write`, whatever else the token allows.

The check is made over HTTP, before MCP: a 403 makes a client ask its user for more, a JSON-RPC error would not.
"""

import json
from collections.abc import Collection
from typing import Any

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.requests import Request
from starlette.responses import Response

from blaxel_mcp.transports.oauth.authenticator import READ, WRITE, OAuthAuthenticator


class StepUpCheck:
    """Rejects bodies that may call a tool that writes, from callers whose token lacks `jobs:write`.

    Args:
        authenticator: Makes the response.
        writing: Names of the tools that change something.
    """

    def __init__(self, authenticator: OAuthAuthenticator, writing: Collection[str]) -> None:
        self._writing = frozenset(writing)
        self._rejection = authenticator.insufficient_scope(f"{READ} {WRITE}")

    def __call__(self, request: Request, body: bytes) -> Response | None:
        """Return the rejection, or None; the body is only parsed where the token does not allow everything anyway."""
        user = request.scope.get("user")
        may_write = isinstance(user, AuthenticatedUser) and WRITE in user.scopes
        if request.method != "POST" or may_write or not self._may_change(body):
            return None
        return self._rejection

    def _may_change(self, body: bytes) -> bool:
        """Whether a message, or one of a batch, calls a tool that writes; also true if that cannot be told."""
        try:
            given = json.loads(body.decode(), object_pairs_hook=_unique_keys)
        except (ValueError, RecursionError):
            return True
        return any(self._calls_writing_tool(message) for message in (given if isinstance(given, list) else [given]))

    def _calls_writing_tool(self, message: Any) -> bool:
        match message:
            case {"method": "tools/call", "params": {"name": str(name)}}:
                return name in self._writing
        return False


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object, unless a key is there twice: the SDK, which parses the body next, may take the other value."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError
    return made
