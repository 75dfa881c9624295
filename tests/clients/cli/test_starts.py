"""How long agents wait for a slow server: read from a log, kept as records, and told by docs/clients.md."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from clients.cli import silent_server, starts
from clients.cli.starts import Start
from clients.rows import FILE, read

pytestmark = pytest.mark.slow

ROWS = read(FILE.read_text(encoding="utf-8"))
LOG = """\
100.000 started BL_WORKSPACE
100.400 server/discover
100.500 alive
103.300 initialize
103.350 something
129.900 alive
130.100 end
"""


@pytest.mark.parametrize(
    ("log", "asked", "in_time", "expected"),
    [
        (LOG, [102.1, 140.0], True, (3, 2, 30, 30)),
        ("100.0 started\n100.1 initialize\n103.0 end\n103.2 started\n106.0 end\n", [108.0], True, (None, 8, 3, 3)),
        ("100.0 started\n160.0 end\n160.2 started\n215.0 alive\n", [], False, (None, None, 60, 60)),
        ("100.0 started\n100.1 initialize\n101.0 alive\n", [101.3], True, (None, 1, None, 1)),
        ("100.0 started\n100.1 initialize\n130.0 end\n", [], True, (None, None, 30, 30)),
        ("100.0 started\n100.1 initialize\n205.0 alive\n", [], False, (None, None, None, 105)),
    ],
    ids=[
        "asks server/discover first",
        "starts it twice",
        "starts it twice, for long",
        "does not wait",
        "gives up altogether",
        "waits for ever",
    ],
)
def test_a_log_tells_how_long_a_client_waits(
    log: str, asked: list[float], expected: tuple[int | None, ...], *, in_time: bool
) -> None:
    """Counted from the first start of the server, to its last sign of life before the next."""
    one = starts.conclude(log, asked, in_time=in_time, client="a", told=False, version="1", date="2026-11-26")
    assert (one.probed, one.asked, one.ended, one.watched) == expected
    assert one.inherited == (["BL_WORKSPACE"] if log == LOG else [])


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
        env=os.environ | {"BL_WORKSPACE": "demo"},
    )
    assert (done.stdout, done.stderr) == ("", "")
    told = [line.split(" ", 1)[1] for line in log.read_text(encoding="utf-8").splitlines()]
    assert [one for one in told if one != "alive"] == [
        "started BL_WORKSPACE",
        "initialize",
        "something",
        "something",
        "end",
    ]


def test_the_guide_has_the_table_of_the_records() -> None:
    """Each agent was measured; `starts.py --keep` writes both."""
    records = starts.read_records()
    measured = [(row.name, told) for row in ROWS if starts.is_measured(row) for told in starts.plans(row)]
    assert sorted((one.client, one.told) for one in records) == sorted(measured)
    guide = starts.GUIDE.read_text(encoding="utf-8")
    assert f"<!-- {starts.NAME} -->\n{starts.as_table(ROWS, records)}\n<!-- /{starts.NAME} -->" in guide


def test_the_table_says_what_was_not_seen() -> None:
    """A client that did not ask, was not asked, or did not end the server, has words instead of a number."""
    codex = Start(
        client="codex", told=False, version="1", date="", probed=None, asked=1, ended=None, watched=2, inherited=[]
    )
    gemini = dataclasses.replace(codex, client="gemini-cli", asked=None, watched=90)
    told = dataclasses.replace(codex, told=True, asked=None, ended=30, inherited=["BL_API_KEY", "BL_WORKSPACE"])
    assert starts.as_table(ROWS, [codex, gemini, told]).splitlines()[2:] == [
        "| Codex 1 | - | 1 s | with its answer | nothing |",
        "| Codex 1, told to wait | - | never | 30 s | `BL_API_KEY`, `BL_WORKSPACE` |",
        "| Gemini CLI 1 | - | never | not within 90 s | nothing |",
    ]
