"""Every block of the README is run as printed: in a clone of its own, with a home folder and clients of its own."""

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from support import client_parsers
from support.client_parsers import ADDED, CLIENTS, UsageError
from support.program import Program, environment

from blaxel_mcp.settings import SECRETS, VARIABLES

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the blocks are for a shell of POSIX")
ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
INSTALL = "python3 -m venv .venv && .venv/bin/pip install -q "
STANDS_FOR_THE_CLONE = "/path/to/clone"
FIRST_SCREEN = 30
"""Lines."""
INSTALLED = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "blaxel-mcp" / "clients"
"""Where tests/clients/run.py keeps real clients."""
WRITTEN = {
    "claude": (".claude.json", "mcpServers"),
    "gemini": (".gemini/settings.json", "mcpServers"),
    "codex": (".codex/config.toml", "mcp_servers"),
}
"""The file below the home folder in which each client keeps its servers, and the key there."""


@dataclass(frozen=True)
class Block:
    """A fenced block; `published` ones work once the package is at the index."""

    language: str
    text: str
    line: int
    published: bool

    def __str__(self) -> str:
        """What a test of it is called."""
        return f"line-{self.line}"


def read_blocks(page: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    published = re.search(r"<!-- published -->.*?<!-- /published -->", page, re.DOTALL)
    assert published
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        line = page[: found.start()].count("\n") + 1
        yield Block(found[1], found[2], line, published.start() < found.start() < published.end())


BLOCKS = [*read_blocks(README)]
SHELL = [block for block in BLOCKS if block.language == "sh" and not block.text.startswith(INSTALL)]
FILES = [block for block in BLOCKS if block.language in {"json", "toml"}]


@dataclass(frozen=True)
class Machine:
    """A folder that stands for a clone in which the program is installed, and a home."""

    clone: Path
    home: Path
    env: Mapping[str, str]

    def added(self) -> list[dict[str, Any]]:
        """The servers that the clients' stand-ins were told to start."""
        file = self.home / ADDED
        return list(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else []


def script(file: Path, *lines: str) -> None:
    """A program of one's own."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join((*lines, "")), encoding="utf-8")
    file.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with `.venv/bin/blaxel-mcp` in the clone, and with `uvx` and the clients on PATH."""
    clone, home, path = tmp_path / "a clone", tmp_path / "home", tmp_path / "bin"
    for folder in (clone, home):
        folder.mkdir()
    ours = environment()
    program = f'PYTHONPATH={shlex.quote(ours["PYTHONPATH"])} exec {shlex.quote(sys.executable)} -P -m blaxel_mcp "$@"'
    script(clone / ".venv" / "bin" / "blaxel-mcp", "#!/bin/sh", program)
    script(path / "uvx", "#!/bin/sh", '[ "$1" = blaxel-mcp ] || exit 1', "shift", program)
    tests = str(ROOT / "tests")
    for name in CLIENTS:
        lines = (f"import sys; sys.path.insert(0, {tests!r})", "from support.client_parsers import main")
        script(path / name, f"#!{sys.executable}", *lines, f"sys.exit(main({name!r}, sys.argv[1:]))")
    return Machine(clone, home, {"HOME": str(home), "PATH": f"{path}:{os.environ['PATH']}"})


def tools_of(machine: Machine, command: str, arguments: list[str], env: Mapping[str, str]) -> list[str]:
    """Start a configured command with `--demo`, shake hands, and list its tools."""
    found = shutil.which(command, path=machine.env["PATH"])
    assert found, command
    with Program(*arguments, "--demo", command=[found], env={**machine.env, **env}, cwd=machine.home) as program:
        assert program.shake_hands()["result"]["serverInfo"]["name"] == "blaxel-mcp"
        return [tool["name"] for tool in program.request("tools/list")["result"]["tools"]]


def run_shell(machine: Machine, text: str) -> str:
    """Run a block in the clone, as it is, and stop at the first thing that goes wrong; answers what it printed."""
    done = subprocess.run(  # noqa: S603 - the README's own
        ["bash", "-euo", "pipefail", "-c", text],  # noqa: S607
        cwd=machine.clone,
        env=machine.env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    """Answers by test_docs, the first and the last by what they install, the others here."""
    assert {block.language for block in BLOCKS} == {"sh", "json", "toml", "text"}
    install, tests = (block for block in BLOCKS if block.text.startswith(INSTALL))
    assert install.text.endswith(".venv/bin/blaxel-mcp demo\n")
    assert tests.text.endswith(".venv/bin/pytest -q\n")
    assert len(SHELL) + len(FILES) + 2 + sum(block.language == "text" for block in BLOCKS) == len(BLOCKS)


def test_the_first_answer_is_on_the_first_screen() -> None:
    """From the title to the end of an answer, with the command that leads to it."""
    install, answer = BLOCKS[:2]
    assert install.text.startswith(INSTALL)
    assert answer.language == "text"
    assert answer.line + answer.text.count("\n") + 1 <= FIRST_SCREEN


def test_what_works_today_and_what_works_once_published_are_told_apart() -> None:
    """`uvx` gets whatever has the name at the index, so it stands in the marked part only."""
    assert all(("uvx" in block.text) == block.published for block in [*SHELL, *FILES])
    (outside, inside) = README.split("<!-- published -->")
    assert "Do not run these before" in inside.partition("<!-- /published -->")[0]
    assert "uvx" not in outside


@pytest.mark.slow
def test_the_first_command_installs_it_and_shows_answers(tmp_path: Path) -> None:
    """In a copy of the tree, with nothing installed; it needs a package index."""
    ignored = (".venv", ".git", ".oldest", ".audit", ".package", ".docs", "dist", "build", "node_modules", "mutants")
    clone = tmp_path / "clone"
    shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(*ignored, "__pycache__", ".*_cache", ".hypothesis"))
    text = BLOCKS[0].text
    pip = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **pip}
    done = subprocess.run(  # noqa: S603 - the README's own
        ["bash", "-euo", "pipefail", "-c", text],  # noqa: S607
        cwd=clone,
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Why did the nightly import fail?\n" in done.stdout
    assert "Failed: 3 of 40 tasks failed, 37 succeeded (3 retried)." in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("block", SHELL, ids=str)
def test_a_block_of_shell_runs_and_what_it_adds_answers(machine: Machine, block: Block) -> None:
    """Each server that a client was told of starts, in the client's own way, and lists its tools."""
    run_shell(machine, block.text)
    added = machine.added()
    assert len(added) == len(re.findall(r" mcp add ", block.text))
    for server in added:
        assert (server["name"], server["scope"]) == ("blaxel", "user")
        assert "get_job_execution" in tools_of(machine, server["command"], server["args"], server["env"])
        assert {*server["env"]} in ({"BL_WORKSPACE", "BL_API_KEY"}, set())


@pytest.mark.slow
def test_setup_as_printed_leaves_a_server_that_answers_and_takes_it_out_again(machine: Machine) -> None:
    """With the first line nothing is written, with the second a server, with the third it is gone."""
    (block,) = (block for block in SHELL if " setup " in block.text)
    prints, writes, removes = block.text.splitlines()
    file = machine.home / ".cursor" / "mcp.json"
    assert '"mcpServers"' in run_shell(machine, prints)
    assert not file.exists()
    run_shell(machine, writes)
    (server,) = json.loads(file.read_text(encoding="utf-8"))["mcpServers"].values()
    assert server["args"] == ["--demo"]
    assert "get_job_execution" in tools_of(machine, server["command"], [], server.get("env", {}))
    run_shell(machine, removes)
    assert json.loads(file.read_text(encoding="utf-8") if file.exists() else "{}").get("mcpServers", {}) == {}


@pytest.mark.sampled(every=3)
@pytest.mark.parametrize("block", FILES, ids=str)
def test_a_block_of_configuration_is_one_server_that_answers(machine: Machine, block: Block) -> None:
    """It is parsed as the client would, its command is started as it is, and lists its tools."""
    text = block.text.replace(STANDS_FOR_THE_CLONE, str(machine.clone))
    parsed = json.loads(text) if block.language == "json" else tomllib.loads(text)
    key = next(key for key in ("mcpServers", "servers", "mcp_servers") if key in parsed)
    ((name, server),) = parsed[key].items()
    assert name == "blaxel"
    assert {*server.get("env", {}), *server.get("env_vars", [])} <= {*VARIABLES}
    env = {variable: value for variable, value in server.get("env", {}).items() if "${" not in value}
    assert "get_job_execution" in tools_of(machine, server["command"], server.get("args", []), env)
    inputs = {each["id"] for each in parsed.get("inputs", []) if each["password"] is True}
    asked = {value for value in server.get("env", {}).values() if "${" in value}
    assert asked == {f"${{input:{each}}}" for each in inputs}


def find_client(client: str) -> Path | None:
    """The program of an installed client that can be started; Claude Code's is a package of its own."""
    ours = [
        *INSTALLED.glob(f"*/node_modules/.bin/{client}"),
        *INSTALLED.glob(f"*/node_modules/@*/{client}-code-*/{client}"),
    ]
    for program in ours:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run([program, "--version"], capture_output=True, timeout=60, check=True)  # noqa: S603
            return program
    return None


@pytest.mark.nightly
@pytest.mark.parametrize("block", [block for block in SHELL if " mcp add " in block.text], ids=str)
def test_the_real_client_understands_a_block_as_its_stand_in_does(machine: Machine, block: Block) -> None:
    """It keeps the same program, arguments and variables; of the clients that tests/clients/run.py has installed."""
    lines = block.text.splitlines()
    run_shell(machine, block.text)
    tried = 0
    for line, expected in zip(lines, machine.added(), strict=True):
        client = expected["client"]
        program = find_client(client)
        if program is None:
            continue
        real = machine.home / "real"
        script(real / client, "#!/bin/sh", f'exec {shlex.quote(str(program))} "$@"')
        run_shell(replace(machine, env={**machine.env, "PATH": f"{real}:{machine.env['PATH']}"}), line)
        name, key = WRITTEN[client]
        text = (machine.home / name).read_text(encoding="utf-8")
        server = (tomllib.loads(text) if name.endswith(".toml") else json.loads(text))[key][expected["name"]]
        kept = (server["command"], server.get("args", []), server.get("env", {}))
        assert kept == (expected["command"], expected["args"], expected["env"])
        tried += 1
    if not tried:
        pytest.skip("none of its clients is installed")


FRAMEWORKS = {
    "openai-agents": "import agents.mcp as m, inspect; print(inspect.signature(m.{0}).parameters['{1}'].default)",
    "autogen-ext": "import autogen_ext.tools.mcp as m; print(m.{0}.model_fields['{1}'].default)",
    "google-adk": "import google.adk.tools.mcp_tool.mcp_session_manager as m; print(m.{0}.model_fields['{1}'].default)",
}
"""How to ask an installed framework for its default; `{0}` is the class that the README names, `{1}` the option."""


@pytest.mark.nightly
@pytest.mark.parametrize(("number", "package"), [*enumerate(FRAMEWORKS)])
def test_a_framework_cuts_calls_off_after_five_seconds_unless_told(number: int, package: str) -> None:
    """By the option that the README names, in its order; where tests/clients/run.py installed it."""
    option, name = re.findall(r"`(\w+)=60`\s+for\s+`(\w+)`", README)[number]
    python = next((folder / "bin" / "python" for folder in INSTALLED.glob(f"{package}-*")), None)
    if python is None or not python.exists():
        pytest.skip(f"{package} is not installed")
    code = FRAMEWORKS[package].format(name, option)
    done = subprocess.run(  # noqa: S603 - an interpreter that the tests made
        [python, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=120, check=True
    )
    assert float(done.stdout) == 5


def test_no_block_holds_what_could_be_a_key() -> None:
    """What stands for a secret is `my-key`, or asked for, or a variable's name."""
    for block in [*SHELL, *FILES]:
        for variable in SECRETS:
            for value in re.findall(rf'{variable}(?:=|": ")([^\s"]+)', block.text):
                assert value == "my-key" or value.startswith("${input:")


@pytest.mark.parametrize(
    ("client", "arguments"),
    [
        ("claude", "blaxel -e BL_API_KEY=k program"),  # the program would be a variable
        ("claude", "-e BL_API_KEY=k blaxel -- program"),  # so would the name
        ("claude", "--scope everywhere blaxel -- program"),
        ("claude", "blaxel"),
        ("claude", "blaxel --demo program"),
        ("gemini", "-s user blaxel -- program"),
        ("gemini", "-s local blaxel program"),
        ("gemini", "blaxel program -e"),
        ("codex", "blaxel program"),
        ("codex", "blaxel --scope user -- program"),
        ("codex", "blaxel --env BL_API_KEY -- program"),
    ],
)
def test_what_a_client_would_refuse_its_stand_in_refuses(client: str, arguments: str) -> None:
    """Else a block could pass here and fail for whoever pastes it."""
    with pytest.raises(UsageError):
        client_parsers.CLIENTS[client](arguments.split())
