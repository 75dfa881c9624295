"""Whose request it is, on a server that many share: each brings a Blaxel credential of their own. Pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import SecretStr

from blaxel_mcp.login import WORKSPACE_PATTERN, is_header_safe

CREDENTIAL_HEADER = "X-Blaxel-Authorization"
WORKSPACE_HEADER = "X-Blaxel-Workspace"
_BEARER = re.compile(r"bearer(?:\s+|$)", re.IGNORECASE)
_LONGEST = 8_192
"""Characters of a credential. A JSON web token with many claims takes two thousand."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A credential that came with a request, an API key or an access token, and the workspace it is for, if named."""

    key: SecretStr
    workspace: str | None = None

    @property
    def identity(self) -> str:
        """Tells callers apart without telling who they are."""
        parts = [self.key.get_secret_value(), self.workspace]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def caller_of(headers: Mapping[str, str]) -> Caller | None:
    """Who the headers are from (looked up without regard to case); nobody if what they bring cannot be sent on."""
    key = _BEARER.sub("", headers.get(CREDENTIAL_HEADER, "").strip(), count=1).strip()
    workspace = headers.get(WORKSPACE_HEADER, "").strip() or None
    if not key or len(key) > _LONGEST or not is_header_safe(key):
        return None
    if workspace is not None and not re.fullmatch(WORKSPACE_PATTERN, workspace):
        return None
    return Caller(SecretStr(key), workspace)
