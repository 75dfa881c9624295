"""Every form in which people paste a job and an execution, and what it means. No network."""

import pytest

from blaxel_mcp.errors import ArgumentError
from blaxel_mcp.tools.references import Reference, exact_reference, read_job, read_references

CONSOLE = "https://app.blaxel.ai/acme/global-agentic-network"
ADDRESS = f"{CONSOLE}/jobs/orders/executions/exec-51be07aa"
ONE = Reference("orders", [("orders", "exec-51be07aa")], prefix="exec-51be07aa")
READ = Reference("orders", [("orders", "exec-51be07aa")], read=True)
NOT_OURS = "is an address, but not one of a job in Blaxel's console or API, so nothing was sent."


@pytest.mark.parametrize(
    ("job_id", "execution_id", "expected"),
    [
        ("orders", "exec-51be07aa", ONE),
        (" `orders` ", '"exec-51be07aa"', ONE),
        ("<orders>", "'exec-51be07aa'\n", ONE),
        (f"{CONSOLE}/jobs/orders", "exec-51be07aa", ONE),
        ("orders", ADDRESS, READ),
        (ADDRESS, ADDRESS, READ),
        (f"<{ADDRESS}>", f"{ADDRESS}/?tab=logs#top", READ),
        ("orders", f"{CONSOLE}/job/orders/execution/exec-51be07aa/logs", READ),
        ("orders", f"{CONSOLE}/jobs/orders/exec-51be07aa", READ),
        ("orders", f"{CONSOLE}/jobs/orders?executionId=exec-51be07aa", READ),
        ("orders", "app.blaxel.dev/jobs/orders/executions/exec-51be07aa", READ),
        ("orders", "HTTPS://APP.BLAXEL.AI/Jobs/orders/Executions/exec-51be07aa", READ),
        ("orders", "https://api.blaxel.ai/v0/jobs/orders/executions/exec-51be07aa", READ),
        ("orders", "blaxel://jobs/orders/executions/exec-51be07aa", READ),
        ("größe", "blaxel://jobs/gr%C3%B6%C3%9Fe/executions/a%2Fb", Reference("größe", [("größe", "a/b")], read=True)),
        (
            "orders",
            "orders/exec-51be07aa",
            Reference(
                "orders", [("orders", "orders/exec-51be07aa"), ("orders", "exec-51be07aa")], prefix="exec-51be07aa"
            ),
        ),
        (
            "orders/exec-51be07aa",
            "orders/exec-51be07aa",
            Reference(
                "orders",
                [("orders/exec-51be07aa", "orders/exec-51be07aa"), ("orders", "exec-51be07aa")],
                prefix="exec-51be07aa",
            ),
        ),
        (
            "orders/exec-1",
            "exec-2",
            Reference("orders", [("orders/exec-1", "exec-2"), ("orders", "exec-2")], prefix="exec-2"),
        ),
        ("orders", "other/exec-1", Reference("orders", [("orders", "other/exec-1")], prefix="other/exec-1")),
        ("orders/exec-1", "latest", Reference("orders", [("orders", "exec-1")], read=True)),
        ("orders/exec-1", "latest failed", Reference("orders", latest="failed")),
        (ADDRESS, "latest", READ),
        ("orders", "latest", Reference("orders", latest="")),
        ("orders", " Latest ", Reference("orders", latest="")),
        ("orders", "latest failed", Reference("orders", latest="failed")),
        ("orders", "LATEST   Succeeded", Reference("orders", latest="succeeded")),
        ("orders", '"latest running"', Reference("orders", latest="running")),
        (
            "orders",
            "latest failed; DROP",
            Reference("orders", [("orders", "latest failed; DROP")], prefix="latest failed; DROP"),
        ),
        ("orders", "latest-failed", Reference("orders", [("orders", "latest-failed")], prefix="latest-failed")),
        ("orders", "exec-51be…", Reference("orders", prefix="exec-51be")),
        ("orders", "exec-51be...", Reference("orders", prefix="exec-51be")),
        ("orders", "exec…", Reference("orders", [("orders", "exec…")])),
        ("orders", "exec", Reference("orders", [("orders", "exec")])),
        ("..", "..", Reference("..", [("..", "..")])),
        ("../agents", "../agents", Reference("../agents", [("../agents", "../agents")], prefix="../agents")),
        ("a?x=1", "a/b?x", Reference("a?x=1", [("a?x=1", "a/b?x")])),
        ('""', "``", Reference('""', [('""', "``")])),
    ],
)
def test_what_is_pasted_is_read(job_id: str, execution_id: str, expected: Reference) -> None:
    """As it stands first, and in no way that is not one of these forms."""
    assert read_references(job_id, execution_id) == expected


@pytest.mark.parametrize(
    ("job_id", "execution_id", "problem"),
    [
        ("orders", "https://example.com/jobs/orders/executions/exec-1", f"executionId {NOT_OURS}"),
        ("orders", "https://app.blaxel.ai.example.com/jobs/orders/executions/exec-1", f"executionId {NOT_OURS}"),
        ("orders", "https://user:s3cret@app.blaxel.ai/jobs/orders/executions/exec-1", f"executionId {NOT_OURS}"),
        ("orders", "file:///jobs/orders/executions/exec-1", f"executionId {NOT_OURS}"),
        ("orders", "https://app.blaxel.ai/acme/agents/orders", f"executionId {NOT_OURS}"),
        ("orders", "https://[app.blaxel.ai/jobs/orders", f"executionId {NOT_OURS}"),
        ("orders", f"{CONSOLE}/jobs/\norders/executions/exec-1", f"executionId {NOT_OURS}"),
        ("https://example.com/jobs/orders", "latest", f"jobId {NOT_OURS}"),
        ("orders", f"{CONSOLE}/jobs/orders", "executionId is an address without an execution, so nothing was sent."),
        (
            "orders",
            f"{CONSOLE}/jobs/orders/logs",
            "executionId is an address without an execution, so nothing was sent.",
        ),
        (
            "images",
            ADDRESS,
            'jobId means job "images" and executionId an execution of job "orders", so nothing was sent.',
        ),
    ],
)
def test_what_cannot_be_read_is_refused(job_id: str, execution_id: str, problem: str) -> None:
    """The address is not repeated, since it may hold a credential."""
    with pytest.raises(ArgumentError) as raised:
        read_references(job_id, execution_id)
    assert raised.value.message == problem


def test_a_job_is_read_alone() -> None:
    """For the tools that take no execution."""
    forms = ["orders", " orders ", ADDRESS, f"{CONSOLE}/jobs/orders/", "orders/exec-1", "blaxel://jobs/orders"]
    assert {read_job(form) for form in forms} == {"orders"}


def test_a_change_takes_no_guess() -> None:
    """An address names one execution; `latest` and the beginning of an id may mean another one a moment later."""
    assert exact_reference("orders", ADDRESS) == ("orders", "exec-51be07aa")
    assert exact_reference("orders", "orders/exec-1") == ("orders", "orders/exec-1")
    for changing in ("latest", "latest failed", "exec-51be…"):
        with pytest.raises(ArgumentError):
            exact_reference("orders", changing)
    with pytest.raises(ArgumentError, match="jobId names another execution than executionId"):
        exact_reference(ADDRESS, "exec-2")
