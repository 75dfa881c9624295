"""The strict host notices what a view does against the specification: each view here breaks one rule of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from views import STRICT, Hosts, running_hosts

pytestmark = pytest.mark.browser

ASK = """
const waiting = new Map();
addEventListener("message", ({ source, data }) => {
  if (source !== parent) return;
  if (data.method === "ui/resource-teardown") send({ id: data.id, result: {} });
  if (!data.method) waiting.get(data.id)?.(data);
});
const send = (message) => parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
const ask = (id, method, params) => {
  send({ id, method, params });
  return new Promise((resolve) => waiting.set(id, resolve));
};
const HELLO = { appInfo: { name: "v", version: "1" }, appCapabilities: {}, protocolVersion: "2026-01-26" };
"""
SHAKE = 'await ask(1, "ui/initialize", HELLO); send({ method: "ui/notifications/initialized" });'
VIEWS = {
    "nothing wrong": (SHAKE, []),
    "a call before the handshake": (
        f'ask(0, "tools/call", {{ name: "a" }}); {SHAKE}',
        ["tools/call came before ui/notifications/initialized", "tools/call without the capability serverTools"],
    ),
    "initialized too early": (
        'send({ method: "ui/notifications/initialized" }); ask(1, "ui/initialize", HELLO);',
        ["ui/notifications/initialized did not follow the answer to ui/initialize"],
    ),
    "a size before initialized": (
        SHAKE.replace("send", 'send({ method: "ui/notifications/size-changed", params: { height: 1 } }); send'),
        ["ui/notifications/size-changed came before ui/notifications/initialized"],
    ),
    "another version": (
        SHAKE.replace("HELLO", '{ ...HELLO, protocolVersion: "2025-11-21" }'),
        ["ui/initialize: params.protocolVersion is not one of 2026-01-26"],
    ),
    "no name": (
        SHAKE.replace("HELLO", '{ ...HELLO, appInfo: { version: "1" } }'),
        ["ui/initialize: params.appInfo.name is missing"],
    ),
    "an unknown method": (
        f'{SHAKE} ask(2, "ui/close", {{}});',
        ["ui/close is not a request of the specification"],
    ),
    "an unknown parameter": (
        f'{SHAKE} send({{ method: "ui/notifications/size-changed", params: {{ depth: 3 }} }});',
        ["ui/notifications/size-changed: params.depth is not in the specification"],
    ),
    "an id for the second time": (
        f'{SHAKE} ask(1, "ping", {{}});',
        ["ping has the id of an earlier request"],
    ),
    "a message without the capability": (
        f'{SHAKE} ask(2, "ui/message", {{ role: "user", content: [{{ type: "text", text: "Why?" }}] }});',
        ["ui/message without the capability message"],
    ),
    "a message that is one block": (
        f'{SHAKE} ask(2, "ui/message", {{ role: "user", content: {{ type: "text", text: "Why?" }} }});',
        ["ui/message without the capability message", "ui/message: params.content is not a list"],
    ),
    "an answer to nothing": (
        f"{SHAKE} send({{ id: 7, result: {{}} }});",
        ["a response has the id 7, which nothing waits for"],
    ),
    "not JSON-RPC": (f'{SHAKE} parent.postMessage("ready", "*");', ["a message is not JSON-RPC 2.0"]),
}


GET = "get_job_execution"


def of(script: str) -> dict[str, Any]:
    """A view that does this, shown with an empty result."""
    return {"html": f'<!doctype html><script type="module">{ASK}\n{script}</script>', "result": {"content": []}}


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    """Both hosts in front of a server."""
    with running_hosts() as running:
        yield running


@pytest.mark.parametrize("view", VIEWS)
def test_the_strict_host_says_what_a_view_did_wrong(hosts: Hosts, view: str) -> None:
    """It tells of the one thing, in the order of messages, and of nothing else."""
    script, violations = VIEWS[view]
    end = 'send({ method: "ui/notifications/size-changed", params: { height: 42 } });'
    options = of(script + end)
    with hosts.show(STRICT, GET, {}, capabilities={}, initialized=False, checked=False, options=options) as shown:
        shown.until("host.sizes?.some((size) => size.height === 42)")
        assert shown.host("host.violations") == violations
        assert shown.seen.problems() == []


def test_the_strict_host_lets_a_view_reach_nothing(hosts: Hosts) -> None:
    """Neither another origin nor its own: the policy is the specification's default."""
    options = of(f'await fetch("/0").catch(() => {{}}); {SHAKE}')
    with hosts.show(STRICT, GET, {}, checked=False, options=options) as shown:
        assert [line for line in shown.seen.console if "Content Security Policy" in line]


def test_messages_after_the_end_are_noticed(hosts: Hosts) -> None:
    """A view that has answered ui/resource-teardown is silent."""
    late = 'addEventListener("message", ({ data }) => data.method === "ui/resource-teardown" && ask(9, "ping", {}));'
    with hosts.show(STRICT, GET, {}, checked=False, options=of(SHAKE + late)) as shown:
        assert shown.host("host.tearDown()")["result"] == {}
        shown.until("host.violations.length")
        assert shown.host("host.violations") == ["ping came after the answer to ui/resource-teardown"]
