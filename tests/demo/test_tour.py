"""`blaxel-mcp demo`: what a newcomer sees first."""

import re
from pathlib import Path

from program import Program, run, terminal

from blaxel_mcp.demo.script import SHOWN


def test_it_shows_four_questions_calls_and_answers(tmp_path: Path) -> None:
    """From any folder, whatever lies there and whatever is configured; without escape codes when not on a terminal."""
    (tmp_path / "mcp.py").write_text("raise SystemExit('the wrong module')", encoding="utf-8")
    (tmp_path / "blaxel_mcp.py").write_text("raise SystemExit('the wrong module')", encoding="utf-8")
    env = {"BLAXEL_MCP_TRANSPORT": "http", "BL_API_URL": "https://api.invalid/v0", "PYTHONSAFEPATH": "1"}
    code, out, err = run("demo", env=env, cwd=tmp_path)
    assert (code, err) == (0, "")
    for question, job, execution in SHOWN:
        assert f'\n{question}\n  get_job_execution {{"jobId": "{job}", "executionId": "{execution}"}}\n  ' in out
    verdicts = re.findall(r"^  get_job_execution .*\n  (\w+)", out, re.MULTILINE)
    assert verdicts == ["Succeeded", "Failed", "Running", "Not"]
    assert "\x1b" not in out


def test_it_has_colours_on_a_terminal() -> None:
    """Questions stand out, calls stand back."""
    with terminal() as (screen, theirs), Program("demo", env={"TERM": "xterm"}, stdout=theirs) as program:
        assert screen.readline().startswith(b"Four questions")
        assert screen.readline() == b"\r\n"
        assert screen.readline() == f"\x1b[1m{SHOWN[0][0]}\x1b[0m\r\n".encode()
        assert screen.readline().startswith(b"\x1b[2m  get_job_execution")
        assert (program.wait(), program.errors()) == (0, "")
