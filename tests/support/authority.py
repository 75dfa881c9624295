"""An authorization server on a real loopback socket: Authlib's, served by Starlette.

It registers clients, signs the one user there is in without a question, and issues JWT access tokens (RFC 9068) for
the resource that is asked for (RFC 8707, which Authlib leaves to its users), with authorization code and PKCE, refresh
and client credentials. Tests also take its keys to make tokens that it would not.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import uvicorn
from authlib.common.security import generate_token
from authlib.oauth2 import rfc6749
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7591 import ClientRegistrationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from joserfc import jwt
from joserfc.jwk import Key, KeySet, RSAKey
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

USER = "ada"
SECONDS = 600
"""How long a token is good for."""


@dataclass
class Client(rfc6749.ClientMixin):
    """What somebody registered."""

    client_id: str
    client_secret: str
    metadata: dict[str, Any]

    def get_client_id(self) -> str:
        """Its id."""
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        """The first that it registered."""
        return str(self.metadata["redirect_uris"][0])

    def get_allowed_scope(self, scope: Any) -> str:
        """What it asks for: the user agrees to everything."""
        return str(scope or "")

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Whether it registered that one."""
        return redirect_uri in tuple(self.metadata.get("redirect_uris", ()))

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether it is its own."""
        return client_secret == self.client_secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Whether it registered that one."""
        del endpoint
        return bool(method == self.metadata.get("token_endpoint_auth_method", "client_secret_basic"))

    def check_response_type(self, response_type: str) -> bool:
        """Codes only."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it registered that one."""
        return grant_type in tuple(self.metadata.get("grant_types", ("authorization_code",)))


@dataclass
class Grant:
    """What the user agreed to: a code, or afterwards a refresh token."""

    client_id: str
    scope: str
    resource: str | None
    redirect_uri: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None

    def get_redirect_uri(self) -> str | None:
        """Where the code went."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """What it allows."""
        return self.scope

    def check_client(self, client: Client) -> bool:
        """Whether it was given to that one."""
        return client.client_id == self.client_id


@dataclass
class User:
    """Who signs in."""

    name: str

    def get_user_id(self) -> str:
        """The subject of tokens."""
        return self.name


class _Payload(rfc6749.OAuth2Payload):
    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    @property
    def data(self) -> dict[str, str]:
        return dict(self._pairs)

    @property
    def datalist(self) -> dict[str, list[Any]]:
        return {name: [value for key, value in self._pairs if key == name] for name, _ in self._pairs}


class _OAuth2Request(rfc6749.OAuth2Request):
    def __init__(self, request: Request, body: bytes) -> None:
        super().__init__(request.method, str(request.url), headers=request.headers)
        pairs = parse_qsl(request.url.query) + parse_qsl(body.decode())
        self.payload = _Payload(pairs)

    @property
    def args(self) -> dict[str, str | None]:
        return dict(parse_qsl(urlsplit(self.uri).query))

    @property
    def form(self) -> dict[str, str]:
        assert self.payload
        return self.payload.data


class _JsonPayload(rfc6749.JsonPayload):
    def __init__(self, data: Any) -> None:
        self._data = data

    @property
    def data(self) -> Any:
        return self._data


@dataclass
class AuthorizationServer:
    """What the server was asked and what it will say; tests read and write it directly.

    Attributes:
        url: the issuer.
        keys: with which it signs; the first of them.
        asked: the method and path of each request.
        answers: by path, what is answered instead.
    """

    url: str
    keys: list[Key]
    asked: list[str] = field(default_factory=list)
    answers: dict[str, Response | ASGIApp] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)

    def metadata(self) -> dict[str, Any]:
        """RFC 8414."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "registration_endpoint": f"{self.url}/register",
            "jwks_uri": f"{self.url}/jwks",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
            "scopes_supported": ["jobs:read", "jobs:write"],
        }

    def jwks(self) -> dict[str, Any]:
        """Its public keys."""
        return {"keys": [key.as_dict(private=False) for key in self.keys]}

    def fetches(self) -> int:
        """How often its keys were fetched."""
        return self.asked.count("GET /jwks")

    def claims(self, resource: str, **other: Any) -> dict[str, Any]:
        """Those of a good token that may read, but for the `other`; `None` takes one out."""
        now = int(time.time())
        usual = {"iss": self.url, "aud": resource, "sub": USER, "client_id": "c", "iat": now, "exp": now + SECONDS}
        return {name: value for name, value in (usual | {"scope": "jobs:read"} | other).items() if value is not None}

    def sign(self, claims: dict[str, Any], *, key: Key | None = None, **header: Any) -> str:
        """A token with exactly these claims; `None` in the header takes what is usual out of it."""
        key = key or self.keys[0]
        usual = {"alg": key.get("alg", "RS256"), "typ": "at+jwt", "kid": key.kid}
        given = {name: value for name, value in (usual | header).items() if value is not None}
        return jwt.encode(given, claims, key, algorithms=[given["alg"]])

    def reset(self, first: Key) -> None:
        """Start over, at the same address: nothing was asked or issued, and `first` is the only key."""
        self.keys = [first]
        for kept in (self.asked, self.answers, self.clients, self.grants):
            kept.clear()

    def register(self, **metadata: Any) -> Client:
        """A client."""
        client = Client(generate_token(20), generate_token(40), metadata)
        self.clients[client.client_id] = client
        return client

    def forget(self, grant: Grant) -> None:
        """It has been used."""
        self.grants = {name: kept for name, kept in self.grants.items() if kept is not grant}

    def app(self) -> ASGIApp:
        """Its routes."""
        authlib: Any = Server(self)

        async def forms(request: Request) -> _OAuth2Request:
            return _OAuth2Request(request, await request.body() if request.method == "POST" else b"")

        async def authorize(request: Request) -> Response:
            asked = await forms(request)
            grant = authlib.get_consent_grant(asked, User(USER))
            answer = authlib.create_authorization_response(asked, grant_user=User(USER), grant=grant)
            assert isinstance(answer, Response)
            return answer

        async def token(request: Request) -> Response:
            answer: Any = authlib.create_token_response(await forms(request))
            assert isinstance(answer, Response)
            return answer

        async def register(request: Request) -> Response:
            asked = rfc6749.JsonRequest("POST", str(request.url), dict(request.headers))
            asked.payload = _JsonPayload(await request.json())
            answer = authlib.create_endpoint_response("client_registration", asked)
            assert isinstance(answer, Response)
            return answer

        routes = [
            Route("/.well-known/oauth-authorization-server", lambda _: JSONResponse(self.metadata())),
            Route("/jwks", lambda _: JSONResponse(self.jwks())),
            Route("/authorize", authorize),
            Route("/token", token, methods=["POST"]),
            Route("/register", register, methods=["POST"]),
        ]
        return Starlette(routes=routes, middleware=[Middleware(_Watched, state=self)])


class _Watched:
    """Notes what is asked, and answers what a test wants answered."""

    def __init__(self, app: ASGIApp, state: AuthorizationServer) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._state.asked.append(f"{scope['method']} {scope['path']}")
        await self._state.answers.get(scope["path"], self._app)(scope, receive, send)


class Server(rfc6749.AuthorizationServer):
    """Authlib's, with what it keeps in `state`."""

    resource: str | None = None
    """Of the request that is being answered, one at a time."""

    def __init__(self, state: AuthorizationServer) -> None:
        super().__init__()
        self.state = state
        self.register_token_generator("default", _Tokens(self))
        self.register_grant(_Code, [CodeChallenge(required=True)])
        self.register_grant(_Refresh)
        self.register_grant(grants.ClientCredentialsGrant)
        registration: Any = _Registration  # one in all but its base class
        self.register_endpoint(registration)

    def query_client(self, client_id: str) -> Any:
        """Who registered under that id."""
        return self.state.clients.get(client_id)

    def save_token(self, token: dict[str, str | int], request: rfc6749.OAuth2Request) -> None:
        """Keep what is needed to refresh it."""
        if "refresh_token" in token:
            assert isinstance(request.client, Client)
            grant = Grant(request.client.client_id, str(token["scope"]), self.resource)
            self.state.grants[str(token["refresh_token"])] = grant

    def create_oauth2_request(self, request: Any) -> rfc6749.OAuth2Request:
        """It has been made already."""
        assert isinstance(request, _OAuth2Request)
        assert request.payload
        self.resource = request.payload.data.get("resource")
        return request

    def create_json_request(self, request: Any) -> rfc6749.JsonRequest:
        """The same."""
        assert isinstance(request, rfc6749.JsonRequest)
        return request

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        """As Starlette has it."""
        return (JSONResponse if isinstance(body, dict) else Response)(body, status, dict(headers))

    def send_signal(self, name: Any, *args: object, **kwargs: object) -> None:
        """Nobody listens."""


class _Tokens(JWTBearerTokenGenerator):
    def __init__(self, server: Server) -> None:
        super().__init__(server.state.url, "RS256", _random, lambda *_: SECONDS)
        self._server = server

    def get_jwks(self) -> KeySet:
        return KeySet(self._server.state.keys[:1])

    def get_audiences(self, client: Client, user: User | None, scope: str) -> str:
        del user, scope
        return self._server.resource or client.client_id


class _Code(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")
    server: Server

    def save_authorization_code(self, code: str, request: rfc6749.OAuth2Request) -> None:
        assert request.payload
        given = request.payload.data
        challenge = (given["code_challenge"], given["code_challenge_method"])
        self.server.state.grants[code] = Grant(
            given["client_id"], request.scope, given.get("resource"), given["redirect_uri"], *challenge
        )

    def query_authorization_code(self, code: str, client: Any) -> Grant | None:
        grant = self.server.state.grants.get(code)
        same = grant is not None and grant.check_client(client) and grant.resource == self.server.resource
        return grant if same else None

    def delete_authorization_code(self, authorization_code: Any) -> None:
        self.server.state.forget(authorization_code)

    def authenticate_user(self, authorization_code: Any) -> User:
        del authorization_code
        return User(USER)


class _Refresh(grants.RefreshTokenGrant):
    INCLUDE_NEW_REFRESH_TOKEN = True
    TOKEN_ENDPOINT_AUTH_METHODS = _Code.TOKEN_ENDPOINT_AUTH_METHODS
    server: Server

    def authenticate_refresh_token(self, refresh_token: str) -> Any:
        return self.server.state.grants.get(refresh_token)

    def authenticate_user(self, refresh_token: Any) -> User:
        del refresh_token
        return User(USER)

    def revoke_old_credential(self, refresh_token: Any) -> None:
        self.server.state.forget(refresh_token)


class _Registration(ClientRegistrationEndpoint):
    server: Server

    def authenticate_token(self, request: Any) -> str:
        del request
        return "anybody may register"

    def get_server_metadata(self) -> dict[str, Any]:
        return self.server.state.metadata()

    def save_client(self, client_info: dict[str, Any], client_metadata: dict[str, Any], request: Any) -> Client:
        del request
        client = Client(client_info["client_id"], client_info["client_secret"], client_metadata)
        self.server.state.clients[client.client_id] = client
        return client


def _random(**_: Any) -> str:
    return str(generate_token(42))


def new_key(kid: str, algorithm: str = "RS256") -> RSAKey:
    """A key to sign with."""
    return RSAKey.generate_key(2048, {"kid": kid, "alg": algorithm, "use": "sig"})


@contextmanager
def serve() -> Iterator[AuthorizationServer]:
    """Run one on a free port; the socket listens before the thread starts, so nobody has to wait for it."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does so only where the protocol is named
    state = AuthorizationServer(f"http://127.0.0.1:{listener.getsockname()[1]}", [new_key("first")])
    config = uvicorn.Config(state.app(), log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield state
    finally:
        server.should_exit = True
        thread.join()
