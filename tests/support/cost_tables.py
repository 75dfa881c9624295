"""The tables of `costs.toml`: what is measured, with the comments that the file has on it."""

from typing import Literal

from support.costs import Section

OVER: tuple[Literal["succeeded", "failed"], ...] = ("succeeded", "failed")
SIZES = (10, 1_000, 10_000)
MOMENTS = ("at tools/list", "at the first call", "at a call with look-ups")

INSTRUCTIONS = Section(
    "instructions",
    "Retired instructions by callgrind, over stdio and with --lookups never, as parts of what a stock one-tool server\n"
    "takes (benchmarks/servers/stock_server.py).",
    {
        "start until tools/list": "Until the list is answered and the SDK is there.",
        "start until the first result": "Of a succeeded execution of 10 tasks.",
        "a call, 10 tasks": "Of a warm server, an execution that succeeded.",
        "a call, 1,000 tasks": "The same; the stock server sends the whole body twice.",
        "a call, 10 tasks, failed": "One of them failed.",
        "a call, 1,000 tasks, failed": "A hundred of them failed.",
        "a call, 10 tasks, running": "Half done, so that the time left is estimated.",
    },
)
ALLOCATED = Section(
    "allocations",
    "The most memory that is in use while a failed execution's answer is made of its body. json.loads of it\n"
    "takes five times the body's bytes.",
    {
        f"{what}, {tasks:,} tasks": comment
        for tasks in SIZES
        for what, comment in (
            ("bytes", "By tracemalloc, as parts of the body's length."),
            ("blocks", "By sys.getallocatedblocks(), as parts of what json.loads of it takes."),
        )
        if (what, tasks) != ("blocks", SIZES[0])  # so few that they vary by a twentieth
    },
)
MODULES = Section(
    "modules",
    "How many modules a stdio server has imported, as parts of the stock server's number.",
    {
        f"{kind} {moment}": comment
        for moment, comment in zip(
            MOMENTS, ("With the SDK there.", "--lookups never.", "Of a failed one."), strict=True
        )
        for kind in ("all", "standard library")
    },
)
MAY_IMPORT = Section(
    "imports",
    "What a stdio server may have imported: packages of others by their first name, and modules of this one. Each\n"
    "list has what comes on top of the one before. What takes long to import should come as late as it can.",
    {
        f"{whose} {moment}": comment
        for moment, comment in zip(
            MOMENTS,
            (
                "Of every window that a client opens.",
                "Of get_job_execution, for an execution that succeeded, --lookups never.",
                "For one that failed without saying why: its log and past executions are read.",
            ),
            strict=True,
        )
        for whose in ("others'", "ours")
    },
)
SIZE = Section(
    "bytes",
    "Compact JSON in UTF-8. The object is without `raw`, and the prose of an answer is also in it.",
    {
        "tools/list": "Every client pays for it in every conversation.",
        "tools/list with writes": "With --allow-writes.",
        "instructions": "What the server says of itself in the handshake.",
        **{
            f"{part}, {state}, {tasks:,} tasks": f"{said} an execution that {state}."
            for state in OVER
            for tasks in (10, 1_000)
            for part, said in (("prose", "The text about"), ("object", "The structured answer about"))
        },
    },
)
CALLS = {
    name: f"{what}, asked for {how}."
    for state, what in {
        "succeeded": "An execution that succeeded",
        "failed": "A failed one, whose tasks don't say why",
        "failed, tasks apart": "The same, its tasks listed apart from it",
        "running": "One that is half done",
    }.items()
    for name, how in ((state, "by its id"), (f"{state}, latest", 'as "latest"'))
}
UPSTREAM = Section("upstream calls", "What the first question costs at Blaxel's API, in requests.", CALLS, "exact")
UPSTREAM_NEVER = Section("upstream calls, --lookups never", "The same without look-ups.", CALLS, "exact")
THREADS = Section(
    "threads",
    "How many threads a server has when it is ready, and how many more after calls.",
    {
        "stdio, handshake": "The main thread.",
        "stdio, handshake, 20 calls": "Of 10 tasks each: none is started to read, to write or to call a tool.",
        "stdio, modern": "The same in the 2026 era.",
        "stdio, modern, 20 calls": "And its calls.",
        "HTTP": "With one client connected.",
        "HTTP, 20 calls": "On one connection.",
        "stdio, calls of 10,001 tasks": "Parsing and counting would hold the event loop for too long.",
    },
    "at most",
)
SECTIONS = (INSTRUCTIONS, ALLOCATED, MODULES, MAY_IMPORT, SIZE, UPSTREAM, UPSTREAM_NEVER, THREADS)
