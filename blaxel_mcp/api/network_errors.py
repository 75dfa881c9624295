"""Translates exceptions of httpx into our errors; the one place where that happens."""

import socket
import ssl
from collections.abc import Iterator

import httpx

from blaxel_mcp.errors import AnswerError, BlaxelMcpError, ConnectionFailedError

_CUT = ("The connection to Blaxel was cut before the answer was whole.", "Ask again; if it goes on, check the network.")
_TIMEOUT = ("Blaxel did not answer in time.", "Ask again later; BLAXEL_MCP_TIMEOUT sets how long one attempt may take.")
TOTAL_TIMEOUT = ("Blaxel did not answer within the time limit of one request.", "Ask again later.")
BAD_PROXY = (
    "The proxy settings cannot be used.",
    "Check HTTPS_PROXY and ALL_PROXY: http:// and https:// proxies work.",
)
NO_CERTIFICATES = (
    "The certificate authorities to trust could not be read.",
    "Check that SSL_CERT_FILE and SSL_CERT_DIR name PEM files, or unset them to trust the system's.",
)
_PROXY = ("The proxy between here and Blaxel refused or failed.", "Check HTTPS_PROXY and NO_PROXY.")
_UNSENDABLE = ("The request to Blaxel could not be formed.", "Check BL_API_URL and the ids.")
_UNREADABLE = ("Blaxel's answer could not be decoded.", "Check whether a proxy changes the answers; else report it.")
_REACH = ("Blaxel could not be reached.", "Check the network, and BL_API_URL if you set it.")
_DNS = ("Blaxel's address could not be looked up (DNS).", "Check the network connection, and BL_API_URL if you set it.")
_REFUSED = ("The connection to Blaxel was refused.", "Check BL_API_URL, and that no firewall is in between.")
_TLS = (
    "No secure connection to Blaxel could be made (TLS).",
    "Check BL_API_URL, and that no proxy or firewall answers in its place.",
)
_CERTIFICATE = (
    "Blaxel's certificate could not be verified (TLS).",
    (
        "Behind a company proxy, add its certificate to the system's store or name it in SSL_CERT_FILE "
        "(uvx itself needs UV_SYSTEM_CERTS=1), and check HTTPS_PROXY."
    ),
)

# Every exception that httpx raises for a request, most specific first; tests/api/test_client.py compares the table
# with httpx's own list. Columns: exceptions, our error, its message and hint, whether it is transient.
TRANSLATIONS: tuple[tuple[tuple[type[Exception], ...], type[BlaxelMcpError], tuple[str, str], bool], ...] = (
    ((httpx.TimeoutException, TimeoutError), ConnectionFailedError, _TIMEOUT, True),
    ((httpx.ProxyError,), ConnectionFailedError, _PROXY, True),
    ((httpx.ConnectError,), ConnectionFailedError, _REACH, True),
    ((httpx.NetworkError, httpx.RemoteProtocolError), ConnectionFailedError, _CUT, True),
    (
        (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError),
        ConnectionFailedError,
        _UNSENDABLE,
        False,
    ),
    ((httpx.DecodingError,), AnswerError, _UNREADABLE, False),
    ((httpx.HTTPError, httpx.StreamError), ConnectionFailedError, _CUT, True),
)


def translate(error: Exception) -> BlaxelMcpError:
    """Our error for an exception of httpx, or for the timeout of an attempt.

    The exception's own text is dropped: it may hold addresses or headers.
    """
    kind, (message, hint), transient = next(row[1:] for row in TRANSLATIONS if isinstance(error, row[0]))
    # Only while connecting: an SSLError later on is a connection that was cut.
    for cause in _causes(error) if isinstance(error, httpx.ConnectError) else ():
        for type_, sentences, passing in _CONNECTING:
            if isinstance(cause, type_):
                return ConnectionFailedError(*sentences, transient=passing, unsent=True)
    if isinstance(error, _UNSENT):
        return ConnectionFailedError(message, hint, transient=transient, unsent=True)
    return kind(message, hint, transient=transient)


_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
"""Raised before there is a connection to send anything over."""


# By the cause of a ConnectError. Columns: the cause, message and hint, whether it is transient.
_CONNECTING: tuple[tuple[type[Exception], tuple[str, str], bool], ...] = (
    (ssl.SSLCertVerificationError, _CERTIFICATE, False),
    (ssl.SSLError, _TLS, False),
    (socket.gaierror, _DNS, True),
    (ConnectionRefusedError, _REFUSED, True),
)


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
