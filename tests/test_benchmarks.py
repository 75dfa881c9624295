"""`python -m benchmarks`: what it makes of measurements, and that it measures and leaves no process behind."""

import http.client
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.program import environment

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))  # last, so that the blaxel_mcp beside the benchmarks is not taken for the installed one

from benchmarks import figures, instructions, messages, peers, report  # noqa: E402
from benchmarks.clients import check, whole  # noqa: E402
from benchmarks.executions import execution_id  # noqa: E402
from benchmarks.measuring import Bench, in_turn, pipe_client, warm_up  # noqa: E402
from benchmarks.processes import BenchmarkError, Process  # noqa: E402
from benchmarks.report import JSON_LOADS, Figure  # noqa: E402

OURS, LOOKUPS, FASTMCP, STOCK = peers.OURS, peers.LOOKUPS, peers.FASTMCP, peers.STOCK


def example() -> Figure:
    """A figure whose median is half of FastMCP's, which is what was to be reached, and more than the stock server's."""
    samples = {OURS: [40.0, 50.0, 900.0], LOOKUPS: [125.0], FASTMCP: [90.0, 100.0, 110.0], STOCK: [40.0]}
    return Figure("call", "a call", "ms", {FASTMCP: 0.5, STOCK: 0.95}, samples)


def test_a_table_has_medians_ratios_and_goals() -> None:
    """A row for ours and one for ours with look-ups; a contender that was not measured leaves its cells empty."""
    assert report.rows([example()]) == [
        ["", "ours", "FastMCP: ours is", "stock: ours is", "blaxel SDK: ours is", "httpx: ours is"],
        ["a call", "50.0 ms", "100 ms: 0.50 (≤ 0.50 met)", "40.0 ms: 1.25 (≤ 0.95 **missed**)", "", ""],
        ["… with look-ups", "125 ms", "1.25 (≤ 0.50 **missed**)", "3.12 (≤ 0.95 **missed**)", "", ""],
    ]
    assert report.verdict([example()]) == "1 of 4 goals are met."


def test_more_calls_per_second_are_better() -> None:
    """There a goal is the least that ours may be of theirs."""
    figure = Figure(
        "load", "calls", "/s", {FASTMCP: 2.0, STOCK: 1.2}, {OURS: [600.0], FASTMCP: [300.0], STOCK: [550.0]}
    )
    assert report.rows([figure], (FASTMCP, STOCK))[1] == [
        "calls",
        "600/s",
        "300/s: 2.00 (≥ 2.00 met)",
        "550/s: 1.09 (≥ 1.20 **missed**)",
    ]


def test_a_figure_without_ours_has_no_row() -> None:
    """Neither is a goal judged where one side is missing."""
    figure = Figure("call", "a call", "ms", {FASTMCP: 0.5}, {FASTMCP: [1.0]})
    assert len(report.rows([figure])) == 1
    assert report.verdict([figure]) == "0 of 0 goals are met."


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.123, "ms", "0.12 ms"),
        (12.34, "MiB", "12.3 MiB"),
        (1234.5, "/s", "1,234/s"),
        (3633.03, "M instructions", "3,633 M"),
    ],
)
def test_values_have_three_digits(value: float, unit: Any, text: str) -> None:
    """And their unit."""
    assert report.format_value(value, unit) == text


def test_tables_are_apart_by_what_they_compare() -> None:
    """Programs beside each other; instructions; what is made in one process beside `json.loads`."""
    counted = Figure("n", "a start", "M instructions", {}, {OURS: [2.0], STOCK: [4.0]})
    beside = Figure("s", "summarising", "ms", {JSON_LOADS: 1.2}, {OURS: [11.0], JSON_LOADS: [10.0]})
    parts = report.tables([example(), counted, beside]).split("\n\n")
    assert [part.splitlines() for part in parts[1:]] == [
        ["Millions of instructions:"],
        [
            "|  | ours | FastMCP: ours is | stock: ours is |",
            "| --- | --- | --- | --- |",
            "| a start | 2.00 M |  | 4.00 M: 0.50 |",
        ],
        [
            "|  | ours | json.loads: ours is |",
            "| --- | --- | --- |",
            "| summarising | 11.0 ms | 10.0 ms: 1.10 (≤ 1.20 met) |",
        ],
    ]


def test_the_short_table_has_ratios_alone() -> None:
    """A row for each peer that is a server, and a column for several figures."""
    keys = [key for column in report.SHORT.values() for key in column]
    measured = [Figure(key, key, "ms", {}, {OURS: [1.0], FASTMCP: [4.0], STOCK: [2.0]}) for key in keys]
    assert report.short(measured).splitlines()[2:] == [
        "| FastMCP's conversion | 0.25 / 0.25 | 0.25 / 0.25 | 0.25 / 0.25 / 0.25 / 0.25 | 0.25 / 0.25 |",
        "| a stock one-tool server | 0.50 / 0.50 | 0.50 / 0.50 | 0.50 / 0.50 / 0.50 / 0.50 | 0.50 / 0.50 |",
    ]


@pytest.mark.parametrize("file", ["README.md", "benchmarks/README.md"])
def test_both_readmes_have_a_place_for_the_tables(file: str) -> None:
    """Exactly one, which `--write` fills and leaves all else as it is."""
    text = (ROOT / file).read_text(encoding="utf-8")
    written = report.between(text, "new")
    assert "<!-- benchmark -->\nnew\n<!-- /benchmark -->" in written
    assert report.between(written, "again") == written.replace("\nnew\n", "\nagain\n")
    with pytest.raises(ValueError, match="0 pairs"):
        report.between("no markers", "new")


def test_the_main_readme_quotes_the_short_tables_columns() -> None:
    """It was written by `--write`, whose columns have the names of today."""
    head = "| as a part of | " + " | ".join(report.SHORT) + " |"
    assert head in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("came", "ended"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", True),
    ],
)
def test_a_response_is_whole(came: bytes, ended: bool) -> None:  # noqa: FBT001
    """By its length, or by its last chunk."""
    assert whole(came) is ended


@pytest.mark.parametrize("answer", [b'{"error":{"code":1}}', b'{"result":{"content":[],"isError":true}}', b""])
def test_an_error_is_no_sample(answer: bytes) -> None:
    """How fast a server fails is of no interest."""
    with pytest.raises(BenchmarkError):
        check(answer)


def test_perfs_number_is_read() -> None:
    """From the form for programs, whose first field says when it could not count."""
    assert instructions.read_perf("# started on\n\n3633032016,,instructions:u,1364414,100.00,,\n") == 3_633_032_016
    assert instructions.read_perf("<not supported>,,instructions:u,0,100.00,,\n") is None


@dataclass(slots=True)
class Watched(Bench):
    """A bench that remembers its processes."""

    processes: list[Process] = field(default_factory=list)

    def run(self, contender: peers.Contender, *more: str, seconds: float = 60.0) -> Process:
        """Start it, and remember it."""
        process = Bench.run(self, contender, *more, seconds=seconds)
        self.processes.append(process)
        return process


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Watched]:
    """A quick one, of those that need no network, beside a control plane."""
    command = (sys.executable, "-m", "benchmarks.control_plane")
    with Process(command, environment(), cwd=ROOT) as plane:
        here = peers.contenders(sys.executable, None)
        ours = [one for one in here if one.name in {OURS, STOCK}]
        yield Watched(ours, plane.read_line().decode().strip(), tmp_path, sys.executable, quick=True)
    assert plane.ended()


def test_the_control_plane_has_every_kind(bench: Watched) -> None:
    """Executions of any size in three states, each with its own id; what look-ups ask for; and nothing else."""
    address = urlsplit(bench.url)
    connection = http.client.HTTPConnection(address.netloc, timeout=30)

    def get(path: str) -> tuple[int, Any]:
        connection.request("GET", address.path + path)
        response = connection.getresponse()
        return response.status, json.loads(response.read())

    for state, counts in {"succeeded": [20, 0, 0], "failed": [18, 2, 0], "running": [10, 0, 2]}.items():
        status, got = get(f"/jobs/image-resize/executions/{state}-20-0007")
        assert (status, got["metadata"]["id"], got["status"]) == (200, execution_id(state, 20, 7), state)
        assert [got["stats"][key] for key in ("success", "failure", "running")] == counts
    listed = get("/jobs/image-resize/executions?limit=20")[1]["data"]
    assert len({one["metadata"]["id"] for one in listed}) == 20
    assert get("/observability/logs?taskId=task-0")[1]["image-resize"]["logs"]
    assert get("/jobs/image-resize")[0] == 200
    assert get("/jobs/another")[0] == 404
    connection.close()


@pytest.mark.slow
def test_it_measures_and_leaves_nothing_behind(bench: Watched) -> None:
    """Memory and throughput of our server and of a stock one: positive numbers, and every process is gone."""
    measured = [*figures.memory(bench), *figures.throughput(bench)]
    assert bench.left_out == []
    keys = ["memory-first", "memory-many", "memory-peak", "throughput-stdio", "throughput-http"]
    assert {figure.key: sorted(figure.samples) for figure in measured} == {key: [OURS, STOCK] for key in keys}
    assert all(sample > 0 for figure in measured for samples in figure.samples.values() for sample in samples)
    assert len(bench.processes) == 6
    assert all(process.ended() for process in bench.processes)


@pytest.mark.slow
@pytest.mark.parametrize("era", messages.ERAS)
def test_a_server_answers_in_both_eras(bench: Watched, era: str) -> None:
    """As its own clients ask: the opening, the list of tools, calls."""
    with bench.run(bench.contenders[0]) as process:
        client = pipe_client(bench.contenders[0], process, era)
        client.open()
        seconds, size = client.call(execution_id("running", 100))
    assert seconds > 0
    assert size > 1_000


def test_a_contender_that_fails_is_left_out(bench: Watched) -> None:
    """With its last words; the others go on."""
    broken = peers.Contender("broken", (sys.executable, "-c", "raise SystemExit('no such module')"))
    reader = next(one for one in peers.contenders(sys.executable, None) if one.name == peers.DIRECT)
    bench.contenders = [broken, reader]
    warm_up(bench)
    assert [one.name for one in bench.contenders] == [peers.DIRECT]
    assert bench.left_out == ["broken, at all: no such module"]


def test_contenders_take_turns() -> None:
    """Nobody always comes after the same neighbour, and the quick number of rounds is the second one."""
    order: list[str] = []
    named = [peers.Contender(name, ()) for name in "abc"]
    quick = SimpleNamespace(quick=True, left_out=[])
    in_turn(quick, "letters", named, lambda one: order.append(one.name), rounds=(9, 3), seconds=60)  # type: ignore[arg-type]
    assert "".join(order) == "abcbcacab"
