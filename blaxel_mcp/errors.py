"""Every error as one tree, split by what the reader can do next. This module imports nothing of the package.

Each error says what failed, whether trying again can help, and the one thing to do, in plain words that
are safe to show: never an upstream body, never a credential. Errors of httpx become these in
`api/network_errors.py`; these become tool results in `tools/results.py`.
"""


class BlaxelMcpError(Exception):
    """Base of every error here; `str()` is the whole text that a user or a model sees.

    Attributes:
        message: what failed, one or two sentences.
        hint: the one thing to do, one sentence.
        transient: whether the very same call may succeed when it is repeated.
        retry_after: seconds the API asked us to wait, if it did.
        unsent: whether it is certain that the call was not sent, so that nothing can have been done.
        own_request_id: the id that the API gave the request, if this error is made from its answer.
    """

    unsent = False
    own_request_id: str | None = None

    def __init__(self, message: str, hint: str, *, transient: bool = False, retry_after: float | None = None) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint
        self.transient = transient
        self.retry_after = retry_after

    @property
    def retry_hint(self) -> str:
        """Whether trying again can help, as a sentence."""
        if not self.transient:
            return "Trying again unchanged will not help."
        if self.retry_after is not None:
            return f"Trying again in {max(1, round(self.retry_after))}s can help."
        return "Trying again in a moment can help."

    @property
    def request_id(self) -> str | None:
        """The id of the request that failed, from this error or else from the one that it was raised to explain."""
        error: BaseException | None = self
        while error is not None:
            if isinstance(error, BlaxelMcpError) and error.own_request_id:
                return error.own_request_id
            error = error.__cause__ or error.__context__
        return None

    @property
    def ending(self) -> str:
        """The sentence at the end that quotes the request id, which Blaxel's support asks for; else empty."""
        return f" Blaxel's request id is {self.request_id}." if self.request_id else ""

    def __str__(self) -> str:
        return f"{self.message} {self.retry_hint} {self.hint}{self.ending}"


class ConfigurationError(BlaxelMcpError):
    """Options, variables or the login file are wrong; lists every problem at once. Exit code 2."""

    def __init__(self, problems: list[str], hint: str = "See blaxel-mcp --help.") -> None:
        self.problems = problems
        super().__init__("\n".join(problems), hint)

    def __str__(self) -> str:
        return "\n".join([*self.problems, self.hint])


class ArgumentError(BlaxelMcpError):
    """An argument was refused here; nothing was sent."""


class CredentialsError(BlaxelMcpError):
    """There is no credential, or the API refused to exchange or renew it."""


class ApiError(BlaxelMcpError):
    """The API answered with a status that is not success."""

    def __init__(
        self,
        status: int,
        message: str,
        hint: str,
        *,
        transient: bool = False,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, hint, transient=transient, retry_after=retry_after)
        self.status = status
        self.own_request_id = request_id


class NotFoundError(ApiError):
    """A 404: there is no such job, execution or workspace; the API does not reliably say which."""


class ConnectionFailedError(BlaxelMcpError):
    """No whole answer arrived: DNS, refused, TLS, timeout, cut connection."""

    def __init__(self, message: str, hint: str, *, transient: bool = False, unsent: bool = False) -> None:
        super().__init__(message, hint, transient=transient)
        self.unsent = unsent


class StoppingError(ConnectionFailedError):
    """This process is told to end, and gave the call up."""

    def __init__(self, *, unsent: bool = False) -> None:
        message = "blaxel-mcp is shutting down and gave the call up."
        super().__init__(message, "Ask again, once it is back.", transient=True, unsent=unsent)


class AnswerError(BlaxelMcpError):
    """An answer arrived but cannot be used: redirect, too large, not JSON, not an object."""


class OutcomeUnknownError(BlaxelMcpError):
    """A write that may or may not have taken effect; `retry_hint` says what sending it again would do."""

    def __init__(self, error: BlaxelMcpError, unknown: str, retry_hint: str, hint: str) -> None:
        super().__init__(f"{error.message} {unknown}", hint)
        self._retry_hint = retry_hint

    @property
    def retry_hint(self) -> str:
        """What trying again would do, as a sentence."""
        return self._retry_hint


def is_outcome_unknown(error: BlaxelMcpError) -> bool:
    """Whether the API may have acted on the call that failed with this error; a refusal says that it did not."""
    if error.unsent:
        return False
    if isinstance(error, ApiError):
        return error.status >= 500 or error.status == 408  # noqa: PLR2004 - server errors, RFC 9110; and its timeout
    return isinstance(error, ConnectionFailedError | AnswerError)
