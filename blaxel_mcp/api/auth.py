"""Signs requests to Blaxel: with an API key as it is, or with access tokens that are renewed and kept in memory.

`BlaxelAuth.send` awaits the function that it is handed for each request it needs, the API's or the token endpoint's, so
a token request gets the same connections and limits, and all of it ends with the attempt's timeout.
"""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Self

from pydantic import SecretStr

from blaxel_mcp.api import tokens
from blaxel_mcp.api.callers import CREDENTIAL_HEADER, HINTS, WORKSPACE_HEADER, Caller
from blaxel_mcp.api.wire import Request, Response
from blaxel_mcp.errors import ApiError, BlaxelMcpError, CredentialsError
from blaxel_mcp.login import LOGIN_FILE, ApiKey, Credential, select_login
from blaxel_mcp.settings import Settings

logger = logging.getLogger(__name__)

REFUSED_SECONDS = 5.0
"""How long a refused exchange is remembered, so that a burst of calls asks once."""
QUIET_SECONDS = 30.0
"""How long a valid token is used without another try to renew it after one that got no answer."""
HALF_WRITTEN_PAUSE = 0.05
"""Seconds until the login file is read once more: `bl` truncates it, then writes it."""

RoundTrip = Callable[[Request], Awaitable[Response]]


class BlaxelAuth:
    """One credential for one control plane; signs requests with it and renews its token.

    Args:
        credential: what to sign with. `None` means: look in the login file on each call until there is one.
        workspace: sent with every request, because the API asks for it; `None` means the login's current one.
        api_url: base URL of the control plane; nothing secret is sent to another address.
        read_login: gives the text of the login file, or `None` without one; must not raise.
        clock: seconds since 1970.
        any_environment: whether a login of another environment may be sent to `api_url`, because the user chose that.
        of_caller: whether the credential came with the request, so that hints name headers instead of variables.
    """

    def __init__(
        self,
        *,
        credential: Credential | None,
        workspace: str | None,
        api_url: str,
        read_login: Callable[[], str | None],
        clock: Callable[[], float] = time.time,
        any_environment: bool = False,
        of_caller: bool = False,
    ) -> None:
        self.workspace = workspace
        self._api_url = api_url
        self._read_login = read_login
        self._clock = clock
        self._any_environment = any_environment
        self._of_caller = of_caller
        self._renewing = asyncio.Lock()
        self._identity: tuple[Credential | None, str | None, str] | None = None
        self._credential: Credential | None
        self._token: tokens.Token | None
        self._refused_until: float
        self._quiet_until: float
        self._adopt(credential)

    @classmethod
    def from_settings(cls, settings: Settings, read_login: Callable[[], str | None]) -> Self:
        """The credential of this process."""
        # While there is no credential, the login's current workspace is not settled: `bl login` may change it.
        settled = settings.credential is not None or settings.workspace_from != LOGIN_FILE
        return cls(
            credential=settings.credential,
            workspace=settings.workspace if settled else None,
            api_url=settings.api_url,
            read_login=read_login,
            any_environment=settings.api_url_given,
        )

    @classmethod
    def for_caller(cls, caller: Caller | None, settings: Settings) -> Self:
        """The credential of one caller of many: no credential of this machine's stands in for a missing one."""
        return cls(
            credential=ApiKey(CREDENTIAL_HEADER, caller.key) if caller else None,
            workspace=(caller.workspace if caller else None) or settings.workspace,
            api_url=settings.api_url,
            read_login=lambda: None,
            of_caller=True,
        )

    @property
    def identity(self) -> str:
        """A digest of credential, workspace and address; two callers with the same one may share an answer."""
        known = self._identity
        if known is not None and known[0] is self._credential and known[1] == self.workspace:
            return known[2]
        parts = [self._api_url, self.workspace or ""]
        for name, value in vars(self._credential).items() if self._credential else ():
            if isinstance(value, SecretStr):
                parts += [name, value.get_secret_value()]
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
        self._identity = self._credential, self.workspace, digest
        return digest

    def explain(self, error: BlaxelMcpError) -> None:
        """Set a hint for whoever brought the credential: a caller sets no variables of this process."""
        if self._of_caller and isinstance(error, ApiError):
            error.hint = HINTS.get(error.status, error.hint)

    async def send(self, request: Request, round_trip: RoundTrip) -> Response:
        """Sign a request and send it with `round_trip`, after renewing the token if that is due.

        A 401 means that nothing was done, so after one any request is sent once more, if there is a newer credential.
        A second 401 is the answer.

        Raises:
            BlaxelMcpError: there is no credential, its token could not be had, or `round_trip` failed.
        """
        # By the text, not by parts of the URL: what follows the slash cannot change the origin, whoever parses it.
        if not request.url.startswith(f"{self._api_url}/"):
            raise CredentialsError(
                "The Blaxel credential was not sent, because the request was for another address than the Blaxel API.",
                "Check BL_API_URL.",
            )
        token = await self._current_token(round_trip)
        response = await round_trip(self._signed(request, token))
        if response.status != 401:  # noqa: PLR2004
            return response
        newer = await self._current_token(round_trip, rejected=token)
        return response if newer == token else await round_trip(self._signed(request, newer))

    def _signed(self, request: Request, token: str) -> Request:
        ours = {"X-Blaxel-Authorization": f"Bearer {token}", "X-Blaxel-Workspace": self.workspace or ""}
        return replace(request, headers={**request.headers, **ours})

    async def _current_token(self, round_trip: RoundTrip, rejected: str | None = None) -> str:
        """The API key or access token to send, another one than `rejected` if any can be had."""
        if not self._is_usable(rejected):
            async with self._renewing:  # whoever waited here finds the token renewed
                if not self._is_usable(rejected):
                    await self._renew(round_trip, rejected)
        if self._token is None:  # only if handed a login without any token, which parse_login never makes
            raise CredentialsError("The Blaxel login holds no token.", "Run `bl login`.")
        return self._token.value

    def _is_usable(self, rejected: str | None) -> bool:
        """Whether the present token can be sent without reading the login file or renewing the token first."""
        if self._token is None or self.workspace is None or self._token.value == rejected:
            return False
        now = self._clock()
        return now < self._token.renew_at or now < min(self._token.expires_at, self._quiet_until)

    async def _renew(self, round_trip: RoundTrip, rejected: str | None) -> None:
        """Read the login file again, and exchange the credential for a token where that is still needed.

        If the exchange fails without being refused, a token that is still valid stays in use.
        """
        login_problem = await self._read_login_again()
        credential = self._credential
        if credential is None or self.workspace is None:
            raise self._missing(login_problem)
        if self._is_usable(rejected) or not tokens.is_renewable(credential):
            return
        if self._clock() < self._refused_until:
            raise tokens.refusal(credential)
        # Counts as unanswered until it was answered: an exchange that is cancelled says nothing when it ends.
        self._quiet_until = self._clock() + QUIET_SECONDS
        refresh = self._token.refresh_token if self._token else None
        try:
            response = await round_trip(tokens.token_request(credential, refresh, self._api_url))
            self._token = tokens.parse_token_response(response, credential, refresh, self._clock())
        except CredentialsError:
            self._refused_until, self._quiet_until = self._clock() + REFUSED_SECONDS, 0.0
            raise
        except BlaxelMcpError as error:
            if not self._is_usable(rejected):
                raise
            logger.warning("The Blaxel token was not renewed; the present one is still valid. %s", error.message)
        else:
            self._quiet_until = 0.0

    async def _read_login_again(self) -> str | None:
        """Take credential and workspace from the login file, as far as they are not settled by other settings.

        Returns:
            Why the file gave no credential, for the error that says so; `None` if it did, or was not needed.
        """
        if self._credential and self.workspace and not self._credential.from_login:
            return None
        text = self._read_login()
        chosen = select_login(text, self.workspace)
        if text is not None and chosen.credential is None:
            await asyncio.sleep(HALF_WRITTEN_PAUSE)
            chosen = select_login(self._read_login(), self.workspace)
        found, problem = chosen.credential, chosen.problem
        if found and chosen.api_url != self._api_url and not self._any_environment:
            problem = f"To use {found.source}, restart blaxel-mcp: it is for another environment."
            found = None
        # What cannot be read now is no reason to drop what was read before.
        if found and found != self._credential and (self._credential is None or self._credential.from_login):
            self._adopt(found)
        if self._credential and self.workspace is None:
            self.workspace = chosen.workspace
        return problem

    def _adopt(self, credential: Credential | None) -> None:
        """Use this credential from now on, and forget the tokens and failures of the previous one."""
        self._credential = credential
        self._token = tokens.initial_token(credential, self._clock())
        self._refused_until = self._quiet_until = 0.0

    def _missing(self, login_problem: str | None) -> CredentialsError:
        """The error for a credential or a workspace that is not there, and what is wrong with the login file."""
        message, hint = "The Blaxel workspace is not known.", "Set BL_WORKSPACE and restart blaxel-mcp."
        if self._of_caller:
            hint = f"Send its name in {WORKSPACE_HEADER} with each request."
        if self._credential is None and self._of_caller:
            message, hint = "No Blaxel credential came with the request.", HINTS[401]
        elif self._credential is None:
            message = "No Blaxel credential was found."
            hint = (
                "Set BL_API_KEY and BL_WORKSPACE and restart blaxel-mcp, or run `bl login`; a login needs no restart."
            )
        return CredentialsError(f"{message} {login_problem}" if login_problem else message, hint)
