"""`blaxel-mcp setup` as a person meets it: what it prints, and what it does to files."""

import json
import os
import re
import shlex
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from support.client_files import ACCOUNT, NOW, files, read, refused, setup, variables_of
from support.program import run

from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.setup.clients import CLIENTS
from blaxel_mcp.setup.edit import is_ours
from blaxel_mcp.setup.files import write

POSIX = pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")
WITH_FILES = [client.name for client in CLIENTS if client.path]


@pytest.fixture
def user(tmp_path: Path) -> dict[str, str]:
    """The variables of a user whose home folder is empty."""
    return variables_of(tmp_path)


def test_the_program_writes_and_undoes_it(user: dict[str, str], tmp_path: Path) -> None:
    """What its user has is where it writes; a refusal is one line on standard error, and exit code 2."""
    path = tmp_path / ".cursor" / "mcp.json"
    code, out, err = run("setup", "cursor", "--demo", "--write", env=user)
    assert (code, out.splitlines()[0], err) == (0, f'Put "blaxel" into {path}.', "")
    assert is_ours(read(path)["mcpServers"]["blaxel"])
    code, out, err = run("setup", "cursor", "--remove", env=user)
    assert (code, out.splitlines()[0], err) == (0, f'Took "blaxel" out of {path}.', "")
    assert run("setup", "windsruf", env=user) == (
        2,
        "",
        'blaxel-mcp: No client is called "windsruf". Did you mean "windsurf"? See blaxel-mcp setup --help.\n',
    )


def test_clients_are_listed(user: dict[str, str], tmp_path: Path) -> None:
    """Each with its file, and whether it seems to be here."""
    (tmp_path / ".cursor").mkdir()
    lines = setup(user).splitlines()[3:]
    assert [line.split()[0] for line in lines] == [client.name for client in CLIENTS]
    assert [line.split()[0] for line in lines if line.split()[1] == "found"] == ["cursor"]


@pytest.mark.parametrize("name", WITH_FILES)
def test_every_client_is_written_once_and_undone(name: str, user: dict[str, str], tmp_path: Path) -> None:
    """The second time nothing changes; what starts the demo server is taken out by --remove."""
    path = tmp_path / "config" / f"file.{next(client.format for client in CLIENTS if client.name == name)}"
    first = setup(user, name, "--demo", "--write", "--file", str(path))
    assert first.startswith(f'Put "blaxel" into {path}.\n')
    written = path.read_bytes()
    (servers,) = (value for value in read(path).values() if "blaxel" in value)
    assert is_ours(servers["blaxel"])
    assert "--demo" in str(servers["blaxel"])
    again = setup(user, name, "--demo", "--write", "--file", str(path))
    assert again == f'{path} has "blaxel" as it should be; nothing was changed.\n'
    assert (path.read_bytes(), files(path.parent)) == (written, [path.name])
    removed = setup(user, name, "--remove", "--file", str(path))
    assert removed.startswith(f'Took "blaxel" out of {path}.\n')
    assert not any(read(path).values())
    assert files(path.parent) == [path.name, f"{path.name}.20261126-120000.bak"]
    assert setup(user, name, "--remove", "--file", str(path)) == f'{path} has no "blaxel"; nothing was changed.\n'


def test_a_clients_own_file_is_the_default(user: dict[str, str], tmp_path: Path) -> None:
    """With the folder made for it, and readable by its owner alone."""
    setup(user, "codex", "--demo", "--write")
    path = tmp_path / ".codex" / "config.toml"
    (server,) = read(path)["mcp_servers"].values()
    assert server == {"command": sys.executable, "args": ["-m", "blaxel_mcp", "--demo"], "startup_timeout_sec": 30} or (
        server["args"] == ["--demo"] and Path(server["command"]).name.startswith("blaxel-mcp")
    )
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_printed_can_be_pasted(user: dict[str, str]) -> None:
    """The block is a whole file; the client's own command and the way to write it follow."""
    out = setup(user, "gemini", "--demo")
    title, block, *rest = out.split("\n\n")
    assert title == f"Gemini CLI, in {Path(user['HOME']) / '.gemini' / 'settings.json'}:"
    server = json.loads(block)["mcpServers"]["blaxel"]
    assert [line for line in rest if line.startswith("  gemini mcp add -s user blaxel ")]
    assert "`blaxel-mcp setup gemini --demo --write` puts it there" in out
    assert Path(server["command"]).is_absolute()
    assert rest[-1].endswith("It answers from the demo workspace, without an account.\n")


def test_what_uvx_has_started_is_started_by_uvx(user: dict[str, str]) -> None:
    """With its absolute path where a client starts from a desktop, and never by the folder that uvx has put it in."""
    cached = Path("/home/me/.cache/uv/archive-v0/Ab3/bin/python")
    graphical = setup(user, "cursor", "--demo", interpreter=cached)
    server = json.loads(graphical.split("\n\n")[1])["mcpServers"]["blaxel"]
    assert server == {"command": "/opt/uvx", "args": ["blaxel-mcp", "--demo"]}
    terminal = setup(user, "claude-code", "--demo", interpreter=cached)
    server = json.loads(terminal.split("\n\n")[1])["mcpServers"]["blaxel"]
    assert server == {"type": "stdio", "command": "uvx", "args": ["blaxel-mcp", "--demo"]}
    assert "  claude mcp add --scope user blaxel -- uvx blaxel-mcp --demo\n" in terminal
    assert "`uvx blaxel-mcp setup claude-code --demo --write` puts it there" in terminal
    assert "archive-v0" not in graphical + terminal


def test_the_way_to_the_key_is_said(user: dict[str, str], tmp_path: Path) -> None:
    """A login is used where there is one; else the client's own reference stands in the file, never a value."""
    without = setup(user | ACCOUNT, "cursor")
    assert '"BL_API_KEY": "${env:BL_API_KEY}"' in without
    assert "bl_secret" not in without
    assert without.endswith(
        "run `bl login` once, or set BL_WORKSPACE and BL_API_KEY for it: its file refers to them.\n"
    )
    (tmp_path / ".blaxel").mkdir()
    login = "context: {workspace: ws}\nworkspaces:\n- {name: ws, credentials: {apiKey: k}}\n"
    (tmp_path / ".blaxel" / "config.yaml").write_text(login, encoding="utf-8")
    with_login = setup(user | ACCOUNT, "cursor")
    assert "env" not in json.loads(with_login.split("\n\n")[1])["mcpServers"]["blaxel"]
    assert with_login.endswith("It uses the login in ~/.blaxel/config.yaml.\n")


def test_a_service_account_is_referred_to_by_its_variable(user: dict[str, str]) -> None:
    """The one that is set is the one that the client is to pass on."""
    out = setup(user | {"BL_CLIENT_CREDENTIALS": "id:secret"}, "codex")
    assert 'env_vars = ["BL_WORKSPACE", "BL_CLIENT_CREDENTIALS"]' in out


def test_vscode_keeps_its_inputs_and_gets_ours(user: dict[str, str], tmp_path: Path) -> None:
    """Taken out, the file is what it was, comments and all."""
    path = tmp_path / "mcp.json"
    ask = '"inputs": [\n\t\t{ "id": "x", "type": "promptString" }\n\t]'
    before = f'{{\n\t// mine\n\t{ask},\n\t"servers": {{\n\t\t"x": {{}}\n\t}}\n}}\n'
    path.write_text(before, encoding="utf-8")
    setup(user, "vscode", "--write", "--file", str(path))
    after = path.read_text(encoding="utf-8")
    assert "\t// mine\n" in after
    document = json.loads(after.replace("// mine", ""))
    assert [each["id"] for each in document["inputs"]] == ["x", "bl-workspace", "bl-api-key"]
    assert document["servers"]["blaxel"]["env"] == {
        "BL_WORKSPACE": "${input:bl-workspace}",
        "BL_API_KEY": "${input:bl-api-key}",
    }
    assert setup(user, "vscode", "--write", "--file", str(path)).endswith("nothing was changed.\n")
    setup(user, "vscode", "--remove", "--file", str(path))
    assert path.read_text(encoding="utf-8") == before


@POSIX
def test_a_key_is_written_only_when_told_to_and_for_its_owner_alone(user: dict[str, str], tmp_path: Path) -> None:
    """Also into a file that others could read: then its backup is for the owner alone too."""
    path = tmp_path / "mcp.json"
    path.write_text("{}", encoding="utf-8")
    path.chmod(0o644)
    out = setup(user | ACCOUNT, "claude-desktop", "--write", "--with-key", "--file", str(path))
    assert "bl_secret" not in out
    assert read(path)["mcpServers"]["blaxel"]["env"] == ACCOUNT
    (backup,) = tmp_path.glob("*.bak")
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, backup)] == [0o600, 0o600]
    path.chmod(0o644)
    again = setup(user | ACCOUNT, "claude-desktop", "--write", "--with-key", "--file", str(path))
    assert again.endswith("only you can read it from now on.\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("client", [name for name in WITH_FILES if name != "vscode"])
def test_a_backup_that_holds_the_key_is_named_as_such(client: str, user: dict[str, str], tmp_path: Path) -> None:
    """Nobody would look for a key there once the entry is gone; one that refers to it holds none."""
    path, warning = tmp_path / "file", "with the key: delete that when it is not needed"
    setup(user | ACCOUNT, client, "--write", "--file", str(path))
    assert warning not in setup(user, client, "--remove", "--file", str(path))
    setup(user | ACCOUNT, client, "--write", "--with-key", "--file", str(path))
    assert warning in setup(user, client, "--remove", "--file", str(path))


def test_the_command_that_is_advised_does_what_was_printed(user: dict[str, str], tmp_path: Path) -> None:
    """With the options that the server is started with, and the file."""
    path = tmp_path / "mcp.json"
    first = ("--allow-writes", "--lookups", "never")
    out = setup(user, "cursor", "--demo", "--file", str(path), first=first)
    (advised,) = re.findall(r"`(.+ setup cursor .+)` puts it there", out)
    words = shlex.split(advised)
    at = words.index("setup")
    setup(user, *words[at + 1 :], first=words[at - len(first) : at])
    assert read(path) == json.loads(out[out.index("{") : out.rindex("}") + 1])


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (
            ["--write", "--with-key"],
            {},
            "--with-key puts the values of BL_WORKSPACE and BL_API_KEY into the file: set both for this command.",
        ),
        (["--with-key"], ACCOUNT, "--with-key goes with --write, and not with --demo or --remove."),
        (
            ["--write", "--with-key", "--demo"],
            ACCOUNT,
            "--with-key goes with --write, and not with --demo or --remove.",
        ),
        (["--write", "--file", " "], {}, "--file needs the name of a file."),
        (
            ["--write", "--with-key"],
            {"BL_WORKSPACE": "my-ws", "BL_API_KEY": "${y}"},
            "--with-key puts the values of BL_WORKSPACE and BL_API_KEY into the file: set both for this command.",
        ),
        (
            ["--write", "--remove"],
            {},
            "--write and --remove cannot go together: one puts the entry in, the other takes it out.",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    arguments: list[str], variables: dict[str, str], said: str, user: dict[str, str]
) -> None:
    """In one sentence."""
    assert refused(user | variables, "cursor", *arguments) == said


@pytest.mark.parametrize("option", ["--write", "--remove", "--demo", "--with-key", "--force", "--file=x"])
def test_an_option_without_a_client_is_refused(option: str, user: dict[str, str]) -> None:
    """The list of clients would look as if something had been done."""
    name = option.partition("=")[0]
    assert refused(user, option) == f"{name} needs a client, such as: blaxel-mcp setup cursor."


def test_what_is_refused_is_one_line_with_where_the_help_is(user: dict[str, str]) -> None:
    """On standard error, with exit code 2."""
    said = "--write needs a client, such as: blaxel-mcp setup cursor. See blaxel-mcp setup --help."
    assert run("setup", "--write", env=user) == (2, "", f"blaxel-mcp: {said}\n")


def test_an_unknown_client_is_told_the_nearest_name(user: dict[str, str]) -> None:
    """Or all of them."""
    assert refused(user, "windsruf") == 'No client is called "windsruf". Did you mean "windsurf"?'
    assert (
        refused(user, "emacs") == f'No client is called "emacs". There are {", ".join(each.name for each in CLIENTS)}.'
    )


def test_jetbrains_is_pasted(user: dict[str, str], tmp_path: Path) -> None:
    """There is no file to write to, unless one is given."""
    assert "mcpServers" in setup(user, "jetbrains")
    assert refused(user, "jetbrains", "--write").startswith(
        "JetBrains AI Assistant has no file that is known here. Paste"
    )
    setup(user, "jetbrains", "--demo", "--write", "--file", str(tmp_path / "mcp.json"))
    assert read(tmp_path / "mcp.json")["mcpServers"].keys() == {"blaxel"}


def test_options_of_the_server_are_written_with_it(user: dict[str, str]) -> None:
    """Those that mean something over stdio."""
    args = json.loads(setup(user, "cursor", first=["--allow-writes", "--lookups", "never"]).split("\n\n")[1])
    assert args["mcpServers"]["blaxel"]["args"][-3:] == ["--allow-writes", "--lookups", "never"]
    for client in (["cursor"], []):
        with pytest.raises(ConfigurationError, match="--port is not for a server that a client starts"):
            setup(user, *client, first=["--port", "1"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"mcpServers": {', 'line 1, column 17: a key in double quotes or "}" is expected here.'),
        (b'{\n  "a": "\xff"\n}', "line 2, column 9: this is not UTF-8."),
        (b"[]", "line 1, column 1: the file should hold keys and values."),
        (b'{"mcpServers": {"blaxel": {"command": "/v/blaxel-mcp"}, "blaxel": 1}}', "there twice"),
    ],
)
def test_a_file_that_does_not_parse_is_left_as_it_is(
    content: bytes, said: str, user: dict[str, str], tmp_path: Path
) -> None:
    """With the place where it is wrong, and no backup."""
    path = tmp_path / "f" / "mcp.json"
    path.parent.mkdir()
    path.write_bytes(content)
    why = refused(user, "cursor", "--write", "--force", "--file", str(path))
    assert why.startswith(f"{path} was left as it is: ")
    assert said in why
    assert (path.read_bytes(), files(path.parent)) == (content, ["mcp.json"])


HOLDS_ITSELF = "line 1, column 1: this holds itself, or is nested too deep."


@pytest.mark.sampled(every=3)
@pytest.mark.parametrize(
    ("client", "content", "said"),
    [
        ("goose", "d: 2024-13-45\n", "line 1, column 1: a value can't be read (month must be in 1..12"),
        ("goose", "d: &a [*a]\n", HOLDS_ITSELF),
        ("goose", "d: " + "[" * 1_500 + "]" * 1_500, "line 1, column 1: this is not YAML (maximum recursion depth"),
        ("goose", "d: !!timestamp x\n", "line 1, column 1: this is not YAML ("),
        ("goose", "d: !!bool x\n", "line 1, column 1: this is not YAML ("),
        (
            "cursor",
            '{"d": ' + "1" * 5_000 + "}",
            "line 1, column 1: a value can't be read (Exceeds the limit",
        ),
        ("codex", "d = " + "1" * 5_000, "line 1, column 1: a value can't be read (Exceeds the limit"),
        ("codex", "d = " + "[" * 1_500 + "]" * 1_500, "line 1, column 1: "),
    ],
)
@pytest.mark.parametrize("option", ["--write", "--remove"])
def test_what_a_parser_cannot_cope_with_is_said(
    client: str, content: str, said: str, option: str, user: dict[str, str]
) -> None:
    """Values that are none, files that are too deep: in one sentence, without a traceback."""
    path = Path(user["HOME"]) / "file"
    path.write_text(content, encoding="utf-8")
    assert refused(user, client, option, "--file", str(path)).startswith(f"{path} was left as it is: {said}")
    assert (path.read_text(encoding="utf-8"), files(path.parent)) == (content, ["file"])


def test_what_was_written_in_braces_can_be_taken_out(user: dict[str, str], tmp_path: Path) -> None:
    """Goose's file in flow style is what it was."""
    path = tmp_path / "config.yaml"
    before = "extensions: {developer: {enabled: true}}\nGOOSE_MODEL: x # mine\n"
    path.write_text(before, encoding="utf-8")
    setup(user, "goose", "--demo", "--write", "--file", str(path))
    assert is_ours(read(path)["extensions"]["blaxel"])
    setup(user, "goose", "--remove", "--file", str(path))
    assert path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "base: &b\n  x: {enabled: true}\nextensions: *b\n",
            "line 1, column 1: it can't be edited here without changing something else; do it by hand",
        ),
        (
            "base: &b\n  x:\n    enabled: true\nextensions: *b\n",
            "line 1, column 1: it can't be edited here without changing something else; do it by hand",
        ),
        (
            "extensions:\n  x: !mine 1\n",
            "line 2, column 6: could not determine a constructor for the tag '!mine'",
        ),
    ],
    ids=["an alias", "an alias of a block", "a tag of its own"],
)
def test_what_cannot_be_edited_without_changing_something_else_is_left(
    content: str, said: str, user: dict[str, str], tmp_path: Path
) -> None:
    """Every edit is read back before it is written."""
    path = tmp_path / "f" / "config.yaml"
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8")
    assert refused(user, "goose", "--demo", "--write", "--file", str(path)) == f"{path} was left as it is: {said}."
    assert (path.read_text(encoding="utf-8"), files(path.parent)) == (content, ["config.yaml"])


def test_a_file_that_another_program_has_written_meanwhile_is_left(tmp_path: Path) -> None:
    """What was read is no longer there, so what was made of it is not written; nor is a backup."""
    path = tmp_path / "mcp.json"
    path.write_bytes(b"{}")
    with pytest.raises(ConfigurationError, match="was changed by another program just now; try again"):
        write(path, b'{"a": 1}', b"", private=False, now=NOW)
    assert (path.read_bytes(), files(tmp_path)) == (b"{}", ["mcp.json"])


def test_a_change_while_the_backup_is_written_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is what stands there afterwards, and neither a backup nor the unfinished file is left."""
    path = tmp_path / "mcp.json"
    path.write_bytes(b"{}")
    synced = list[int]()

    def fsync(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) == 2:  # that of the backup
            path.write_bytes(b'{"theirs": 1}')

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(ConfigurationError, match="was changed by another program just now; try again"):
        write(path, b'{"a": 1}', b"{}", private=False, now=NOW)
    assert (path.read_bytes(), files(tmp_path), len(synced)) == (b'{"theirs": 1}', ["mcp.json"], 2)


@POSIX
def test_a_write_that_cannot_be_leaves_no_backup(user: dict[str, str], tmp_path: Path) -> None:
    """Such as behind a link into a folder that takes no new file: here the name has no room for an addition to it."""
    kept = tmp_path / "dotfiles" / ("m" * 250)
    kept.parent.mkdir()
    kept.write_text("{}", encoding="utf-8")
    link = tmp_path / "home" / "mcp.json"
    link.parent.mkdir()
    link.symlink_to(kept)
    said = refused(user, "cursor", "--demo", "--write", "--file", str(link))
    assert said == f"{link} can't be written: File name too long."
    assert (files(link.parent), files(kept.parent)) == (["mcp.json"], [kept.name])


@POSIX
@pytest.mark.sampled(every=3)
@pytest.mark.parametrize("option", ["--write", "--remove"])
@pytest.mark.parametrize("linked", [False, True], ids=["itself", "by a link"])
def test_a_pipe_is_refused_before_it_is_opened(
    option: str, user: dict[str, str], tmp_path: Path, *, linked: bool
) -> None:
    """It would be waited for without end; nor is it replaced, as nothing is that is no regular file."""
    pipe, path = tmp_path / "pipe", tmp_path / "mcp.json"
    os.mkfifo(pipe if linked else path)
    if linked:
        path.symlink_to(pipe)
    code, out, err = run("setup", "cursor", option, "--file", str(path), env=user)
    assert (code, out) == (2, "")
    assert f"{path} can't be read: it is not a regular file." in err
    assert path.is_fifo()


def test_backups_of_one_second_have_numbers(tmp_path: Path) -> None:
    """None is written over."""
    path = tmp_path / "mcp.json"
    assert write(path, b"1", None, private=False, now=NOW) is None
    for number in (b"2", b"3", b"4"):
        write(path, number, path.read_bytes(), private=False, now=NOW)
    kept = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    assert kept == {
        "mcp.json": b"4",
        "mcp.json.20261126-120000.bak": b"1",
        "mcp.json.20261126-120000-2.bak": b"2",
        "mcp.json.20261126-120000-3.bak": b"3",
    }


def test_another_server_of_the_name_is_kept_unless_forced(user: dict[str, str], tmp_path: Path) -> None:
    """Neither replaced nor removed."""
    path = tmp_path / "mcp.json"
    before = '{"mcpServers": {"blaxel": {"url": "https://api.blaxel.ai/v0/mcp"}}}'
    path.write_text(before, encoding="utf-8")
    for option, then in (("--write", "replaced"), ("--remove", "removed")):
        assert refused(user, "cursor", option, "--file", str(path)) == (
            f'{path} was left as it is: its "blaxel" starts another program. With --force it is {then}.'
        )
    assert path.read_text(encoding="utf-8") == before
    setup(user, "cursor", "--demo", "--write", "--force", "--file", str(path))
    assert is_ours(read(path)["mcpServers"]["blaxel"])
    assert "url" not in read(path)["mcpServers"]["blaxel"]


@pytest.mark.parametrize("name", ["cursor", "codex", "goose"])
def test_a_mark_at_the_beginning_and_line_ends_of_windows_stay(name: str, user: dict[str, str], tmp_path: Path) -> None:
    """As editors on Windows write files."""
    content = {"cursor": '{\r\n  "a": 1\r\n}\r\n', "codex": 'a = "x"\r\n', "goose": "a: 1\r\n"}[name]
    path = tmp_path / "file"
    path.write_bytes(b"\xef\xbb\xbf" + content.encode())
    setup(user, name, "--demo", "--write", "--file", str(path))
    after = path.read_bytes()
    assert after.startswith(b"\xef\xbb\xbf")
    assert after.count(b"\n") == after.count(b"\r\n") > 3
    assert setup(user, name, "--demo", "--write", "--file", str(path)).endswith("nothing was changed.\n")
    setup(user, name, "--remove", "--file", str(path))
    assert path.read_bytes().count(b"\n") == path.read_bytes().count(b"\r\n")


@POSIX
def test_a_link_is_followed_and_the_mode_kept(user: dict[str, str], tmp_path: Path) -> None:
    """Settings that are kept in another folder stay there; the backup is beside the link and has the same mode."""
    kept = tmp_path / "dotfiles" / "mcp.json"
    kept.parent.mkdir()
    kept.write_text("{}", encoding="utf-8")
    kept.chmod(0o640)
    link = tmp_path / "home" / "mcp.json"
    link.parent.mkdir()
    link.symlink_to(kept)
    setup(user, "cursor", "--demo", "--write", "--file", str(link))
    assert link.is_symlink()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    assert read(kept)["mcpServers"].keys() == {"blaxel"}
    assert files(kept.parent) == ["mcp.json"]
    (backup,) = link.parent.glob("*.bak")
    assert (backup.read_text(encoding="utf-8"), stat.S_IMODE(backup.stat().st_mode)) == ("{}", 0o640)


def test_a_file_where_a_folder_should_be_is_said(user: dict[str, str], tmp_path: Path) -> None:
    """In one sentence, without a traceback, and nothing is made."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    path = tmp_path / "file" / "mcp.json"
    assert (
        refused(user, "cursor", "--demo", "--write", "--file", str(path)) == f"{path} can't be read: Not a directory."
    )
    assert files(tmp_path) == ["file"]


def test_a_folder_in_place_of_the_file_is_said(user: dict[str, str], tmp_path: Path) -> None:
    """In one sentence, without a traceback."""
    assert refused(user, "cursor", "--demo", "--write", "--file", str(tmp_path)).startswith(
        f"{tmp_path} can't be read: "
    )


@pytest.mark.parametrize(
    ("entry", "ours"),
    [
        ({"command": "uvx", "args": ["blaxel-mcp"]}, True),
        ({"command": "uvx", "args": ["blaxel-mcp@0.1.0"]}, True),
        ({"command": "/v/bin/blaxel-mcp", "args": []}, True),
        ({"command": r"C:\v\Scripts\blaxel-mcp.exe"}, True),
        ({"command": "/v/bin/python", "args": ["-m", "blaxel_mcp", "--demo"]}, True),
        ({"type": "local", "command": ["uvx", "blaxel-mcp"]}, True),
        ({"cmd": "uvx", "args": ["blaxel-mcp"]}, True),
        ({"command": {"path": "/v/bin/blaxel-mcp", "args": []}}, True),
        ({"command": {"path": "uvx", "args": ["blaxel-mcp"]}}, True),
        ({"command": {"path": "npx", "args": ["other"]}}, False),
        ({"command": "bl", "args": ["mcp"]}, False),
        ({"command": "npx", "args": ["my-blaxel-mcp-proxy"]}, False),
        ({"url": "https://api.blaxel.ai/v0/mcp"}, False),
        ("blaxel-mcp", False),
        (None, False),
    ],
)
def test_an_entry_of_this_program_is_known_by_what_it_starts(entry: Any, *, ours: bool) -> None:
    """By any path, interpreter or version."""
    assert is_ours(entry) is ours
