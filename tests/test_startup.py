"""That importing has no side effects, and what `--version` imports; `test_costs.py` has what a server imports."""

import pkgutil
import sys

import pytest
from support.program import Program

import blaxel_mcp

EVERYTHING = ["blaxel_mcp", *(module.name for module in pkgutil.walk_packages(blaxel_mcp.__path__, "blaxel_mcp."))]
# Prints what happens while every module is imported: connections, processes, files written, threads.
IMPORT_ALL = """
import importlib, sys, threading
happened = []
def watch(event, args):
    writes = event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")
    if writes or event.startswith(("socket.bind", "socket.connect", "socket.getaddrinfo", "subprocess.", "os.system")):
        happened.append((event, args))
sys.addaudithook(watch)
for name in sys.argv[1:]:
    importlib.import_module(name)
happened += [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
print(happened)
"""


@pytest.mark.slow
def test_importing_has_no_side_effects() -> None:
    """No module connects, starts, writes or prints anything when it is imported."""
    with Program(*EVERYTHING, command=(sys.executable, "-B", "-c", IMPORT_ALL)) as program:
        assert (program.wait(), program.output(), program.errors()) == (0, "[]\n", "")


def test_version_imports_neither_protocol_nor_network() -> None:
    """The SDK and httpx would take half a second."""
    with Program("--version", command=(sys.executable, "-P", "-X", "importtime", "-m", "blaxel_mcp")) as program:
        assert program.wait() == 0
        lines = [line.rsplit("|", 1) for line in program.errors().splitlines() if line.startswith("import time:")]
    modules = {line[-1].strip() for line in lines}
    assert "blaxel_mcp.cli" in modules
    assert modules.isdisjoint({"mcp", "mcp_types", "httpx", "httpx2", "starlette", "uvicorn", "yaml", "stamina"})
