"""The Blaxel credential that a request brings along, on a server that many callers share. Pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from blaxel_mcp.login import WORKSPACE_PATTERN, is_header_safe

CREDENTIAL_HEADER = "X-Blaxel-Authorization"
WORKSPACE_HEADER = "X-Blaxel-Workspace"
HINTS = {
    400: f"Check the job's name, the execution's id, and that {WORKSPACE_HEADER} names your workspace.",
    401: f"Send a valid Blaxel API key or access token in {CREDENTIAL_HEADER}.",
    403: f"Usually the workspace is the wrong one: name it in {WORKSPACE_HEADER}, or ask its admin for access to jobs.",
}
"""What a caller can do about a status of the API's, where the usual hint names a variable of this process."""
_BEARER = re.compile(r"^bearer(?:\s+|$)", re.IGNORECASE)
_LONGEST_CREDENTIAL = 8_192
"""Characters. A JSON web token with many claims takes two thousand."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A credential that came with a request, an API key or an access token, and the workspace it names, if any."""

    key: SecretStr
    workspace: str | None = None

    @property
    def identity(self) -> str:
        """A digest that tells callers apart without telling who they are."""
        parts = [self.key.get_secret_value(), self.workspace]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def caller_of(headers: Mapping[str, str]) -> Caller | None:
    """The caller that request headers name, or `None` if they bring no credential or one that cannot be sent on.

    Args:
        headers: looked up without regard to case.
    """
    key = _BEARER.sub("", headers.get(CREDENTIAL_HEADER, "").strip()).strip()
    workspace = headers.get(WORKSPACE_HEADER, "").strip() or None
    if not key or len(key) > _LONGEST_CREDENTIAL or not is_header_safe(key):
        return None
    if workspace is not None and not re.fullmatch(WORKSPACE_PATTERN, workspace):
        return None
    return Caller(SecretStr(key), workspace)
