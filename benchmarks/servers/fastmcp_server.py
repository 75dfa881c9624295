"""What FastMCP makes of the operation's OpenAPI document, `openapi.json`, with its defaults.

Takes `--http PORT` to serve Streamable HTTP on loopback, else standard input and output.
"""

import json
import os
import sys
from pathlib import Path

# Neither comes with this project: the benchmark installs them into an environment of its own.
import httpx2  # noqa: TID251 - FastMCP takes no other client
from fastmcp import FastMCP  # type: ignore[import-not-found, unused-ignore]

client = httpx2.AsyncClient(
    base_url=os.environ["BL_API_URL"],
    headers={"Authorization": f"Bearer {os.environ['BL_API_KEY']}", "X-Blaxel-Workspace": os.environ["BL_WORKSPACE"]},
)
document = json.loads(Path(__file__).with_name("openapi.json").read_bytes())
server = FastMCP.from_openapi(document, client=client, name="converted")

if __name__ == "__main__":
    if "--http" in sys.argv:
        server.run("http", show_banner=False, host="127.0.0.1", port=int(sys.argv[-1]), log_level="warning")
    else:
        server.run("stdio", show_banner=False)
