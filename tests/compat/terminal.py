"""Drives a Python program in a terminal as a person does: waits for what the screen should show, then types.

    python terminal.py '[{"expect": "In \\\\[1\\\\]", "send": "1 + 1\\r"}, ...]' -m jupyter_console ...

Each `expect` is a regular expression searched in what was printed since the last `send`, without colours and cursor
movements. Prints the whole transcript; ends with 1 when something expected did not appear or the program did not end.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

PATIENCE = 45  # seconds for each step, on a busy machine
# On a slow start Jupyter console takes a late reply for the answer to its is_complete_request and begins a new line
# instead of running the cell; like a person, press Enter once more then.
SECOND_ENTER = 10

ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[()][0-9A-Z]|[=>78])")


def main() -> int:
    steps = json.loads(sys.argv[1])
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))

    transcript = ""
    failed = ""
    seen = 0
    ended = False

    def read(timeout: float) -> None:
        nonlocal transcript, ended
        if not select.select([terminal], [], [], timeout)[0]:
            return
        try:
            data = os.read(terminal, 65536)
        except OSError:  # Linux: the other side has been closed
            data = b""
        ended = ended or not data
        transcript += ESCAPES.sub("", data.decode("utf-8", "replace"))

    typed = ""
    for step in steps:
        started = time.monotonic()
        expected = re.compile(step["expect"])
        while not expected.search(transcript, seen) and not ended and time.monotonic() < started + PATIENCE:
            read(0.1)
            if typed.endswith("\r") and time.monotonic() > started + SECOND_ENTER:
                os.write(terminal, b"\r")
                typed = ""
        if not expected.search(transcript, seen):
            failed = f"did not appear: {step['expect']}"
            break
        seen = len(transcript)
        if "send" in step:
            typed = step["send"]
            os.write(terminal, typed.encode())

    deadline = time.monotonic() + PATIENCE
    while not ended and not failed and time.monotonic() < deadline:
        read(0.1)
    if not ended:
        failed = failed or "the program did not end"
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    print(transcript)
    if failed:
        print(f"\n*** {failed}")
    return 1 if failed else 0


sys.exit(main())
