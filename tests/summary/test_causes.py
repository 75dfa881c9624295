"""The table of causes: what each row recognises, and what looks like it but is not."""

import pytest

from blaxel_mcp.summary.causes import TABLE, Cause, classify

# (cause, words that a row must recognise in a reason, what it must recognise in a message)
ROWS: tuple[tuple[Cause, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        "out_of_memory",
        ("OOMKilled", "OOM_KILLED", "OutOfMemory", "OUT_OF_MEMORY", "outofmemory", "OOM", "MemoryLimitExceeded"),
        (
            "Memory limit of 2048 MiB exceeded with 2101 MiB used",
            "The container exited with code 137: out of memory on shard 17",
            "Container was OOMKilled",
            "MemoryError",
            "fork: Cannot allocate memory",
            "terminate called after throwing an instance of 'std::bad_alloc'",
            "exceeded its memory limit",
        ),
    ),
    (
        "timed_out",
        ("Timeout", "TaskTimeout", "TIMED_OUT", "DeadlineExceeded", "TASK_TIMED_OUT"),
        (
            "Task timed out after 600s",
            "task task-17 timed out",
            "Execution exceeded its timeout of 600 seconds",
            "Terminating task because it has reached the maximum timeout of 600 seconds",
            "The configured timeout was reached.",
            "job did not finish within the time limit",
        ),
    ),
    (
        "image",
        ("ImagePullBackOff", "ErrImagePull", "IMAGE_NOT_FOUND", "ContainerMissing"),
        (
            "failed to pull image registry.example/app:1",
            "Image 'registry.example/app:1' not found",
            "manifest unknown",
            "exec format error",
            "container image is not found",
        ),
    ),
    (
        "configuration",
        ("InvalidConfiguration", "PERMISSION_DENIED", "SecretsAccessCheckFailed", "CreateContainerConfigError"),
        (
            "missing required environment variable DATABASE_URL",
            "environment variable API_URL is not set",
            "secret db-password not found",
            "invalid entrypoint",
            "python4: executable file not found in $PATH",
        ),
    ),
    (
        "cancelled",
        ("CANCELLED", "Cancelling", "Canceled", "DELETED"),
        ("cancelled by user", "The execution was cancelled", "task has been canceled"),
    ),
    (
        "platform",
        ("InternalError", "JOB_STATUS_SERVICE_POLLING_ERROR", "Preempted", "Evicted", "NodeLost"),
        ("internal error of the platform", "the node was preempted", "host rebooted"),
    ),
    (
        "signal",
        ("SIGKILL", "Signal", "SIGNAL_RECEIVED"),
        (
            "exited with code 137",
            "Process exited with exit code: 143",
            "terminated by signal 9",
            "signal: killed",
            "received SIGTERM",
            "Segmentation fault (core dumped)",
        ),
    ),
    (
        "exit_code",
        ("NonZeroExitCode", "NON_ZERO_EXIT_CODE", "ExitCode"),
        (
            "The container exited with code 1: ValueError",
            "exit status 2",
            "exit code: 255",
            "exitCode=3",
            "The container exited with a non-zero exit code",
            "exited with code 1: could not connect, connection timed out",
        ),
    ),
)


@pytest.mark.parametrize(("cause", "word"), [(cause, word) for cause, words, _ in ROWS for word in words])
def test_a_reason_tells_the_cause_however_it_is_spelled(cause: Cause, word: str) -> None:
    """CamelCase, UPPER_CASE and plain words of a reason are one and the same."""
    assert classify([word], "") == cause


@pytest.mark.parametrize(("cause", "message"), [(cause, text) for cause, _, texts in ROWS for text in texts])
def test_a_message_tells_the_cause(cause: Cause, message: str) -> None:
    """A message is enough where there is no reason."""
    assert classify([], message) == cause


def test_every_row_of_the_table_is_tested() -> None:
    """A row that is added without examples fails here."""
    assert [row.cause for row in TABLE] == [cause for cause, _, _ in ROWS]


@pytest.mark.parametrize(
    "message",
    [
        "",
        "psycopg.OperationalError: connection timed out",
        "ReadTimeout: the read operation timed out",
        "database job queue connection timed out",
        "httpx.ConnectTimeout: timeout expired",
        "Image file photo.png not found",
        "cannot identify image file",
        "zoom level out of range",
        "the room is full",
        "memory limit is 2048 MB",
        "exited with code 0",
        "secretary not available",
        "user cancelled nothing in particular today",
        "ValueError: loss is nan",
    ],
)
def test_what_no_row_is_sure_of_is_unknown(message: str) -> None:
    """A harmless message that only looks like a cause is never guessed at."""
    assert classify([], message) == "unknown"


@pytest.mark.parametrize(
    "word", ["Completed", "BathroomError", "Started", "Retry", "Imagination", "DELAYED_START_PENDING"]
)
def test_a_word_that_only_contains_another_is_unknown(word: str) -> None:
    """Reasons are read by whole words."""
    assert classify([word], "") == "unknown"


def test_exit_code_137_alone_is_a_signal_and_no_proof_of_memory_trouble() -> None:
    """SIGKILL can have many senders."""
    assert classify(["NonZeroExitCode"], "The container exited with code 137") == "signal"


def test_the_first_matching_row_wins() -> None:
    """Out of memory says more than the exit code that came of it."""
    assert classify(
        ["NON_ZERO_EXIT_CODE", "Completed"], "exited with code 1: java.lang.OutOfMemoryError: out of memory"
    ) == ("out_of_memory")
