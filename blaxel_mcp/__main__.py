"""`python -m blaxel_mcp`: the same program as `blaxel-mcp`."""

import sys

from blaxel_mcp.cli import main

if __name__ == "__main__":
    sys.exit(main())
