"""Blaxel's Python SDK reading an execution for each line of standard input.

No MCP server, and it answers no more than that it has read; but it takes and gives the lines of one, for `tools/call`.
"""

import json
import os
import sys

# The package does not come with this project: the benchmark installs it into an environment of its own.
import blaxel  # type: ignore[import-not-found, unused-ignore]
from blaxel.core.authentication import auth  # type: ignore[import-not-found, unused-ignore]
from blaxel.core.common.settings import Settings  # type: ignore[import-not-found, unused-ignore]
from blaxel.core.jobs import bl_job  # type: ignore[import-not-found, unused-ignore]

# It has neither a variable nor a parameter for the address; tests/api_clients/python_client.py says more.
Settings.base_url = property(lambda _: os.environ["BL_API_URL"])
blaxel.settings.auth = auth(blaxel.settings.env, os.environ["BL_API_URL"])
blaxel.autoload()

for line in sys.stdin.buffer:
    request = json.loads(line)
    wanted = request["params"]["arguments"]
    execution = bl_job(wanted["jobId"]).get_execution(wanted["executionId"])
    answer = {"status": str(execution.status), "tasks": len(execution.tasks)}
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": answer}), flush=True)
