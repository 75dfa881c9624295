"""All questions against one model: who is asked, how often, and what is said of it in the end."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from evaluation.apis import APIS, Conversation, ModelError, Turn, encodable, read_turn
from evaluation.loop import Outcome, answer_question
from evaluation.questions import Question
from evaluation.workspaces import Workspace

SECONDS = 120.0
"""How long the model may take for one turn, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Model:
    """Where a model is, and how it is spoken to.

    Attributes:
        base_url: OpenAI's way with the /v1 in the end, Anthropic's without.
        name: the model's.
        api: one of `APIS`.
        key: sent as the API wants it; none if blank.
    """

    base_url: str
    name: str
    api: str = "openai"
    key: str = ""


async def ask_all(
    questions: Sequence[Question],
    model: Model,
    *,
    max_turns: int = 8,
    shown: str = "text",
    skill: bool = False,
    timeout: float = SECONDS,  # noqa: ASYNC109 - of each request, not of this function
    told: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Put every question to the model, one after the other.

    An address that fails for one question costs that question its points, and the others are asked all the same.

    Args:
        questions: the questions.
        model: whom to ask.
        max_turns: how often it is asked for one question at most.
        shown: what of a tool's answer it is shown.
        skill: whether it is told the server's skill.
        timeout: seconds for one request to it, from the first byte sent to the last one received.
        told: is told of each outcome as it comes.
    """
    outcomes = []
    async with httpx.AsyncClient(timeout=None) as http, Workspace() as workspace:  # noqa: S113 - _send bounds the whole

        async def ask(conversation: Conversation) -> tuple[Turn, int]:
            return await _send(http, model, conversation, timeout)

        for question in questions:
            client = await workspace.client_for(question)
            outcome = await answer_question(question, client, ask, max_turns=max_turns, shown=shown, skill=skill)
            workspace.used(outcome.called)
            outcomes.append(outcome)
            told(outcome)
    return outcomes


async def _send(http: httpx.AsyncClient, model: Model, conversation: Conversation, seconds: float) -> tuple[Turn, int]:
    api = APIS[model.api]
    body = json.dumps(api.body(model.name, conversation), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", **api.headers(model.key)}
    try:
        async with asyncio.timeout(seconds):
            response = await http.post(model.base_url.rstrip("/") + api.path, content=body, headers=headers)
    except TimeoutError as error:
        raise ModelError(f"the model's address gave no whole answer within {seconds:g} seconds") from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise ModelError(f"the model's address gave no answer: {type(error).__name__}") from error
    if not response.is_success:
        said = " ".join(response.text.split())
        raise ModelError(f"the model's address answered {response.status_code}: {said[:200]}")
    try:
        answer = encodable(response.json())
    except (ValueError, RecursionError) as error:
        raise ModelError(f"the model's address answered something else than JSON: {error}") from error
    return read_turn(api, answer), len(body)


def table(outcomes: Sequence[Outcome]) -> str:
    """A line for each question, and what is wrong; then the totals."""
    rows = [("question", "right", "facts", "calls", "turns", "bytes sent", "of results")]
    rows += [
        (
            one.question,
            "yes" if one.score.right else "no",
            f"{one.score.found}/{one.score.asked}",
            str(len(one.called)),
            str(one.turns),
            f"{one.bytes_sent:,}",
            f"{one.bytes_of_results:,}",
        )
        for one in outcomes
    ]
    sums = totals(outcomes)
    rows.append(
        (
            f"all {len(outcomes)}",
            f"{sums['right']}",
            f"{sums['found']}/{sums['facts']}",
            f"{sums['calls']}",
            f"{sums['turns']}",
            f"{sums['bytesSent']:,}",
            f"{sums['bytesOfResults']:,}",
        )
    )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    wrong = [f"- {one.question}: {'; '.join(one.score.problems)}" for one in outcomes if not one.score.right]
    return "\n".join([*lines, *wrong]) + "\n"


def totals(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """The sums over all questions."""
    return {
        "questions": len(outcomes),
        "right": sum(one.score.right for one in outcomes),
        "facts": sum(one.score.asked for one in outcomes),
        "found": sum(one.score.found for one in outcomes),
        "calls": sum(len(one.called) for one in outcomes),
        "turns": sum(one.turns for one in outcomes),
        "bytesSent": sum(one.bytes_sent for one in outcomes),
        "bytesOfResults": sum(one.bytes_of_results for one in outcomes),
        "tokens": sum(one.tokens for one in outcomes),
    }


def as_json(model: Model, outcomes: Sequence[Outcome], **how: Any) -> str:
    """Everything of a run, answers included, without the key."""
    whole = {
        "model": model.name,
        "api": model.api,
        **how,
        "totals": totals(outcomes),
        "outcomes": [asdict(one) | {"right": one.score.right} for one in outcomes],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"
