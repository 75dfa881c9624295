"""What the program costs, in counts: no more than the reviewed file says, which is `costs.toml`.

`--update-costs` writes the file anew; its head has the command. Ratios are to something that is measured in the same
run, so that they hold with other versions of Python and of the libraries too.
"""

import asyncio
import compileall
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from support import costs
from support.caller import ask, client_for, compact, connected, ids
from support.cost_tables import (
    ALLOCATED,
    INSTRUCTIONS,
    MAY_IMPORT,
    MODULES,
    MOMENTS,
    OVER,
    SECTIONS,
    SIZE,
    SIZES,
    THREADS,
    UPSTREAM,
    UPSTREAM_NEVER,
)
from support.costs import Section, Value
from support.faults import Faults
from support.one_execution import OneExecution
from support.plane import NOW, execution
from support.program import environment

import blaxel_mcp
from blaxel_mcp.demo import control_plane

PACKAGE = Path(blaxel_mcp.__file__).parent
ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))  # last, so that the blaxel_mcp beside the benchmarks is not taken for the installed one

from benchmarks import answering, executions, instructions, peers  # noqa: E402
from benchmarks.clients import HttpClient  # noqa: E402
from benchmarks.executions import JOB, body, execution_id  # noqa: E402
from benchmarks.measuring import Bench, free_port, pipe_client, warm_up  # noqa: E402
from benchmarks.messages import HANDSHAKE, MODERN  # noqa: E402
from benchmarks.peers import LOOKUPS, OURS, STOCK, Contender  # noqa: E402
from benchmarks.processes import Process  # noqa: E402

# Prints the most bytes that are in use while an answer is made, as a part of its body's, and the most blocks of memory,
# as a part of those that parsing the body takes. Blocks are counted whenever a function begins or ends. Without the
# collector, which would make both a matter of chance.
ALLOCATIONS = """
import asyncio, gc, json, sys, threading, tracemalloc
sys.path.append(sys.argv[1])
from benchmarks import answering
from benchmarks.executions import body, execution
def most_bytes(work, content):
    gc.collect()
    tracemalloc.start()
    work(content)
    at_most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return at_most
def most_blocks(work, content):
    gc.collect()
    before = at_most = sys.getallocatedblocks()
    def look(*_):
        nonlocal at_most
        at_most = max(at_most, sys.getallocatedblocks())
    threading.setprofile(look)
    sys.setprofile(look)
    work(content)
    sys.setprofile(None)
    threading.setprofile(None)
    return at_most - before
gc.disable()
ratios = []
settings = answering.account()
with asyncio.Runner() as runner:
    answer = lambda content: runner.run(answering.answer_in_loop(content, settings))
    for tasks in map(int, sys.argv[2:]):
        content = body(execution("failed", tasks, now=answering.NOW))
        answer(content), json.loads(content)  # what is imported and remembered the first time
        ratios.append(most_bytes(answer, content) / len(content))
        if tasks > 10:
            ratios.append(most_blocks(answer, content) / most_blocks(json.loads, content))
print(json.dumps(ratios))
"""
Compare = Callable[[Section, Mapping[str, Value]], None]


@pytest.fixture
def compare(request: pytest.FixtureRequest) -> Compare:
    """Compares measurements with a table of the file, or writes it with `--update-costs`."""

    def compare(section: Section, measured: Mapping[str, Value]) -> None:
        if request.config.getoption("--update-costs"):
            costs.update(SECTIONS, section.name, measured)
        found = costs.problems(section, measured)
        assert not found, "\n".join((section.name, *found, costs.ANEW))

    return compare


@pytest.fixture(scope="module")
def plane() -> Iterator[str]:
    """The benchmarks' control plane, which has executions of every size; and the package's bytecode is there."""
    # Or compilation would count. Where the package is not ours to write to, whoever installed it has compiled it.
    compileall.compile_dir(PACKAGE, quiet=2)
    with Process((sys.executable, "-m", "benchmarks.control_plane"), environment(), seconds=900, cwd=ROOT) as process:
        yield process.read_line().decode().strip()


@pytest.fixture
def bench(plane: str, tmp_path: Path) -> Bench:
    """Ours, ours with look-ups and the stock server; their environment has no coverage in it."""
    here = [one for one in peers.contenders(sys.executable, None) if one.name in {OURS, LOOKUPS, STOCK}]
    tree = {"PYTHONPATH": str(PACKAGE.parent)}  # of the package that the tests have imported
    entered = [one if one.name == STOCK else replace(one, env=tree) for one in here]
    return Bench(entered, plane, tmp_path, sys.executable)


def named(bench: Bench, name: str) -> Contender:
    """A contender by its name."""
    return next(one for one in bench.contenders if one.name == name)


@pytest.mark.slow
@pytest.mark.timeout(600)  # a minute on two idle cores
@pytest.mark.skipif(not instructions.callgrind_works(), reason="counts instructions with valgrind, which is not there")
def test_instructions(bench: Bench, compare: Compare) -> None:
    """Of a start and of a call, beside the stock server's under the same valgrind."""
    warm_up(bench)  # compiles the libraries, where their installer has not
    found = instructions.by_callgrind(bench, [named(bench, OURS), named(bench, STOCK)])
    assert bench.left_out == []
    sys.stdout.write(f"instructions: ours {found[OURS]}; stock {found[STOCK]}\n")
    ours, stock = ((counts.listed, counts.first, *counts.calls) for counts in (found[OURS], found[STOCK]))
    compare(INSTRUCTIONS, {name: a / b for name, a, b in zip(INSTRUCTIONS.rows, ours, stock, strict=True)})


@pytest.mark.slow
def test_allocations(compare: Compare) -> None:
    """From the bytes of a body to the answer, in a process of its own."""
    command = [sys.executable, "-c", ALLOCATIONS, str(ROOT), *map(str, SIZES)]
    clean = {name: value for name, value in environment(PYTHONHASHSEED="0").items() if "COVERAGE" not in name}
    done = subprocess.run(command, env=clean, capture_output=True, check=True)  # noqa: S603 - our own program
    compare(ALLOCATED, dict(zip(ALLOCATED.rows, json.loads(done.stdout), strict=True)))


def imported(bench: Bench, name: str, *calls: str) -> set[str]:
    """The modules that a server has imported in a conversation that lists the tools and then makes these calls."""
    contender = named(bench, name)
    program, *rest = contender.command
    contender = replace(contender, command=(program, "-v", *rest))  # which tells of imports, but only if they succeed
    with bench.run(contender) as process:
        client = pipe_client(contender, process)
        client.open()
        client.settle()
        for call in calls:
            client.call(call)
        process.finish()
        return {*re.findall(r"^import '(\S+)' # ", process.errors(), re.MULTILINE)}


@pytest.mark.slow
def test_modules(bench: Bench, compare: Compare) -> None:
    """Nothing is imported before it is used: how many modules there are, and whose."""
    succeeded, failed = execution_id("succeeded", 10), execution_id("failed", 10)
    ours = [imported(bench, OURS), imported(bench, OURS, succeeded), imported(bench, LOOKUPS, failed)]
    stock = [imported(bench, STOCK), imported(bench, STOCK, succeeded)]
    counts: dict[str, Value] = {}
    lists: dict[str, Value] = {}
    seen: set[str] = set()
    for moment, mine, theirs in zip(MOMENTS, ours, [*stock, stock[-1]], strict=True):
        counts[f"all {moment}"] = len(mine) / len(theirs)
        counts[f"standard library {moment}"] = len(standard(mine)) / len(standard(theirs))
        lists[f"others' {moment}"] = sorted({top(name) for name in others(mine)} - {top(name) for name in others(seen)})
        lists[f"ours {moment}"] = sorted(name for name in mine - seen if top(name) == "blaxel_mcp")
        seen |= mine
    sys.stdout.write(f"modules: ours {[*map(len, ours)]}, stock {[*map(len, stock)]}\n")
    compare(MAY_IMPORT, lists)  # names what the other counts
    compare(MODULES, counts)


def top(name: str) -> str:
    """The package that a module is in."""
    return name.partition(".")[0]


def standard(modules: set[str]) -> set[str]:
    """Those of the standard library."""
    return {name for name in modules if top(name) in sys.stdlib_module_names or name.startswith("_sysconfigdata_")}


def others(modules: set[str]) -> set[str]:
    """Neither Python's nor ours, nor what an environment has Python import before any program."""
    by_environments = {"_distutils_hack", "_virtualenv", "sitecustomize", "usercustomize", "apport_python_hook"}
    return {name for name in modules - standard(modules) if top(name) not in {"blaxel_mcp", *by_environments}}


def test_bytes(compare: Compare) -> None:
    """What a client is told at first, and answers."""

    async def opening(*, allow_writes: bool) -> tuple[int, int]:
        async with connected(client_for("http://127.0.0.1:1/v0"), "auto", allow_writes=allow_writes) as client:
            tools = (await client.list_tools()).model_dump(mode="json", by_alias=True, exclude_none=True)["tools"]
            return compact(tools), len((client.instructions or "").encode())

    (listed, instructions), (all_listed, _) = (asyncio.run(opening(allow_writes=mode)) for mode in (False, True))
    measured = [listed, all_listed, instructions]
    for state in OVER:
        for tasks in (10, 1_000):
            answer = answering.answer(body(executions.execution(state, tasks, now=answering.NOW)))
            answer.pop("raw", None)
            measured += [len(answer["summary"].encode()), compact(answer)]
    compare(SIZE, dict(zip(SIZE.rows, measured, strict=True)))


@pytest.mark.parametrize("section", [UPSTREAM, UPSTREAM_NEVER], ids=["look-ups", "never"])
def test_upstream_calls(section: Section, compare: Compare) -> None:
    """Requests to Blaxel for the first question about an execution, by its kind and with its id or without."""
    measured = {}
    past = [execution(f"past-{number}", age=86_400 * number) for number in range(1, 6)]
    for state, apart in (("succeeded", False), ("failed", False), ("failed", True), ("running", False)):
        whole = executions.execution(state, 10, now=NOW, blunt=True)  # type: ignore[arg-type] # these are
        tasks = whole["tasks"]
        if apart:
            whole = whole | {"tasks": [], "spec": whole["spec"] | {"taskCount": 10, "tasksRef": "managed"}}
        log = ("reading", "ValueError: shard 3 is empty") if state == "failed" else ()
        one = OneExecution(JOB, execution_id(state, 10), whole, now=NOW, tasks=tasks, log=log, past=past)
        for how, asked in (("", execution_id(state, 10)), (", latest", "latest")):
            faults = Faults(one)
            with control_plane.serve(faults) as url:
                (reply,) = ask(client_for(url), ids(JOB, asked), lookups=section is UPSTREAM)
            assert not reply.is_error, reply.text
            measured[f"{state}{', tasks apart' * apart}{how}"] = len(faults.seen)
    compare(section, measured)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="counts threads in /proc")
def test_threads(bench: Bench, compare: Compare) -> None:
    """A small call starts none, over either transport; a very large one has one to itself."""
    ours = named(bench, OURS)
    twenty = [execution_id("succeeded", 10, number) for number in range(20)]
    measured: dict[str, Value] = {}
    large = 0
    for era, name in {HANDSHAKE: "stdio, handshake", MODERN: "stdio, modern"}.items():
        with bench.run(ours) as process:
            client = pipe_client(ours, process, era)
            client.open()
            client.settle()
            measured[name] = before = process.threads()
            for one in twenty:
                client.call(one)
            measured[f"{name}, 20 calls"] = (after := process.threads()) - before
            for _ in range(3):
                client.call(execution_id("failed", 10_001))
            large = max(large, process.threads() - after)
    port = free_port()
    with bench.run(ours, *(word.format(port=port) for word in ours.http)) as process:
        http = HttpClient(process, port, 1)
        measured["HTTP"] = before = process.threads()
        http.burst(twenty)
        measured["HTTP, 20 calls"] = process.threads() - before
    compare(THREADS, measured | {"stdio, calls of 10,001 tasks": large})


@pytest.mark.parametrize(
    ("bound", "reviewed", "measured", "said"),
    [
        ("near", 100.0, 103, ""),
        ("near", 100.0, 104, "104 is 4.0% above 100"),
        ("near", 100.0, 91, ""),
        ("near", 100.0, 89, "89 is 11.0% below 100: the figure has improved"),
        ("near", None, 1, "it is not in the file"),
        ("near", ["a", "b"], ["a"], ""),
        ("near", ["a"], ["c", "a", "b"], "what may not be imported is: b, c"),
        ("exact", 2, 2, ""),
        ("exact", 2, 1, "1 instead of 2"),
        ("at most", 2, 1, ""),
        ("at most", 0, 1, "1 instead of at most 0"),
    ],
)
def test_a_measurement_is_judged(bound: costs.Bound, reviewed: Value | None, measured: Value, said: str) -> None:
    """A hundredth or two is noise; what has improved much is to be guarded from then on."""
    assert costs.judge(reviewed, measured, bound) == said


def test_another_python_may_do_with_less() -> None:
    """It is no improvement of ours, and the file can only have the figures of one."""
    assert costs.judge(100.0, 89, same_python=False) == ""
    assert costs.judge(100.0, 104, same_python=False) != ""


def test_the_file_is_as_it_would_be_written() -> None:
    """With every table and comment that stands here, and nothing else."""
    python, tables = costs.read()
    assert costs.FILE.read_text(encoding="utf-8") == costs.render(python, SECTIONS, tables)
    assert [*tables] == [section.name for section in SECTIONS]


def test_a_table_is_written_and_the_others_stay(tmp_path: Path) -> None:
    """What was not measured keeps its figures."""
    file = tmp_path / "costs.toml"
    a = Section("a", "Two\nlines.", {"one, of ten": "Why.", "list": "Names."})
    b = Section("b", "More.", {"x": "Y."}, "exact")
    costs.update((a, b), "b", {"x": 3}, file)
    costs.update((a, b), "a", {"one, of ten": 0.123456, "list": ["z", "y"]}, file)
    assert costs.read(file) == (costs.PYTHON, {"a": {"one, of ten": 0.1235, "list": ["y", "z"]}, "b": {"x": 3}})
    assert '\n# Two\n# lines.\n["a"]\n# Why.\n"one, of ten" = 0.1235\n' in file.read_text(encoding="utf-8")
    assert costs.problems(a, {"one, of ten": 0.124, "list": ["y"]}, file) == []
    assert costs.problems(b, {"x": 2}, file) == ["x: 2 instead of 3"]
