"""Links that add this server to a client when they are opened; they carry no credential."""

import base64
import json
from urllib.parse import quote, urlencode

from blaxel_mcp.setup.clients import CLIENTS
from blaxel_mcp.setup.machine import PUBLISHED, Launch
from blaxel_mcp.setup.shapes import SERVER, Credential


def install_links(launch: Launch = PUBLISHED) -> dict[str, str]:
    """Make a link for each client that has them, by its name."""
    entries = {client.name: client.entry(launch, Credential()) for client in CLIENTS}
    cursor = base64.b64encode(_compact(entries["cursor"]).encode()).decode()
    goose = [("cmd", launch.command), *(("arg", arg) for arg in launch.args)]
    goose += [("id", SERVER), ("name", "Blaxel"), ("description", entries["goose"]["description"])]
    return {
        "cursor": f"https://cursor.com/en/install-mcp?{urlencode({'name': SERVER, 'config': cursor})}",
        "vscode": "https://insiders.vscode.dev/redirect/mcp/install?"
        + urlencode({"name": SERVER, "config": _compact(entries["vscode"])}, quote_via=quote),
        "goose": "goose://extension?" + urlencode(goose, quote_via=quote),
    }


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
