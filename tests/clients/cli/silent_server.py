"""An MCP server over stdio that never answers: `silent_server.py LOG`. It logs how long its client puts up with that.

Each line of the log is a moment, by a clock that all processes of the machine share, and what came then: `started` and
the variables of a Blaxel account that it was given; a message's method; `alive`, twice a second; `end` of the input.
"""

import json
import os
import sys
import threading
import time


def say(log: int, what: str) -> None:
    """Write a line."""
    os.write(log, f"{time.monotonic():.3f} {what}\n".encode())


def keep_saying(log: int) -> None:
    """Say that it is still there: a client may end it without a word."""
    while True:
        time.sleep(0.5)
        say(log, "alive")


def main() -> None:
    """Read to the end."""
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    say(log, " ".join(["started", *sorted(name for name in os.environ if name.startswith("BL_"))]))
    threading.Thread(target=keep_saying, args=(log,), daemon=True).start()
    for line in sys.stdin:
        try:
            say(log, str(json.loads(line)["method"]))
        except (ValueError, KeyError, TypeError):
            say(log, "something")
    say(log, "end")


if __name__ == "__main__":
    main()
