"""The program in a shell: error messages, exit codes, and what it says of its surroundings."""

import json
import signal
from pathlib import Path

import pytest
from support.program import Program, account, nobody, run, terminal

from blaxel_mcp.cli import exit_code, read_login
from blaxel_mcp.demo import script
from blaxel_mcp.errors import (
    AnswerError,
    ArgumentError,
    ConfigurationError,
    ConnectionFailedError,
    CredentialsError,
    NotFoundError,
)
from blaxel_mcp.settings import load


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationError(["It is wrong."]), 2),
        (ArgumentError("It is wrong.", "Change it."), 2),
        (NotFoundError(404, "It is not there.", "Look."), 1),
        (ConnectionFailedError("It broke.", "Wait."), 1),
        (AnswerError("It is odd.", "Look."), 1),
    ],
)
def test_exit_codes_tell_api_errors_from_usage_errors(error: Exception, code: int) -> None:
    """1: the API refused or could not be reached. 2: it was not asked, because of the arguments or settings."""
    assert isinstance(error, (ConfigurationError, ArgumentError, NotFoundError, ConnectionFailedError, AnswerError))
    assert exit_code(error, load({}, account("https://api.example/v0"), None)) == code


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"BL_API_KEY": "key", "BL_WORKSPACE": "ws"}, 1),
        ({"BL_API_KEY": "key"}, 2),
        ({"BL_WORKSPACE": "ws"}, 2),
        ({}, 2),
    ],
    ids=["refused", "no workspace", "no key", "nothing"],
)
def test_exit_codes_tell_refused_credentials_from_missing_ones(given: dict[str, str], code: int) -> None:
    """A missing credential or workspace is wrong configuration (2), a refused one an error of the API (1)."""
    assert exit_code(CredentialsError("Said.", "Do."), load({}, given, None)) == code


def test_bad_usage_is_one_line_and_exit_code_2() -> None:
    """Nothing goes to standard output, which belongs to the protocol."""
    assert run("--bogus") == (2, "", "blaxel-mcp: Unknown option --bogus. See blaxel-mcp --help.\n")


def test_all_problems_are_printed_at_once() -> None:
    """One line for each wrong option and variable; the value of a secret is not shown."""
    env = {"BLAXEL_MCP_RAW": "some", "BLAXEL_MCP_TIMEOUT": "0", "BLAXEL_MCP_AUTH_TOKEN": "gehe\tim"}
    code, out, err = run("--transport", "pigeon", "--port", "70000", env=env)
    assert (code, out) == (2, "")
    assert [line.removeprefix("blaxel-mcp: ").split(" ")[0] for line in err.splitlines()] == [
        "--transport",
        "--port",
        "BLAXEL_MCP_AUTH_TOKEN",
        "BLAXEL_MCP_RAW",
        "BLAXEL_MCP_TIMEOUT",
        "See",
    ]
    assert "gehe" not in err


@pytest.mark.slow
def test_the_demo_ignores_the_configured_account() -> None:
    """`get … --demo` answers without an account, whichever is configured; BLAXEL_MCP_ variables still count."""
    mine = {"BL_API_KEY": "mine", "BL_ENV": "nonsense", "BL_CLIENT_CREDENTIALS": "mine", "BL_API_VERSION": "old"}
    code, out, err = run(
        "get", "image-resize", script.FAILED, "--json", "--demo", env=mine | {"BLAXEL_MCP_RAW": "never"}
    )
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert (answer["workspace"], answer["outcome"], "raw" in answer) == (script.WORKSPACE, "failed", False)


@pytest.mark.slow
def test_doctor_says_that_it_is_the_demo() -> None:
    """Of credential, workspace and API, and none of the variables of an account, which `--demo` leaves alone."""
    code, out, err = run("doctor", "--demo", env={"BL_API_KEY": "mine"})
    said = {line[:11].strip(): line[11:] for line in out.splitlines()}
    assert (code, "BL_" in out, err) == (0, False, "")
    assert said["credential"] == "the demo's own (--demo): no account is used"
    assert said["workspace"] == f"{script.WORKSPACE}, the demo's"
    assert said["API"].startswith("the demo's control plane, inside this process: http://127.0.0.1:")
    assert said["call"] == "works"


@pytest.mark.parametrize(
    "content", [None, b"\xff\xfe\x00", b"x: [", b""], ids=["none", "not text", "not YAML", "empty"]
)
def test_a_broken_login_file_does_not_stop_the_program(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings are loaded without a login file and with a broken one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    if content is not None:
        (tmp_path / ".blaxel").mkdir()
        (tmp_path / ".blaxel" / "config.yaml").write_bytes(content)
    assert load({}, {}, read_login()).credential is None


def test_a_server_in_a_terminal_says_that_it_waits_for_a_client() -> None:
    """One line on standard error; Ctrl-C ends the server."""
    with terminal() as (_, keyboard), Program(stdin=keyboard) as program:
        assert program.next_error().startswith("blaxel-mcp waits for an MCP client")
        program.signal(signal.SIGINT)
        assert (program.wait(), program.output(), program.errors().count("\n")) == (130, "", 1)


def test_help_into_a_closed_pipe_is_no_error() -> None:
    """As with `| head`: nothing on standard error, exit code 0."""
    with nobody() as pipe, Program("--help", stdout=pipe) as program:
        assert (program.wait(), program.errors()) == (0, "")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    "line",
    [
        "--help",
        "jobs --help",
        "--version",
        "jobs --demo",
        "get nightly-import --demo --json",
        "get embed-corpus --watch --demo",
        "wait nightly-import --demo",
        "demo",
        "doctor --demo",
        "setup",
        "setup cursor",
        "completion bash",
    ],
)
def test_a_full_disk_is_said_in_one_line(line: str) -> None:
    """With an exit code of its own, which is neither the API's nor wrong usage."""
    with Path("/dev/full").open("w", encoding="utf-8") as full, Program(*line.split(), stdout=full.fileno()) as program:
        said = "blaxel-mcp: Standard output can't be written: No space left on device.\n"
        assert (program.wait(), program.errors()) == (5, said)


@pytest.mark.slow
def test_a_closed_standard_error_does_not_end_the_server() -> None:
    """Logging into a closed pipe changes neither the answers nor the exit code."""
    with nobody() as pipe, Program(stderr=pipe, env={"BLAXEL_MCP_LOG_LEVEL": "DEBUG"}) as program:
        assert program.request("ping") == {"result": {}}
        program.close_input()
        assert program.wait() == 0


@pytest.mark.slow
def test_an_option_for_http_without_transport_is_warned_of() -> None:
    """A variable without effect is not: it may be set for another server of this machine."""
    with Program("--demo", "--port", "8000", env={"BLAXEL_MCP_HOST": "localhost"}) as program:
        program.close_input()
        said = "WARNING blaxel_mcp.cli: --port counts only with --transport http.\n"
        assert (program.wait(), program.errors()) == (0, said)


@pytest.mark.slow
def test_a_misspelt_variable_is_warned_of_at_start() -> None:
    """By every command, without showing the value."""
    code, _, said = run("doctor", "--demo", env={"BLAXEL_MCP_AUTH_TOKN": "hunter2"})
    warning = "BLAXEL_MCP_AUTH_TOKN is no variable of blaxel-mcp. Did you mean BLAXEL_MCP_AUTH_TOKEN?"
    assert (code, said) == (0, f"WARNING blaxel_mcp.cli: {warning}\n")
