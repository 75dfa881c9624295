"""Measurements of blaxel-mcp: `python -m benchmarks` compares it with its peers; README.md says what else there is."""
