"""Where a server over HTTP may listen, and under which names it answers: judged by its settings alone."""

import pytest

from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.setting_types import is_loopback
from blaxel_mcp.settings import Settings, load
from blaxel_mcp.transports.exposure import allowed_hosts, allowed_origins, check_exposure, log_warnings, warnings

ISSUER = {"BLAXEL_MCP_OAUTH_ISSUER": "https://id.example"}
PUBLIC = {"BLAXEL_MCP_PUBLIC_URL": "https://mcp.example/blaxel"}
TOKEN = {"BLAXEL_MCP_AUTH_TOKEN": "let-me-in-and-nobody-else"}
ACCOUNT = {"BL_API_KEY": "key", "BL_WORKSPACE": "ws"}


def settings(host: str = "127.0.0.1", **env: str) -> Settings:
    """From these variables, over HTTP."""
    return load({"BLAXEL_MCP_TRANSPORT": "http", "BLAXEL_MCP_HOST": host}, env, None)


def problems(given: Settings) -> list[str]:
    """Why it may not serve; nothing if it may."""
    try:
        check_exposure(given, loopback=is_loopback(given.host))
    except ConfigurationError as error:
        return error.problems
    return []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "[::]", "192.0.2.1", "mcp.example", "2130706433"])  # noqa: S104
@pytest.mark.parametrize("token", ["", " ", "${BLAXEL_MCP_AUTH_TOKEN}"])
def test_it_does_not_listen_where_nobody_would_be_kept_out(host: str, token: str) -> None:
    """The reason and every way out; a blank token is none."""
    (said,) = problems(settings(host, BLAXEL_MCP_AUTH_TOKEN=token))
    assert said.startswith(f"{host} can be reached from other machines, and nobody would be kept out. Set BLAXEL_MCP_")
    assert all(way in said for way in ("BLAXEL_MCP_AUTH_TOKEN", "--oauth-issuer", "per-request", "--auth gateway"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.9.10"])
def test_loopback_needs_no_token(host: str) -> None:
    """Only this machine can connect."""
    assert problems(settings(host)) == []


@pytest.mark.parametrize(
    "env",
    [PUBLIC, {"BLAXEL_MCP_ALLOWED_HOSTS": "localhost:*,mcp.example"}, {"BLAXEL_MCP_ALLOWED_HOSTS": "mcp.example:*"}],
)
def test_a_public_name_needs_authentication_on_loopback_too(env: dict[str, str]) -> None:
    """Whoever lets one in on loopback has something in front that others reach; with a token, or the word, it may."""
    (said,) = problems(settings(**env))
    assert said.startswith("Under the name mcp.example others come in through what stands in front, and nobody would")
    assert problems(settings(**env, **TOKEN)) == []
    assert problems(settings(**env, BLAXEL_MCP_AUTH="gateway")) == []


def test_loopback_names_need_no_authentication() -> None:
    """However they are written."""
    assert problems(settings(BLAXEL_MCP_ALLOWED_HOSTS="localhost:*,127.0.0.1,[::1]:8000")) == []
    assert problems(settings(BLAXEL_MCP_PUBLIC_URL="http://localhost:8000")) == []


@pytest.mark.parametrize(
    "env", [TOKEN, ISSUER | PUBLIC, {"BLAXEL_MCP_AUTH": "per-request"}, {"BLAXEL_MCP_AUTH": "gateway"}]
)
def test_each_way_of_keeping_others_out_is_enough(env: dict[str, str]) -> None:
    """A token, sign-in, each caller's own credential, or the operator's word."""
    assert problems(settings("0.0.0.0", **env)) == []  # noqa: S104 - that it may is the test


@pytest.mark.parametrize(
    ("env", "said"),
    [
        (ISSUER, "--oauth-issuer needs --public-url"),
        (ISSUER | PUBLIC | TOKEN, "--oauth-issuer and BLAXEL_MCP_AUTH_TOKEN would both be the Authorization header"),
    ],
)
def test_what_cannot_be_together_is_refused(env: dict[str, str], said: str) -> None:
    """On loopback too."""
    assert [problem[: len(said)] for problem in problems(settings(**env))] == [said]


def test_signing_in_goes_with_the_other_ways() -> None:
    """A gateway does not open the door that an issuer guards, so there is nothing to warn of."""
    for auth in ("gateway", "per-request"):
        both = settings("0.0.0.0", **ACCOUNT, **ISSUER, **PUBLIC, BLAXEL_MCP_AUTH=auth)  # noqa: S104 - that it may is the test
        assert (problems(both), warnings(both)) == ([], [])


def test_the_start_says_what_an_operator_should_know() -> None:
    """That the door is left to others, and that clients will be turned away by their Host header."""
    gateway = {"BLAXEL_MCP_AUTH": "gateway"}
    assert [said.split(".")[0] for said in warnings(settings("0.0.0.0", **ACCOUNT, **gateway))] == [  # noqa: S104
        "--auth gateway: whoever reaches this port is let in; what stands in front must keep others out",
        "Only the loopback names are accepted as Host",
    ]
    named = {"BLAXEL_MCP_ALLOWED_HOSTS": "mcp.example"}
    assert warnings(settings("0.0.0.0", **ACCOUNT, **TOKEN, **named)) == []  # noqa: S104
    assert warnings(settings("0.0.0.0", **ACCOUNT, **TOKEN, **PUBLIC)) == []  # noqa: S104
    assert warnings(settings(**ACCOUNT)) == []


def test_the_start_says_what_will_not_work() -> None:
    """Without a credential, unless each caller brings one; and a token that can be guessed."""
    assert [said.split(",")[0] for said in warnings(settings())] == ["No Blaxel credential was found"]
    assert warnings(settings(BLAXEL_MCP_AUTH="per-request")) == []
    assert [said[:30] for said in warnings(settings(**ACCOUNT, BLAXEL_MCP_AUTH_TOKEN="x" * 15))] == [
        "BLAXEL_MCP_AUTH_TOKEN is short"
    ]


def test_what_is_said_is_whole_sentences(caplog: pytest.LogCaptureFixture) -> None:
    """Each with what to do; all of them are logged when serving begins."""
    exposed = settings("0.0.0.0", BLAXEL_MCP_AUTH_TOKEN="x")  # noqa: S104
    said = [
        (
            "Only the loopback names are accepted as Host. Set BLAXEL_MCP_ALLOWED_HOSTS or --public-url to the name "
            "that clients use."
        ),
        "BLAXEL_MCP_AUTH_TOKEN is short enough to be guessed; `openssl rand -base64 16` makes one.",
        "No Blaxel credential was found, so every call will fail; `blaxel-mcp doctor` says where it is looked for.",
    ]
    assert warnings(exposed) == said
    log_warnings(exposed)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("WARNING", one) for one in said]
    (of_issuer,) = problems(settings(**ISSUER))
    assert of_issuer == (
        "--oauth-issuer needs --public-url, the address that clients use: tokens are accepted only if they were "
        "issued for it."
    )


def test_the_names_that_are_let_in() -> None:
    """This machine's unless others are set, and the public address in any case."""
    loopback = ["127.0.0.1", "127.0.0.1:*", "localhost", "localhost:*", "[::1]", "[::1]:*"]
    assert allowed_hosts(settings()) == loopback
    assert allowed_hosts(settings(**PUBLIC)) == [*loopback, "mcp.example", "mcp.example:443"]
    odd = {"BLAXEL_MCP_PUBLIC_URL": "https://MCP.Example:8443", "BLAXEL_MCP_ALLOWED_HOSTS": "LocalHost"}
    assert allowed_hosts(settings(**odd)) == ["localhost", "mcp.example:8443"]
    assert allowed_hosts(settings(BLAXEL_MCP_PUBLIC_URL="http://[::1]:80"))[-2:] == ["[::1]", "[::1]:80"]
    assert allowed_hosts(settings(BLAXEL_MCP_ALLOWED_HOSTS="a.example, b.example:*")) == ["a.example", "b.example:*"]
    assert allowed_origins(settings(**PUBLIC))[-2:] == ["https://mcp.example", "https://mcp.example:443"]
    assert allowed_origins(settings(BLAXEL_MCP_ALLOWED_ORIGINS="a.example,https://b.example")) == [
        "http://a.example",
        "https://a.example",
        "https://b.example",
    ]


@pytest.mark.parametrize(("length", "said"), [(15, 1), (16, 0)])
def test_a_token_of_fewer_than_sixteen_characters_is_warned_of(length: int, said: int) -> None:
    """It could be guessed."""
    told = warnings(settings(**ACCOUNT, BLAXEL_MCP_AUTH_TOKEN="t" * length))
    assert [text.startswith("BLAXEL_MCP_AUTH_TOKEN is short enough to be guessed") for text in told] == [True] * said


def test_the_address_that_is_listened_on_is_no_name() -> None:
    """It is let in only if the operator says so: a page may be made to have any address's name."""
    loopback = ["127.0.0.1", "127.0.0.1:*", "localhost", "localhost:*", "[::1]", "[::1]:*"]
    assert allowed_hosts(settings("192.0.2.1", **TOKEN)) == loopback
