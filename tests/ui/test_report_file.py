"""The page as a report in a file: drawn from the data inside it, asking nothing of anyone, running nothing else."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from chromium import AXE, launch
from views import Seen, axe_findings
from workspace import EVIL, HOSTILE_TASKS, JOB, MANY_TASKS, ONE_TASK, SIXTY_TASKS, Workspace, workspace

from blaxel_mcp.demo import script
from blaxel_mcp.ui import report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

VIEW = "get_job_execution_view"
FAILED = {"jobId": "nightly-import", "executionId": script.IMPORT_FAILED}


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """A browser."""
    with launch() as running:
        yield running


@pytest.fixture(scope="module")
def running() -> Iterator[Workspace]:
    """The server that the data comes from."""
    with workspace() as served:
        yield served


@contextmanager
def opened(browser: "Browser", file: Path, html: str, **options: Any) -> Iterator[tuple["Page", Seen]]:
    """A file, opened as by a double click."""
    file.write_text(html, encoding="utf-8")
    with browser.new_context(viewport={"width": 800, "height": 900}, **options) as context:
        page, seen = context.new_page(), Seen()
        seen.watch(page, file.as_uri())
        page.goto(file.as_uri())
        yield page, seen


def of(running: Workspace, *executions: Mapping[str, str]) -> dict[str, Any]:
    """The data of a report of these executions."""
    return {"views": [running.call(VIEW, one) for one in executions], "version": "1.2.3"}


def test_a_report_is_drawn_from_its_own_data(browser: "Browser", running: Workspace, tmp_path: Path) -> None:
    """Verdict, reason, lanes and when it was so; it makes no request and logs nothing."""
    with opened(browser, tmp_path / "report.html", report(of(running, FAILED))) as (page, seen):
        text = page.inner_text("body")
        assert "Failed: 3 of 40 tasks failed, 37 succeeded" in text
        assert page.locator("[data-lane]").count() == 40
        assert "1.2.3" in text
        assert script.IMPORT_FAILED in page.title()
        assert page.get_by_role("button", name="Ask why").count() == 0
        assert seen.problems() == []


def test_a_report_of_two_has_them_on_one_scale(browser: "Browser", running: Workspace, tmp_path: Path) -> None:
    """What differs comes first."""
    two = ({"jobId": JOB, "executionId": name} for name in (SIXTY_TASKS, ONE_TASK))
    args = {"jobId": JOB, "executionId": SIXTY_TASKS, "baselineId": ONE_TASK}
    comparison = running.call("compare_job_executions", args)
    with opened(browser, tmp_path / "two.html", report(of(running, *two) | {"comparison": comparison})) as (page, seen):
        assert page.locator("[data-lane]").count() == 61
        assert page.inner_text("h1")[:40] in comparison["summary"]
        assert seen.problems() == []


def test_nothing_but_its_own_script_runs(browser: "Browser", running: Workspace, tmp_path: Path) -> None:
    """Not if somebody adds a script, a handler or a style to the file: the policy in it has the hashes of its own."""
    added = "<script>injected = 1</script><b onclick='injected = 2'></b><style>main { display: none }</style>"
    html = report(of(running, FAILED)).replace("<main>", f"{added}<main>")
    with opened(browser, tmp_path / "changed.html", html) as (page, seen):
        assert page.evaluate("globalThis.injected") is None
        page.locator("b[onclick]").dispatch_event("click")
        assert page.evaluate("globalThis.injected") is None
        assert page.locator("main").is_visible()
        refused = [line for line in seen.console if "Content Security Policy" in line]
        assert len(refused) >= 3
        assert seen.requests == []


def test_hostile_data_stays_data(browser: "Browser", running: Workspace, tmp_path: Path) -> None:
    """Even if nobody has cleaned it: texts of every kind, in every place where a report has text."""
    data = of(running, {"jobId": JOB, "executionId": HOSTILE_TASKS})
    evil = iter(EVIL * 1000)

    def spoil(value: Any) -> Any:
        match value:
            case str():
                return next(evil)
            case list():
                return [spoil(one) for one in value]
            case dict():
                return {key: spoil(one) for key, one in value.items()}
        return value

    kept = {key: data["views"][0]["answer"][key] for key in ("outcome", "status")}
    spoilt = spoil(data)
    spoilt["views"][0]["answer"] |= kept
    with opened(browser, tmp_path / "hostile.html", report(spoilt)) as (page, seen):
        assert page.evaluate("globalThis.injected") is None
        assert page.locator("img, a, iframe, [onload], [onerror], [onmouseover]").count() == 0
        assert page.locator("style").count() == 1
        assert page.locator("[data-lane]").count() == len(EVIL)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert not set(page.inner_text("body")) & set("\u202d\u202e\u2066\u2067\u2068")
        assert seen.problems() == []


ODD = ("[]", "{}", "null", '{"views":[{}]}', '{"views":[{"answer":null,"timeline":[1]}]}', "{")


@pytest.mark.parametrize("data", ODD)
def test_odd_data_is_no_error(browser: "Browser", tmp_path: Path, data: str) -> None:
    """A file that was cut off or changed by hand shows something and logs nothing."""
    html = report({"views": []}).replace('{"views":[]}', data)
    with opened(browser, tmp_path / "odd.html", html) as (page, seen):
        assert page.inner_text("main").strip()
        assert seen.problems() == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_report_keeps_nobody_out(browser: "Browser", running: Workspace, tmp_path: Path, theme: str) -> None:
    """It follows the reader's own choice of light or dark, and axe-core finds nothing in it."""
    many = {"jobId": JOB, "executionId": MANY_TASKS}
    with opened(browser, tmp_path / "report.html", report(of(running, many)), color_scheme=theme) as (page, seen):
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == theme
        page.evaluate(AXE.read_text(encoding="utf-8"))
        assert axe_findings(page.main_frame) == []
        assert seen.problems() == []


def test_the_data_of_a_report_is_json_that_ends_no_element(running: Workspace) -> None:
    """Whatever is in it, there is no `<` in it."""
    html = report(of(running, {"jobId": JOB, "executionId": HOSTILE_TASKS}) | {"version": "</script><!--"})
    text = html.partition('id="data">')[2].partition("</script>")[0]
    assert "<" not in text
    assert json.loads(text)["version"] == "</script><!--"
