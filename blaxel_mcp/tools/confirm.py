"""Asking the person before something is changed, on clients that can ask."""

from mcp.server.elicitation import AcceptedElicitation, ElicitationResult
from mcp.server.mcpserver import Context, Elicit
from pydantic import BaseModel, Field

from blaxel_mcp.errors import ArgumentError
from blaxel_mcp.tools.spec import ToolState


class Confirmation(BaseModel):
    """What the person is asked for."""

    confirm: bool = Field(description="Do it?")


def ask(ctx: Context[ToolState], what: str) -> Elicit[Confirmation] | Confirmation:
    """The question, or consent where the client has no way to ask: the operator allowed writes, the client the call."""
    capabilities = ctx.client_capabilities
    if capabilities is None or capabilities.elicitation is None:
        return Confirmation(confirm=True)
    return Elicit(what, Confirmation)


def require(answer: ElicitationResult[Confirmation]) -> None:
    """Go on only if the person said yes.

    Raises:
        ArgumentError: they did not. Nothing was sent.
    """
    if not (isinstance(answer, AcceptedElicitation) and answer.data.confirm):
        raise ArgumentError(
            "The person was asked and did not agree, so nothing was sent.", "Ask them what they want instead."
        )
