"""Everything that can go wrong, as the model sees it: one text, read whole, in both eras of the protocol."""

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from support import tls
from support.caller import ACCOUNT, MODES, Mode, ask, client_for, ids, refusal
from support.faults import Answer as Says
from support.faults import (
    Cut,
    Delay,
    Drop,
    Fault,
    Faults,
    Oversize,
    not_an_object,
    not_json,
    redirect,
    refused,
)
from support.plane import clock

from blaxel_mcp.api.wire import BODY_BYTES
from blaxel_mcp.demo import control_plane, script
from blaxel_mcp.demo.control_plane import serve
from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.models import JobExecution
from blaxel_mcp.summary.limits import ERROR_CHARACTERS
from blaxel_mcp.tools import find
from blaxel_mcp.tools import lookups as tool_module

NO, SOON = "Trying again unchanged will not help.", "Trying again in a moment can help."
LEAK = "leak-7f3a"
BODY = {"code": LEAK, "error": {"message": LEAK, "action": LEAK, "do_not": LEAK}, "message": LEAK, "stack": [LEAK]}
ONE = ids("nightly-report", script.SUCCEEDED)


def says(status: int, **headers: str) -> Says:
    """A status, with a body of which nothing may be shown."""
    return Says(status, json_body=BODY, headers=headers)


ANSWERS: list[tuple[str, Fault, str, str, str]] = [
    (
        "400",
        says(400),
        "Blaxel refused the request as invalid (400).",
        NO,
        "Check the job's name, the execution's id, and that BL_WORKSPACE names your workspace.",
    ),
    (
        "400, version",
        Says(400, json_body={"error": "invalid_api_version", "message": LEAK}),
        "Blaxel does not know the API version that was asked for (400).",
        NO,
        "Unset BL_API_VERSION.",
    ),
    (
        "401",
        says(401),
        "Blaxel did not accept the credential (401).",
        NO,
        "Set a valid BL_API_KEY, or run `bl login` again; `blaxel-mcp doctor` says which credential is in use.",
    ),
    (
        "402",
        says(402),
        "Blaxel refused because the workspace is past the limit of its plan (402).",
        NO,
        "See the workspace's usage and billing in the Blaxel console.",
    ),
    (
        "403",
        says(403),
        "The credential is valid but may not do this here (403).",
        NO,
        "Usually the workspace is the wrong one: set BL_WORKSPACE, or ask its admin for access to jobs.",
    ),
    (
        "404",
        says(404),
        "Blaxel found no such execution, job or workspace (404).",
        NO,
        'Check both ids, or ask for "latest"; old executions are removed after a time.',
    ),
    ("408", says(408), "Blaxel timed out waiting for the request (408).", SOON, "Ask again."),
    (
        "409",
        says(409),
        "Blaxel reports a conflict with the present state (409).",
        NO,
        "Look at the execution's state first, then decide.",
    ),
    (
        "429",
        says(429),
        "Blaxel's rate limit is reached (429).",
        SOON,
        "Ask less often.",
    ),
    (
        "429, wait",
        says(429, **{"retry-after": "90"}),
        "Blaxel's rate limit is reached (429).",
        "Trying again in 90s can help.",
        "Ask less often.",
    ),
    (
        "500",
        says(500),
        "Blaxel failed with an internal error (500).",
        SOON,
        "If it goes on, see the Blaxel console or Blaxel's status page.",
    ),
    ("502", says(502), "Blaxel's gateway got no good answer from the service (502).", SOON, "Ask again later."),
    ("503", says(503), "Blaxel is not available at the moment (503).", SOON, "Ask again later."),
    ("504", says(504), "Blaxel's gateway timed out waiting for the service (504).", SOON, "Ask again later."),
    ("another 5xx", says(529), "Blaxel failed to answer (529).", SOON, "Ask again later."),
    ("another 4xx", says(418), "Blaxel answered with a status that means nothing here (418).", NO, "Check BL_API_URL."),
    (
        "timeout",
        Delay(60),
        "Blaxel did not answer in time.",
        SOON,
        "Ask again later; BLAXEL_MCP_TIMEOUT sets how long one attempt may take.",
    ),
    (
        "dropped",
        Drop(),
        "The connection to Blaxel was cut before the answer was whole.",
        SOON,
        "Ask again; if it goes on, check the network.",
    ),
    (
        "cut",
        Cut(LEAK.encode()),
        "The connection to Blaxel was cut before the answer was whole.",
        SOON,
        "Ask again; if it goes on, check the network.",
    ),
    (
        "redirect",
        redirect(f"https://{LEAK}.invalid/"),
        "The Blaxel address answered with a redirect (302), which is not followed.",
        NO,
        "Check BL_API_URL.",
    ),
    (
        "too large",
        Oversize(BODY_BYTES + 1),
        "Blaxel's answer is larger than 64 MiB and was not read.",
        NO,
        "See the execution in the Blaxel console; one with so many tasks is better split.",
    ),
    (
        "not JSON",
        not_json(),
        "The Blaxel address answered (200) with something that is not JSON.",
        NO,
        "Check BL_API_URL, and whether a proxy answers in Blaxel's place.",
    ),
    (
        "not an object",
        not_an_object(),
        "Blaxel answered (200) with JSON that is not an object.",
        NO,
        "Check BL_API_URL and BL_API_VERSION; if both are right, report it to blaxel-mcp.",
    ),
    (
        "not gzip",
        Says(200, LEAK.encode(), {"content-encoding": "gzip"}),
        "Blaxel's answer could not be decoded.",
        NO,
        "Check whether a proxy changes the answers; else report it.",
    ),
]


@pytest.mark.sampled(every=5)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("fault", "what", "again", "advice"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_errors_of_the_api(fault: Fault, what: str, again: str, advice: str, mode: Mode) -> None:
    """What failed, whether trying again can help, and the one thing to do; nothing of the body and no object."""
    faults = Faults(control_plane.build_app(clock=clock))
    faults.always(fault)
    with serve(faults) as url:
        timeout = 0.1 if isinstance(fault, Delay) else 10.0
        assert ask(client_for(url, timeout=timeout), ONE, mode=mode) == [refusal(f"{what} {again} {advice}")]
    assert len(f"{what} {again} {advice}") <= ERROR_CHARACTERS


@contextmanager
def no_such_name() -> Iterator[str]:
    """An address that no resolver knows; the resolver is replaced, since it would need a network."""
    real = socket.getaddrinfo

    def unknown(*_args: object, **_more: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, LEAK)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", unknown)
        yield f"https://{LEAK}.invalid/v0"
    assert socket.getaddrinfo is real


@contextmanager
def no_tls() -> Iterator[str]:
    """An https address where plain HTTP is spoken."""
    with serve(control_plane.build_app()) as url:
        yield url.replace("http:", "https:")


CONNECTIONS: list[tuple[str, Callable[[], AbstractContextManager[str]], str, str, str]] = [
    (
        "DNS",
        no_such_name,
        "Blaxel's address could not be looked up (DNS).",
        SOON,
        "Check the network connection, and BL_API_URL if you set it.",
    ),
    (
        "refused",
        refused,
        "The connection to Blaxel was refused.",
        SOON,
        "Check BL_API_URL, and that no firewall is in between.",
    ),
    (
        "TLS",
        no_tls,
        "No secure connection to Blaxel could be made (TLS).",
        NO,
        "Check BL_API_URL, and that no proxy or firewall answers in its place.",
    ),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("place", "what", "again", "advice"), [row[1:] for row in CONNECTIONS], ids=[row[0] for row in CONNECTIONS]
)
def test_no_connection(
    place: Callable[[], AbstractContextManager[str]], what: str, again: str, advice: str, mode: Mode
) -> None:
    """Each cause has its own sentence, without the address."""
    with place() as url:
        assert ask(client_for(url), ONE, mode=mode) == [refusal(f"{what} {again} {advice}")]


@pytest.mark.parametrize("mode", MODES)
def test_a_certificate_of_nobody_known(tmp_path: Path, mode: Mode) -> None:
    """Nothing is sent, and the error says what to do behind a company's proxy."""
    heard: list[str] = []
    with tls.serve(tls.authority(tmp_path).server("localhost"), {}, heard) as url:
        assert ask(client_for(f"{url}/v0"), ONE, mode=mode) == [
            refusal(
                f"Blaxel's certificate could not be verified (TLS). {NO} Behind a company proxy, add its certificate "
                "to the system's store or name it in SSL_CERT_FILE (uvx itself needs UV_SYSTEM_CERTS=1), and check "
                "HTTPS_PROXY."
            )
        ]
    assert heard == []


MISSING: list[tuple[dict[str, str], str, str, str]] = [
    (
        {},
        "No Blaxel credential was found.",
        NO,
        "Set BL_API_KEY and BL_WORKSPACE and restart blaxel-mcp, or run `bl login`; a login needs no restart.",
    ),
    ({"BL_API_KEY": LEAK}, "The Blaxel workspace is not known.", NO, "Set BL_WORKSPACE and restart blaxel-mcp."),
]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("variables", "what", "again", "advice"), MISSING)
def test_missing_credentials(variables: dict[str, str], what: str, again: str, advice: str, mode: Mode) -> None:
    """The server starts and lists its tools; a call says what is missing, and nothing is sent."""
    faults = Faults(control_plane.build_app())
    with serve(faults) as url:
        assert ask(client_for(url, variables=variables), ONE, mode=mode) == [refusal(f"{what} {again} {advice}")]
    assert faults.seen == []


@pytest.mark.parametrize("mode", MODES)
def test_refused_client_credentials(mode: Mode) -> None:
    """The error does not show them."""
    variables = {"BL_CLIENT_CREDENTIALS": f"some-id:{LEAK}", "BL_WORKSPACE": script.WORKSPACE}
    with serve(control_plane.build_app()) as url:
        answer = ask(client_for(url, variables=variables), ONE, mode=mode)
    assert answer == [
        refusal(
            "The Blaxel API refused to issue a token for the client credentials from BL_CLIENT_CREDENTIALS. "
            f"{NO} Check their id and secret, or make new ones, and restart blaxel-mcp."
        )
    ]


@pytest.mark.parametrize("mode", MODES)
def test_an_expected_error_leaves_no_traceback(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    """The caller has been told; stderr is for what nobody expected."""
    faults = Faults(control_plane.build_app())
    faults.always(says(403))
    with serve(faults) as url, caplog.at_level(logging.WARNING):
        ask(client_for(url), ONE, mode=mode)
    assert caplog.records == []


@pytest.mark.parametrize("mode", MODES)
def test_a_crash_shows_nothing_but_the_name_of_the_tool(
    mode: Mode, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An unexpected exception may hold anything, so only stderr has it."""

    def crash(_execution: JobExecution, **_more: object) -> None:
        raise ZeroDivisionError(LEAK)

    monkeypatch.setattr(tool_module, "summarize", crash)
    with serve(control_plane.build_app()) as url:
        assert ask(client_for(url), ONE, mode=mode) == [refusal("Error executing tool get_job_execution")]
    assert LEAK in caplog.text
    assert script.API_KEY not in caplog.text


def test_a_long_error_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error has at most 700 characters, and shows that it was cut."""

    def refuse(_job: str, _execution: str) -> None:
        raise ConfigurationError(["x" * 1000])

    monkeypatch.setattr(find, "get_execution", refuse)
    with serve(control_plane.build_app()) as url:
        assert ask(client_for(url, variables=ACCOUNT), ONE) == [refusal("x" * (ERROR_CHARACTERS - 1) + "…")]
