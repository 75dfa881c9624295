"""How long agents wait for a slow server: read from a log, kept as records, and told by docs/clients.md."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clients.cli import silent_server, starts
from clients.cli.starts import Start
from clients.rows import FILE, read

ROWS = read(FILE.read_text(encoding="utf-8"))
AGENTS = [row.name for row in ROWS if row.kind == "agent" and not row.delay]
LOG = """\
100.000 started
100.400 server/discover
100.500 alive
103.300 initialize
103.350 something
129.900 alive
130.100 end
"""


def concluded(log: str, *asked: float) -> tuple[int | None, int | None, int | None]:
    """What a log and the moments of the model's requests come to."""
    one = starts.conclude(log, asked, client="a", version="1", date="2026-11-26", deadline=120.0)
    return one.probed, one.asked, one.ended


@pytest.mark.parametrize(
    ("log", "asked", "expected"),
    [
        (LOG, [102.1, 140.0], (3, 2, 30)),
        ("100.0 started\n100.1 initialize\n103.0 end\n103.2 started\n106.0 end\n", [108.0], (None, 8, 3)),
        ("100.0 started\n100.1 initialize\n205.0 alive\n", [], (None, None, None)),
    ],
    ids=["asks server/discover first", "starts it a second time", "waits for ever"],
)
def test_a_log_tells_how_long_a_client_waits(
    log: str, asked: list[float], expected: tuple[int | None, int | None, int | None]
) -> None:
    """Counted from the first start of the server, to its last sign of life before the next."""
    assert concluded(log, *asked) == expected


def test_the_silent_server_logs_what_comes_and_answers_nothing(tmp_path: Path) -> None:
    """Messages by their method, anything else too, and the end of its input."""
    log = tmp_path / "log"
    done = subprocess.run(  # noqa: S603 - a script of this project
        [sys.executable, silent_server.__file__, str(log)],
        input='{"method": "initialize"}\nContent-Length: 3\n[]\n',
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=30,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "")
    told = [line.split(" ", 1)[1] for line in log.read_text(encoding="utf-8").splitlines()]
    assert [one for one in told if one != "alive"] == ["started", "initialize", "something", "something", "end"]


def test_the_guide_has_the_table_of_the_records() -> None:
    """Each agent was measured; `starts.py --keep` writes both."""
    records = starts.read_records()
    assert sorted(one.client for one in records) == sorted(AGENTS)
    guide = starts.GUIDE.read_text(encoding="utf-8")
    assert f"<!-- {starts.NAME} -->\n{starts.as_table(ROWS, records)}\n<!-- /{starts.NAME} -->" in guide


def test_the_table_says_what_was_not_seen() -> None:
    """A client that did not ask, was not asked, or did not end the server, has words instead of a number."""
    shown = json.loads('{"client": "codex", "version": "1", "date": "", "probed": null, "asked": null, "ended": null}')
    last = starts.as_table(ROWS, [Start(**shown)]).splitlines()[-1]
    assert last == "| Codex 1 | - | never | not within 100 s |"
