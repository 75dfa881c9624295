"""The entry point of `blaxel-mcp` and of `python -m blaxel_mcp`."""

import os
import signal
import sys

_INTERRUPTED = 128 + signal.SIGINT


def main() -> int:
    """Run the program and return its exit code. Ctrl-C ends it from here on, until a server handles the signal."""
    # Not KeyboardInterrupt: that comes up in the middle of an import or of asyncio, with fifty lines of traceback.
    signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    from blaxel_mcp.process import begin_startup  # noqa: PLC0415 - after the signal's handler

    begin_startup()
    from blaxel_mcp.cli import main as run  # noqa: PLC0415 - takes a fifth of a second

    return run()


if __name__ == "__main__":
    sys.exit(main())
