"""Signs requests to Blaxel: an API key as it is; client credentials and logins as tokens, renewed in memory.

httpx runs `async_auth_flow` around each request: what the flow yields is sent through the same client, so a token
request gets its TLS settings, pool and proxies. One thing follows from how httpx does it: when a yielded request
fails on the network, the flow is closed instead of told. So an exchange counts as failed until its answer was
taken in; whoever comes next then goes on with the token at hand, if that one is still valid.
"""

import asyncio
import base64
import hashlib
import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Self

import httpx

from blaxel_mcp import tokens
from blaxel_mcp.callers import CREDENTIAL_HEADER, WORKSPACE_HEADER, Caller
from blaxel_mcp.errors import AnswerError, ApiError, BlaxelMcpError, CredentialsError
from blaxel_mcp.login import FILE, ApiKey, ClientCredentials, Credential, LoginTokens, select_login
from blaxel_mcp.settings import Settings

logger = logging.getLogger(__name__)

REFUSED_SECONDS = 5.0  # how long a refused exchange is remembered, so that a burst of calls asks once
QUIET_SECONDS = 30.0  # how long a valid token is used without another try after an exchange that got no answer
HALF_WRITTEN_PAUSE = 0.05  # the CLI truncates the login file, then writes it
TOKEN_ANSWER_LIMIT = 1024 * 1024
REFUSED_ANSWER_LIMIT = 64 * 1024

_REFUSALS = (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)  # a wrong secret is a 400
_FOR_CALLERS = {
    400: f"Check the job's name, the execution's id, and that {WORKSPACE_HEADER} names your workspace.",
    401: f"Send a valid Blaxel API key or access token in {CREDENTIAL_HEADER}.",
    403: f"Usually the workspace is the wrong one: name it in {WORKSPACE_HEADER}, or ask its admin for access to jobs.",
}
_PASSING = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS)


class BlaxelAuth(httpx.Auth):
    """Signs requests to one control plane with one credential; one instance per identity.

    Args:
        credential: what to sign with. None means: look in the login file on each call until there is one.
        workspace: goes into every request, because the API asks for it; None means the login's current one.
        api_url: base URL of the control plane; nothing secret goes to any other origin.
        read_login: the text of the login file now, or None without one; must not raise. A caller who must never
            be served with the login of this machine's user gets `lambda: None`.
        clock: seconds since 1970.
        login_problem: why the login file gave no credential, for the error that says so.
        any_environment: whether a login of another environment may be sent to `api_url`, because the user chose that.
    """

    def __init__(
        self,
        *,
        credential: Credential | None,
        workspace: str | None,
        api_url: str,
        read_login: Callable[[], str | None],
        clock: Callable[[], float] = time.time,
        login_problem: str | None = None,
        any_environment: bool = False,
    ) -> None:
        self._workspace = workspace
        self._api_url = api_url
        self._read_login = read_login
        self._clock = clock
        self._login_problem = login_problem
        self._any_environment = any_environment
        self._renewing = asyncio.Lock()
        self._credential: Credential | None = None
        self._token: tokens.Token | None = None
        self._refused_until = self._quiet_until = 0.0
        self._of_caller = False
        self._adopt(credential)

    @classmethod
    def from_settings(
        cls, settings: Settings, read_login: Callable[[], str | None], clock: Callable[[], float] = time.time
    ) -> Self:
        """The credential of this process."""
        # While there is no credential, the login's current workspace is not settled: `bl login` may change it.
        settled = settings.credential is not None or settings.workspace_from != FILE
        return cls(
            credential=settings.credential,
            workspace=settings.workspace if settled else None,
            api_url=settings.api_url,
            read_login=read_login,
            clock=clock,
            login_problem=settings.login_problem,
            any_environment=settings.api_url_given,
        )

    @classmethod
    def for_caller(cls, caller: Caller | None, settings: Settings) -> Self:
        """The credential of one caller of many: no credential of this machine's stands in for a missing one."""
        auth = cls(
            credential=ApiKey(CREDENTIAL_HEADER, caller.key) if caller else None,
            workspace=(caller.workspace if caller else None) or settings.workspace,
            api_url=settings.api_url,
            read_login=lambda: None,
        )
        auth._of_caller = True
        return auth

    def __repr__(self) -> str:
        return f"<BlaxelAuth: {self.describe()}>"

    @property
    def workspace(self) -> str | None:
        """The workspace that requests name, once it is known."""
        return self._workspace

    @property
    def identity(self) -> str:
        """Tells identities apart without telling what they are: two with the same one may share an answer."""
        parts = [self._api_url, self._workspace or ""]
        match self._credential:
            case ApiKey(key=key):
                parts += ["api_key", key.get_secret_value()]
            case ClientCredentials(client_id=client_id, client_secret=secret):
                parts += ["client_credentials", client_id.get_secret_value(), secret.get_secret_value()]
            case LoginTokens(access_token=access, refresh_token=refresh):
                parts += ["login_tokens", *(token.get_secret_value() if token else "" for token in (access, refresh))]
            case None:
                parts += ["none"]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def explain(self, error: ApiError) -> ApiError:
        """A refusal, with the advice for who can do something about it: a caller sets no variables here."""
        hint = _FOR_CALLERS.get(error.status) if self._of_caller else None
        return ApiError(error.status, error.message, hint) if hint else error

    def describe(self) -> str:
        """The kind of credential, where it is from and how long its token lasts; never a value."""
        if self._credential is None:
            return "no credential"
        text = f"{self._credential.kind.replace('_', ' ').replace('api', 'API')} from {self._credential.source}"
        if isinstance(self._credential, ApiKey):
            return text
        if self._token is None:
            return f"{text}, no token fetched yet"
        left = self._token.expires_at - self._clock()
        return f"{text}, token valid for {_words(left)}" if left > 0 else f"{text}, token expired {_words(-left)} ago"

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign the request, with a new token first where one is due; after a 401, once more with a newer credential.

        A 401 means that nothing was done, so the repetition is safe for every method. A second 401 stands.
        """
        if _origin(request.url) != _origin(httpx.URL(self._api_url)):
            raise CredentialsError(
                "The Blaxel credential was not sent, because the request was for another address than the Blaxel API.",
                "Check BL_API_URL.",
            )
        rejected: str | None = None
        while True:
            exchange = None
            if not self._is_ready(rejected):
                async with self._renewing:  # whoever waited here finds it ready, and asks no second time
                    exchange = await self._next_exchange(request, rejected)
                    if exchange is not None:
                        answer = yield exchange
                        await self._take_in(answer, rejected)
            bearer = self._bearer()
            if bearer == rejected and exchange is None:
                return  # nothing newer was found: the 401 stands
            request.headers["X-Blaxel-Authorization"] = f"Bearer {bearer}"
            request.headers["X-Blaxel-Workspace"] = self._workspace or ""
            response = yield request
            if response.status_code != httpx.codes.UNAUTHORIZED or rejected is not None:
                return
            rejected = bearer
            response.stream = _Bounded(response, REFUSED_ANSWER_LIMIT)  # httpx reads it whole before the repetition

    def _is_ready(self, rejected: str | None) -> bool:
        """Whether what is at hand can be sent without another step."""
        if self._credential is None or self._workspace is None:
            return False
        if isinstance(self._credential, ApiKey):
            return self._bearer() != rejected
        if self._token is None or self._token.value == rejected:
            return False
        now = self._clock()
        return now < self._token.renew_at or now < min(self._token.expires_at, self._quiet_until)

    def _bearer(self) -> str:
        if isinstance(self._credential, ApiKey):
            return self._credential.key.get_secret_value()
        if self._token is None:  # only if handed a login without any token, which parse_login never makes
            raise CredentialsError("The Blaxel login holds no token.", "Run `bl login`.")
        return self._token.value

    async def _next_exchange(self, request: httpx.Request, rejected: str | None) -> httpx.Request | None:
        """Get ready to sign; answers the token request that this takes, or None if it takes none."""
        if not self._is_ready(rejected):
            await self._read_again()
        if self._credential is None or self._workspace is None:
            raise self._missing()
        if self._is_ready(rejected) or not self._can_renew():
            return None
        if self._clock() < self._refused_until:
            raise self._refusal()
        self._quiet_until = self._clock() + QUIET_SECONDS
        return self._token_request(request, self._credential)

    async def _read_again(self) -> None:
        """Take over what `bl` has written since, where the credential or the workspace is to come from there."""
        if self._credential and self._workspace and not self._credential.from_login:
            return
        text = self._read_login()
        chosen = select_login(text, self._workspace)
        if text is not None and chosen.credential is None:
            await asyncio.sleep(HALF_WRITTEN_PAUSE)
            chosen = select_login(self._read_login(), self._workspace)
        found, problem = chosen.credential, chosen.problem
        if found and chosen.api_url != self._api_url and not self._any_environment:
            problem = f"To use {found.source}, restart blaxel-mcp: it is for another environment."
            found = None
        self._login_problem = problem
        # What cannot be read now is no reason to drop what was read before.
        if found and found != self._credential and (self._credential is None or self._credential.from_login):
            self._adopt(found)
        if self._credential and self._workspace is None:
            self._workspace = chosen.workspace

    def _adopt(self, credential: Credential | None) -> None:
        """Start over with this credential."""
        self._credential = credential
        self._token = None
        self._refused_until = self._quiet_until = 0.0
        if isinstance(credential, LoginTokens) and credential.access_token:
            refresh = credential.refresh_token.get_secret_value() if credential.refresh_token else None
            self._token = tokens.from_login(credential.access_token.get_secret_value(), self._clock(), refresh)

    def _can_renew(self) -> bool:
        match self._credential:
            case ClientCredentials():
                return True
            case LoginTokens(refresh_token=refresh):
                return refresh is not None
            case _:
                return False

    def _token_request(self, request: httpx.Request, credential: Credential) -> httpx.Request:
        """The request that gets a token: same client, same limits on time, nothing of the request it is for."""
        # Identity, because the answer's limit counts bytes as they come and a packed one can unfold to any size.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        headers |= {name: request.headers[name] for name in ("User-Agent", "Blaxel-Version") if name in request.headers}
        body = {"grant_type": "client_credentials"}
        if isinstance(credential, ClientCredentials):
            pair = f"{credential.client_id.get_secret_value()}:{credential.client_secret.get_secret_value()}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif isinstance(credential, LoginTokens):
            body = {"grant_type": "refresh_token", "client_id": "blaxel"}
            body |= {"refresh_token": self._refresh_token(credential)}
            if credential.device_code:
                body |= {"device_code": credential.device_code.get_secret_value()}
        timeouts = {"timeout": request.extensions["timeout"]} if "timeout" in request.extensions else {}
        return httpx.Request("POST", f"{self._api_url}/oauth/token", headers=headers, json=body, extensions=timeouts)

    def _refresh_token(self, credential: LoginTokens) -> str:
        """The newest refresh token: the one of the last answer, else the file's."""
        if self._token and self._token.refresh_token:
            return self._token.refresh_token
        return credential.refresh_token.get_secret_value() if credential.refresh_token else ""

    async def _take_in(self, answer: httpx.Response, rejected: str | None) -> None:
        """Keep the token of an answer, or say why there is none; a valid token at hand outlives a passing failure."""
        packed = answer.headers.get("content-encoding", "identity") != "identity"
        answer.stream = body = _Bounded(answer, 0 if packed else TOKEN_ANSWER_LIMIT)
        await answer.aread()
        if answer.status_code in _REFUSALS:
            self._refused_until, self._quiet_until = self._clock() + REFUSED_SECONDS, 0.0
            raise self._refusal()
        usable = answer.is_success and not body.was_cut
        kept = self._token.refresh_token if self._token else None
        if token := tokens.from_answer(answer.content, self._clock(), kept) if usable else None:
            self._token, self._quiet_until = token, 0.0
            return
        failure = _failure(answer)
        if not self._is_ready(rejected):
            raise failure
        logger.warning("Going on with the token at hand, which is still valid. %s", failure.message)

    def _missing(self) -> CredentialsError:
        message, hint = "The Blaxel workspace is not known.", "Set BL_WORKSPACE and restart blaxel-mcp."
        if self._of_caller:
            hint = f"Send its name in {WORKSPACE_HEADER} with each request."
        if self._credential is None and self._of_caller:
            message, hint = "No Blaxel credential came with the request.", _FOR_CALLERS[401]
        elif self._credential is None:
            message = "No Blaxel credential was found."
            hint = (
                "Set BL_API_KEY and BL_WORKSPACE and restart blaxel-mcp, or run `bl login`; a login needs no restart."
            )
        return CredentialsError(f"{message} {self._login_problem}" if self._login_problem else message, hint)

    def _refusal(self) -> CredentialsError:
        source = self._credential.source if self._credential else ""
        if isinstance(self._credential, LoginTokens):
            message, hint = f"The Blaxel API refused to renew {source}.", "Run `bl login`: the next call picks that up."
        else:
            message = f"The Blaxel API refused to issue a token for the client credentials from {source}."
            hint = "Check their id and secret, or make new ones, and restart blaxel-mcp."
        return CredentialsError(message, hint)


class _Bounded(httpx.AsyncByteStream):
    """The body of a response up to a limit; httpx insists on reading an answer whole before the flow's next request."""

    def __init__(self, response: httpx.Response, limit: int) -> None:
        self._stream = response.stream
        self._left = limit
        self.was_cut = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if not isinstance(self._stream, httpx.AsyncByteStream):
            raise TypeError  # not reachable: an asynchronous client gets asynchronous streams
        async for part in self._stream:
            if len(part) > self._left:
                self.was_cut = True
                return
            self._left -= len(part)
            yield part

    async def aclose(self) -> None:
        if isinstance(self._stream, httpx.AsyncByteStream):
            await self._stream.aclose()


def _failure(answer: httpx.Response) -> BlaxelMcpError:
    """Why an answer to a token request gave no token, when it was not refused."""
    status = answer.status_code
    if answer.is_server_error or status in _PASSING:
        return ApiError(
            status,
            f"The Blaxel API did not issue a token (status {status}).",
            "If it goes on, the Blaxel API is down.",
            transient=True,
            retry_after=tokens.positive(answer.headers.get("retry-after")),
        )
    hint = "Check BL_API_URL and BL_ENV."
    if answer.is_success:
        return AnswerError("The Blaxel API answered a token request with something else than a token.", hint)
    return ApiError(status, f"The Blaxel API did not issue a token (status {status}).", hint)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _words(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {rest}s" if minutes else f"{rest}s"
