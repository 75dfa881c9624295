"""A GET with `httpx` and `json.loads` for each line of standard input: the least that reading an execution costs.

No MCP server, and it answers no more than that it has read; but it takes and gives the lines of one, for `tools/call`.
"""

import json
import os
import sys

import httpx

client = httpx.Client(
    base_url=os.environ["BL_API_URL"],
    headers={"Authorization": f"Bearer {os.environ['BL_API_KEY']}", "X-Blaxel-Workspace": os.environ["BL_WORKSPACE"]},
)
for line in sys.stdin.buffer:
    request = json.loads(line)
    wanted = request["params"]["arguments"]
    response = client.get(f"/jobs/{wanted['jobId']}/executions/{wanted['executionId']}")
    execution = json.loads(response.raise_for_status().content)
    answer = {"status": execution["status"], "tasks": len(execution["tasks"])}
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": answer}), flush=True)
