"""Which requests over HTTP need a token that may write, told by their body before MCP sees them."""

import json
import ssl
from typing import Any

import pytest
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.requests import Request

from blaxel_mcp.transports.oauth.authenticator import OAuthAuthenticator
from blaxel_mcp.transports.oauth.issuer import Issuer
from blaxel_mcp.transports.oauth.step_up import StepUpCheck

RUN, LIST = ({"method": "tools/call", "params": {"name": name}} for name in ("run_job", "list_jobs"))
READ, BOTH = ["jobs:read"], ["jobs:read", "jobs:write"]


def rejects(body: bytes, *, method: str = "POST", scopes: list[str] | None = READ) -> bool:
    """Whether a request is told to come back with a better token, by a caller with these scopes, or without a name."""
    scope: dict[str, Any] = {"type": "http", "method": method, "path": "/mcp", "headers": []}
    if scopes is not None:
        scope["user"] = AuthenticatedUser(AccessToken(token="", client_id="c", scopes=scopes))
    issuer = Issuer("https://id.example", certificates=ssl.create_default_context)
    authenticator = OAuthAuthenticator(issuer, "https://mcp.example/mcp", writes=True)
    answer = StepUpCheck(authenticator, ["run_job", "cancel"])(Request(scope), body)
    if answer is None:
        return False
    description = "This needs a token with jobs:read jobs:write."
    assert answer.status_code == 403
    assert json.loads(bytes(answer.body)) == {"error": "insufficient_scope", "error_description": description}
    assert answer.headers["www-authenticate"] == (
        f'Bearer error="insufficient_scope", error_description="{description}", scope="jobs:read jobs:write", '
        'resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp"'
    )
    return True


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        (json.dumps(RUN), True),
        (json.dumps(RUN | {"params": {"name": "cancel"}}), True),
        (json.dumps([LIST, RUN]), True),
        (json.dumps(RUN).replace("run_job", "\\u0072un_job"), True),
        ('{"method": "tools/call", "params": {"name": "list_jobs", "name": "run_job"}}', True),
        ('{"method": "tools/call", "params": {"name": "run_job", "name": "list_jobs"}}', True),
        ("", True),
        ("{", True),
        ("[" * 100_000, True),
        ("1" * 10_000, True),
        (json.dumps(LIST), False),
        (json.dumps([LIST, LIST]), False),
        (json.dumps(RUN | {"method": "prompts/get"}), False),
        (json.dumps(RUN | {"params": {"name": ["run_job"]}}), False),
        (json.dumps(RUN | {"params": ["run_job"]}), False),
        (json.dumps("run_job"), False),
        ("[]", False),
        ("7", False),
    ],
)
def test_what_may_change_something_needs_a_token_that_may_write(body: str, changes: bool) -> None:  # noqa: FBT001 - a column of the table
    """A call of a tool that writes, by itself or in a batch, and whatever nobody can tell; with the token it may."""
    assert rejects(body.encode()) is changes
    assert rejects(body.encode(), scopes=None) is changes
    assert not rejects(body.encode(), scopes=BOTH)
    assert not rejects(body.encode(), method="GET")


def test_a_body_that_is_no_utf8_might_be_a_call() -> None:
    """The SDK may read it otherwise."""
    assert rejects(json.dumps(LIST).encode("utf-16"))
