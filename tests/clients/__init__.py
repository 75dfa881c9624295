"""Other people's MCP clients, run against the real server: `python tests/clients/run.py`."""
