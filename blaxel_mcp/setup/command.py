"""`blaxel-mcp setup`: what it prints, and what it does with a client's file."""

import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from blaxel_mcp.login import LOGIN_FILE, select_login
from blaxel_mcp.settings import clean_value, option_for
from blaxel_mcp.setup import edit, files
from blaxel_mcp.setup.clients import CLIENTS, Client, client_named, paste, seems_installed
from blaxel_mcp.setup.machine import PUBLISHED, Launch, Machine, find_launch
from blaxel_mcp.setup.problems import FileProblem, refusal
from blaxel_mcp.setup.shapes import KEYS, SERVER, WORKSPACE, Credential, holds_key

_PASSED_ON = {"BLAXEL_MCP_ALLOW_WRITES", "BLAXEL_MCP_LOOKUPS"}
"""The settings whose options the server may be started with over stdio."""


class Request(Protocol):
    """What is wanted: a parsed command line (`command_line.Command`), which this layer does not import."""

    @property
    def client(self) -> str | None:
        """Whose configuration it is; None for the list of clients."""

    @property
    def write(self) -> bool:
        """Whether to put the entry into the client's file."""

    @property
    def remove(self) -> bool:
        """Whether to take it out."""

    @property
    def demo(self) -> bool:
        """Whether the server is for the demo workspace."""

    @property
    def with_key(self) -> bool:
        """Whether the values of variables may stand in the file."""

    @property
    def force(self) -> bool:
        """Whether another server of the same name is replaced or removed."""

    @property
    def file(self) -> str | None:
        """The file in place of the client's own."""

    @property
    def flags(self) -> Mapping[str, str]:
        """Settings, by variable."""


def run_setup(
    request: Request,
    machine: Machine,
    *,
    program: Sequence[str],
    login: str | None,
    now: datetime,
    write: Callable[[str], None],
) -> None:
    """Print what to put where for a client, or put it there or take it out, or list the clients.

    Args:
        request: what is wanted.
        machine: where.
        program: the words that have started this program.
        login: the text of the file that `bl login` writes.
        now: for the name of a backup.
        write: prints.

    Raises:
        ConfigurationError: it can't be done; the client's file is as it was.
    """
    arguments = _arguments(request)  # an option that is not for such a server is refused with the list as well
    _check(request)
    if request.client is None:
        write(_list_clients(machine))
        return
    client = client_named(request.client)
    launch = _launch_for(client, machine).with_arguments(*arguments)
    plan = _Plan(client, request, machine, program, launch, _credential(request, machine, login))
    if not (request.write or request.remove):
        write(_instructions(plan))
        return
    path = plan.path
    if path is None:
        raise refusal(f"{client.title} has no file that is known here. {client.then} Without --write, setup prints it.")
    try:
        write(_remove(plan, path, now) if request.remove else _add(plan, path, now))
    except FileProblem as problem:
        raise refusal(f"{path} was left as it is: {problem}.") from None


def _check(request: Request) -> None:
    """Refuse options that contradict each other, or that would do nothing."""
    if request.write and request.remove:
        raise refusal("--write and --remove cannot go together: one puts the entry in, the other takes it out.")
    given = {
        "--write": request.write,
        "--remove": request.remove,
        "--with-key": request.with_key,
        "--force": request.force,
        "--file": request.file is not None,
        "--demo": request.demo,
    }
    options = [*(name for name, is_given in given.items() if is_given), *map(option_for, request.flags)]
    if request.client is None and options:
        raise refusal(f"{options[0]} needs a client, such as: blaxel-mcp setup cursor.")


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done for a client on a machine, worked out."""

    client: Client
    request: Request
    machine: Machine
    program: Sequence[str]
    launch: Launch
    credential: Credential

    @property
    def path(self) -> Path | None:
        """The file: the one that was given, else the client's own."""
        given = self.request.file
        if given is not None:
            if not given.strip():
                raise refusal("--file needs the name of a file.")
            return Path(given).absolute()
        return Path(self.client.path(self.machine)) if self.client.path else None


def _add(plan: _Plan, path: Path, now: datetime) -> str:
    """Put the entry into the client's file; return what to say."""
    before, text = _read(plan, path)
    client, credential = plan.client, plan.credential
    edited = edit.add_entry(client, text, plan.launch, credential)
    private = bool(credential.values)
    if edited == text and before is not None:
        closed = private and files.make_private(path)
        done = "only you can read it from now on" if closed else "nothing was changed"
        return f'{path} has "{SERVER}" as it should be; {done}.\n'
    backup = files.write(path, edited.encode(), before, private=private, now=now)
    kept = f"{_kept(plan, before, backup)}\n" if backup else ""
    about = _about_credential(plan, edit.find_entry(client, edited))
    return f'Put "{SERVER}" into {path}.\n{kept}{client.then}\n{about}\n'


def _remove(plan: _Plan, path: Path, now: datetime) -> str:
    """Take the entry out of the client's file; return what to say."""
    before, text = _read(plan, path)
    # All inputs that `--write` can have added, whichever credential it was run with.
    edited = edit.remove_entry(plan.client, text, plan.client.inputs(Credential((WORKSPACE, *KEYS))))
    if edited == text:
        return f'{path} has no "{SERVER}"; nothing was changed.\n'
    backup = files.write(path, edited.encode(), before, private=False, now=now)
    return f'Took "{SERVER}" out of {path}.\n{_kept(plan, before, backup)}\n'


def _kept(plan: _Plan, before: bytes | None, backup: Path | None) -> str:
    """Where a file is kept as it was, and whether a key is in it that nobody would look for there."""
    held = holds_key(edit.find_entry(plan.client, edit.decode(before or b"")))
    return f"What it was before is in {backup}{', with the key: delete that when it is not needed' * held}."


def _read(plan: _Plan, path: Path) -> tuple[bytes | None, str]:
    """Read the client's file, unless it has another server by this name and --force is not given."""
    before = files.read(path)
    text = edit.decode(before or b"")
    there = edit.find_entry(plan.client, text)
    if there is not None and not edit.is_ours(there) and not plan.request.force:
        then = "removed" if plan.request.remove else "replaced"
        raise refusal(f'{path} was left as it is: its "{SERVER}" starts another program. With --force it is {then}.')
    return before, text


def _instructions(plan: _Plan) -> str:
    """What to put where, and how else it can be done."""
    client, path, request = plan.client, plan.path, plan.request
    entry = client.entry(plan.launch, plan.credential)
    where = f"{client.title}, in {path}:" if path else f"{client.title}:"
    parts = [where, edit.dump(client, paste(client, entry, client.inputs(plan.credential))).rstrip("\n")]
    if client.command and entry == client.entry(plan.launch, Credential()):  # else it would do something else
        parts.append(f"Or by its own command:\n\n  {quote(client.command(plan.launch), plan.machine)}")
    if path:
        again = ["--file", request.file] if request.file else []
        again += ["--demo"] if request.demo else []
        # The script that uvx has started is in uv's cache, which may be emptied, so its path is not advised.
        program = PUBLISHED.words if _by_uvx(plan.launch) else plan.program
        command = quote((*program, *_options(request), "setup", client.name, *again, "--write"), plan.machine)
        parts.append(f"`{command}` puts it there and keeps the rest of the file; --remove takes it out again.")
    parts.append(f"{client.then}\n{_about_credential(plan, entry)}")
    return "\n\n".join(parts) + "\n"


def _about_credential(plan: _Plan, entry: Any) -> str:
    """Where the server that this entry starts has its credential from, in a sentence or two."""
    credential = plan.credential
    if plan.request.demo:
        return "It answers from the demo workspace, without an account."
    if credential.values:
        return "The file holds the key, so nobody but you can read it; don't share it."
    if holds_key(entry):
        return "It uses the key that its entry had before."
    if not credential.names:
        return f"It uses the login in {LOGIN_FILE}."
    names = " and ".join(credential.names)
    otherwise = plan.client.login_alternative.replace("NAMES", names)
    return f"There is no login in {LOGIN_FILE}: run `bl login` once, {otherwise}."


def _list_clients(machine: Machine) -> str:
    """Every client with its file, and whether it seems to be here."""
    rows = [(client, "found" if seems_installed(client, machine) else "") for client in CLIENTS]
    width = max(len(client.name) for client in CLIENTS)
    lines = [
        f"  {client.name:<{width}}  {found:<5}  {client.path(machine) if client.path else 'no file; it is pasted'}"
        for client, found in rows
    ]
    return (
        "blaxel-mcp setup CLIENT prints what to put where. With --write it puts it there, with --remove it takes it\n"
        "out again, with --demo it is for the demo workspace.\n\n" + "\n".join(lines) + "\n"
    )


def _credential(request: Request, machine: Machine, login: str | None) -> Credential:
    """Which variables the server needs from the client: none for the demo and where there is a login."""
    given = {name: value for name in (WORKSPACE, *KEYS) if (value := clean_value(machine.variables.get(name)))}
    key = next((name for name in KEYS if name in given), KEYS[0])
    if request.with_key:
        if request.demo or request.remove or not request.write:
            raise refusal("--with-key goes with --write, and not with --demo or --remove.")
        if WORKSPACE not in given or key not in given:
            raise refusal(
                f"--with-key puts the values of {WORKSPACE} and {key} into the file: set both for this command."
            )
        return Credential((WORKSPACE, key), {WORKSPACE: given[WORKSPACE], key: given[key]})
    if request.demo or (login is not None and select_login(login, None).credential):
        return Credential()
    return Credential((WORKSPACE, key))


def _arguments(request: Request) -> list[str]:
    """The server's own arguments."""
    return [*(["--demo"] if request.demo else []), *_options(request)]


def _options(request: Request) -> list[str]:
    """The options that stood before the command, which are the server's."""
    arguments = list[str]()
    for name, value in request.flags.items():
        if name not in _PASSED_ON:
            raise refusal(f"{option_for(name)} is not for a server that a client starts.")
        arguments += [option_for(name)] if value == "true" else [option_for(name), value]
    return arguments


def _launch_for(client: Client, machine: Machine) -> Launch:
    """How this client starts the program: from a terminal, uvx needs no path."""
    launch = find_launch(machine)
    return PUBLISHED if _by_uvx(launch) and not client.graphical else launch


def _by_uvx(launch: Launch) -> bool:
    return launch.args[:1] == PUBLISHED.args


def quote(words: Sequence[str], machine: Machine) -> str:
    """Write a command for the shell of the machine."""
    return subprocess.list2cmdline(words) if machine.windows else shlex.join(words)
