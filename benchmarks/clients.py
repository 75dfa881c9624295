"""The cheapest client there is, the same for every server: lines over pipes, or POSTs on connections that are kept."""

import contextlib
import re
import selectors
import socket
from collections import deque
from collections.abc import Iterable, Iterator
from time import monotonic, perf_counter, sleep

from benchmarks import messages
from benchmarks.processes import BenchmarkError, Process

PATIENCE = 30.0


def check(answer: bytes) -> None:
    """Raise unless this is the good answer to a request."""
    if b'"result"' not in answer or re.search(rb'"isError": ?true', answer):
        raise BenchmarkError(f"it answered {answer[:300].decode(errors='replace')}")


class PipeClient:
    """Speaks to a server over its standard streams, one line a message.

    Args:
        process: the server.
        era: a protocol version; empty for a reader, which knows only `tools/call`.
    """

    def __init__(self, process: Process, era: str = messages.HANDSHAKE) -> None:
        self._process = process
        self._era = era
        self._number = 0

    def open(self) -> None:
        """What a client does before the first call: handshake or discovery, and the list of tools."""
        if not self._era:
            return
        check(self._ask(messages.opening(self._era), 0))
        if self._era == messages.HANDSHAKE:
            self._process.write(messages.INITIALIZED)
        self._number = 1
        check(self._ask(messages.request(self._era, 1, "tools/list"), 1))

    def settle(self) -> None:
        """Wait until the server has started: what is no opening is not answered while it still imports its SDK.

        A ping is the one request for which no server has to make anything; only the handshake's era has it.
        """
        self._number += 1
        method = "ping" if self._era == messages.HANDSHAKE else "prompts/list"
        check(self._ask(messages.request(self._era, self._number, method), self._number))

    def call(self, execution: str) -> tuple[float, int]:
        """Ask for an execution; answers the seconds it took, and the bytes that came."""
        line = self._line(execution)
        began = perf_counter()
        answer = self._ask(line, self._number)
        seconds = perf_counter() - began
        check(answer)
        return seconds, len(answer)

    def burst(self, executions: Iterable[str], in_flight: int) -> float:
        """Ask for all executions, so many at a time; answers the seconds from the first to the last."""
        waiting = deque(self._line(execution) for execution in executions)
        answers: list[bytes] = []
        wanted = len(waiting)
        began = perf_counter()
        self._process.write(b"".join(waiting.popleft() for _ in range(min(in_flight, wanted))))
        while len(answers) < wanted:
            answers.append(self._process.read_line())
            if waiting:
                self._process.write(waiting.popleft())
        seconds = perf_counter() - began
        for answer in answers:
            check(answer)
        return seconds

    def _line(self, execution: str) -> bytes:
        """A call with the next id."""
        self._number += 1
        return messages.call(self._era, self._number, execution)

    def _ask(self, line: bytes, number: int) -> bytes:
        """Send a request and read lines up to the one that answers it; others are notifications."""
        self._process.write(line)
        wanted = (b'"id":%d' % number, b'"id": %d' % number)
        while True:
            answer = self._process.read_line()
            ends = answer[:100] + answer[-100:]  # where every server has it, around what may take megabytes
            if any(word in ends for word in wanted):
                return answer


class HttpClient:
    """Sessions with a server over Streamable HTTP, where the era has them.

    Each burst has connections of its own, since servers close those that are idle for some seconds.
    """

    def __init__(self, process: Process, port: int, connections: int, era: str = messages.HANDSHAKE) -> None:
        self._process = process
        self._era = era
        self._port = port
        self._sessions = [b""] * connections
        with self._connected() as opened:
            for connection in opened:
                connection.exchange(messages.over_http(era, port, messages.opening(era)))
                if era == messages.HANDSHAKE:
                    connection.exchange(messages.over_http(era, port, messages.INITIALIZED, connection.session))
            self._sessions = [connection.session for connection in opened]

    def burst(self, executions: Iterable[str]) -> float:
        """Ask for all executions, one at a time on each connection; answers the seconds from the first to the last."""
        wanted = [messages.call(self._era, number, execution) for number, execution in enumerate(executions, 1)]
        waiting = iter(wanted)
        answers: list[bytes] = []

        def send(connection: _Connection) -> None:
            if line := next(waiting, b""):
                connection.send(messages.over_http(self._era, self._port, line, connection.session))

        with self._connected() as opened, selectors.DefaultSelector() as selector:
            began = perf_counter()
            for connection in opened:
                selector.register(connection.socket, selectors.EVENT_READ, connection)
                send(connection)
            while len(answers) < len(wanted):
                ready = selector.select(PATIENCE)
                if not ready:
                    raise BenchmarkError("it stopped answering over HTTP")
                for key, _ in ready:
                    if (answer := key.data.receive()) is not None:
                        answers.append(answer)
                        send(key.data)
            seconds = perf_counter() - began
        for answer in answers:
            check(answer)
        return seconds

    @contextlib.contextmanager
    def _connected(self) -> Iterator[list["_Connection"]]:
        """A new connection for each session.

        Raises:
            BenchmarkError: also where one breaks inside the `with`.
        """
        with contextlib.ExitStack() as stack:
            try:
                opened = [_Connection(self._process, self._port, session) for session in self._sessions]
                for connection in opened:
                    stack.enter_context(connection.socket)
                yield opened
            except OSError as error:
                raise BenchmarkError(f"its connection broke: {type(error).__name__}") from None


class _Connection:
    """One connection, on which a request is sent after the answer to the one before has come whole."""

    def __init__(self, process: Process, port: int, session: bytes) -> None:
        until = monotonic() + PATIENCE
        while True:
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
                break
            except ConnectionRefusedError:
                if process.ended() or monotonic() > until:
                    raise BenchmarkError(process.last_words()) from None
                sleep(0.05)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.session = session
        self._came = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self) -> bytes | None:
        """Read what there is; the answer, once it is whole."""
        part = self.socket.recv(1 << 20)
        if not part:
            raise BenchmarkError("it hung up")
        self._came += part
        if not whole(self._came):
            return None
        came, self._came = self._came, b""
        return came

    def exchange(self, data: bytes) -> None:
        self.send(data)
        while (answer := self.receive()) is None:
            pass
        if not answer.startswith(b"HTTP/1.1 20"):
            raise BenchmarkError(f"it answered {answer[:300].decode(errors='replace')}")
        if found := re.search(rb"\r\nmcp-session-id: *(\S+)", answer, re.IGNORECASE):
            self.session = found[1]


def whole(came: bytes) -> bool:
    """Whether a response has ended, by its length or by its last chunk: JSON has no bare line breaks."""
    head, end, content = came.partition(b"\r\n\r\n")
    if not end:
        return False
    if found := re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE):
        return len(content) >= int(found[1])
    return re.search(rb"\r\ntransfer-encoding: *chunked", head, re.IGNORECASE) is None or came.endswith(b"0\r\n\r\n")
