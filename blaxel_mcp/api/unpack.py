"""Reads the body of an answer and unpacks it a step at a time, so that a small answer cannot unfold to any size.

httpx decodes each chunk it receives at once: 64 KiB of gzip can become 64 MiB, and 8.6 kB of it packed twice 700 MiB,
before anybody can count them.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from io import BytesIO

STEP_BYTES = 256 * 1024
"""How much is unpacked at once, which takes about a millisecond; then the event loop gets its turn."""
ENCODINGS = "gzip, deflate"
"""Every encoding that can be unpacked here, as `Accept-Encoding` names them."""

MOST_MEMBERS = 1_000
"""How many parts gzip may have, each packed by itself; servers send one, and an empty one takes 20 bytes."""

_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15  # window sizes as zlib's documentation has them


async def read_body(chunks: AsyncIterator[bytes], encoding: str, limit: int) -> bytes | None:
    """The unpacked body, or `None` if it has more bytes than `limit`, packed or unpacked.

    Bytes are counted as they come, since an announced length may be absent, or that of the packed form.

    Args:
        chunks: the body as it was received.
        encoding: the header `Content-Encoding`; blank without one.
        limit: the most bytes to hold.

    Raises:
        zlib.error: the body is packed in another way than `encoding` says, twice, or in a way not in `ENCODINGS`.
    """
    unpacker = None if encoding.strip().lower() in {"", "identity"} else _Unpacker(encoding.strip().lower())
    # Its value is its buffer: nothing is held twice, as a list of chunks and what they are joined to would be.
    body = BytesIO()
    received = 0
    async for chunk in chunks:
        received += len(chunk)
        if received > limit:
            return None
        for number, piece in enumerate(unpacker.steps(chunk) if unpacker else (chunk,)):
            if body.tell() + len(piece) > limit:
                return None
            body.write(piece)
            if number:
                await asyncio.sleep(0)
    if unpacker and received:
        unpacker.check_end()
    return body.getvalue()


class _Unpacker:
    """Unpacks gzip, which may have several members, and deflate in both of its forms, with zlib's header or without."""

    def __init__(self, encoding: str) -> None:
        if encoding not in {"gzip", "x-gzip", "deflate"}:
            raise zlib.error("not one known encoding")
        self._gzip = encoding != "deflate"
        self._rest = b""
        self._stream = zlib.decompressobj(_GZIP) if self._gzip else None
        self._over = False
        self._members = 1

    def steps(self, data: bytes) -> Iterator[bytes]:
        """What the next packed bytes unfold to, in pieces of at most `STEP_BYTES`."""
        data = self._rest + data
        self._rest = b""
        if self._stream is None:
            if len(data) < 2:  # noqa: PLR2004 - zlib's header has two bytes
                self._rest = data
                return
            # Servers mean one or the other by "deflate"; RFC 1950, 2.2 tells zlib's header.
            wrapped = data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0  # noqa: PLR2004
            self._stream = zlib.decompressobj(_ZLIB if wrapped else _RAW_DEFLATE)
        while data and not self._over:
            yield self._stream.decompress(data, STEP_BYTES)
            data = self._stream.unconsumed_tail
            if not self._stream.eof:
                continue
            data = self._stream.unused_data
            if self._gzip and data[:1] == b"\x1f":
                self._members += 1
                if self._members > MOST_MEMBERS:
                    raise zlib.error("too many members")
                self._stream = zlib.decompressobj(_GZIP)
            elif data:
                self._over = True  # padding, which gzip's own tools skip
            else:
                return

    def check_end(self) -> None:
        """Raise zlib.error if the packed bytes end before what they unfold to does."""
        if self._stream is None or not self._stream.eof:
            raise zlib.error("incomplete")
