"""A client of a stdio server as a process of its own, so that a test can kill it; run as a program, not imported.

Its first argument says how it launches the server, its second whether it leaks the far ends of the pipes to another
child, its third which pipes it makes; the rest is the server's command. It obeys lines of its standard input, and
prints what the server answers. It answers the server's requests, as a client must.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading

PAUSE = "import signal; signal.pause()"
CALL = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
START = "import subprocess, sys; subprocess.Popen(sys.argv[1:])"
DOUBLE_FORK = """
import os, sys
os.fork() and os._exit(0)
os.setsid()
os.fork() and os._exit(0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
ORPHAN = """
import os, sys, time
me = os.getpid()
os.fork() and os._exit(0)
while os.getppid() == me: time.sleep(0.01)
os.execvp(sys.argv[1], sys.argv[1:])
"""
# A wrapper with pipes of its own, which passes on what comes, and the end as well.
PROXY = """
import os, subprocess, sys, threading
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
def copy(source, sink):
    while data := os.read(source, 65536):
        os.write(sink, data)
    os.close(sink)
threading.Thread(target=copy, args=(server.stdout.fileno(), 1), daemon=True).start()
copy(0, server.stdin.fileno())
sys.exit(server.wait())
"""

LAUNCHERS = {
    "directly": [],
    "in a thread": [],
    "env": ["env", "ANY=1"],
    "shell that executes it": ["sh", "-c", 'exec "$@"', "sh"],
    "shell that waits for it": ["sh", "-c", '"$@"; true', "sh"],
    "shell in a shell": ["sh", "-c", 'sh -c \'"$@"; true\' sh "$@"; true', "sh"],
    "wrapper that waits for it": [sys.executable, "-c", CALL],
    "wrapper in a wrapper": [sys.executable, "-c", CALL, sys.executable, "-c", CALL],
    "wrapper that copies": [sys.executable, "-c", PROXY],
    "nohup": ["nohup"],
    "setsid": ["setsid"],
    "launcher that exits": [sys.executable, "-c", START],
    "shell's background": ["sh", "-c", 'exec 3<&0; "$@" <&3 3<&- &', "sh"],
    "double fork": [sys.executable, "-c", DOUBLE_FORK],
    "child of init": [sys.executable, "-c", ORPHAN],
    "handed over": [],
    "given": [],
}


def say(word: str, number: int) -> None:
    """Tell the test."""
    sys.stdout.write(f"{word} {number}\n")
    sys.stdout.flush()


def main() -> None:
    """Launch, and obey."""
    how, leaks, pipes, *server = sys.argv[1:]
    if pipes == "sockets":
        (ours_in, its_in), (ours_out, its_out) = socket.socketpair(), socket.socketpair()
        near, far = (its_in.detach(), its_out.detach()), (ours_in.detach(), ours_out.detach())
    else:
        (its_in_fd, ours_in_fd), (ours_out_fd, its_out_fd) = os.pipe(), os.pipe()
        near, far = (its_in_fd, its_out_fd), (ours_in_fd, ours_out_fd)
    prefix = LAUNCHERS[how]
    if prefix and not shutil.which(prefix[0]):
        sys.exit(f"no {prefix[0]} here")

    def launch() -> None:
        passed = far if leaks == "to wrapper" else ()
        subprocess.Popen([*prefix, *server], stdin=near[0], stdout=near[1], pass_fds=passed)  # noqa: S603

    if how == "in a thread":
        thread = threading.Thread(target=launch)
        thread.start()
        thread.join()
    else:
        launch()
    for fd in near:
        os.close(fd)
    if leaks == "to sibling":
        sibling = subprocess.Popen([sys.executable, "-c", PAUSE], pass_fds=far)  # noqa: S603
        say("sibling", sibling.pid)
    if how == "handed over":
        say("launcher", os.getpid())
        if os.fork():
            signal.pause()
    if how == "given":
        say("launcher", os.getpid())
        told, tells = os.dup(0), os.dup(1)
        itself = [sys.executable, __file__, "be given", str(told), str(tells)]
        subprocess.Popen(itself, stdin=far[1], stdout=far[0], pass_fds=(told, tells))  # noqa: S603
        signal.pause()
    say("client", os.getpid())
    obey(*far)


def be_given() -> None:
    """Obey as a client whose standard input and output are the far ends."""
    told, tells = map(int, sys.argv[2:])
    sys.stdin, sys.stdout = os.fdopen(told), os.fdopen(tells, "w")
    say("client", os.getpid())
    obey(1, 0)


def obey(to_server: int, from_server: int) -> None:
    """Send what standard input says, until it ends.

    `close` closes the pipe to the server; after `be busy` the server's requests get no answer.
    """
    busy = threading.Event()

    def hear() -> None:
        with os.fdopen(from_server, "rb") as lines:
            for line in lines:
                message = json.loads(line)
                if "method" in message:
                    if busy.is_set():
                        continue
                    answer = {"jsonrpc": "2.0", "id": message["id"], "result": {}}
                    os.write(to_server, json.dumps(answer).encode() + b"\n")
                else:
                    say("answer", message["id"])

    threading.Thread(target=hear, daemon=True).start()
    for line in sys.stdin:
        if line == "close\n":
            os.close(to_server)
        elif line == "be busy\n":
            busy.set()
        else:
            os.write(to_server, line.encode())
    signal.pause()


if __name__ == "__main__":
    be_given() if sys.argv[1] == "be given" else main()
