"""Standard input and output as bytes: the lines of what a pipe gives, and that all that is written arrives."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import anyio
import pytest
from support.wire import Wire, standard_descriptors, wire

from blaxel_mcp.transports.pipes import FileReader, FileWriter, PipeReader, PipeWriter, standard_files, standard_pipes


@pytest.fixture
def pipes() -> Iterator[Wire]:
    """Two pipes."""
    with wire() as pipes:
        yield pipes


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([b"one\n"], [[b"one"]]),
        ([b"one\ntwo\n"], [[b"one", b"two"]]),
        ([b"one\ntw", b"o", b"\nthree\n"], [[b"one"], [], [b"two", b"three"]]),
        ([b"o", b"n", b"e", b"\n"], [[], [], [], [b"one"]]),
        ([b"\n\n\r\n"], [[b"", b"", b"\r"]]),
        ([b"one\nlast"], [[b"one"], [b"last"]]),
        ([b"la", b"st"], [[], [], [b"last"]]),
        ([b"\xff\x00\n"], [[b"\xff\x00"]]),
        ([], []),
    ],
)
def test_lines_end_where_their_line_feeds_are(pipes: Wire, chunks: Sequence[bytes], lines: list[list[bytes]]) -> None:
    """Each read gives the lines that it completes; the end is told again and again."""

    async def run() -> list[list[bytes] | None]:
        got = []
        for chunk in chunks:
            pipes.sends.write(chunk)
            got.append(await pipes.reader.read_lines())
        assert pipes.reader.reads == len(chunks)
        pipes.sends.close()
        while got[-3:] != [None, None, None]:
            got.append(await pipes.reader.read_lines())
        return got

    assert asyncio.run(run()) == [*lines, None, None, None]
    assert pipes.reader.reads == len(chunks)


def test_a_read_that_is_given_up_loses_nothing(pipes: Wire) -> None:
    """Neither what had come of the line, nor what comes after."""

    async def run() -> list[bytes] | None:
        pipes.sends.write(b"be")
        assert await pipes.reader.read_lines() == []
        reading = asyncio.create_task(pipes.reader.read_lines())
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.wait((reading,))
        assert reading.cancelled()
        assert not asyncio.get_running_loop().remove_reader(pipes.reader.fd)  # nor does the loop still look
        pipes.sends.write(b"gun\n")
        return await pipes.reader.read_lines()

    assert asyncio.run(run()) == [b"begun"]


def test_a_line_that_another_process_has_read_is_not_waited_for(pipes: Wire) -> None:
    """Of two readers that are told of it, one has it; the other goes on."""

    async def run() -> list[list[bytes] | None]:
        other = PipeReader(os.dup(pipes.reader.fd))
        reading = asyncio.gather(*(one.read_lines() for one in (pipes.reader, other)))
        await asyncio.sleep(0)
        pipes.sends.write(b"one\n")
        got = await reading
        os.close(other.fd)
        return got

    assert sorted(asyncio.run(run()), key=str) == [[], [b"one"]]


def test_a_socket_whose_other_end_left_answers_unread_has_ended() -> None:
    """What was begun is still a line."""
    ours, theirs = socket.socketpair()
    with ours:
        reader = PipeReader(ours.fileno())

        async def run() -> list[list[bytes] | None]:
            theirs.send(b"begun")
            got = [await reader.read_lines()]
            ours.send(b"unread")
            theirs.close()
            return [*got, await reader.read_lines(), await reader.read_lines()]

        assert asyncio.run(run()) == [[], [b"begun"], None]


TEXT = "é" * 200_000
"""Six times what a pipe has room for."""


def test_all_that_is_written_arrives_in_its_order(pipes: Wire) -> None:
    """However much more than the pipe has room for, and whoever writes it: each text whole, in UTF-8."""

    async def read() -> bytes:
        text = b""
        while len(text) < 3 + 2 * len(TEXT.encode()):
            text += pipes.heard()
            await asyncio.sleep(0)
        return text

    async def run() -> bytes:
        assert pipes.writer.broken is False
        writing = [asyncio.create_task(pipes.writer.write(text)) for text in ("1" + TEXT, "2", "3" + TEXT)]
        text = await read()
        await asyncio.gather(*writing)
        return text

    assert asyncio.run(run()) == ("1" + TEXT + "2" + "3" + TEXT).encode()
    assert not pipes.writer.broken


def test_whoever_writes_waits_for_the_reader(pipes: Wire) -> None:
    """Until all of it is written, and no longer."""

    async def run() -> None:
        await pipes.writer.write("short")
        assert pipes.heard() == b"short"
        writing = asyncio.create_task(pipes.writer.write(TEXT))
        for _ in range(10):
            await asyncio.sleep(0)
        assert not writing.done()
        heard = 0
        while not writing.done():
            heard += len(pipes.heard())
            await asyncio.sleep(0)
        assert heard + len(pipes.heard()) == len(TEXT.encode())

    asyncio.run(run())


def test_a_write_that_is_given_up_is_finished_all_the_same(pipes: Wire) -> None:
    """Half a message would spoil the next."""

    async def run() -> bytes:
        writing = asyncio.create_task(pipes.writer.write(TEXT))
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.wait((writing,))
        assert writing.cancelled()
        finishing = asyncio.create_task(pipes.writer.finish())
        text = b""
        while not finishing.done():
            text += pipes.heard()
            await asyncio.sleep(0)
        await pipes.writer.write("next")
        return text + pipes.heard()

    assert asyncio.run(run()) == (TEXT + "next").encode()


def test_what_is_posted_follows_by_itself(pipes: Wire) -> None:
    """At once what there is room for, and the rest as it is read; nobody waits."""

    async def run() -> bytes:
        pipes.writer.post("first")
        text = pipes.heard()
        assert text == b"first"
        pipes.writer.post(TEXT)
        pipes.writer.post("last")
        while not text.endswith(b"last"):
            text += pipes.heard()
            await asyncio.sleep(0)
        await pipes.writer.finish()
        pipes.writer.post("again")
        return text + pipes.heard()

    assert asyncio.run(run()) == ("first" + TEXT + "lastagain").encode()


def test_a_pipe_that_nobody_reads_is_broken(pipes: Wire) -> None:
    """Whoever writes is told, each time; whoever posts is not, and nothing is kept for nobody."""

    async def run() -> None:
        pipes.writer.post(TEXT)  # more than there is room for
        pipes.hears.close()
        await pipes.writer.finish()
        assert pipes.writer.broken
        pipes.writer.post("more")
        for _ in range(2):
            with pytest.raises(BrokenPipeError):
                await pipes.writer.write("more")

    asyncio.run(run())


def test_files_are_read_and_written_whole(tmp_path: Path) -> None:
    """As pipes are: lines at once, and what the file ends with."""
    asked, answered = tmp_path / "in", tmp_path / "out"
    asked.write_bytes(b"one\ntwo\nlast")

    async def run() -> list[list[bytes] | None]:
        with asked.open("rb") as stdin, answered.open("wb") as stdout:
            reader, writer = FileReader(stdin.fileno()), FileWriter(stdout.fileno())
            got = [await reader.read_lines() for _ in range(3)]
            writer.post("posted ")
            await asyncio.gather(writer.write("é" * 3), writer.write("2"))
            await writer.finish()
            await writer.write("3")
            return got

    assert asyncio.run(run()) == [[b"one", b"two"], [b"last"], None]
    assert answered.read_bytes() == "posted ééé23".encode()


def test_a_terminal_that_takes_a_part_is_given_the_rest() -> None:
    """A write of a thread may end early, as one to a pipe that doesn't wait."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as answers:
        writer = FileWriter(writing)

        async def run() -> bytes:
            write = asyncio.create_task(writer.write(TEXT + "."))
            await asyncio.sleep(0)
            got = await asyncio.to_thread(answers.read, len(TEXT.encode()) + 1)
            await write
            return got

        assert asyncio.run(run()) == (TEXT + ".").encode()
        os.close(writing)


def test_a_file_that_cannot_be_written_is_broken(tmp_path: Path) -> None:
    """A full disk, for example, or one that was opened for reading."""
    path = tmp_path / "file"
    path.touch()

    async def run() -> None:
        with path.open("rb") as file:
            writer = FileWriter(file.fileno())
            assert not writer.broken
            for _ in range(2):
                with pytest.raises(BrokenPipeError):
                    await writer.write("more")
            assert writer.broken

    asyncio.run(run())


def test_a_read_that_nothing_ends_keeps_nobody() -> None:
    """It stays behind in its thread until something comes."""
    reading, writing = os.pipe()
    reader = FileReader(reading)

    async def run() -> None:
        scope = anyio.CancelScope()

        async def read() -> None:
            with scope:
                await reader.read_lines()

        waiting = asyncio.create_task(read())
        await some_turns()
        scope.cancel()  # as the SDK does
        await some_turns()
        ended = waiting.done()
        os.close(writing)
        await waiting
        assert ended

    asyncio.run(run())
    os.close(reading)


def test_a_write_that_nothing_ends_keeps_nobody() -> None:
    """Nor does one that nobody reads: the event loop ends without it."""
    reading, writing = os.pipe()

    async def run() -> None:
        FileWriter(writing).post(TEXT)
        await some_turns()

    asyncio.run(run())
    os.close(reading)  # which ends it
    os.close(writing)


async def some_turns() -> None:
    """Let the others go on."""
    for _ in range(20):
        await asyncio.sleep(0)


def status(fd: int) -> os.stat_result | None:
    """What a descriptor is; None if it is closed."""
    try:
        return os.fstat(fd)
    except OSError:
        return None


Take = Callable[[], contextlib.AbstractContextManager[tuple[PipeReader, PipeWriter] | None]]


@pytest.mark.parametrize("take", [standard_pipes, standard_files])
def test_what_others_print_stays_out_of_the_messages(pipes: Wire, tmp_path: Path, take: Take) -> None:
    """It reaches standard error, and whoever reads standard input finds it empty; the protocol has both pipes."""
    errors = tmp_path / "errors"
    with (
        errors.open("w", encoding="utf-8") as stderr,
        contextlib.redirect_stderr(stderr),
        standard_descriptors({0: pipes.reader.fd, 1: pipes.writer.fd, 2: stderr.fileno()}),
    ):
        with take() as taken:
            assert taken
            print("printed", flush=True)  # noqa: T201 - what a library does
            os.write(1, b"written\n")
            nothing = os.read(0, 1)
            talked = asyncio.run(exchange(pipes, *taken))
        close(*taken)
    assert (nothing, talked) == (b"", ([b"asked"], b"answered\n"))
    assert errors.read_text(encoding="utf-8") == "printed\nwritten\n"


async def exchange(pipes: Wire, reader: PipeReader, writer: PipeWriter) -> tuple[list[bytes] | None, bytes]:
    """What comes out at the server's end and at the client's."""
    pipes.sends.write(b"asked\n")
    lines = await reader.read_lines()
    await writer.write("answered\n")
    return lines, pipes.heard()


def close(reader: PipeReader, writer: PipeWriter) -> None:
    """Close what a process would have to its end."""
    os.close(reader.fd)
    os.close(writer.fd)


def test_a_pipe_waits_again_once_the_server_has_ended(pipes: Wire) -> None:
    """As a process expects that shares it."""
    fds = pipes.reader.fd, pipes.writer.fd
    for fd in fds:
        os.set_blocking(fd, True)
    with standard_descriptors({0: fds[0], 1: fds[1]}):
        with standard_pipes() as taken:
            assert taken
            assert [os.get_blocking(fd) for fd in fds] == [False, False]
        close(*taken)
    assert [os.get_blocking(fd) for fd in fds] == [True, True]


def test_sockets_are_waited_for_as_pipes_are() -> None:
    """Node gives its children sockets."""
    ours, theirs = socket.socketpair()
    with ours, theirs, standard_descriptors({0: theirs.fileno(), 1: theirs.fileno()}):
        with standard_pipes() as taken:
            assert taken
            assert [type(one) for one in taken] == [PipeReader, PipeWriter]
        close(*taken)


@pytest.mark.parametrize("which", ["input", "output", "closed input", "closed output"])
def test_what_the_loop_cannot_wait_for_is_not_taken(pipes: Wire, tmp_path: Path, which: str) -> None:
    """Where one of both is a file, or closed: descriptors stay as they are."""
    with (tmp_path / "file").open("w+b") as file:
        instead = None if "closed" in which else file.fileno()
        fds = {0: pipes.reader.fd, 1: pipes.writer.fd} | {int("output" in which): instead}
        with standard_descriptors(fds):
            before = [status(fd) for fd in (0, 1)]
            with standard_pipes() as taken:
                after = [status(fd) for fd in (0, 1)]
    assert (taken, after) == (None, before)
