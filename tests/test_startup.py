"""What start-up imports, since every client window pays for it, and that importing has no side effects."""

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


def imported(*arguments: str) -> set[str]:
    """The modules that a run of the program imports; without arguments, of a server that lists its tools."""
    with Program(*arguments, command=(sys.executable, "-X", "importtime", "-m", "blaxel_mcp")) as program:
        if not arguments:
            program.shake_hands()
            program.request("tools/list")
        program.close_input()
        assert program.wait() == 0
        lines = [line.rsplit("|", 1) for line in program.errors().splitlines() if line.startswith("import time:")]
        return {line[-1].strip() for line in lines}


def test_importing_has_no_side_effects() -> None:
    """No module connects, starts, writes or prints anything when it is imported."""
    with Program(*EVERYTHING, command=(sys.executable, "-B", "-c", IMPORT_ALL)) as program:
        assert (program.wait(), program.output(), program.errors()) == (0, "[]\n", "")


def test_version_imports_neither_protocol_nor_network() -> None:
    """The SDK and httpx would take half a second."""
    modules = imported("--version")
    assert "blaxel_mcp.cli" in modules
    assert modules.isdisjoint({"mcp", "mcp_types", "httpx", "httpx2", "starlette", "uvicorn", "yaml", "stamina"})


@pytest.mark.slow
def test_serving_over_stdio_imports_nothing_of_other_commands() -> None:
    """Nor OAuth, nor a YAML reader without a login, nor certificates before the first call."""
    modules = imported()
    assert "blaxel_mcp.server" in modules
    ours = {"blaxel_mcp.demo", "blaxel_mcp.doctor", "blaxel_mcp.get", "blaxel_mcp.transports.oauth"}
    assert modules.isdisjoint(ours | {"yaml", "truststore", "starlette.testclient"})
