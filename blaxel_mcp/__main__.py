"""Where the program begins: `blaxel-mcp`, and `python -m blaxel_mcp`, which is the same."""

import os
import signal
import sys

_INTERRUPTED = 128 + signal.SIGINT


def main() -> int:
    """The program; answers its exit code. Ctrl-C ends it from the first moment on, until a server takes that over."""
    # Not KeyboardInterrupt: that comes up in the middle of an import or of asyncio, with fifty lines of traceback.
    signal.signal(signal.SIGINT, lambda *_: os._exit(_INTERRUPTED))
    from blaxel_mcp.cli import main as run  # noqa: PLC0415 - takes a fifth of a second

    return run()


if __name__ == "__main__":
    sys.exit(main())
