"""The page in two hosts, the strict one and the official library's: from the handshake to the end.

Whatever a test looks at, in its end the view must have done nothing against the specification, logged no error and no
warning, and requested nothing from anywhere.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from views import CAPABILITIES, KINDS, Hosts, View, running_hosts
from workspace import JOB, ONE_TASK, SIXTY_TASKS

from blaxel_mcp.demo import script

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("kind", KINDS)]

GET, COMPARE, VIEW = "get_job_execution", "compare_job_executions", "get_job_execution_view"
FAILED = {"jobId": "nightly-import", "executionId": script.IMPORT_FAILED}
HOUR = 3600
PATIENCE = 61
"""Seconds after which the view no longer waits for an answer."""


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    """Both hosts in front of a server."""
    with running_hosts() as running:
        yield running


def call_of(args: dict[str, str]) -> dict[str, Any]:
    """How the view asks for an execution."""
    return {"name": VIEW, "arguments": args}


def background(view: View) -> str:
    """The colour behind the view's text."""
    colour: str = view.frame.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def state(view: View, *, hidden: bool) -> None:
    """Let the view be hidden, as by another tab in front, or shown again."""
    view.frame.evaluate(
        """hidden => {
          const say = (name, value) => Object.defineProperty(document, name, { value, configurable: true });
          say("hidden", hidden);
          say("visibilityState", hidden ? "hidden" : "visible");
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_the_first_result_is_drawn(hosts: Hosts, kind: str) -> None:
    """The verdict and the reason in the answer's words, then a lane for each task, from one call through the host."""
    with hosts.show(kind, GET, FAILED) as view:
        view.drawn()
        assert view.calls == [call_of(FAILED)]
        text = view.text()
        assert "Failed: 3 of 40 tasks failed, 37 succeeded" in text
        assert "FileNotFoundError" in text
        assert view.frame.locator("[data-lane]").count() == 40


def test_the_frame_is_as_high_as_its_content(hosts: Hosts, kind: str) -> None:
    """It says its size, a few times only, so that a host without a fixed height need not let it scroll."""
    with hosts.show(kind, GET, FAILED) as view:
        view.drawn()
        view.wait_for("document.documentElement.scrollHeight <= innerHeight")
        assert len(view.host("host.sizes")) <= 6


def test_it_refreshes_until_the_execution_is_done(hosts: Hosts, kind: str) -> None:
    """At the pace that the answer gives, then never again."""
    live = hosts.workspace.live()
    with hosts.show(kind, GET, live.args, clock=True) as view:
        view.drawn()
        pace = view.host("host.last.structuredContent.answer.pollAfterSeconds")
        view.pass_time(pace - 2)
        assert len(view.calls) == 1
        view.pass_time(2.5)
        view.drawn(2)
        assert "Running" in view.text()
        live.end()
        view.pass_time(HOUR)
        view.drawn(3)
        assert "Succeeded" in view.text()
        view.pass_time(HOUR)
        view.pass_time(HOUR)
        assert view.calls == [call_of(live.args)] * 3


@pytest.mark.parametrize("failing", ["error", "tool", "never"])
def test_a_failed_refresh_is_shown_and_made_good(hosts: Hosts, kind: str, failing: str) -> None:
    """Host or tool fail, or no answer comes: what was drawn stays, the view says that it is old, and it asks again."""
    live = hosts.workspace.live()
    with hosts.show(kind, GET, live.args, clock=True) as view:
        view.drawn()
        status = view.frame.locator("#status")
        assert "failed" not in status.inner_text()
        view.host("host.failing = argument", failing)
        view.pass_time(HOUR)
        view.until("host.calls.length === 2")
        view.pass_time(PATIENCE if failing == "never" else 0)
        view.wait_for("document.querySelector('#status').textContent.includes('failed')")
        assert "ago" in status.inner_text()
        assert view.frame.locator("[data-lane]").count() == 8
        view.host("host.failing = null")
        view.pass_time(HOUR)
        view.drawn(2 if failing == "never" else 3)
        view.wait_for("!document.querySelector('#status').textContent.includes('failed')")


def test_it_does_not_refresh_while_it_is_hidden(hosts: Hosts, kind: str) -> None:
    """And does once it is shown again. A new result is drawn all the same, but is not refreshed either."""
    live = hosts.workspace.live()
    with hosts.show(kind, GET, live.args, clock=True) as view:
        view.drawn()
        state(view, hidden=True)
        view.pass_time(HOUR)
        view.pass_time(HOUR)
        assert len(view.calls) == 1
        state(view, hidden=False)
        view.pass_time(1)
        view.drawn(2)
        state(view, hidden=True)
        view.host("host.callAgain(argument[0], argument[1])", [GET, live.args])
        view.drawn(3)
        view.pass_time(HOUR)
        view.pass_time(HOUR)
        assert len(view.calls) == 3


def test_teardown_is_answered_and_ends_all(hosts: Hosts, kind: str) -> None:
    """No call and no message comes after it, whatever time passes and whatever the host still sends."""
    live = hosts.workspace.live()
    with hosts.show(kind, GET, live.args, clock=True) as view:
        view.drawn()
        assert view.host("host.tearDown()")["result"] == {}
        sizes = len(view.host("host.sizes"))
        view.page.set_viewport_size({"width": 400, "height": 900})
        view.host("host.changeContext({ theme: 'dark' })")
        view.host("host.callAgain(argument[0], argument[1])", [GET, live.args])
        view.pass_time(HOUR)
        view.pass_time(HOUR)
        assert len(view.calls) == 1
        assert len(view.host("host.sizes")) == sizes


def test_the_theme_changes_while_it_is_shown(hosts: Hosts, kind: str) -> None:
    """From light to dark and back, at once."""
    with hosts.show(kind, GET, FAILED) as view:
        view.drawn()
        light = background(view)
        view.host("host.changeContext({ theme: 'dark' })")
        view.wait_for("getComputedStyle(document.body).backgroundColor !== argument", light)
        assert view.frame.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
        view.host("host.changeContext({ theme: 'light' })")
        view.wait_for("getComputedStyle(document.body).backgroundColor === argument", light)


def test_fonts_and_colours_of_the_host_are_taken(hosts: Hosts, kind: str) -> None:
    """From the variables of the specification; colours where they can be read."""
    variables = {
        "--font-sans": "'Host Sans', sans-serif",
        "--color-background-primary": "light-dark(#fffdf5, #101418)",
        "--color-text-primary": "light-dark(#101418, #fffdf5)",
    }
    with hosts.show(kind, GET, FAILED, styles={"variables": variables}) as view:
        view.drawn()
        assert "Host Sans" in view.frame.evaluate("getComputedStyle(document.body).fontFamily")
        assert background(view) == "rgb(255, 253, 245)"
        view.host("host.changeContext({ theme: 'dark' })")
        view.wait_for("getComputedStyle(document.body).backgroundColor === 'rgb(16, 20, 24)'")


def test_colours_that_cannot_be_read_are_not_taken(hosts: Hosts, kind: str) -> None:
    """A host whose text is hardly darker than what is behind it gets the page's own colours."""
    variables = {"--color-background-primary": "#777777", "--color-text-primary": "#7a7a7a"}
    with hosts.show(kind, GET, FAILED, styles={"variables": variables}) as view:
        view.drawn()
        assert background(view) != "rgb(119, 119, 119)"


def test_times_are_those_of_the_host(hosts: Hosts, kind: str) -> None:
    """In its time zone and as its language writes them, and in others once it says so."""
    created = "new Date(host.last.structuredContent.timeline.origin)"
    options = "{ timeZone: argument[1], hour: '2-digit', minute: '2-digit' }"
    written = f"{created}.toLocaleTimeString(argument[0], {options})"
    with hosts.show(kind, GET, FAILED, locale="de-DE", timeZone="Asia/Tokyo") as view:
        view.drawn()
        assert view.host(written, ["de-DE", "Asia/Tokyo"]) in view.text()
        view.host("host.changeContext({ locale: 'fr-FR', timeZone: 'America/St_Johns' })")
        expected = view.host(written, ["fr-FR", "America/St_Johns"])
        view.wait_for("document.body.innerText.includes(argument)", expected)


def test_odd_locales_and_time_zones_do_no_harm(hosts: Hosts, kind: str) -> None:
    """What no browser knows is as if it weren't said."""
    with hosts.show(kind, GET, FAILED, locale="xx_INVALID-", timeZone="Mars/Olympus") as view:
        view.drawn()
        assert "37 succeeded" in view.text()


def test_a_cancelled_call_is_said(hosts: Hosts, kind: str) -> None:
    """With the host's reason; nothing is asked."""
    with hosts.show(kind, GET, FAILED, options={"result": "later"}) as view:
        view.host("host.cancel('the user stopped it')")
        view.wait_for("document.body.innerText.includes('the user stopped it')")
        assert view.calls == []


def test_an_error_is_shown_as_it_was_given(hosts: Hosts, kind: str) -> None:
    """The text of a tool that failed; nothing is asked."""
    with hosts.show(kind, GET, {"jobId": "nightly-import", "executionId": "exec-unknown"}) as view:
        view.wait_for("document.body.innerText.includes('exec-unknown')")
        assert view.calls == []


def test_a_host_without_tools_shows_what_the_answer_has(hosts: Hosts, kind: str) -> None:
    """Verdict, reason and failures, without asking for lanes."""
    with hosts.show(kind, GET, FAILED, capabilities={}) as view:
        view.drawn(0)
        text = view.text()
        assert "Failed: 3 of 40 tasks failed, 37 succeeded" in text
        assert "FileNotFoundError" in text
        assert view.calls == []


def test_a_view_that_cannot_be_had_leaves_the_answer(hosts: Hosts, kind: str) -> None:
    """The tool that has the lanes fails from the beginning: the answer is there, and that something is missing."""
    with hosts.show(kind, GET, FAILED, options={"failing": "tool"}) as view:
        view.until("host.calls.length === 1")
        view.wait_for("!document.querySelector('#status').textContent.startsWith('Live')")
        assert "Failed: 3 of 40 tasks failed, 37 succeeded" in view.text()


def test_the_picture_of_what_is_over_is_asked_for_again(hosts: Hosts, kind: str) -> None:
    """The first call may meet a limit, or a host that wants a person's consent; it is asked for five times at most."""
    with hosts.show(kind, GET, FAILED, clock=True, options={"failing": "error"}) as view:
        view.until("host.calls.length === 1")
        view.pass_time(30)
        view.until("host.calls.length === 2")
        view.host("host.failing = null")
        view.pass_time(60)
        view.drawn(3)
        assert view.frame.locator("[data-lane]").count() == 40
        view.pass_time(HOUR)
        assert len(view.calls) == 3
    with hosts.show(kind, GET, FAILED, clock=True, options={"failing": "error"}) as view:
        for calls in range(1, 6):
            view.until("host.calls.length === argument", calls)
            view.pass_time(HOUR)
        assert len(view.calls) == 5
        assert "no picture" in view.text()


@pytest.mark.parametrize(
    "structured",
    [
        {"summary": "Failed.", "done": True, "jobId": "night…", "executionId": "exec…"},
        {
            "summary": "Failed.",
            "done": True,
            "jobId": "night…",
            "executionId": "exec…",
            "rawUri": f"blaxel://jobs/{FAILED['jobId']}/executions/{FAILED['executionId'].replace('-', '%2D')}",
        },
        None,
    ],
    ids=["cut", "cut, with its resource", "left out by the host"],
)
def test_ids_to_ask_by_are_whole(hosts: Hosts, kind: str, structured: dict[str, Any] | None) -> None:
    """An answer may cut them; its resource has them, and so has the call that was made."""
    result = {"content": [{"type": "text", "text": "Failed."}]}
    options = {"result": result if structured is None else {**result, "structuredContent": structured}}
    with hosts.show(kind, GET, FAILED, options=options) as view:
        view.drawn()
        assert view.calls == [call_of(FAILED)]


def test_two_executions_are_compared(hosts: Hosts, kind: str) -> None:
    """What differs first, then both, each asked for once, on one time scale."""
    args = {"jobId": JOB, "executionId": SIXTY_TASKS, "baselineId": ONE_TASK}
    with hosts.show(kind, COMPARE, args) as view:
        view.drawn(2)
        asked = [call["arguments"]["executionId"] for call in view.calls]
        assert asked == [SIXTY_TASKS, ONE_TASK]
        assert view.frame.locator("[data-lane]").count() == 61
        last = "[...run.querySelectorAll('.tick')].at(-1).textContent"
        ends = view.frame.evaluate(f"[...document.querySelectorAll('[data-run]')].map((run) => {last})")
        assert len(ends) == 2
        assert ends[0] == ends[1]


def test_a_question_is_sent_where_the_host_allows_it(hosts: Hosts, kind: str) -> None:
    """In words of the page and ids, which a job's text has no part in."""
    with hosts.show(kind, GET, FAILED) as view:
        view.drawn()
        view.frame.get_by_role("button", name="Ask why").click()
        view.until("host.messages.length === 1")
        assert view.frame.evaluate("document.activeElement.textContent") == "Ask why"
        view.frame.get_by_role("button", name="Show logs").click()
        view.until("host.messages.length === 2")
        messages = view.host("host.messages")
        assert [message["role"] for message in messages] == ["user", "user"]
        asked = [block["text"] for message in messages for block in message["content"]]
        execution = f"execution {script.IMPORT_FAILED} of job nightly-import"
        assert asked == [f"Why did {execution} fail, and what should I do about it?", f"Show the logs of {execution}."]


def test_there_is_nothing_to_send_where_the_host_takes_no_messages(hosts: Hosts, kind: str) -> None:
    """The buttons are absent, not disabled."""
    capabilities = {name: value for name, value in CAPABILITIES.items() if name != "message"}
    with hosts.show(kind, GET, FAILED, capabilities=capabilities) as view:
        view.drawn()
        assert view.frame.get_by_role("button", name="Ask why").count() == 0
        assert view.frame.get_by_role("button", name="Show logs").count() == 0
