"""Whom a server over HTTP would let in, decided from its settings before it listens."""

import logging
from urllib.parse import urlsplit

from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.setting_types import is_loopback
from blaxel_mcp.settings import Settings

logger = logging.getLogger(__name__)

SHORT_TOKEN = 16
"""Length in characters below which a token is warned about."""
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def check_exposure(settings: Settings, *, loopback: bool, place: str | None = None) -> None:
    """Refuse settings with which anybody could use the server.

    Args:
        settings: How callers are authenticated, and under which names the server is reached.
        loopback: Whether only this machine can connect.
        place: What others can reach, for the error's text; the host of the settings if left out.

    Raises:
        ConfigurationError: With every reason and what to do about it.
    """
    problems = []
    if settings.oauth_issuer and not settings.public_url:
        problems.append(
            "--oauth-issuer needs --public-url, the address that clients use: tokens are accepted only if they were "
            "issued for it."
        )
    if settings.oauth_issuer and settings.auth_token:
        problems.append(
            "--oauth-issuer and BLAXEL_MCP_AUTH_TOKEN would both be the Authorization header; unset one of them."
        )
    if not is_guarded(settings):
        if not loopback:
            problems.append(f"{place or settings.host} can be reached from other machines, and {_WAYS}")
        elif name := _public_name(settings):
            problems.append(f"Under the name {name} others come in through what stands in front, and {_WAYS}")
    if problems:
        raise ConfigurationError(problems)


_WAYS = (
    "nobody would be kept out. Set BLAXEL_MCP_AUTH_TOKEN to a long random token, or use --oauth-issuer with "
    "--public-url, or --auth per-request (each caller brings a Blaxel credential). If what stands in front lets only "
    "the right people through, say so with --auth gateway. (Each option is a variable too: BLAXEL_MCP_AUTH and so on.)"
)


def _public_name(settings: Settings) -> str | None:
    """Return an allowed Host that is not this machine's, if any: whoever sets one means to serve others."""
    names = [urlsplit(f"//{entry}").hostname or "" for entry in allowed_hosts(settings)]
    return next((name for name in names if not is_loopback(name)), None)


def is_guarded(settings: Settings) -> bool:
    """Whether callers are authenticated here, or the operator has said that a gateway in front does so."""
    return bool(settings.auth_token or settings.oauth_issuer or settings.auth != "token")


def warnings(settings: Settings) -> list[str]:
    """Return what an operator should know at start-up, a sentence or two each."""
    said = []
    if settings.auth == "gateway" and not (settings.auth_token or settings.oauth_issuer):
        said.append("--auth gateway: whoever reaches this port is let in; what stands in front must keep others out.")
    if not is_loopback(settings.host) and not settings.allowed_hosts and not settings.public_url:
        said.append(
            "Only the loopback names are accepted as Host. Set BLAXEL_MCP_ALLOWED_HOSTS or --public-url to the name "
            "that clients use."
        )
    if settings.auth_token and len(settings.auth_token.get_secret_value()) < SHORT_TOKEN:
        said.append(
            f"BLAXEL_MCP_AUTH_TOKEN is short enough to be guessed; `openssl rand -base64 {SHORT_TOKEN}` makes one."
        )
    if settings.credential is None and settings.auth != "per-request":
        said.append(
            "No Blaxel credential was found, so every call will fail; `blaxel-mcp doctor` says where it is looked for."
        )
    return said


def log_warnings(settings: Settings) -> None:
    """Log what an operator should know, once a server is about to serve."""
    for warning in warnings(settings):
        logger.warning(warning)


def allowed_hosts(settings: Settings) -> list[str]:
    """Return the allowed Host headers: those set, else the loopback names with any port; the public URL's always."""
    given = [name.lower() for name in settings.allowed_hosts]
    given = given or [form for name in _LOOPBACK for form in (name, f"{name}:*")]
    return given + [name for _, name in _public(settings)]


def allowed_origins(settings: Settings) -> list[str]:
    """Return the allowed Origin headers, by the rules of `allowed_hosts`; an entry without scheme allows both."""
    given = settings.allowed_origins or [form for name in _LOOPBACK for form in (name, f"{name}:*")]
    origins = [
        origin for entry in given for origin in ([entry] if "://" in entry else [f"http://{entry}", f"https://{entry}"])
    ]
    return [origin.lower() for origin in origins] + [f"{scheme}://{name}" for scheme, name in _public(settings)]


_PORTS = {"https": 443, "http": 80}


def _public(settings: Settings) -> list[tuple[str, str]]:
    """Return scheme and name of the public URL as clients write it: lower case, with its default port and without."""
    if settings.public_url is None:
        return []
    url = urlsplit(settings.public_url)
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    usual = _PORTS[url.scheme]
    names = [f"{host}:{url.port}"] if url.port not in {None, usual} else [f"{host}", f"{host}:{usual}"]
    return [(url.scheme, name) for name in names]
