"""`get --html FILE`, `--open` and `demo --html FILE`: a page with the data inside."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from support.program import run

from blaxel_mcp import __version__
from blaxel_mcp.demo import script

IMPORT = ("get", "--demo", "nightly-import", script.IMPORT_FAILED)


def data(file: Path) -> Any:
    """The data inside a page."""
    html = file.read_text(encoding="utf-8")
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    return json.loads(text)


@pytest.mark.slow
def test_get_writes_a_page_beside_its_answer(tmp_path: Path) -> None:
    """Standard output is as without it, also with --json; where the page is stands on standard error."""
    file = tmp_path / "page.html"
    code, output, errors = run(*IMPORT, "--json", "--html", str(file))
    assert (code, errors) == (0, f"The page is in {file}.\n")
    (view,) = data(file)["views"]
    assert view["answer"]["executionId"] == json.loads(output)["executionId"] == script.IMPORT_FAILED
    assert view["answer"]["failures"] == json.loads(output)["failures"]
    assert "raw" not in view["answer"]
    assert view["timeline"]["tasks"] == 40
    assert data(file)["version"] == __version__


@pytest.mark.slow
def test_a_quiet_get_does_not_say_where_the_page_is(tmp_path: Path) -> None:
    """Whoever asked for it has named the file."""
    file = tmp_path / "page.html"
    code, output, errors = run(*IMPORT, "--quiet", "--html", str(file))
    assert (code, errors) == (0, "")
    assert "Next: " not in output
    assert len(data(file)["views"]) == 1


@pytest.mark.slow
def test_latest_is_the_execution_that_the_answer_is_about(tmp_path: Path) -> None:
    """A file that is there is replaced."""
    file = tmp_path / "page.html"
    file.write_text("old")
    code, output, _ = run("get", "--demo", "load-test", "latest failed", "--html", str(file))
    assert code == 0
    (view,) = data(file)["views"]
    assert f'"{view["answer"]["executionId"]}"' in output
    assert (view["timeline"]["tasks"], view["timeline"]["lanesOmitted"]) == (1_000, 976)
    assert "unread" not in view["timeline"]


@pytest.mark.slow
def test_the_demo_writes_its_four_executions(tmp_path: Path) -> None:
    """As the server gives them to a host that draws pages."""
    file = tmp_path / "page.html"
    code, output, errors = run("demo", "--html", str(file))
    assert (code, errors) == (0, f"The page is in {file}.\n")
    shown = [view["answer"] for view in data(file)["views"]]
    assert [(one["jobId"], one["executionId"]) for one in shown] == [ids[1:] for ids in script.SHOWN]
    assert "Did last night's report finish?" in output


@pytest.mark.slow
@pytest.mark.parametrize("name", ["", "{}", "{}/missing/page.html", "{}/pipe", "{}/" + "x" * 300])
def test_a_page_that_cannot_be_written_is_an_error_before_anything_is_asked(tmp_path: Path, name: str) -> None:
    """Nothing, a folder, a file in none, a pipe that nobody may read, a name that is too long."""
    os.mkfifo(tmp_path / "pipe")
    code, output, errors = run(*IMPORT, "--html", name.format(tmp_path))
    assert (code, output) == (2, "")
    assert re.fullmatch(r"blaxel-mcp: --html .+\. See blaxel-mcp --help\.\n", errors)


@pytest.mark.slow
@pytest.mark.parametrize("desktop", [True, False])
def test_the_page_is_opened_where_there_is_a_desktop(tmp_path: Path, *, desktop: bool) -> None:
    """Without a name it is a temporary file; without a desktop nothing is started."""
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}\n')
    browser.chmod(0o755)
    variables = {"BROWSER": str(browser), "TMPDIR": str(tmp_path)} | ({"DISPLAY": ":0"} if desktop else {})
    code, _, errors = run(*IMPORT, "--open", env=variables)
    assert code == 0
    (file,) = tmp_path.glob("blaxel-mcp-*/execution.html")
    assert errors == f"The page is in {file}{'' if desktop else '; no browser could be opened'}.\n"
    assert data(file)["views"]
    assert opened.exists() == desktop
    if desktop:
        assert opened.read_text() == file.as_uri()
