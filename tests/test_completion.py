"""`blaxel-mcp completion SHELL`: the script that is printed completes commands, options and words in a real shell."""

import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import shtab
from support.program import environment, run, side_by_side

from blaxel_mcp.command_line import FILES, SHELLS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Each shell's script, in a file."""
    folder = tmp_path_factory.mktemp("completion")
    printed = side_by_side({shell: lambda shell=shell: run("completion", shell) for shell in SHELLS})  # type: ignore[misc]
    for shell, (code, out, err) in printed.items():
        assert (code, err) == (0, "")
        (folder / shell).write_text(out, encoding="utf-8")
    return {shell: folder / shell for shell in SHELLS}


def ask(shell: str, line: str, cwd: Path | None = None) -> Sequence[str]:
    """The lines that a shell prints for a line of code."""
    command = [shell, "-c", line]
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - a shell
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.skipif(shutil.which("bash") is None, reason="asks bash")
@pytest.mark.parametrize(
    ("typed", "completions"),
    [
        (["ge"], ["get"]),
        (["co"], ["compare", "completion"]),
        (["executions", "--cu"], ["--cursor"]),
        (["get", "--"], ["--help", "--json", "--quiet", "--demo", "--watch", "--html", "--open"]),
        (["tasks", "job", "latest", "--status", "f"], ["failed"]),
        (["completion", "z"], ["zsh"]),
        (["get", "job", "--html", "pa"], ["page.html"]),
        (["--transp"], ["--transport"]),
        (["--transport", "s"], ["sse", "stdio", "streamable-http"]),
        (["--auth", ""], ["gateway", "per-request", "token"]),
        (["--lookups", "n"], ["never"]),
    ],
)
def test_bash_completes(
    scripts: Mapping[str, Path], typed: Sequence[str], completions: Sequence[str], tmp_path: Path
) -> None:
    """Commands, their options, the words that an option takes, and names of files."""
    (tmp_path / "page.html").touch()
    words = ["blaxel-mcp", *typed]
    code = f"""
source {scripts["bash"]}
complete -p blaxel-mcp
COMP_WORDS=({shlex.join(words)})
COMP_CWORD={len(words) - 1}
_shtab_blaxel_mcp blaxel-mcp "{words[-1]}" "{words[-2]}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    registered, *found = ask("bash", code, tmp_path)
    assert registered.endswith("_shtab_blaxel_mcp blaxel-mcp")
    assert sorted(found) == sorted(completions)


@pytest.mark.skipif(shutil.which("zsh") is None, reason="asks zsh")
def test_zsh_reads_its_script(scripts: Mapping[str, Path]) -> None:
    """It is registered for the program, when it is evaluated after `compinit`."""
    code = f'autoload -U compinit; compinit -D -u; eval "$(cat {scripts["zsh"]})"; print ${{_comps[blaxel-mcp]}}'
    assert ask("zsh", code) == ["_shtab_blaxel_mcp"]


@pytest.mark.skipif(shutil.which("fish") is None, reason="asks fish")
def test_fish_completes(scripts: Mapping[str, Path]) -> None:
    """Commands, each with what it does."""
    assert ask("fish", f"source {scripts['fish']}; complete -C 'blaxel-mcp ge'") == [
        "get\thow an execution stands, and why it failed"
    ]


@pytest.mark.skipif(shutil.which("tcsh") is None, reason="asks tcsh")
def test_tcsh_reads_its_script(scripts: Mapping[str, Path]) -> None:
    """It is registered for the program."""
    (registered,) = ask("tcsh", f"source {scripts['tcsh']}; complete blaxel-mcp")
    assert "get" in registered


def test_names_of_files_are_completed_as_the_library_says() -> None:
    """What the command line says of them without importing the library is the library's own."""
    assert {shell: shtab.FILE[shell] for shell in SHELLS} == FILES
