"""A client's run, from its script to its result; the scripts here use the SDK that this project has."""

import sys
from pathlib import Path

import pytest
from support.program import MODERN

from clients import run
from clients.environments import Environment
from clients.result import Result
from clients.rows import FILE, Client, Transport, read

pytestmark = pytest.mark.slow

ROW = read(FILE.read_text(encoding="utf-8"))[0]
GOOD = """
import asyncio, json, sys
from pathlib import Path
from mcp import Client, StdioServerParameters

task = json.loads(Path(sys.argv[1]).read_text())

async def main():
    over = StdioServerParameters(command=task["command"], args=task["args"]) if "command" in task else task["url"]
    async with Client(over) as client:
        tools = [tool.name for tool in (await client.list_tools()).tools]
        given = {}
        for one in task["questions"]:
            result = await client.call_tool(one["tool"], one["arguments"])
            given[one["name"]] = [block.text for block in result.content]
    print("Welcome!")
    print(json.dumps({"tools": tools, "given": given, "notes": ["as told"]}))

asyncio.run(main())
"""
PROXY = """
import json, os
print(json.dumps({"tools": [], "given": {}, "notes": [os.environ["https_proxy"], os.environ["HOME"][-5:]]}))
"""


def result_of(script: str, folder: Path, transport: Transport = "stdio") -> Result:
    """What a script comes to, run by this interpreter."""
    file = folder / "script.py"
    file.write_text(script, encoding="utf-8")
    usual = {name: getattr(ROW, name) for name in ROW.__slots__}
    client = Client(**usual | {"script": str(file), "runs_in": "harness"})
    here = Environment(folder, Path(sys.executable), None, 1, "1.0")
    return run.run(client, here, transport, show=lambda _: None)


@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_a_client_that_does_all_of_it_has_passed(transport: Transport, tmp_path: Path) -> None:
    """Its report is compared with the facts, and the era is what crossed."""
    one = result_of(GOOD, tmp_path, transport)
    assert (one.problems, one.notes, one.era, one.version) == ([], ["as told"], MODERN, "1.0")
    assert one.starts == (transport == "stdio")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("", "it printed no report but ''; it said nothing"),
        ("raise ValueError('no luck')", "it printed no report but ''; ValueError: no luck"),
        ("print('Done.')", "it printed no report but 'Done.'; it said nothing"),
    ],
)
def test_a_script_without_a_report_says_why(script: str, said: str, tmp_path: Path) -> None:
    """The line of its standard error that tells most; it has not passed."""
    one = result_of(script, tmp_path)
    assert (one.passed, one.connected, one.notes) == (False, False, [said])


def test_a_script_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In time, and said so."""
    monkeypatch.setattr(run, "RUN_SECONDS", 1.0)
    one = result_of("import threading; threading.Event().wait()", tmp_path)
    assert one.notes == ["it printed no report but ''; Error: it did not end within 1 seconds"]


def test_a_client_has_no_network_and_no_home_of_ours(tmp_path: Path) -> None:
    """What looks beyond this machine meets a proxy where nobody listens."""
    assert result_of(PROXY, tmp_path).notes == ["http://127.0.0.1:9", "/home"]
