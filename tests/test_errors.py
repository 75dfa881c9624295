"""The sentences of the errors, which are the whole text that a user or a model sees."""

import pytest

from blaxel_mcp.errors import (
    AnswerError,
    ApiError,
    ArgumentError,
    BlaxelMcpError,
    ConfigurationError,
    ConnectionFailedError,
    CredentialsError,
    NotFoundError,
    StoppingError,
    is_outcome_unknown,
)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (BlaxelMcpError("It failed.", "Mend it."), "It failed. Trying again unchanged will not help. Mend it."),
        (
            ConnectionFailedError("It was cut.", "Wait.", transient=True),
            "It was cut. Trying again in a moment can help. Wait.",
        ),
        (
            ApiError(429, "Too often.", "Ask less.", transient=True, retry_after=29.6),
            "Too often. Trying again in 30s can help. Ask less.",
        ),
        (
            ApiError(503, "Away.", "Wait.", transient=True, retry_after=0.0),
            "Away. Trying again in 1s can help. Wait.",
        ),
        (
            NotFoundError(404, "No such one.", "Look.", retry_after=5.0),
            "No such one. Trying again unchanged will not help. Look.",
        ),
    ],
)
def test_an_error_says_what_failed_whether_to_try_again_and_what_to_do(error: BlaxelMcpError, text: str) -> None:
    """Three sentences in that order; seconds are only named where trying again can help, and are at least one."""
    assert str(error) == text


def test_a_configuration_error_lists_every_problem() -> None:
    """One line for each, then where to read on."""
    assert str(ConfigurationError(["A is wrong.", "B is wrong."])) == (
        "A is wrong.\nB is wrong.\nSee blaxel-mcp --help."
    )


def test_an_api_error_keeps_its_status() -> None:
    """Whoever retries decides by it."""
    assert (ApiError(502, "", "").status, NotFoundError(404, "", "").status) == (502, 404)


@pytest.mark.parametrize(
    ("error", "unknown"),
    [
        (ApiError(500, "", ""), True),
        (ApiError(503, "", ""), True),
        (ApiError(599, "", ""), True),
        (ApiError(408, "", ""), True),
        (ApiError(499, "", ""), False),
        (ApiError(400, "", ""), False),
        (ApiError(429, "", ""), False),
        (NotFoundError(404, "", ""), False),
        (ConnectionFailedError("", ""), True),
        (ConnectionFailedError("", "", unsent=True), False),
        (StoppingError(), True),
        (StoppingError(unsent=True), False),
        (AnswerError("", ""), True),
        (ArgumentError("", ""), False),
        (CredentialsError("", ""), False),
        (ConfigurationError([]), False),
    ],
    ids=repr,
)
def test_which_errors_leave_the_outcome_of_a_write_unknown(error: BlaxelMcpError, unknown: bool) -> None:  # noqa: FBT001 - a column of the table
    """Whatever was sent and not refused may have been done: whoever repeats it may do it twice."""
    assert is_outcome_unknown(error) is unknown
