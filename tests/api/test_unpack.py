"""Bodies are unpacked in every form that is asked for, a step at a time, and none unfolds to more than is allowed."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable

import pytest

from blaxel_mcp.api.unpack import MOST_MEMBERS, STEP_BYTES, read_body

TEXT = b'{"status": "succeeded"}' * 100
MEBIBYTE = 1024**2


def pack(data: bytes) -> bytes:
    """The data as gzip, without the time: it would be in the names of the tests, by which processes compare them."""
    return gzip.compress(data, mtime=0)


def raw_deflate(data: bytes) -> bytes:
    """Deflate without zlib's header, as some servers mean it."""
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def read(body: bytes, encoding: str, limit: int = 10**9, *, at_once: int = 65_536) -> bytes | None:
    """What a body is unpacked to that arrives so many bytes at a time."""

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(body), at_once):
            yield body[start : start + at_once]

    return asyncio.run(read_body(chunks(), encoding, limit))


@pytest.mark.parametrize("at_once", [1, 3, 65_536])
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("Identity", TEXT),
        ("gzip", pack(TEXT)),
        ("GZIP", pack(TEXT)),
        (" gzip ", pack(TEXT)),
        ("x-gzip", pack(TEXT)),
        ("gzip", pack(TEXT[:100]) + pack(TEXT[100:])),
        ("gzip", pack(b"") + pack(TEXT) + pack(b"")),
        ("gzip", pack(TEXT) + b"\0" * 50),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", zlib.compress(TEXT, 0)),
        ("deflate", zlib.compress(TEXT, 9)),
        ("deflate", raw_deflate(TEXT)),
        ("deflate", zlib.compress(TEXT, wbits=9)),
        # Blocks that are not packed: the first two bytes have only one of the two marks of zlib's header each.
        ("deflate", b"\x00\x1f\x00\xe0\xff" + TEXT[:31] + raw_deflate(TEXT[31:])),
        ("deflate", b"\x08\x01\x00\xfe\xff" + TEXT[:1] + raw_deflate(TEXT[1:])),
        ("gzip", pack(TEXT) + pack(b"") * (MOST_MEMBERS - 1)),
    ],
)
def test_every_form_is_unpacked_however_it_is_cut(encoding: str, body: bytes, at_once: int) -> None:
    """Deflate with zlib's header and without it, gzip with several members or with padding."""
    assert read(body, encoding, at_once=at_once) == TEXT


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_an_empty_body_is_empty(encoding: str) -> None:
    """As that of an answer without content may be, whatever its headers say."""
    assert read(b"", encoding) == b""


@pytest.mark.parametrize("at_once", [1, 65_536])
@pytest.mark.parametrize(
    ("encoding", "body"), [("gzip", pack(b"")), ("deflate", zlib.compress(b"")), ("deflate", raw_deflate(b""))]
)
def test_what_is_packed_may_be_nothing(encoding: str, body: bytes, at_once: int) -> None:
    """Without zlib's header that takes two bytes."""
    assert read(body, encoding, at_once=at_once) == b""


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", TEXT),
        ("gzip", zlib.compress(TEXT)),
        ("deflate", pack(TEXT)),
        ("deflate", b"x"),
        ("gzip", pack(TEXT)[:-1]),
        ("deflate", zlib.compress(TEXT)[:-1]),
        ("deflate", raw_deflate(TEXT)[:-1]),
        ("gzip", pack(TEXT)[:-8] + b"\0" * 8),
        ("gzip", pack(b"") * (MOST_MEMBERS + 1)),
        ("gzip, gzip", pack(pack(TEXT))),
        ("gzip,deflate", TEXT),
        ("br", TEXT),
        ("zstd", TEXT),
        ("compress", TEXT),
        ("gzip; q=1", pack(TEXT)),
    ],
)
def test_what_is_packed_otherwise_is_refused(encoding: str, body: bytes) -> None:
    """Cut off, damaged, packed twice, packed in a way that was not asked for, or in thousands of parts."""
    with pytest.raises(zlib.error):
        read(body, encoding)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zlib.compress, raw_deflate])
def test_no_more_than_the_limit_is_kept(pack: Callable[[bytes], bytes]) -> None:
    """A body of exactly the limit is read, and with a byte more it is not."""
    encoding = {bytes: "", gzip.compress: "gzip"}.get(pack, "deflate")
    zeros = bytes(MEBIBYTE)
    assert read(pack(zeros), encoding, MEBIBYTE) == zeros
    assert read(pack(zeros + b"0"), encoding, MEBIBYTE) is None


def test_what_unfolds_to_nothing_is_counted_too() -> None:
    """Empty blocks of deflate could come for ever."""
    empty_blocks = b"\0\0\0\xff\xff" * 300_000
    assert read(b"\x78\x9c" + empty_blocks, "deflate", MEBIBYTE) is None


def test_others_have_their_turn_while_a_small_body_unfolds() -> None:
    """The event loop goes round once for each step, though all of the packed body is there already."""
    packed = pack(bytes(64 * MEBIBYTE))
    turns = 0

    async def whole() -> AsyncIterator[bytes]:
        yield packed

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def work() -> int:
        counting = asyncio.create_task(count())
        body = await read_body(whole(), "gzip", 64 * MEBIBYTE)
        counting.cancel()
        return len(body or b"")

    assert asyncio.run(work()) == 64 * MEBIBYTE
    assert turns >= 64 * MEBIBYTE // STEP_BYTES - 1
