"""The extension Skills on the wire: skills/list, skills/get, resources/directory/read, and the files as resources.

The SDK tells clients of extensions from protocol version 2026-07-28 on. The methods answer in every version. What they
answer from is imported when it is first asked for: most clients never do.
"""

from collections.abc import Sequence
from typing import Any

from mcp.server import MCPServer
from mcp.server.context import ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, PaginatedRequestParams, ReadResourceRequestParams
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from blaxel_mcp.skills import EXTENSION

_CACHED = {"ttlMs": 3_600_000, "cacheScope": "public"}
"""The skills are part of the program: they are alike for everybody, and change with its version."""

Request = ServerRequestContext[Any, Any]


class Skills(Extension):
    """Declares the extension, and that directories can be read."""

    identifier = EXTENSION

    def settings(self) -> dict[str, Any]:
        """What is declared with it."""
        return {"directoryRead": True}

    def methods(self) -> Sequence[MethodBinding]:
        """The methods that clients call once they have seen the declaration."""
        # The SDK's own parameters have the same fields; a model of ours would have to be built at every start.
        return (
            MethodBinding("skills/list", PaginatedRequestParams, list_skills),
            MethodBinding("skills/get", ReadResourceRequestParams, get_skill),
            MethodBinding("resources/directory/read", ReadResourceRequestParams, read_directory),
        )


async def list_skills(ctx: Request, params: PaginatedRequestParams) -> dict[str, Any]:
    """Every skill, on one page."""
    from blaxel_mcp.skills.catalog import skills  # noqa: PLC0415 - start-up does not need it

    if params.cursor is not None:
        raise MCPError(code=INVALID_PARAMS, message="This list has one page, so no cursor belongs to it.")
    return {"skills": [skill.entry() for skill in skills()]} | _cached(ctx)


async def get_skill(ctx: Request, params: ReadResourceRequestParams) -> dict[str, Any]:
    """One skill, by the address of its SKILL.md."""
    from blaxel_mcp.skills.catalog import skills  # noqa: PLC0415 - start-up does not need it

    for skill in skills():
        if skill.uri == params.uri:
            return {"skill": skill.entry()} | _cached(ctx)
    served = ", ".join(skill.uri for skill in skills())
    raise MCPError(code=INVALID_PARAMS, message=f"There is no skill at this address. There is {served}.")


async def read_directory(_: Request, params: ReadResourceRequestParams) -> dict[str, Any]:
    """What is in a directory of a skill."""
    from blaxel_mcp.skills.catalog import children, skills  # noqa: PLC0415 - start-up does not need it

    found = children(params.uri, skills())
    if found is None:
        raise MCPError(code=INVALID_PARAMS, message="There is no directory at this address; see skills/list.")
    return {"resources": found}


def add_skill_files(server: MCPServer[Any]) -> None:
    """Register each file of each skill as a resource, as whoever reads a skill expects."""
    from mcp.server.mcpserver.resources import TextResource  # noqa: PLC0415 - start-up does not need it

    from blaxel_mcp.skills.catalog import described, skills  # noqa: PLC0415 - start-up does not need it

    known = skills()
    for file in (file for skill in known for file in skill.files):
        listed = described(file.uri, known)
        server.add_resource(
            TextResource(
                uri=file.uri,
                name=listed["name"],
                description=listed.get("description"),
                mime_type=listed["mimeType"],
                text=file.text,
            )
        )


def _cached(ctx: Request) -> dict[str, Any]:
    """How long an answer may be kept, in the versions of the protocol that have words for it."""
    return _CACHED if ctx.protocol_version in MODERN_PROTOCOL_VERSIONS else {}
