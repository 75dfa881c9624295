"""The types of settings: how each is read from the text of a variable or option, and what a wrong one is told."""

import ipaddress
import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidatorFunctionWrapHandler, WrapValidator

from blaxel_mcp.login import WORKSPACE_PATTERN, ApiKey, ClientCredentials, is_header_safe, parse_client_credentials

MAX_TIMEOUT = 60
"""A CDN in front of the control plane cuts every request off after 60 s, so waiting longer is pointless."""
MIN_STATE_KEY = 32

_NAME = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"
_PORT_OR_ANY = r"(:([0-9]{1,5}|\*))?"


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _must_be(allowed: str) -> WrapValidator:
    """Replace pydantic's message about a wrong value by `allowed`, which completes the sentence "it must be …"."""

    def validate(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        try:
            return handler(value)
        except ValueError:
            raise ValueError(allowed) from None

    return WrapValidator(validate)


def _check_header_safe(value: SecretStr) -> SecretStr:
    if not is_header_safe(value.get_secret_value()):
        raise ValueError
    return value


def _parse_api_key(value: str) -> ApiKey:
    return ApiKey("BL_API_KEY", _check_header_safe(SecretStr(value)))


def _parse_client_credentials(value: str) -> ClientCredentials:
    if (credential := parse_client_credentials(value, "BL_CLIENT_CREDENTIALS")) is None:
        raise ValueError
    return credential


def _check_url(value: str) -> str:
    # A URL decides who receives a credential, or whose tokens are trusted, so whatever two parsers could read in two
    # ways is refused. pydantic's own types take user information and backslashes, and rewrite what they take.
    if re.search(r"[^!-~]|[@?#\\]", value):
        raise ValueError
    url = urlsplit(value)
    if not re.fullmatch(f"{_NAME}(:[0-9]{{1,5}})?", url.netloc) or url.port == 0 or not url.hostname:
        raise ValueError
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname)):
        raise ValueError
    return value


def _expand_http(value: str) -> str:
    return "streamable-http" if value == "http" else value


def _split_list(value: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in value.split(",") if item.strip())


_LOWER, _UPPER = BeforeValidator(str.lower), BeforeValidator(str.upper)

Key = Annotated[ApiKey, BeforeValidator(_parse_api_key), _must_be("printable ASCII")]
ServiceAccount = Annotated[
    ClientCredentials,
    BeforeValidator(_parse_client_credentials),
    _must_be("id:secret, plain or in base64, in printable ASCII"),
]
Secret = Annotated[SecretStr, AfterValidator(_check_header_safe), _must_be("printable ASCII")]
StateKey = Annotated[
    SecretStr,
    Field(min_length=MIN_STATE_KEY),
    AfterValidator(_check_header_safe),
    _must_be(f"at least {MIN_STATE_KEY} characters of printable ASCII"),
]

Url = Annotated[
    str, AfterValidator(_check_url), _must_be("an https URL (http on loopback only) without user, query or fragment")
]
BaseUrl = Annotated[Url, AfterValidator(lambda url: url.rstrip("/"))]
Host = Annotated[str, Field(pattern=r"^[0-9A-Za-z._:%\[\]-]+$"), _must_be("a host name or an address")]
HostList = Annotated[
    tuple[Annotated[str, Field(pattern=f"^{_NAME}{_PORT_OR_ANY}$")], ...],
    BeforeValidator(_split_list),
    _must_be("a comma-separated list of name, name:port or name:*"),
]
OriginList = Annotated[
    tuple[Annotated[str, Field(pattern=f"^(https?://)?{_NAME}{_PORT_OR_ANY}$")], ...],
    BeforeValidator(_split_list),
    _must_be("a list as for hosts, with or without http:// or https://"),
]
Workspace = Annotated[str, Field(pattern=WORKSPACE_PATTERN), _must_be("a workspace's name or id")]
ApiVersion = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(\.preview)?$"), _must_be("a date such as 2026-04-28")
]

Flag = Annotated[bool, _must_be("true or false")]
Port = Annotated[int, Field(ge=0, le=65535), _must_be("a whole number from 0 to 65535")]
Limit = Annotated[int, Field(ge=1), _must_be("a whole number from 1")]
Bytes = Annotated[int, Field(ge=0), _must_be("a whole number from 0")]
Seconds = Annotated[float, Field(gt=0, le=MAX_TIMEOUT), _must_be(f"a number above 0 and up to {MAX_TIMEOUT}")]

# Of a closed set, pydantic's error lists the words.
Environment = Annotated[Literal["prod", "dev", "local"], _LOWER]
Transport = Annotated[Literal["stdio", "sse", "streamable-http"], BeforeValidator(_expand_http), _LOWER]
Auth = Annotated[Literal["token", "per-request", "gateway"], _LOWER]
Raw = Annotated[Literal["auto", "full", "never"], _LOWER]
Lookups = Annotated[Literal["auto", "never"], _LOWER]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], _UPPER]
