"""Peers that blaxel-mcp is compared with, each a program of its own that imports nothing of this package."""
