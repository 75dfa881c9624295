"""Answers questions about Blaxel batch jobs over MCP.

All Python here is private: the contract is commands, options, variables, tools and their schemas.
"""

__version__ = "0.1.0"
