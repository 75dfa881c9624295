"""The page that draws an execution: in an assistant as an MCP App, or as a report in a file.

The page is one file without a build step. What is added here is what depends on its use: the content security policy,
whose hashes follow from the page itself, and in a report the data.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

EXTENSION = "io.modelcontextprotocol/ui"
"""The extension MCP Apps, as client and server declare it among their capabilities."""
MIME_TYPE = "text/html;profile=mcp-app"
EXECUTION_PAGE = "ui://blaxel/execution"
"""The page's address as a resource; tools are bound to it by `_meta`."""
RESOURCE_META: Mapping[str, Any] = {
    "ui": {"csp": {"connectDomains": [], "resourceDomains": [], "frameDomains": []}, "prefersBorder": False}
}
"""The page needs nothing from any origin, and draws its own edge."""

_FILES = {EXECUTION_PAGE: "execution.html"}
_INLINE = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)
_POLICY_PLACE, _DATA_PLACE = "<!-- content-security-policy -->", "<!-- data -->"
# JSON inside HTML: nothing in it may end the element, or start another one. The last two end lines in older JavaScript.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def declared_by(capabilities: Any) -> bool:
    """Whether a client's capabilities, as JSON, declare the extension with a type of page that this server has."""
    match capabilities:
        case {"extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": list(types)}}}:
            return MIME_TYPE in types
        case {"extensions": {"io.modelcontextprotocol/ui": dict()}}:
            return True
    return False


@cache
def page(uri: str) -> str:
    """A page's HTML, with the strictest policy that lets its own style and script through and nothing else.

    Raises:
        KeyError: there is no page at this address.
    """
    html = Path(__file__).with_name(_FILES[uri]).read_text(encoding="utf-8")
    hashes = {kind: _hash(text) for kind, text in _INLINE.findall(html)}
    policy = (
        f"default-src 'none'; script-src {hashes['script']}; style-src {hashes['style']}; "
        "font-src data:; base-uri 'none'; form-action 'none'"
    )
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return html.replace(_POLICY_PLACE, meta)


def report(data: Mapping[str, Any]) -> str:
    """The page with its data inside: `views`, each an `ExecutionView`, and where there are any `comparison`, `version`.

    The views are drawn one below another; with the comparison that compare_job_executions gives, on one time scale.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_ESCAPES)
    element = f'<script type="application/json" id="data">{text}</script>'
    return page(EXECUTION_PAGE).replace(_DATA_PLACE, element)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
