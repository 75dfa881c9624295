"""Writes that got no clear answer: they may have taken effect all the same."""

from blaxel_mcp.errors import AnswerError, ApiError, BlaxelMcpError, ConnectionFailedError


class UnclearError(BlaxelMcpError):
    """Whether it took effect is not known, and so neither is what sending it again would do, but for these words."""

    def __init__(self, error: BlaxelMcpError, unknown: str, again: str, advice: str) -> None:
        super().__init__(f"{error.what} {unknown}", advice)
        self._again = again

    @property
    def again(self) -> str:
        """What trying again would do."""
        return self._again


def is_unclear(error: BlaxelMcpError) -> bool:
    """Whether the request may have been acted on; a refusal says that it was not."""
    if isinstance(error, ApiError):
        return error.status >= 500 or error.status == 408  # noqa: PLR2004 - server errors, RFC 9110; and its timeout
    if isinstance(error, ConnectionFailedError):
        return not error.unsent
    return isinstance(error, AnswerError)
