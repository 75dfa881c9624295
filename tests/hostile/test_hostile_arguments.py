"""Hostile texts in the arguments of tools, prompts and completions, which a model may have copied from a job."""

import asyncio
import re
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import quote

import pytest
from ask import CALLS, asking
from corpus import CORPUS
from hostile_plane import HostilePlane, benign_bodies
from promises import check_answer, check_prose, check_resource, check_values

from blaxel_mcp.demo import control_plane

KINDS = list(dict.fromkeys(one.kind for one in CORPUS))
OF_PYDANTIC = re.compile("data as a unicode string|greater than or equal to")
"""Words of its messages that the program itself never says."""
UNKNOWN = "error: Unknown resource: "
"""The SDK's own words, before the address that was asked for, which is percent-encoded."""
MOST = 4_000_000
"""Bytes of a request over HTTP; no transport of the SDK's takes more."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of a control plane that knows one job."""
    app = HostilePlane()
    app.bodies = benign_bodies()
    with control_plane.serve(app) as address:
        yield address


def problems(where: str, text: str, check: Callable[[], None]) -> list[str]:
    """What is wrong with an answer, at most one thing."""
    try:
        check()
    except AssertionError as error:
        return [f"{text[:80]!r} as {where}: {error}"]
    return []


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_text_in_an_argument_is_quoted_and_bounded(kind: str, url: str) -> None:
    """Each text as each of the texts that a tool takes, and what is answered keeps what every answer promises."""

    async def ask() -> list[str]:
        wrong = []
        async with asking(url) as asker:
            for text in (one.text for one in CORPUS if one.kind == kind and len(one.text) < MOST):
                for tool, arguments in CALLS.values():
                    for name in [*arguments, "cursor", "status", "no such argument"]:
                        asked = await asker.call(tool, {**arguments, name: text})
                        asked.result["content"][0]["text"] = OF_PYDANTIC.sub("", asked.text)
                        wrong += problems(f"{name} of {tool}", text, partial(check_answer, tool, asked))
                values = [*await asker.complete("jobId", text), *await asker.complete("executionId", text, job_id=text)]
                wrong += problems("completion", text, partial(check_values, values))
                prompt = (await asker.prompt("diagnose_execution", {"jobId": text})).removeprefix("error: ")
                wrong += problems("prompt", text, partial(check_prose, prompt))
                resource = await asker.read(f"blaxel://jobs/{quote(text, safe='', errors='replace')}/executions")
                if not resource.startswith(UNKNOWN):
                    wrong += problems("resource", text, partial(check_resource, resource))
                elif (
                    len(resource) > 707
                    or not resource.removeprefix(UNKNOWN).isprintable()
                    or " " in resource[len(UNKNOWN) :]
                ):
                    wrong.append(f"{text[:80]!r} as resource: {resource}")
        return wrong

    assert asyncio.run(ask()) == []
