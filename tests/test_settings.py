"""Settings: the order of sources, what is refused and in which words, and the login file."""

import base64
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import SecretStr, ValidationError

from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.login import (
    LOGIN_FILE,
    ApiKey,
    ClientCredentials,
    Login,
    LoginEntry,
    LoginTokens,
    parse_client_credentials,
    parse_login,
    select_login,
)
from blaxel_mcp.setting_types import is_loopback
from blaxel_mcp.settings import OPTIONS, VARIABLES, Settings, load, option_for, unknown_variables

LOGIN = """\
context:
  workspace: my-ws
workspaces:
- name: my-ws
  id: ws-id
  credentials:
    access_token: my-access
    refresh_token: my-refresh
    expires_in: 7200
    device_code: my-device
  env: "dev"
- name: other
  credentials:
    apiKey: "other-key"
- name: both
  credentials:
    access_token: my-access
    client_credentials: "bXktaWQ6bXktc2VjcmV0"
- name: camel
  credentials:
    clientCredentials: "my-id:my-secret"
tracking: true
"""
SOURCE = "the login of workspace {} in ~/.blaxel/config.yaml"
TOKENS = LoginTokens(SOURCE.format("my-ws"), SecretStr("my-access"), SecretStr("my-refresh"), SecretStr("my-device"))
OTHER_KEY = ApiKey(SOURCE.format("other"), SecretStr("other-key"), from_login=True)
PROD, DEV, LOCAL = "https://api.blaxel.ai/v0", "https://api.blaxel.dev/v0", "http://localhost:8080/v0"


NONE_STORED = f"The login of workspace w in {LOGIN_FILE} holds no credential."
DAMAGED = f"The login of workspace w in {LOGIN_FILE} holds a credential that is damaged."


def client_credentials(workspace: str) -> ClientCredentials:
    """The client credentials that LOGIN has for a workspace."""
    return ClientCredentials(SOURCE.format(workspace), SecretStr("my-id"), SecretStr("my-secret"), from_login=True)


def problems(env: dict[str, str], flags: dict[str, str] | None = None) -> list[str]:
    """The lines of the error that `load` raises."""
    with pytest.raises(ConfigurationError) as caught:
        load(flags or {}, env, None)
    assert caught.value.__cause__ is None
    return caught.value.problems


def test_nothing_set_is_the_documented_default() -> None:
    """Every default in one comparison, so that none changes unnoticed."""
    assert load({}, {}, None).model_dump() == {
        "api_key": None,
        "client_credentials": None,
        "workspace": None,
        "environment": None,
        "api_url": PROD,
        "api_version": "2026-04-28",
        "transport": "stdio",
        "host": "127.0.0.1",
        "port": 8000,
        "auth": "token",
        "auth_token": None,
        "allowed_hosts": (),
        "allowed_origins": (),
        "oauth_issuer": None,
        "public_url": None,
        "max_requests": 2_000,
        "max_streams": 1_000,
        "state_key": None,
        "request_log": False,
        "metrics": False,
        "otlp_endpoint": None,
        "allow_writes": False,
        "raw": "auto",
        "raw_limit": 8192,
        "lookups": "auto",
        "timeout": 20.0,
        "log_level": "WARNING",
        "ssl_cert_file": None,
        "ssl_cert_dir": None,
        "login_credential": None,
        "login_problem": None,
        "workspace_from": None,
        "api_url_from": "the default",
    }


@pytest.mark.parametrize(
    ("variable", "value", "field", "expected"),
    [
        ("BL_API_KEY", " bl-key\n", "api_key", ApiKey("BL_API_KEY", SecretStr("bl-key"))),
        ("BL_WORKSPACE", "my-ws", "workspace", "my-ws"),
        ("BL_ENV", "DEV", "environment", "dev"),
        ("BL_API_VERSION", "2027-01-31.preview", "api_version", "2027-01-31.preview"),
        ("BLAXEL_MCP_TRANSPORT", "sse", "transport", "sse"),
        ("BLAXEL_MCP_TRANSPORT", "HTTP", "transport", "streamable-http"),
        ("BLAXEL_MCP_TRANSPORT", "streamable-http", "transport", "streamable-http"),
        ("BLAXEL_MCP_HOST", "::", "host", "::"),
        ("BLAXEL_MCP_PORT", "0", "port", 0),
        ("BLAXEL_MCP_PORT", "65535", "port", 65535),
        ("BLAXEL_MCP_AUTH", "per-request", "auth", "per-request"),
        ("BLAXEL_MCP_AUTH", "gateway", "auth", "gateway"),
        ("BLAXEL_MCP_AUTH_TOKEN", "my token", "auth_token", SecretStr("my token")),
        ("BLAXEL_MCP_ALLOWED_HOSTS", "a.example, b:80 ,,c:*,[::1]:1", "allowed_hosts",
         ("a.example", "b:80", "c:*", "[::1]:1")),
        ("BLAXEL_MCP_ALLOWED_ORIGINS", "https://a.example:*,b", "allowed_origins", ("https://a.example:*", "b")),
        ("BLAXEL_MCP_OAUTH_ISSUER", "https://id.example/realm/", "oauth_issuer", "https://id.example/realm/"),
        ("BLAXEL_MCP_PUBLIC_URL", "http://localhost:8000", "public_url", "http://localhost:8000"),
        ("BLAXEL_MCP_MAX_REQUESTS", "1", "max_requests", 1),
        ("BLAXEL_MCP_MAX_STREAMS", "50000", "max_streams", 50_000),
        ("BLAXEL_MCP_STATE_KEY", "s" * 32, "state_key", SecretStr("s" * 32)),
        ("BLAXEL_MCP_REQUEST_LOG", "true", "request_log", True),
        ("BLAXEL_MCP_METRICS", "true", "metrics", True),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318", "otlp_endpoint", "http://localhost:4318"),
        ("BLAXEL_MCP_ALLOW_WRITES", "true", "allow_writes", True),
        ("BLAXEL_MCP_ALLOW_WRITES", "1", "allow_writes", True),
        ("BLAXEL_MCP_ALLOW_WRITES", "Yes", "allow_writes", True),
        ("BLAXEL_MCP_ALLOW_WRITES", "on", "allow_writes", True),
        ("BLAXEL_MCP_ALLOW_WRITES", "0", "allow_writes", False),
        ("BLAXEL_MCP_RAW", "Never", "raw", "never"),
        ("BLAXEL_MCP_RAW_LIMIT", "0", "raw_limit", 0),
        ("BLAXEL_MCP_LOOKUPS", "Never", "lookups", "never"),
        ("BLAXEL_MCP_TIMEOUT", "0.5", "timeout", 0.5),
        ("BLAXEL_MCP_TIMEOUT", "60", "timeout", 60.0),
        ("BLAXEL_MCP_LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("SSL_CERT_FILE", "/ca.pem", "ssl_cert_file", Path("/ca.pem")),
        ("SSL_CERT_DIR", "/ca", "ssl_cert_dir", Path("/ca")),
    ],
)  # fmt: skip
def test_a_variable_sets_its_field(variable: str, value: str, field: str, expected: object) -> None:
    """Each variable, from the environment and from the command line, with spaces around it ignored."""
    assert getattr(load({}, {variable: value}, None), field) == expected
    assert getattr(load({variable: f" {value} "}, {}, None), field) == expected


def test_every_variable_is_described() -> None:
    """`--help` is made of the descriptions, one line each."""
    descriptions = {name: field.description or "" for name, field in VARIABLES.items()}
    assert [name for name, text in descriptions.items() if not text or "\n" in text] == []
    assert len(VARIABLES) == 29


def test_the_words_of_a_closed_set_are_in_its_description() -> None:
    """Each word that a variable may be is explained where the variable is, and in capitals if it is shown so."""
    for field in VARIABLES.values():
        literals = [field.annotation, *get_args(field.annotation)]
        words = [word for literal in literals if get_origin(literal) is Literal for word in get_args(literal)]
        assert [word for word in words if word not in (field.description or "")] == []


def test_options_are_named_after_their_variables() -> None:
    """--port sets BLAXEL_MCP_PORT; a flag sets a variable that is true or false, every other option has a value."""
    for name, option in OPTIONS.items():
        flag, _, placeholder = option.partition(" ")
        assert flag == "--" + name.removeprefix("BLAXEL_MCP_").lower().replace("_", "-")
        assert (placeholder == "") == (VARIABLES[name].annotation is bool)


@pytest.mark.parametrize("value", ["", " ", "\t\n", "${BL_API_KEY}", " ${X:-y} ", "${}"])
def test_blanks_and_unexpanded_variables_count_as_unset(value: str) -> None:
    """In every variable and option alike; the next source in the order is used."""
    unset = load({}, {}, None)
    for variable in VARIABLES:
        assert load({variable: value}, {variable: value}, None) == unset, variable
    assert load({"BLAXEL_MCP_PORT": value}, {"BLAXEL_MCP_PORT": "9000"}, None).port == 9000


def test_the_command_line_beats_the_environment() -> None:
    """A flag wins over the variable of the same name."""
    assert load({"BLAXEL_MCP_PORT": "1"}, {"BLAXEL_MCP_PORT": "2"}, None).port == 1


@pytest.mark.parametrize(
    ("flags", "env", "expected"),
    [
        ({}, {"HOST": "::", "PORT": "80"}, ("127.0.0.1", 8000)),
        ({}, {"HOST": "::", "PORT": "80", "BL_NAME": "${BL_NAME}"}, ("127.0.0.1", 8000)),
        ({}, {"HOST": "::", "PORT": "80", "BL_NAME": "me"}, ("::", 80)),
        ({}, {"HOST": "::", "PORT": "80", "BL_NAME": "me", "BLAXEL_MCP_PORT": "81"}, ("::", 81)),
        ({"BLAXEL_MCP_HOST": "h"}, {"HOST": "::", "PORT": "80", "BL_NAME": "me"}, ("h", 80)),
    ],
)
def test_host_and_port_count_only_on_blaxels_hosting(
    flags: dict[str, str], env: dict[str, str], expected: tuple[str, int]
) -> None:
    """HOST and PORT count if BL_NAME is set too, and come last in the order."""
    settings = load(flags, env, None)
    assert (settings.host, settings.port) == expected


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("BL_WORKSPACE", "my ws", "BL_WORKSPACE is 'my ws'; it must be a workspace's name or id."),
        ("BL_ENV", "staging", "BL_ENV is 'staging'; it must be prod, dev or local."),
        ("BL_API_VERSION", "latest", "BL_API_VERSION is 'latest'; it must be a date such as 2026-04-28."),
        ("BLAXEL_MCP_TRANSPORT", "tcp", "BLAXEL_MCP_TRANSPORT is 'tcp'; it must be stdio, sse or streamable-http."),
        ("BLAXEL_MCP_HOST", "http://h", "BLAXEL_MCP_HOST is 'http://h'; it must be a host name or an address."),
        ("BLAXEL_MCP_PORT", "65536", "BLAXEL_MCP_PORT is '65536'; it must be a whole number from 0 to 65535."),
        ("BLAXEL_MCP_PORT", "http", "BLAXEL_MCP_PORT is 'http'; it must be a whole number from 0 to 65535."),
        ("BLAXEL_MCP_AUTH", "none", "BLAXEL_MCP_AUTH is 'none'; it must be token, per-request or gateway."),
        ("BLAXEL_MCP_ALLOWED_HOSTS", "a,*",
         "BLAXEL_MCP_ALLOWED_HOSTS is 'a,*'; it must be a comma-separated list of name, name:port or name:*."),
        ("BLAXEL_MCP_ALLOWED_ORIGINS", "ftp://a",
         "BLAXEL_MCP_ALLOWED_ORIGINS is 'ftp://a'; it must be a list as for hosts, with or without http:// or https://."),
        ("BLAXEL_MCP_ALLOW_WRITES", "maybe", "BLAXEL_MCP_ALLOW_WRITES is 'maybe'; it must be true or false."),
        ("BLAXEL_MCP_RAW", "some", "BLAXEL_MCP_RAW is 'some'; it must be auto, full or never."),
        ("BLAXEL_MCP_RAW_LIMIT", "-1", "BLAXEL_MCP_RAW_LIMIT is '-1'; it must be a whole number from 0."),
        ("BLAXEL_MCP_TIMEOUT", "0", "BLAXEL_MCP_TIMEOUT is '0'; it must be a number above 0 and up to 60."),
        ("BLAXEL_MCP_TIMEOUT", "61", "BLAXEL_MCP_TIMEOUT is '61'; it must be a number above 0 and up to 60."),
        ("BLAXEL_MCP_TIMEOUT", "nan", "BLAXEL_MCP_TIMEOUT is 'nan'; it must be a number above 0 and up to 60."),
        ("BLAXEL_MCP_LOG_LEVEL", "loud",
         "BLAXEL_MCP_LOG_LEVEL is 'loud'; it must be DEBUG, INFO, WARNING, ERROR or CRITICAL."),
        ("BLAXEL_MCP_RAW", "\x1b[31mred\u202e" + "x" * 90,
         f"BLAXEL_MCP_RAW is '[31mred{'x' * 53}…'; it must be auto, full or never."),
    ],
)  # fmt: skip
def test_a_bad_value_is_named_with_what_is_allowed(variable: str, value: str, line: str) -> None:
    """One line, without control characters and of bounded length, that names the option if the value came by one."""
    assert problems({variable: value}) == [line]
    assert problems({}, {variable: value}) == [line.replace(variable, option_for(variable), 1)]


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("BL_API_KEY", "hunter\u00e9", "printable ASCII"),
        ("BL_API_KEY", "hunter\r\nX: y", "printable ASCII"),
        ("BLAXEL_MCP_AUTH_TOKEN", "hunter\x00", "printable ASCII"),
        ("BLAXEL_MCP_STATE_KEY", "hunter2", "at least 32 characters of printable ASCII"),
        ("BL_CLIENT_CREDENTIALS", "hunter2", "id:secret, plain or in base64, in printable ASCII"),
        ("BL_CLIENT_CREDENTIALS", ":hunter2", "id:secret, plain or in base64, in printable ASCII"),
        ("BL_CLIENT_CREDENTIALS", "id:hunt\ter", "id:secret, plain or in base64, in printable ASCII"),
        ("BL_API_URL", "https://me:hunter2@api.blaxel.ai/v0",
         "an https URL (http on loopback only) without user, query or fragment"),
    ],
)  # fmt: skip
def test_a_bad_secret_is_named_and_not_shown(variable: str, value: str, allowed: str) -> None:
    """The line names the variable and what is allowed, without the value."""
    assert problems({variable: value}) == [f"{variable} cannot be used (its value is not shown); it must be {allowed}."]


def test_all_problems_are_reported_at_once() -> None:
    """Of two variables, an option and the port that the hosting sets, in the order of the variables."""
    env = {"BL_ENV": "x", "BL_API_KEY": "\x00hunter2", "PORT": "many", "BL_NAME": "me"}
    assert problems(env, {"BLAXEL_MCP_MAX_STREAMS": "few"}) == [
        "BL_API_KEY cannot be used (its value is not shown); it must be printable ASCII.",
        "BL_ENV is 'x'; it must be prod, dev or local.",
        "PORT is 'many'; it must be a whole number from 0 to 65535.",
        "--max-streams is 'few'; it must be a whole number from 1.",
    ]


@pytest.mark.parametrize(
    ("env", "login", "url", "origin", "given"),
    [
        ({}, None, PROD, "the default", False),
        ({}, LOGIN, DEV, SOURCE.format("my-ws"), False),
        ({"BL_WORKSPACE": "ws-id"}, LOGIN, DEV, SOURCE.format("ws-id"), False),
        ({"BL_WORKSPACE": "other"}, LOGIN, PROD, SOURCE.format("other"), False),
        ({"BL_WORKSPACE": "unknown"}, LOGIN, PROD, "the default", False),
        ({"BL_ENV": "prod"}, LOGIN, PROD, "BL_ENV", True),
        ({"BL_ENV": "local"}, None, LOCAL, "BL_ENV", True),
        ({"BL_ENV": "dev", "BL_API_URL": "https://h:8443/v0//"}, LOGIN, "https://h:8443/v0", "BL_API_URL", True),
    ],
)
def test_the_api_url_is_found_in_order(
    env: dict[str, str],
    login: str | None,
    url: str,
    origin: str,
    given: bool,  # noqa: FBT001 - a column of the table
) -> None:
    """BL_API_URL, else BL_ENV, else the environment of the workspace's login, else prod."""
    settings = load({}, env, login)
    assert (settings.api_url, settings.api_url_from, settings.api_url_given) == (url, origin, given)


@pytest.mark.parametrize(
    "url", ["http://localhost:1/v0", "http://127.8.9.1/v0", "http://[::1]:80/v0", "https://api.example", "HTTPS://h/v0"]
)
def test_a_safe_api_url_is_accepted(url: str) -> None:
    """With https to any host, with http to loopback only."""
    assert load({}, {"BL_API_URL": url}, None).api_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.blaxel.ai/v0",
        "http://localhost.example/v0",
        "http://0.0.0.0/v0",
        "http://127.0.0.1.example/v0",
        "https://api.blaxel.ai\\@evil.example/v0",
        "https://user@api.blaxel.ai/v0",
        "https://api.blaxel.ai/v0?",
        "https://api.blaxel.ai/v0#",
        "https://api.blaxel.ai/\tv0",
        "https://api.bl\u00e4xel.ai/v0",
        "https://api.blaxel.ai:99999/v0",
        "https://api.blaxel.ai:0/v0",
        "https://[::1/v0",
        "https://",
        "https:///v0",
        "ftp://localhost/v0",
        "api.blaxel.ai/v0",
    ],
)
def test_an_unsafe_api_url_is_refused(url: str) -> None:
    """The base URL decides who receives the credential."""
    allowed = "an https URL (http on loopback only) without user, query or fragment"
    (line,) = problems({"BL_API_URL": url})
    assert (line.startswith("BL_API_URL "), line.endswith(f"; it must be {allowed}.")) == (True, True)


@pytest.mark.parametrize(
    ("env", "login", "expected"),
    [
        ({}, None, None),
        ({"BL_API_KEY": "k"}, LOGIN, ApiKey("BL_API_KEY", SecretStr("k"))),
        ({"BL_API_KEY": "k", "BL_CLIENT_CREDENTIALS": "i:s"}, None, ApiKey("BL_API_KEY", SecretStr("k"))),
        ({"BL_CLIENT_CREDENTIALS": "i:s:t"}, LOGIN,
         ClientCredentials("BL_CLIENT_CREDENTIALS", SecretStr("i"), SecretStr("s:t"))),
        ({}, LOGIN, TOKENS),
        ({"BL_WORKSPACE": "other"}, LOGIN, OTHER_KEY),
        ({"BL_WORKSPACE": "both"}, LOGIN, client_credentials("both")),
        ({"BL_WORKSPACE": "camel"}, LOGIN, client_credentials("camel")),
    ],
)  # fmt: skip
def test_the_credential_is_found_in_order(env: dict[str, str], login: str | None, expected: object) -> None:
    """BL_API_KEY, BL_CLIENT_CREDENTIALS, then the login: in its entry API key, client credentials, tokens."""
    assert load({}, env, login).credential == expected


@pytest.mark.parametrize(
    ("env", "login", "expected"),
    [
        ({}, None, (None, None)),
        ({}, LOGIN, ("my-ws", LOGIN_FILE)),
        ({"BL_API_KEY": "k"}, LOGIN, ("my-ws", LOGIN_FILE)),
        ({"BL_WORKSPACE": "other"}, LOGIN, ("other", "BL_WORKSPACE")),
    ],
)
def test_the_workspace_is_found_in_order(env: dict[str, str], login: str | None, expected: tuple[str, str]) -> None:
    """BL_WORKSPACE, else the login's current one; the settings say which it was."""
    settings = load({}, env, login)
    assert (settings.workspace, settings.workspace_from) == expected


BROKEN = "context:\n  workspace: [my-ws"


@pytest.mark.parametrize(
    ("env", "login", "problem"),
    [
        ({}, None, None),
        ({}, LOGIN, None),
        ({}, BROKEN, "~/.blaxel/config.yaml is not valid YAML (line 2)."),
        ({"BL_API_KEY": "k", "BL_WORKSPACE": "w"}, BROKEN, None),
        ({"BL_CLIENT_CREDENTIALS": "i:s", "BL_WORKSPACE": "w"}, BROKEN, None),
        ({"BL_API_KEY": "k"}, BROKEN, "~/.blaxel/config.yaml is not valid YAML (line 2)."),
        ({"BL_WORKSPACE": "w"}, LOGIN, "~/.blaxel/config.yaml holds no login for workspace w."),
        ({}, LOGIN.replace('"dev"', "staging"),
         "~/.blaxel/config.yaml names an unknown environment for workspace my-ws; set BL_API_URL."),
    ],
)  # fmt: skip
def test_a_broken_login_is_a_problem_only_where_it_is_needed(
    env: dict[str, str], login: str | None, problem: str | None
) -> None:
    """The server starts in any case; doctor and the first call say the problem."""
    settings = load({}, env, login)
    assert settings.login_problem == problem
    assert problem is None or settings.login_credential is None


def test_a_login_of_an_unknown_environment_is_used_with_the_users_url() -> None:
    """The user says where the credential goes, so nothing has to be guessed."""
    settings = load({}, {"BL_API_URL": "https://h/v0"}, LOGIN.replace('"dev"', "staging"))
    assert (settings.credential, settings.login_problem) == (TOKENS, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Login(problem=f"{LOGIN_FILE} is empty.")),
        ("# nothing\n", Login(problem=f"{LOGIN_FILE} is empty.")),
        ("workspaces: 'x", Login(problem=f"{LOGIN_FILE} is not valid YAML (line 1).")),
        ("a: \x00", Login(problem=f"{LOGIN_FILE} is not valid YAML.")),
        ("[" * 500, Login(problem=f"{LOGIN_FILE} is not valid YAML.")),
        ("- my-ws", Login(problem=f"{LOGIN_FILE} does not hold what `bl login` writes.")),
        ("just words", Login(problem=f"{LOGIN_FILE} does not hold what `bl login` writes.")),
        ("workspaces:\n- id: x", Login(problem=f"{LOGIN_FILE} does not hold what `bl login` writes.")),
        ("context:\nworkspaces:", Login()),
        ("context:\n  workspace:\nworkspaces: []", Login()),
        ("context:\n  workspace: null\nworkspaces: ~", Login()),
        ("context: x\nworkspaces: x", Login()),
        ("context:\n  workspace: 0123", Login("0123")),
        ("context:\n  workspace: true", Login("true")),
        ("context:\n  workspace: 'a b'", Login()),
    ],
)
def test_any_login_file_is_read_without_an_error(text: str, expected: Login) -> None:
    """Nulls, scalars of other types and every wrong shape; a problem never quotes the file."""
    assert parse_login(text) == expected


CLIENT = ClientCredentials(SOURCE.format("w"), SecretStr("i"), SecretStr("s"), from_login=True)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("{apiKey: 0123}", ApiKey(SOURCE.format("w"), SecretStr("0123"), from_login=True)),
        ("{access_token: a}", LoginTokens(SOURCE.format("w"), SecretStr("a"), None, None)),
        ("{refresh_token: r}", LoginTokens(SOURCE.format("w"), None, SecretStr("r"), None)),
        ("{apiKey: null, access_token: a}", LoginTokens(SOURCE.format("w"), SecretStr("a"), None, None)),
        ("{}", NONE_STORED),
        ("", NONE_STORED),
        ("cut", NONE_STORED),
        (
            "{access_token: a, refresh_token: r, device_code: d}",
            LoginTokens(SOURCE.format("w"), SecretStr("a"), SecretStr("r"), SecretStr("d")),
        ),
        ("{client_credentials: 'i:s'}", CLIENT),
        ("{clientCredentials: 'i:s'}", CLIENT),
        ("{client_credentials: 'i:s', clientCredentials: 'other:one', access_token: a}", CLIENT),
        ("{apiKey: k, client_credentials: 'i:s'}", ApiKey(SOURCE.format("w"), SecretStr("k"), from_login=True)),
        ("{access_token: Null, refresh_token: NULL, device_code: d}", NONE_STORED),
        ("{access_token: '~', refresh_token: ' '}", NONE_STORED),
        ("{access_token: [a]}", NONE_STORED),
        ("{device_code: d}", NONE_STORED),
        ("{client_credentials: hunter2}", DAMAGED),
        ('{apiKey: "hunter\\n2"}', DAMAGED),
        ("{access_token: hunt\u00e9r2}", DAMAGED),
    ],
)  # fmt: skip
def test_an_entry_holds_any_subset_of_credentials(stored: str, expected: object) -> None:
    """The first one is used; a credential that no header can carry is a problem, which does not quote it."""
    selected = select_login(f"workspaces:\n- name: w\n  credentials: {stored}", "w")
    assert (selected.credential or selected.problem) == expected


def test_a_workspace_is_found_by_name_before_id() -> None:
    """Where one workspace's name is another's id, the name wins."""
    text = "workspaces:\n- {name: a, id: b}\n- {name: b, id: c, credentials: {apiKey: k}}"
    key = ApiKey(SOURCE.format("b"), SecretStr("k"), from_login=True)
    assert select_login(text, "b") == LoginEntry("b", key, PROD, None)
    assert select_login(text, "c") == LoginEntry("c", key, PROD, None)
    assert select_login(text, None) == LoginEntry(problem=f"{LOGIN_FILE} names no current workspace.")


@pytest.mark.parametrize(
    "text",
    [
        "my-id:my-secret",
        base64.b64encode(b"my-id:my-secret").decode(),
        base64.b64encode(b"my-id:my-secret\n").decode(),
        base64.b64encode(b"my-id:my-secret").decode().rstrip("="),
        "bXktaWQ6\nbXktc2VjcmV0",
    ],
)
def test_client_credentials_are_read_plain_and_in_base64(text: str) -> None:
    """Plain, in base64, without padding, and in lines as the command `base64` writes long ones."""
    expected = ClientCredentials("here", SecretStr("my-id"), SecretStr("my-secret"))
    assert parse_client_credentials(text, "here") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "id:",
        ":secret",
        "hunter2",
        "aaaaa",
        "id:sec\u00e9ret",
        "id:sec\nret",
        base64.b64encode(b"no colon").decode(),
        base64.b64encode(b"id:sec\xc3\xa9ret").decode(),
        base64.b64encode(b"id:secret").decode() + "*",
    ],
)
def test_what_is_no_pair_is_no_client_credentials(text: str) -> None:
    """Half a pair, base64 of something else, what is not base64, and what no header can carry."""
    assert parse_client_credentials(text, "here") is None


@pytest.mark.parametrize(("packed", "secret"), [("aWQ6Pj4-Oj8_Pz8=", ">>>:????"), ("aWQ6c2VX", "seW")])
def test_client_credentials_are_read_in_every_base64(packed: str, secret: str) -> None:
    """In the alphabet of URLs too, and whichever letter is the last one; a secret may have colons."""
    expected = ClientCredentials("here", SecretStr("id"), SecretStr(secret), from_login=True)
    assert parse_client_credentials(packed, "here", from_login=True) == expected


def test_a_whole_login_is_read() -> None:
    """Names, credentials, addresses and ids of all workspaces, with what is wrong with any of them."""
    login = parse_login(
        "context: {workspace: b}\n"
        "workspaces:\n"
        "- {name: a, id: 1, env: dev, credentials: {apiKey: k}}\n"
        "- text\n"
        "- {name: b, env: staging}\n"
        "- {id: 3, credentials: {apiKey: k}}\n"
        "- {name: c, env: local, credentials: {apiKey: k}}\n"
    )
    key = ApiKey(SOURCE.format("a"), SecretStr("k"), from_login=True)
    problem = "The login of workspace b in ~/.blaxel/config.yaml holds no credential."
    assert login == Login(
        "b",
        (
            LoginEntry("a", key, "https://api.blaxel.dev/v0"),
            LoginEntry("b", None, None, problem),
            LoginEntry("c", replace(key, source=SOURCE.format("c")), "http://localhost:8080/v0"),
        ),
    )
    assert [entry.id for entry in login.entries] == ["1", None, None]


@pytest.mark.parametrize(
    ("text", "workspace", "expected"),
    [
        (None, None, LoginEntry()),
        (None, "w", LoginEntry("w")),
        ("", None, LoginEntry(problem=f"{LOGIN_FILE} is empty.")),
        ("", "w", LoginEntry("w", problem=f"{LOGIN_FILE} is empty.")),
        ("context: {workspace: w}", None, LoginEntry("w", problem=f"{LOGIN_FILE} holds no login for workspace w.")),
        ("context: {workspace: w}", "v", LoginEntry("v", problem=f"{LOGIN_FILE} holds no login for workspace v.")),
        ("context: {}", None, LoginEntry(problem=f"{LOGIN_FILE} names no current workspace.")),
    ],
)
def test_what_a_login_file_lacks_is_a_problem(text: str | None, workspace: str | None, expected: LoginEntry) -> None:
    """No file is none, since the credential may come from elsewhere."""
    assert select_login(text, workspace) == expected


def test_no_secret_is_in_a_repr_a_dump_or_an_error() -> None:
    """No representation of settings, credentials and problems contains a secret."""
    env = {"BL_API_KEY": "hunter1", "BL_CLIENT_CREDENTIALS": "id:hunter2", "BLAXEL_MCP_AUTH_TOKEN": "hunter3"}
    login = LOGIN.replace("my-access", "hunter4").replace("my-refresh", "hunter5").replace("my-device", "hunter6")
    settings = load({}, env, login)
    printed: list[Any] = [
        settings,
        settings.model_dump(),
        settings.model_dump_json(),
        parse_login(login),
        vars(settings),
    ]
    bad = {name: f"{value}\x00" for name, value in env.items()}
    with pytest.raises(ConfigurationError) as caught:
        load({}, bad | {"BLAXEL_MCP_PORT": "x"}, login)
    printed += [caught.value, caught.value.args]
    assert "hunter" not in "".join(f"{item}{item!r}" for item in printed)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),  # noqa: S104 - not listened on
        ("::", False),
        ("localhost.example", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_only(host: str, expected: bool) -> None:  # noqa: FBT001 - a column of the table
    """127.0.0.0/8, ::1 and localhost."""
    assert is_loopback(host) == expected


def test_an_unknown_variable_is_reported_with_the_likely_one() -> None:
    """A misspelt token would leave the server without one; what Kubernetes sets for a service is no typo."""
    env = {
        "BLAXEL_MCP_AUTH_TOKN": "hunter2",
        "BLAXEL_MCP_ZZZ": "x",
        "BLAXEL_MCP_PORT": "8000",
        "BLAXEL_MCP_SERVICE_HOST": "10.0.0.1",
        "BLAXEL_MCP_PORT_8000_TCP_ADDR": "10.0.0.1",
        "BL_OTHER": "x",
    }
    assert unknown_variables(env) == [
        "BLAXEL_MCP_AUTH_TOKN is no variable of blaxel-mcp. Did you mean BLAXEL_MCP_AUTH_TOKEN?",
        "BLAXEL_MCP_ZZZ is no variable of blaxel-mcp.",
    ]


def test_settings_load_no_yaml_reader_without_a_login() -> None:
    """The YAML reader costs start-up time that a start without a login file does not pay."""
    code = "import sys; from blaxel_mcp.settings import load; load({}, {}, None); print('yaml' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8")  # noqa: S603 - our own text
    assert ran.stdout == "False\n"


def test_a_model_error_shows_no_value() -> None:
    """Whoever makes settings by hand and prints pydantic's own error shows nobody's secret."""
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"BLAXEL_MCP_STATE_KEY": "hunter2", "BLAXEL_MCP_PORT": "hunter3"})
    assert "hunter" not in f"{caught.value}{caught.value!r}"


def test_settings_cannot_be_changed() -> None:
    """What was checked at the start stays as it was."""
    settings = load({}, {}, None)
    with pytest.raises(ValidationError):
        settings.allow_writes = True  # type: ignore[misc] # that it cannot be set is the test


def test_a_long_value_is_cut_after_sixty_characters() -> None:
    """A wrong value and a variable's name; sixty characters are shown whole."""
    (said,) = problems({"BLAXEL_MCP_RAW": "x" * 60})
    assert said.startswith(f"BLAXEL_MCP_RAW is '{'x' * 60}';")
    (said,) = problems({"BLAXEL_MCP_RAW": "x" * 61})
    assert said.startswith(f"BLAXEL_MCP_RAW is '{'x' * 60}…';")
    name = "BLAXEL_MCP_" + "Z" * 90
    assert unknown_variables({name: "x"}) == [f"{name[:60]}… is no variable of blaxel-mcp."]


def test_a_shared_server_reads_no_login() -> None:
    """Each caller brings a credential and a workspace; those of this machine's user are for nobody."""
    settings = load({}, {"BLAXEL_MCP_AUTH": "Per-Request"}, LOGIN)
    assert (settings.credential, settings.workspace, settings.login_problem) == (None, None, None)
    assert settings.api_url == PROD


@pytest.mark.parametrize(
    ("variable", "good", "bad"),
    [
        ("BLAXEL_MCP_TIMEOUT", ("60", "0.001"), ("60.001", "0", "-1", "inf")),
        ("BLAXEL_MCP_STATE_KEY", ("k" * 32,), ("k" * 31,)),
        ("BLAXEL_MCP_PORT", ("65535", "0"), ("65536", "-1")),
        ("BLAXEL_MCP_MAX_REQUESTS", ("1",), ("0", "-1", "1.5")),
        ("BLAXEL_MCP_MAX_STREAMS", ("1",), ("0",)),
        ("BLAXEL_MCP_RAW_LIMIT", ("0",), ("-1",)),
        ("BL_WORKSPACE", ("w" * 128,), ("w" * 129,)),
    ],
)
def test_numbers_end_where_they_are_said_to(variable: str, good: tuple[str, ...], bad: tuple[str, ...]) -> None:
    """The last value that is taken, and the first that is not."""
    for value in good:
        load({}, {variable: value}, None)
    for value in bad:
        assert len(problems({variable: value})) == 1


def test_a_workspaces_name_has_128_characters_at_most() -> None:
    """In the login file, too, of the current workspace and of the others."""
    for length, found in ((128, True), (129, False)):
        name = "w" * length
        login = parse_login(
            f"context: {{workspace: {name}}}\nworkspaces:\n- {{name: {name}, credentials: {{apiKey: k}}}}"
        )
        assert (login.workspace == name, len(login.entries) == 1) == (found, found)


def test_the_login_file_makes_no_objects(tmp_path: Path) -> None:
    """A tag of YAML that would call something is text like any other."""
    made = tmp_path / "made"
    for tag in ("!!python/object/apply:os.mkdir", "!!python/object/new:os.mkdir"):
        login = parse_login(f"context: {{workspace: w}}\nworkspaces: {tag} ['{made}']")
        assert (login.workspace, made.exists()) == ("w", False)


@pytest.mark.parametrize("name", ["a b", "a\u00e9", "a\u202eb", '"a\\nb"', '"a\\u0000b"'])
def test_an_entry_whose_name_fits_no_header_is_passed_over(name: str) -> None:
    """Its name would be sent, and stand in sentences."""
    text = f"workspaces:\n- {{name: {name}, credentials: {{apiKey: k}}}}\n- {{name: b, credentials: {{apiKey: k}}}}"
    assert [entry.workspace for entry in parse_login(text).entries] == ["b"]


def test_the_credential_of_an_unknown_environment_goes_nowhere() -> None:
    """A login for a control plane that we do not know is not sent to the one that we do."""
    settings = load({}, {}, LOGIN.replace('"dev"', "staging"))
    assert (settings.credential, settings.login_credential) == (None, None)


@pytest.mark.parametrize("host", ["a,b.example", "a$b.example", "*.example", "a.example:", "(a)", "a:123456", "%61"])
def test_what_is_no_name_or_address_is_no_host_of_a_url(host: str) -> None:
    """Two parsers could take it for two: one decides who receives the credential, the other what it is sent to."""
    (said,) = problems({"BL_API_URL": f"https://{host}/v0"})
    assert said.endswith("it must be an https URL (http on loopback only) without user, query or fragment.")
