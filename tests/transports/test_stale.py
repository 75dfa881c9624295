"""Of lines that came together, the probes that their client has given up on are left out; nothing else is."""

import json

import pytest

from blaxel_mcp.transports.stale import drop_stale_probes


def line(method: object, **others: object) -> bytes:
    """A message."""
    return json.dumps({"jsonrpc": "2.0", "method": method, **others}).encode()


PROBE, HANDSHAKE, LIST = line("server/discover", id=0), line("initialize", id=1), line("tools/list", id=2)
MENTION = line("server/discover", id=3, params={"of": "initialize"})


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ([], []),
        ([PROBE], [PROBE]),
        ([PROBE, HANDSHAKE], [HANDSHAKE]),
        ([MENTION, HANDSHAKE], [HANDSHAKE]),
        ([PROBE, MENTION], [PROBE, MENTION]),
        ([HANDSHAKE, PROBE], [HANDSHAKE, PROBE]),
        ([PROBE, LIST, HANDSHAKE], [PROBE, LIST, HANDSHAKE]),
        ([PROBE, HANDSHAKE, LIST, MENTION], [HANDSHAKE, LIST, MENTION]),
        ([PROBE, line("initialize")], [PROBE, line("initialize")]),
        ([PROBE, b'["initialize"]'], [PROBE, b'["initialize"]']),
        ([PROBE, b'["id", "initialize"]'], [PROBE, b'["id", "initialize"]']),
        ([PROBE, b'7 "initialize"', HANDSHAKE], [b'7 "initialize"', HANDSHAKE]),
        ([PROBE, line(7, id=5), HANDSHAKE], [line(7, id=5), HANDSHAKE]),
        ([PROBE, line("notifications/cancelled"), HANDSHAKE], [line("notifications/cancelled"), HANDSHAKE]),
        ([b"7", PROBE, HANDSHAKE], [b"7", HANDSHAKE]),
    ],
)
def test_a_probe_is_left_out_before_the_handshake_that_gave_it_up(lines: list[bytes], kept: list[bytes]) -> None:
    """With nothing between them that could have been asked instead."""
    assert list(drop_stale_probes(lines)) == kept
