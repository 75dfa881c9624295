"""`blaxel-mcp demo`: what a newcomer sees first."""

import re
from pathlib import Path

import pytest
from support.program import Program, run, side_by_side, terminal

from blaxel_mcp.demo.script import SHOWN

pytestmark = pytest.mark.slow


def on_a_terminal() -> tuple[int, str, str]:
    """Exit code, what is shown on a terminal to the beginning of the first answer, and errors."""
    with terminal() as (screen, theirs), Program("demo", env={"TERM": "xterm"}, stdout=theirs) as program:
        shown = b"".join(screen.readline() for _ in range(4))
        return program.wait(), shown.decode(), program.errors()


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str]]:
    """In a pipe, from a folder with misleading files and with misleading variables; and on a terminal."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "json.py").write_text("raise SystemExit('the wrong module')", encoding="utf-8")
    env = {"BLAXEL_MCP_TRANSPORT": "http", "BL_API_URL": "https://api.invalid/v0", "PYTHONSAFEPATH": "1"}
    return side_by_side({"pipe": lambda: run("demo", env=env, cwd=Path(folder)), "terminal": on_a_terminal})


def test_it_shows_four_questions_calls_and_answers(shown: dict[str, tuple[int, str, str]]) -> None:
    """From any folder, whatever lies there and whatever is configured; no escape codes where there is no terminal."""
    code, out, err = shown["pipe"]
    assert (code, err) == (0, "")
    for question, job, execution in SHOWN:
        assert f'\n{question}\n  get_job_execution {{"jobId": "{job}", "executionId": "{execution}"}}\n  ' in out
    assert re.findall(r"^  get_job_execution .*\n  (\w+)", out, re.MULTILINE) == [
        "Succeeded",
        "Failed",
        "Running",
        "Not",
    ]
    assert "\x1b" not in out


def test_it_has_colours_on_a_terminal(shown: dict[str, tuple[int, str, str]]) -> None:
    """Questions stand out, calls stand back."""
    code, out, err = shown["terminal"]
    assert (code, err) == (0, "")
    first, empty, question, call = out.splitlines()
    assert (first[:14], empty, question) == ("Four questions", "", f"\x1b[1m{SHOWN[0][0]}\x1b[0m")
    assert call.startswith("\x1b[2m  get_job_execution")
