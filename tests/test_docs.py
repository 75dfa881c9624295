"""The README against the program: examples, tables, commands and links."""

import argparse
import asyncio
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import clients.rows
import clients.table
import pytest
from support import pages
from support.program import environment

import blaxel_mcp
from blaxel_mcp.api.auth import BlaxelAuth
from blaxel_mcp.api.client import Session, Upstream
from blaxel_mcp.command_line import TOOLS, build_parser, parse
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.settings import VARIABLES, load
from blaxel_mcp.setup.clients import CLIENTS
from blaxel_mcp.setup.links import install_links
from blaxel_mcp.tools.context import AppContext
from blaxel_mcp.tools.get_execution import answer_for
from blaxel_mcp.tools.registry import select
from blaxel_mcp.tools.spec import FOR_VIEWS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = ROOT / "docs"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def blocks(language: str) -> list[str]:
    """The README's fenced blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def answer(job: str, execution: str) -> str:
    """What the program says of a demo execution at nine o'clock."""

    async def ask(url: str) -> str:
        settings = load({}, {"BL_API_URL": url, "BL_API_KEY": script.API_KEY, "BL_WORKSPACE": script.WORKSPACE}, None)
        auth = BlaxelAuth.from_settings(settings, lambda: None)
        upstream = Upstream(api_url=url, api_version=settings.api_version, timeout=60)
        try:
            session = Session(upstream, auth)
            app = AppContext(lambda _: session, lambda: NOW)
            return (await answer_for(session, app, job, execution))["summary"]
        finally:
            await upstream.aclose()

    with control_plane.serve(control_plane.build_app(clock=lambda: NOW)) as url:
        return asyncio.run(ask(url))


def test_the_first_answer_is_what_the_program_prints() -> None:
    """Question, and the answer word for word, as the demo prints them."""
    question, job, execution = script.SHOWN[1]
    wrapped = textwrap.fill(answer(job, execution), pages.WIDTH, break_on_hyphens=False)
    assert f"> **{question}**\n\n```text\n{wrapped}\n```" in README


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    """Whether generated pages are to be written anew."""
    return bool(request.config.getoption("--update-docs"))


def with_rows(page: str, heading: str, rows: list[str]) -> str:
    """A page with these rows in the first table below a heading."""
    before, after = page.split(f"## {heading}\n")
    table = re.compile(r"^(\| .*\n\| ---.*\n)(?:\| .*\n)+", re.MULTILINE)
    body = "".join(f"{row}\n" for row in rows)
    return f"{before}## {heading}\n" + table.sub(lambda found: found[1] + body, after, count=1)


def test_the_page_of_tools_is_the_programs(*, update: bool) -> None:
    """Descriptions and arguments as listed, and answers word for word; `--update-docs` writes it."""
    page = pages.render_tools()
    assert [*pages.CALLS] == [tool.name for tool in pages.tools()]
    if update:
        (DOCS / "tools.md").write_text(page, encoding="utf-8")
    assert (DOCS / "tools.md").read_text(encoding="utf-8") == page


@pytest.mark.parametrize("tool", TOOLS.values())
def test_the_commands_on_the_page_of_tools_ask_the_same(tool: str) -> None:
    """Parsed as the program does, they are the tool's command with the call's own arguments."""
    for _, arguments in pages.CALLS[tool]:
        program, *words = shlex.split(pages.shell_command(tool, arguments))
        command = parse(words)
        assert (program, TOOLS[command.name]) == ("blaxel-mcp", tool)
        assert {**command.arguments, **arguments} == command.arguments


def test_the_tables_of_configuration_are_the_programs(*, update: bool) -> None:
    """Each option; each variable with what it means, what is allowed and its default. `--update-docs` writes them."""
    file = DOCS / "configuration.md"
    page = with_rows(file.read_text(encoding="utf-8"), "Options", pages.render_options())
    page = with_rows(page, "Variables", pages.render_variables())
    if update:
        file.write_text(page, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == page


def test_the_variables_in_the_readme_are_the_programs() -> None:
    """Each that it names exists."""
    named = set(re.findall(r"`((?:BL|BLAXEL_MCP)_[A-Z_]+)\b", README))
    assert named >= {"BL_API_KEY", "BL_WORKSPACE", "BLAXEL_MCP_RAW"}
    assert named <= {*VARIABLES}


def test_the_tools_table_is_the_programs() -> None:
    """Each tool stands in the table with its description, in its order, and no other does."""
    tools = [tool for tool in select(allow_writes=True) if tool.meta != FOR_VIEWS]  # models are not shown that one
    rows = [f"| `{tool.name}` | {tool.description} |" for tool in tools]
    assert [line for line in README.splitlines() if re.match(r"\| `[a-z]+_", line)] == rows


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its commands."""
    yield parser
    for action in parser._actions:  # argparse has no other way to ask for them
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


def help_of(parser: argparse.ArgumentParser) -> str:
    """The names of its options."""
    return " ".join(parser._option_string_actions)


def test_options_in_the_readme_exist() -> None:
    """Every option that the README names is one of the program's or of the tools it is used with."""
    ours = {*re.findall(r"(?<![\w-])--[a-z][a-z-]+", " ".join(map(help_of, parsers(build_parser()))))}
    others = {"--scope", "--extra"}
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))
    assert used - ours == others


def test_the_clients_that_setup_knows_are_named() -> None:
    """In the README, by what `setup` takes for each, in its order."""
    sentence = re.search(r"where CLIENT is (.*?):\n", README, re.DOTALL)
    assert sentence
    assert re.findall(r"`([a-z-]+)`", sentence[1]) == [client.name for client in CLIENTS]


def test_the_install_links_are_the_programs() -> None:
    """They install what `setup` would write for the published package, and stand in the part about that."""
    links = {name: url for name, url in install_links().items() if url.startswith("https://")}
    published = README.partition("<!-- published -->")[2].partition("<!-- /published -->")[0]
    assert re.findall(r"\]\((https://[^)]*install[^)]*)\)", published) == [*links.values()]


def test_what_clients_give_their_model_is_what_was_seen() -> None:
    """The table is made of the records that tests/clients/run.py keeps."""
    rows = clients.rows.read(clients.rows.FILE.read_text(encoding="utf-8"))
    short = clients.table.short(rows, clients.table.read_records())
    assert clients.table.put(README, clients.table.SHORT, short) == README
    assert f"<!-- {clients.table.SHORT} -->\n| " in README


def test_set_up_is_two_commands() -> None:
    """One line installs and shows the demo, one installs and tests; .ci/run takes the second from here."""
    commands = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("python3 -m venv")]
    assert [command.split(" && ")[-1] for command in commands] == [".venv/bin/blaxel-mcp demo", ".venv/bin/pytest -q"]
    assert "<!-- test-command -->" in README


def test_it_is_short() -> None:
    """Under 250 lines, of which the examples are a third."""
    assert len(README.splitlines()) < 250


def test_modules_that_the_design_names_exist() -> None:
    """Every module or folder of the package that docs/design.md names is there."""
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    layers = "api|summary|tools|transports|telemetry|demo"
    named = set(re.findall(rf"`(?:blaxel_mcp/)?((?:{layers})/[a-z_]*)`", design))
    assert named >= {"api/client", "summary/", "tools/find", "transports/app"}
    package = Path(blaxel_mcp.__file__).parent
    assert [
        name for name in sorted(named) if not ((package / name).is_dir() or (package / f"{name}.py").exists())
    ] == []


def test_every_promise_of_security_names_tests_that_exist() -> None:
    """Each row of the threat model names at least one, by file and function."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    rows = [
        line for line in text.splitlines() if line.startswith("| ") and not line.startswith(("| promised", "| ---"))
    ]
    assert len(rows) > 25
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", row.split(" | ")[1])
        assert named, row
        for file, function in named:
            assert re.search(rf"^def {function}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), function


def test_the_comparison_says_as_of_when() -> None:
    """A day, and the versions that the README says were run."""
    text = (DOCS / "comparison.md").read_text(encoding="utf-8")
    assert re.search(r"read last on \d{4}-\d\d-\d\d;", text)
    for package, version in re.findall(r"`(blaxel|@blaxel/core)` (\d+\.\d+\.\d+)", README):
        assert f"`{package}` {version}" in text


def test_the_comparison_names_what_this_server_has() -> None:
    """Each row about executions stands for a tool that exists, by whether it changes something."""
    rows = {
        "get one execution": "get_job_execution",
        "list executions": "list_job_executions",
        "list tasks": "list_job_execution_tasks",
        "logs of a job": "get_job_execution_logs",
        "compare two executions": "compare_job_executions",
        "wait until it is done": "wait_for_job_execution",
        "start an execution": "run_job",
        "cancel an execution": "cancel_job_execution",
    }
    text = (DOCS / "comparison.md").read_text(encoding="utf-8")
    assert {*rows.values(), "list_jobs"} == {tool.name for tool in pages.tools()}
    reading = {tool.name for tool in select(allow_writes=False)}
    for row, tool in rows.items():
        (cell,) = re.findall(rf"^\| {row} \| ([^|]+) \|", text, re.MULTILINE)
        assert (cell == "with `--allow-writes`") == (tool not in reading)


def test_the_skill_that_the_readme_names_exists() -> None:
    """By its folder, which has the skill's name."""
    (name,) = re.findall(r"offered a skill, `([a-z-]+)`", README)
    assert (Path(blaxel_mcp.__file__).parent / "skills" / name / "SKILL.md").is_file()


@pytest.mark.slow
def test_the_program_for_the_sdks_client_runs(tmp_path: Path) -> None:
    """As it is printed, where the program is on the PATH."""
    section = (DOCS / "clients.md").read_text(encoding="utf-8").partition("## From Python\n")[2]
    (program,) = re.findall(r"```python\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    file = tmp_path / "ask.py"
    file.write_text(program, encoding="utf-8")
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(  # noqa: S603 - the program of our own page
        [sys.executable, "-P", file], env=environment(**path), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Failed: 3 of 40 tasks failed, 37 succeeded")
