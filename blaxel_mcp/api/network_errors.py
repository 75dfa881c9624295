"""Translates exceptions of httpx into our errors; the one place where that happens."""

import socket
import ssl
from collections.abc import Iterator

import httpx

from blaxel_mcp.errors import AnswerError, BlaxelMcpError, ConnectionFailedError

_UNSENDABLE = (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError)
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
"""Raised before there is a connection to send anything over."""
_LASTING = (*_UNSENDABLE, ssl.SSLError)
"""A repetition fails in the same way; everything else is transient."""

_Sentences = tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str], ...]
"""Rows of exceptions, message and hint, the most specific exception first."""

# Every exception that httpx raises for a request but DecodingError; tests/api/test_client.py compares the table with
# httpx's own list.
_TRANSLATIONS: _Sentences = (
    (
        (httpx.TimeoutException, TimeoutError),
        "Blaxel did not answer in time.",
        "Ask again later; BLAXEL_MCP_TIMEOUT sets how long one attempt may take.",
    ),
    (httpx.ProxyError, "The proxy between here and Blaxel refused or failed.", "Check HTTPS_PROXY and NO_PROXY."),
    (httpx.ConnectError, "Blaxel could not be reached.", "Check the network, and BL_API_URL if you set it."),
    (_UNSENDABLE, "The request to Blaxel could not be formed.", "Check BL_API_URL and the ids."),
    (
        (httpx.HTTPError, httpx.StreamError),
        "The connection to Blaxel was cut before the answer was whole.",
        "Ask again; if it goes on, check the network.",
    ),
)
_CAUSES_OF_CONNECT_ERRORS: _Sentences = (
    (
        ssl.SSLCertVerificationError,
        "Blaxel's certificate could not be verified (TLS).",
        (
            "Behind a company proxy, add its certificate to the system's store or name it in SSL_CERT_FILE "
            "(uvx itself needs UV_SYSTEM_CERTS=1), and check HTTPS_PROXY."
        ),
    ),
    (
        ssl.SSLError,
        "No secure connection to Blaxel could be made (TLS).",
        "Check BL_API_URL, and that no proxy or firewall answers in its place.",
    ),
    (
        socket.gaierror,
        "Blaxel's address could not be looked up (DNS).",
        "Check the network connection, and BL_API_URL if you set it.",
    ),
    (
        ConnectionRefusedError,
        "The connection to Blaxel was refused.",
        "Check BL_API_URL, and that no firewall is in between.",
    ),
)


def translate(error: Exception) -> BlaxelMcpError:
    """Our error for an exception of httpx, or for the timeout of an attempt.

    The exception's own text is dropped: it may hold addresses or headers.
    """
    if isinstance(error, httpx.DecodingError):
        hint = "Check whether a proxy changes the answers; else report it."
        return AnswerError("Blaxel's answer could not be decoded.", hint)
    # Only while connecting: an SSLError later on is a connection that was cut.
    causes = list(_causes(error)) if isinstance(error, httpx.ConnectError) else []
    found = [(cause, row) for cause in causes for row in _CAUSES_OF_CONNECT_ERRORS if isinstance(cause, row[0])]
    found += [(error, row) for row in _TRANSLATIONS if isinstance(error, row[0])]
    decisive, (_, message, hint) = found[0]
    transient = not isinstance(decisive, _LASTING)
    return ConnectionFailedError(message, hint, transient=transient, unsent=isinstance(error, _UNSENT))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, its causes and contexts, and the members of exception groups among them."""
    seen: set[int] = set()
    queue = [error]
    while queue:
        current = queue.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        queue += [current.__cause__, current.__context__]
        if isinstance(current, BaseExceptionGroup):
            queue += current.exceptions
