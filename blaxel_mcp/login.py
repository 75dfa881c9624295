"""Blaxel credentials as values, and the login file that `bl login` writes: parsed tolerantly, never written.

The `bl` command truncates and rewrites the file, so it can be read half written at any time. A broken file raises
nothing: its problem is a sentence beside what was found, because a server must start without a credential and say on
the first call what is missing.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from pydantic import SecretStr

LOGIN_FILE = "~/.blaxel/config.yaml"
_FOREIGN = f"{LOGIN_FILE} does not hold what `bl login` writes."

API_URLS = {
    "prod": "https://api.blaxel.ai/v0",
    "dev": "https://api.blaxel.dev/v0",
    "local": "http://localhost:8080/v0",
}
"""The control planes that Blaxel's own Go SDK knows, by the word in BL_ENV or in a login's `env`."""
DEFAULT_ENVIRONMENT = "prod"

WORKSPACE_PATTERN = r"^[!-~]{1,128}$"
"""A workspace is sent in a header and quoted in sentences: visible ASCII of bounded length."""


@dataclass(frozen=True)
class ApiKey:
    """A long-lived key, sent as it is. `source` says where it was found, as in "from BL_API_KEY"."""

    kind: ClassVar[Literal["api_key"]] = "api_key"
    source: str
    key: SecretStr
    from_login: bool = False


@dataclass(frozen=True)
class ClientCredentials:
    """The id and secret of a service account, exchanged for access tokens."""

    kind: ClassVar[Literal["client_credentials"]] = "client_credentials"
    source: str
    client_id: SecretStr
    client_secret: SecretStr
    from_login: bool = False


@dataclass(frozen=True)
class LoginTokens:
    """The tokens of a person who signed in with a browser: an access token, a refresh token or both."""

    kind: ClassVar[Literal["login_tokens"]] = "login_tokens"
    source: str
    access_token: SecretStr | None
    refresh_token: SecretStr | None
    device_code: SecretStr | None
    from_login: bool = True


Credential = ApiKey | ClientCredentials | LoginTokens


@dataclass(frozen=True)
class LoginEntry:
    """What the login file has for one workspace: its credential, or the problem with it.

    `workspace` is the name; None if none was asked for and the file names none. `api_url` is None for an unknown `env`.
    """

    workspace: str | None = None
    credential: Credential | None = None
    api_url: str | None = None
    problem: str | None = None
    id: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Login:
    """The parsed login file: the current workspace, an entry for each workspace, and what is wrong with the file."""

    workspace: str | None = None
    entries: tuple[LoginEntry, ...] = ()
    problem: str | None = None


def is_header_safe(value: str) -> bool:
    """Whether a header can carry the value: printable ASCII only."""
    return value.isascii() and value.isprintable()


def describe_login(workspace: str) -> str:
    """Name an entry of the login file in a sentence."""
    return f"the login of workspace {workspace} in {LOGIN_FILE}"


def parse_client_credentials(text: str, source: str, *, from_login: bool = False) -> ClientCredentials | None:
    """Parse `id:secret`, plain or in base64, as Blaxel's Go SDK and `bl mcp` do; None if the text is neither."""
    if ":" not in text:  # a colon is not in the alphabet of base64
        # `base64` wraps its output at 76 characters, and some tools drop the padding.
        packed = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
        try:
            text = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True).decode("ascii").strip()
        except (binascii.Error, UnicodeError):
            return None
    client_id, colon, secret = text.partition(":")
    if not (client_id and colon and secret and is_header_safe(text)):
        return None
    return ClientCredentials(source, SecretStr(client_id), SecretStr(secret), from_login)


def parse_login(text: str) -> Login:
    """Parse the login file; `problem` says what is wrong with it, without quoting the file."""
    import yaml  # noqa: PLC0415 - most starts have a key in the environment and parse no login

    try:
        # BaseLoader makes every scalar a string, so an unquoted 0123 or true stays as written.
        document = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - and it constructs no other objects
    except yaml.MarkedYAMLError as error:
        where = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        return Login(problem=f"{LOGIN_FILE} is not valid YAML{where}.")
    except (yaml.YAMLError, RecursionError):
        return Login(problem=f"{LOGIN_FILE} is not valid YAML.")
    if not document:
        return Login(problem=f"{LOGIN_FILE} is empty.")
    if not isinstance(document, dict):
        return Login(problem=_FOREIGN)
    context, listed = document.get("context"), document.get("workspaces")
    workspace = _text(context, "workspace") if isinstance(context, dict) else None
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    entries = tuple(entry for item in items if (entry := _parse_entry(item)))
    if workspace and not re.fullmatch(WORKSPACE_PATTERN, workspace):
        workspace = None
    return Login(workspace, entries, None if entries or not items else _FOREIGN)


def select_login(text: str | None, workspace: str | None) -> LoginEntry:
    """Look up one workspace, by name and then by id, or the login's current one when `workspace` is None."""
    if text is None:
        return LoginEntry(workspace)
    login = parse_login(text)
    name = workspace or login.workspace
    if login.problem:
        return LoginEntry(name, problem=login.problem)
    if name is None:
        return LoginEntry(problem=f"{LOGIN_FILE} names no current workspace.")
    by_name = [entry for entry in login.entries if entry.workspace == name]
    # Whoever asked by id goes on sending the id.
    by_id = [replace(entry, workspace=name) for entry in login.entries if entry.id == name]
    for entry in by_name or by_id:
        return entry
    return LoginEntry(name, problem=f"{LOGIN_FILE} holds no login for workspace {name}.")


def _parse_entry(item: Mapping[str, object]) -> LoginEntry | None:
    """Parse an item of `workspaces`; None if it has no name that could be sent."""
    name = _text(item, "name")
    if name is None or not re.fullmatch(WORKSPACE_PATTERN, name):
        return None
    stored = item.get("credentials")
    credential, problem = _find_credential(stored if isinstance(stored, dict) else {}, describe_login(name))
    api_url = API_URLS.get(_text(item, "env") or DEFAULT_ENVIRONMENT)
    return LoginEntry(name, credential, api_url, problem, _text(item, "id"))


def _find_credential(stored: Mapping[str, object], source: str) -> tuple[Credential | None, str | None]:
    """Find the API key, else client credentials, else tokens of an entry; without any, the problem."""
    # The CLI writes client_credentials; the Python and TypeScript SDKs read clientCredentials.
    names = ("apiKey", "client_credentials", "clientCredentials", "access_token", "refresh_token", "device_code")
    found = {name: value for name in names if (value := _text(stored, name))}
    packed = found.get("client_credentials") or found.get("clientCredentials")
    credential: Credential | None = None
    if "apiKey" in found:
        credential = ApiKey(source, SecretStr(found["apiKey"]), from_login=True)
    elif packed:
        credential = parse_client_credentials(packed, source, from_login=True)
    elif "access_token" in found or "refresh_token" in found:
        access, refresh, device = (
            SecretStr(found[name]) if name in found else None
            for name in ("access_token", "refresh_token", "device_code")
        )
        credential = LoginTokens(source, access, refresh, device)
    subject = source[0].upper() + source[1:]
    if not found.keys() - {"device_code"}:
        return None, f"{subject} holds no credential."
    if credential is None or not all(is_header_safe(value) for value in found.values()):
        return None, f"{subject} holds a credential that is damaged."
    return credential, None


def _text(mapping: Mapping[str, object], key: str) -> str | None:
    """The text of a scalar; None if it is missing, empty or one of YAML's words for null."""
    value = mapping.get(key)
    text = value.strip() if isinstance(value, str) else ""
    return text if text not in {"", "~", "null", "Null", "NULL"} else None
