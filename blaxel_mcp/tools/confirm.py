"""Asking the person for consent before something is changed, on clients that can ask (elicitation)."""

from typing import Annotated, Any

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult, render_elicitation_schema
from mcp.server.mcpserver import Context, Elicit
from mcp_types import ElicitResult
from mcp_types.version import is_version_at_least
from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic.json_schema import SkipJsonSchema

from blaxel_mcp.errors import ArgumentError
from blaxel_mcp.tools.consents import AnsweredQuestions, current_state, execution_id_for

_MULTI_ROUND_TRIP = "2026-07-28"
"""The protocol version from which a server asks by an `InputRequiredResult`; before, by a request of its own."""


class Consent(BaseModel):
    """Accept to go ahead."""

    # A form with nothing to fill in: to accept is to agree. A client that fills in `confirm` all the same is believed.
    confirm: SkipJsonSchema[Annotated[bool, BeforeValidator(lambda value: value is True)]] = True


async def ask_for_consent(ctx: Context, question: str) -> Elicit[Consent] | Consent:
    """The question for the SDK to ask, or the consent itself once that is known.

    A client that can't ask is taken to consent: the operator allowed writes, and the client allowed the call.

    Raises:
        ArgumentError: the client's answer can't be read.
    """
    if not _can_ask(ctx):
        return Consent()
    if is_version_at_least(ctx.session.protocol_version, _MULTI_ROUND_TRIP):
        for answer in (ctx.input_responses or {}).values():
            if not isinstance(answer, ElicitResult):
                raise _unreadable_answer()
            # The SDK takes an acceptance without content for a malformed one, but this form has no content.
            answer.content = answer.content or {}
        return Elicit(question, Consent)
    try:
        # Not ctx.elicit, for the same reason.
        answer = await ctx.session.elicit_form(question, render_elicitation_schema(Consent), ctx.request_id)
    except ValidationError:
        raise _unreadable_answer() from None
    content: dict[str, Any] = answer.content or {}
    return Consent.model_validate(content) if answer.action == "accept" else Consent(confirm=False)


def _unreadable_answer() -> ArgumentError:
    return ArgumentError(
        "The client's answer to the question whether to go ahead could not be read, so nothing was sent.",
        "Report it to the maker of the client; the Blaxel console can do the same.",
    )


def _can_ask(ctx: Context) -> bool:
    """Whether the client shows forms. `{}` means forms, from before there was a choice; one with `url` alone can't."""
    elicitation = ctx.client_capabilities.elicitation if ctx.client_capabilities else None
    return elicitation is not None and (elicitation.form is not None or elicitation.url is None)


def require_consent(answer: ElicitationResult[Consent], answered: AnsweredQuestions, identity: str) -> str | None:
    """Return only if the person agreed, and did so for this one call.

    An answer that came with the state of its question is used up by this, a no as well as a yes.

    Args:
        answer: what the person answered.
        answered: the questions that were answered before.
        identity: whose call it is.

    Returns:
        The execution id that belongs to the answer; `None` where the answer can't be sent a second time, because the
        client was asked within the very request, or not at all.

    Raises:
        ArgumentError: they declined, or closed the question, or the answer was used before.
    """
    state = current_state()
    if state is not None:
        answered.use(state, identity)
    if not (isinstance(answer, AcceptedElicitation) and answer.data.confirm):
        raise ArgumentError(
            "The person was asked and did not agree, so nothing was sent.", "Ask them what they want instead."
        )
    return execution_id_for(state) if state is not None else None
