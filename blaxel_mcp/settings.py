"""Every setting, as one frozen value: command line, then environment, then the login of `bl login`.

`load` is pure: it is handed what `cli.py` read and reports all that is wrong at once. The fields of `Settings`
that have an alias are the variables a user can set; `--help` and the README's table are made from them.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, StringConstraints
from pydantic import ValidationError as Invalid

from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.login import (
    API_URLS,
    DEFAULT_ENVIRONMENT,
    FILE,
    WORKSPACE_PATTERN,
    ApiKey,
    ClientCredentials,
    Credential,
    LoginSelection,
    choose,
    is_header_safe,
    parse_client_credentials,
    source_of,
)

SECRETS = frozenset({"BL_API_KEY", "BL_CLIENT_CREDENTIALS", "BLAXEL_MCP_AUTH_TOKEN", "BLAXEL_MCP_STATE_KEY"})
"""Variables whose value is never shown, not even when it is wrong."""

# Blaxel's hosting injects these beside BL_NAME. Elsewhere they mean something else: some shells export HOST.
HOSTED_NAMES = {"BLAXEL_MCP_HOST": "HOST", "BLAXEL_MCP_PORT": "PORT"}

# A CDN in front of the control plane cuts every request at 60 s, so waiting longer is pointless.
LONGEST_TIMEOUT = 60

SHOWN_CHARACTERS = 60
SHORTEST_STATE_KEY = 32

_NAME_AND_PORT = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:([0-9]{1,5}|\*))?"


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def _transport(value: Any) -> Any:
    return "streamable-http" if _lower(value) == "http" else _lower(value)


def _listed(value: Any) -> Any:
    return tuple(item.strip() for item in value.split(",") if item.strip()) if isinstance(value, str) else value


def _token(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not is_header_safe(value.get_secret_value()):
        raise ValueError
    return value


def _state_key(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < SHORTEST_STATE_KEY:
        raise ValueError
    return _token(value)


def _api_key(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not is_header_safe(value):
        raise ValueError
    return ApiKey("BL_API_KEY", SecretStr(value))


def _client_credentials(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if (credential := parse_client_credentials(value, "BL_CLIENT_CREDENTIALS")) is None:
        raise ValueError
    return credential


def _url(value: str) -> str:
    # It decides who receives a credential, or whose tokens are believed: what can be read in two ways is refused.
    if re.search(r"[^!-~]|[@?#\\]", value):
        raise ValueError
    url = urlsplit(value)
    if not re.fullmatch(_NAME_AND_PORT.replace(r"|\*", ""), url.netloc) or url.port == 0 or not url.hostname:
        raise ValueError
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname)):
        raise ValueError
    return value


def _base_url(value: str) -> str:
    return _url(value).rstrip("/")


def _variable(name: str, description: str, allowed: str, *, default: Any = None) -> Any:
    """A field that users set; `allowed` completes the sentence "it must be …"."""
    return Field(default, alias=name, description=description, json_schema_extra={"allowed": allowed})


class Settings(BaseModel):
    """What the program was told, checked. Fields with an alias are variables; the rest is worked out by `load`."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, hide_input_in_errors=True)

    api_key: Annotated[ApiKey | None, BeforeValidator(_api_key)] = _variable(
        "BL_API_KEY", "Blaxel API key; needs BL_WORKSPACE too", "printable ASCII"
    )
    client_credentials: Annotated[ClientCredentials | None, BeforeValidator(_client_credentials)] = _variable(
        "BL_CLIENT_CREDENTIALS",
        "a service account's id:secret, plain or in base64, exchanged for tokens",
        "id:secret, plain or in base64, in printable ASCII",
    )
    workspace: Annotated[str, StringConstraints(pattern=WORKSPACE_PATTERN)] | None = _variable(
        "BL_WORKSPACE", "workspace; else the login's current one", "a workspace's name or id"
    )
    environment: Annotated[Literal["prod", "dev", "local"], BeforeValidator(_lower)] | None = _variable(
        "BL_ENV", "which control plane; else the login's, else prod", "prod, dev or local"
    )
    api_url: Annotated[str, AfterValidator(_base_url)] = _variable(
        "BL_API_URL",
        "base URL of the control plane, including /v0; wins over BL_ENV",
        "an https URL (http on loopback only) without user, query or fragment",
        default=API_URLS[DEFAULT_ENVIRONMENT],
    )
    api_version: Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(\.preview)?$")] = _variable(
        "BL_API_VERSION", "version of the Blaxel API", "a date such as 2026-04-28", default="2026-04-28"
    )
    transport: Annotated[Literal["stdio", "sse", "streamable-http"], BeforeValidator(_transport)] = _variable(
        "BLAXEL_MCP_TRANSPORT",
        "how clients connect: stdio, sse or streamable-http (http for short)",
        "stdio, sse or streamable-http",
        default="stdio",
    )
    host: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._:%\[\]-]+$")] = _variable(
        "BLAXEL_MCP_HOST", "address to listen on over HTTP", "a host name or an address", default="127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65535)] = _variable(
        "BLAXEL_MCP_PORT", "port to listen on over HTTP", "a whole number from 0 to 65535", default=8000
    )
    auth: Annotated[Literal["token", "per-request", "gateway"], BeforeValidator(_lower)] = _variable(
        "BLAXEL_MCP_AUTH",
        "who guards HTTP: token, per-request (each caller's own credential) or gateway (what stands in front)",
        "token, per-request or gateway",
        default="token",
    )
    auth_token: Annotated[SecretStr | None, AfterValidator(_token)] = _variable(
        "BLAXEL_MCP_AUTH_TOKEN", "bearer token that HTTP clients must present", "printable ASCII"
    )
    oauth_issuer: Annotated[str, AfterValidator(_url)] | None = _variable(
        "BLAXEL_MCP_OAUTH_ISSUER",
        "authorization server whose access tokens HTTP clients may present; needs the public URL",
        "an https URL (http on loopback only) without user, query or fragment",
    )
    public_url: Annotated[str, AfterValidator(_base_url)] | None = _variable(
        "BLAXEL_MCP_PUBLIC_URL",
        "address at which HTTP clients reach this server, such as https://mcp.example.com",
        "an https URL (http on loopback only) without user, query or fragment",
    )
    allowed_hosts: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=f"^{_NAME_AND_PORT}$")], ...], BeforeValidator(_listed)
    ] = _variable(
        "BLAXEL_MCP_ALLOWED_HOSTS",
        "comma-separated Host headers to accept; unset means the loopback names",
        "a comma-separated list of name, name:port or name:*",
        default=(),
    )
    allowed_origins: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=f"^(https?://)?{_NAME_AND_PORT}$")], ...],
        BeforeValidator(_listed),
    ] = _variable(
        "BLAXEL_MCP_ALLOWED_ORIGINS",
        "comma-separated Origin headers to accept; unset means the loopback names",
        "a list as for hosts, with or without http:// or https://",
        default=(),
    )
    max_requests: Annotated[int, Field(ge=1)] = _variable(
        "BLAXEL_MCP_MAX_REQUESTS",
        "requests under way at once; over HTTP more are answered 503",
        "a whole number from 1",
        default=2_000,
    )
    max_streams: Annotated[int, Field(ge=1)] = _variable(
        "BLAXEL_MCP_MAX_STREAMS",
        "event streams open at once over HTTP; more are answered 503",
        "a whole number from 1",
        default=1_000,
    )
    state_key: Annotated[SecretStr | None, AfterValidator(_state_key)] = _variable(
        "BLAXEL_MCP_STATE_KEY",
        "secret that all processes of one server share, if it asks before it changes something",
        "at least 32 characters of printable ASCII",
    )
    allow_writes: bool = _variable(
        "BLAXEL_MCP_ALLOW_WRITES", "add the tools that change something", "true or false", default=False
    )
    raw: Annotated[Literal["auto", "full", "never"], BeforeValidator(_lower)] = _variable(
        "BLAXEL_MCP_RAW",
        "how much raw JSON a result carries: auto (up to the limit), full or never",
        "auto, full or never",
        default="auto",
    )
    raw_limit: Annotated[int, Field(ge=0)] = _variable(
        "BLAXEL_MCP_RAW_LIMIT", "bytes of raw JSON that auto inlines", "a whole number from 0", default=8192
    )
    timeout: Annotated[float, Field(gt=0, le=LONGEST_TIMEOUT)] = _variable(
        "BLAXEL_MCP_TIMEOUT",
        "seconds for one attempt to reach Blaxel",
        f"a number above 0 and up to {LONGEST_TIMEOUT}",
        default=20.0,
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)] = _variable(
        "BLAXEL_MCP_LOG_LEVEL",
        "how much is logged to stderr",
        "DEBUG, INFO, WARNING, ERROR or CRITICAL",
        default="WARNING",
    )
    request_log: bool = _variable(
        "BLAXEL_MCP_REQUEST_LOG", "a line of JSON on stderr for each request", "true or false", default=False
    )
    metrics: bool = _variable(
        "BLAXEL_MCP_METRICS", "serve Prometheus metrics at /metrics over HTTP", "true or false", default=False
    )
    otlp_endpoint: str | None = _variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT", "where to send OpenTelemetry traces, if anywhere", "a URL"
    )
    ssl_cert_file: Path | None = _variable(
        "SSL_CERT_FILE", "file of certificate authorities to trust instead of the system's", "a path"
    )
    ssl_cert_dir: Path | None = _variable(
        "SSL_CERT_DIR", "folder of certificate authorities to trust instead of the system's", "a path"
    )

    login_credential: Credential | None = None
    login_problem: str | None = None
    workspace_from: str | None = None
    api_url_from: str = "the default"
    api_url_given: bool = False  # by the user, so that a login of another environment may be used with it

    @property
    def credential(self) -> Credential | None:
        """What to sign with: API key, client credentials, then the login; its `source` says where it was found."""
        return self.api_key or self.client_credentials or self.login_credential


def option_for(variable: str) -> str:
    """The command-line option that sets the same as a variable."""
    return "--" + variable.removeprefix("BLAXEL_MCP_").removeprefix("BL_").lower().replace("_", "-")


def load(flags: Mapping[str, str], env: Mapping[str, str], login: str | None) -> Settings:
    """Settle every setting.

    Args:
        flags: what the command line set, by the name of the variable it stands for; beats `env`.
        env: the environment; blanks and a literal `${...}` count as unset, here as in `flags`.
        login: the text of `~/.blaxel/config.yaml`, or None without one.

    Raises:
        ConfigurationError: one line for each setting that is wrong. A missing credential and a broken login
            file are not among them: the server starts, and `login_problem` says why a call cannot work.
    """
    given = _given(flags, env)
    if given.get("BLAXEL_MCP_AUTH", ("", ""))[0].lower() == "per-request":
        login = None  # each caller brings a credential and a workspace; nobody is this machine's user
    workspace, workspace_from = given.get("BL_WORKSPACE", (None, None))
    chosen = choose(login, workspace)
    api_url, api_url_from = _api_url_of(given, chosen)
    if chosen.credential and api_url_from == "the default":  # that is, the login's `env` is none that we know
        problem = f"{FILE} names an unknown environment for workspace {chosen.workspace}; set BL_API_URL."
        chosen = replace(chosen, credential=None, problem=problem)
    needed = not given.keys() & {"BL_API_KEY", "BL_CLIENT_CREDENTIALS"} or chosen.workspace is None
    worked_out = {
        "BL_API_URL": api_url,
        "BL_WORKSPACE": chosen.workspace,
        "login_credential": chosen.credential,
        "login_problem": chosen.problem if needed else None,
        "workspace_from": workspace_from or (FILE if chosen.workspace else None),
        "api_url_from": api_url_from,
        "api_url_given": not given.keys().isdisjoint({"BL_API_URL", "BL_ENV"}),
    }
    try:
        return Settings.model_validate({name: value for name, (value, _) in given.items()} | worked_out)
    except Invalid as invalid:
        wrong = dict.fromkeys(str(error["loc"][0]) for error in invalid.errors(include_input=False))
        # Without the cause, which holds the values: a traceback must not show a secret.
        raise ConfigurationError([_problem(name, *given[name]) for name in wrong]) from None


def unknown_variables(env: Mapping[str, str]) -> list[str]:
    """A line for each variable that looks like one of ours and is none: a typo there would take a lock off the door.

    Kubernetes sets some for a service of that name; they are passed over.
    """
    known = [field.alias.removeprefix(_OURS) for field in Settings.model_fields.values() if field.alias]
    lines = []
    for name in env:
        rest = name.removeprefix(_OURS)
        if rest == name or rest in known or re.search(r"_SERVICE_|_PORT_\d+_(TCP|UDP)", name):
            continue
        near = get_close_matches(rest, known, 1)
        shown = name if len(name) <= SHOWN_CHARACTERS else name[:SHOWN_CHARACTERS] + "…"
        lines.append(f"{shown} is no variable of blaxel-mcp.{f' Did you mean {_OURS}{near[0]}?' if near else ''}")
    return lines


_OURS = "BLAXEL_MCP_"


def _given(flags: Mapping[str, str], env: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What is set, by variable: the value, and the option or variable it came from."""
    given = {}
    hosted = _is_set(env.get("BL_NAME"))
    for field in Settings.model_fields.values():
        if (name := field.alias) is None:
            continue
        candidates = [(flags.get(name), option_for(name)), (env.get(name), name)]
        if hosted and name in HOSTED_NAMES:
            candidates.append((env.get(HOSTED_NAMES[name]), HOSTED_NAMES[name]))
        for value, origin in candidates:
            if value is not None and _is_set(value):
                given[name] = (value.strip(), origin)
                break
    return given


def _is_set(value: str | None) -> bool:
    """Whether a value says anything: some clients pass `${VARIABLE}` on unexpanded when there is no such variable."""
    return bool(value and value.strip()) and not re.fullmatch(r"\s*\$\{[^}]*\}\s*", value or "")


def _api_url_of(given: Mapping[str, tuple[str, str]], chosen: LoginSelection) -> tuple[str, str]:
    """The control plane, and what named it; a word in BL_ENV that is none is reported with the other problems."""
    if "BL_API_URL" in given:
        return given["BL_API_URL"]
    if "BL_ENV" in given:
        word, origin = given["BL_ENV"]
        return API_URLS.get(word.lower(), API_URLS[DEFAULT_ENVIRONMENT]), origin
    if chosen.api_url and chosen.workspace:
        return chosen.api_url, source_of(chosen.workspace)
    return API_URLS[DEFAULT_ENVIRONMENT], "the default"


def _problem(name: str, value: str, origin: str) -> str:
    """One line: which variable or option, what it is (unless that could tell a secret), what it may be."""
    extra = next(field.json_schema_extra for field in Settings.model_fields.values() if field.alias == name)
    allowed = extra["allowed"] if isinstance(extra, dict) else "something else"
    # A URL that is refused may be so for the password in it, or carry one in its query.
    if name in SECRETS or re.search(r"[@?#]", value):
        return f"{origin} cannot be used (its value is not shown); it must be {allowed}."
    shown = "".join(character for character in value if character.isprintable())
    shown = shown if len(shown) <= SHOWN_CHARACTERS else shown[:SHOWN_CHARACTERS] + "…"
    return f"{origin} is '{shown}'; it must be {allowed}."
