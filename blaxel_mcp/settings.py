"""Every setting as one frozen value: from the command line, else the environment, else the file that `bl login` wrote.

`load` is pure: it gets what `cli.py` read, and reports all problems at once. A setting is one field of `Settings`: its
variable, its option and `--help` are made from it, and docs/configuration.md is compared with it.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from blaxel_mcp import setting_types as types
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.login import (
    API_URLS,
    DEFAULT_ENVIRONMENT,
    LOGIN_FILE,
    Credential,
    LoginEntry,
    describe_login,
    select_login,
)

HOSTED_NAMES = {"BLAXEL_MCP_HOST": "HOST", "BLAXEL_MCP_PORT": "PORT"}
"""What Blaxel's hosting sets beside BL_NAME. Elsewhere these mean something else: some shells export HOST."""

_PREFIX = "BLAXEL_MCP_"
_BY_DEFAULT = "the default"
_SHOWN_CHARACTERS = 60


def _variable(
    name: str, description: str, *, default: Any = None, option: str | None = None, secret: bool = False
) -> Any:
    """Make a field of `Settings` an environment variable, described for `--help` and docs/configuration.md.

    `option` is the command-line option that sets it too, with a placeholder unless it is a flag: "--port NUMBER". The
    value of a `secret` is never shown, not even when it is wrong.
    """
    return Field(default, alias=name, description=description, json_schema_extra={"option": option, "secret": secret})


class Settings(BaseModel):
    """Every setting, checked. A field with an alias is an environment variable; the others are worked out by `load`."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, hide_input_in_errors=True)

    api_key: types.Key | None = _variable("BL_API_KEY", "Blaxel API key; needs BL_WORKSPACE too", secret=True)
    client_credentials: types.ServiceAccount | None = _variable(
        "BL_CLIENT_CREDENTIALS", "a service account's id:secret, plain or in base64, exchanged for tokens", secret=True
    )
    workspace: types.Workspace | None = _variable("BL_WORKSPACE", "workspace; else the login's current one")
    environment: types.Environment | None = _variable(
        "BL_ENV", "control plane: prod, dev or local; else the login's, else prod"
    )
    api_url: types.BaseUrl = _variable(
        "BL_API_URL",
        "base URL of the control plane, including /v0; wins over BL_ENV",
        default=API_URLS[DEFAULT_ENVIRONMENT],
    )
    api_version: types.ApiVersion = _variable("BL_API_VERSION", "version of the Blaxel API", default="2026-04-28")
    transport: types.Transport = _variable(
        "BLAXEL_MCP_TRANSPORT",
        "how clients connect: stdio, sse or streamable-http (http for short)",
        default="stdio",
        option="--transport NAME",
    )
    host: types.Host = _variable(
        "BLAXEL_MCP_HOST", "address to listen on over HTTP", default="127.0.0.1", option="--host ADDRESS"
    )
    port: types.Port = _variable("BLAXEL_MCP_PORT", "port to listen on over HTTP", default=8000, option="--port NUMBER")
    auth: types.Auth = _variable(
        "BLAXEL_MCP_AUTH",
        "how HTTP clients authenticate: token, per-request (their own Blaxel credential) or gateway (a proxy in front)",
        default="token",
        option="--auth MODE",
    )
    auth_token: types.Secret | None = _variable(
        "BLAXEL_MCP_AUTH_TOKEN", "bearer token that HTTP clients must present", secret=True
    )
    oauth_issuer: types.Url | None = _variable(
        "BLAXEL_MCP_OAUTH_ISSUER",
        "authorization server whose access tokens HTTP clients may present; needs the public URL",
        option="--oauth-issuer URL",
    )
    public_url: types.BaseUrl | None = _variable(
        "BLAXEL_MCP_PUBLIC_URL",
        "address at which HTTP clients reach this server, such as https://mcp.example.com",
        option="--public-url URL",
    )
    allowed_hosts: types.HostList = _variable(
        "BLAXEL_MCP_ALLOWED_HOSTS",
        "comma-separated Host headers to accept; unset means the loopback names",
        default=(),
    )
    allowed_origins: types.OriginList = _variable(
        "BLAXEL_MCP_ALLOWED_ORIGINS",
        "comma-separated Origin headers to accept; unset means the loopback names",
        default=(),
    )
    max_requests: types.Limit = _variable(
        "BLAXEL_MCP_MAX_REQUESTS",
        "most requests in flight at once; over HTTP, further ones are answered 503",
        default=2_000,
        option="--max-requests NUMBER",
    )
    max_streams: types.Limit = _variable(
        "BLAXEL_MCP_MAX_STREAMS",
        "most event streams open at once over HTTP; further ones are answered 503",
        default=1_000,
        option="--max-streams NUMBER",
    )
    state_key: types.StateKey | None = _variable(
        "BLAXEL_MCP_STATE_KEY",
        "secret that all processes of one server share, to seal the state of calls that ask for confirmation",
        secret=True,
    )
    allow_writes: types.Flag = _variable(
        "BLAXEL_MCP_ALLOW_WRITES", "add the tools that change something", default=False, option="--allow-writes"
    )
    raw: types.Raw = _variable(
        "BLAXEL_MCP_RAW", "how much raw JSON a result carries: auto (up to the limit), full or never", default="auto"
    )
    raw_limit: types.Bytes = _variable("BLAXEL_MCP_RAW_LIMIT", "bytes of raw JSON that auto inlines", default=8192)
    lookups: types.Lookups = _variable(
        "BLAXEL_MCP_LOOKUPS",
        "whether an answer about an execution may take more calls than its own, for tasks, log lines and usual "
        "durations: auto or never",
        default="auto",
        option="--lookups MODE",
    )
    timeout: types.Seconds = _variable("BLAXEL_MCP_TIMEOUT", "seconds for one attempt to reach Blaxel", default=20.0)
    log_level: types.LogLevel = _variable(
        "BLAXEL_MCP_LOG_LEVEL",
        "lowest level that is logged to stderr: DEBUG, INFO, WARNING, ERROR or CRITICAL",
        default="WARNING",
    )
    request_log: types.Flag = _variable(
        "BLAXEL_MCP_REQUEST_LOG",
        "a line of JSON on stderr for each request",
        default=False,
        option="--request-log",
    )
    metrics: types.Flag = _variable(
        "BLAXEL_MCP_METRICS", "serve Prometheus metrics at /metrics over HTTP", default=False, option="--metrics"
    )
    otlp_endpoint: str | None = _variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT", "where to send OpenTelemetry traces, if anywhere"
    )
    ssl_cert_file: Path | None = _variable(
        "SSL_CERT_FILE", "file of certificate authorities to trust instead of the system's"
    )
    ssl_cert_dir: Path | None = _variable(
        "SSL_CERT_DIR", "folder of certificate authorities to trust instead of the system's"
    )

    login_credential: Credential | None = None
    login_problem: str | None = None
    workspace_from: str | None = None
    api_url_from: str = _BY_DEFAULT

    @property
    def api_url_given(self) -> bool:
        """Whether the user named the control plane, so that a login of another environment may be used with it."""
        return self.api_url_from in {"BL_API_URL", "BL_ENV"}

    @property
    def credential(self) -> Credential | None:
        """What to sign requests with: the API key, else client credentials, else the login."""
        return self.api_key or self.client_credentials or self.login_credential


VARIABLES = {field.alias: field for field in Settings.model_fields.values() if field.alias}
"""The fields that users set, by environment variable."""


def _extra(name: str, key: str) -> Any:
    extra = VARIABLES[name].json_schema_extra
    return extra[key] if isinstance(extra, dict) else None


OPTIONS: dict[str, str] = {name: option for name in VARIABLES if (option := _extra(name, "option"))}
"""Variables that are options of the command line too: "--allow-writes", "--port NUMBER"."""

SECRETS = frozenset(name for name in VARIABLES if _extra(name, "secret"))
"""Variables whose value is never shown."""


def option_for(variable: str) -> str:
    """The option that sets a variable ("--port"), or the variable's own name if it has none."""
    return OPTIONS.get(variable, variable).split(" ")[0]


def choices(variable: str) -> tuple[str, ...]:
    """The words that a setting of a closed set takes; none for any other setting."""
    of = VARIABLES[variable].annotation
    return get_args(of) if get_origin(of) is Literal else ()


def format_default(variable: str) -> str:
    """The default as `--help` and docs/configuration.md show it; empty for unset, false and an empty list."""
    default = VARIABLES[variable].default
    return "" if default in (None, False, ()) else f"{default:g}" if isinstance(default, float) else str(default)


class _Given(NamedTuple):
    value: str
    origin: str
    """The option or variable that the value came from."""


def load(flags: Mapping[str, str], env: Mapping[str, str], login: str | None) -> Settings:
    """Find and check the value of every setting.

    Args:
        flags: what the command line set, by the name of the variable that each option stands for; wins over `env`.
        env: the environment; blanks and a literal `${...}` count as unset, here as in `flags`.
        login: the text of `~/.blaxel/config.yaml`, or None without one.

    Raises:
        ConfigurationError: one line for each setting that is wrong. A missing credential and a broken login file are
            not among them: the server starts, and `login_problem` says why a call cannot work.
    """
    given = _read_given(flags, env)
    auth, workspace = given.get("BLAXEL_MCP_AUTH"), given.get("BL_WORKSPACE")
    if auth and auth.value.lower() == "per-request":
        login = None  # each caller brings a credential and a workspace; the login of this machine's user is for nobody
    selected = select_login(login, workspace.value if workspace else None)
    api_url, api_url_from = _find_api_url(given, selected)
    if selected.credential and api_url_from == _BY_DEFAULT:  # the login's `env` is none that we know
        problem = f"{LOGIN_FILE} names an unknown environment for workspace {selected.workspace}; set BL_API_URL."
        selected = replace(selected, credential=None, problem=problem)
    login_needed = given.keys().isdisjoint({"BL_API_KEY", "BL_CLIENT_CREDENTIALS"}) or selected.workspace is None
    worked_out = {
        "BL_API_URL": api_url,
        "BL_WORKSPACE": selected.workspace,
        "login_credential": selected.credential,
        "login_problem": selected.problem if login_needed else None,
        "workspace_from": workspace.origin if workspace else LOGIN_FILE if selected.workspace else None,
        "api_url_from": api_url_from,
    }
    try:
        return Settings.model_validate({name: value for name, (value, _) in given.items()} | worked_out)
    except ValidationError as invalid:
        problems = [_problem(error, given[str(error["loc"][0])]) for error in invalid.errors(include_input=False)]
        # Without the cause, which holds the values: a traceback must not show a secret.
        raise ConfigurationError(problems) from None


def unknown_variables(env: Mapping[str, str]) -> list[str]:
    """Warn of each BLAXEL_MCP_ variable that does not exist: a misspelt one could leave the server without a token.

    What Kubernetes sets for a service named blaxel-mcp is passed over.
    """
    known = [name.removeprefix(_PREFIX) for name in VARIABLES]
    warnings = []
    for name in env:
        rest = name.removeprefix(_PREFIX)
        if rest == name or rest in known or re.search(r"_SERVICE_|_PORT_\d+_(TCP|UDP)", name):
            continue
        from difflib import get_close_matches  # noqa: PLC0415 - only for a misspelt one

        near = get_close_matches(rest, known, 1)
        suggestion = f" Did you mean {_PREFIX}{near[0]}?" if near else ""
        warnings.append(f"{_shorten(name)} is no variable of blaxel-mcp.{suggestion}")
    return warnings


def _read_given(flags: Mapping[str, str], env: Mapping[str, str]) -> dict[str, _Given]:
    """What is set, by variable: by its option, else in the environment, else by Blaxel's hosting."""
    hosted = HOSTED_NAMES if clean_value(env.get("BL_NAME")) else {}
    given = {}
    for name in VARIABLES:
        sources = [(option_for(name), flags.get(name)), (name, env.get(name))]
        if name in hosted:
            sources.append((hosted[name], env.get(hosted[name])))
        for origin, text in sources:
            if value := clean_value(text):
                given[name] = _Given(value, origin)
                break
    return given


def clean_value(text: str | None) -> str | None:
    """The text of a variable, or None if it says nothing: some clients pass `${VARIABLE}` on when there is no such."""
    value = (text or "").strip()
    return None if not value or re.fullmatch(r"\$\{[^}]*\}", value) else value


def _find_api_url(given: Mapping[str, _Given], selected: LoginEntry) -> tuple[str, str]:
    """The base URL of the control plane, and what named it; an unknown word in BL_ENV is for `Settings` to refuse."""
    if "BL_API_URL" in given:
        return given["BL_API_URL"]
    if "BL_ENV" in given:
        environment, origin = given["BL_ENV"]
        return API_URLS.get(environment.lower(), API_URLS[DEFAULT_ENVIRONMENT]), origin
    if selected.api_url and selected.workspace:
        return selected.api_url, describe_login(selected.workspace)
    return API_URLS[DEFAULT_ENVIRONMENT], _BY_DEFAULT


def _problem(error: ErrorDetails, given: _Given) -> str:
    """One line: which variable or option, its value unless that could be a secret, and what it must be."""
    context = error["ctx"]
    allowed = context["expected"].replace("'", "") if "expected" in context else context["error"]
    # A URL may be refused for the password in it, or carry one in its query.
    if error["loc"][0] in SECRETS or re.search(r"[@?#]", given.value):
        return f"{given.origin} cannot be used (its value is not shown); it must be {allowed}."
    shown = _shorten("".join(character for character in given.value if character.isprintable()))
    return f"{given.origin} is '{shown}'; it must be {allowed}."


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
