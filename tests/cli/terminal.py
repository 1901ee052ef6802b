"""A run of the program on a terminal of some width."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import subprocess
import sys
import termios


def on_a_terminal(arguments: tuple[str, ...], columns: int, *, messages: bool, **environment: str) -> str:
    """Return what a run writes to a terminal of so many columns: its output, and its messages if they are wanted."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "TERM")}
    process = subprocess.Popen(
        [sys.executable, "-m", "ciphertool", *arguments],
        stdout=theirs,
        stderr=theirs if messages else subprocess.DEVNULL,
        env=kept | {"TERM": "xterm"} | environment,
    )
    os.close(theirs)
    text = b""
    with contextlib.suppress(OSError):  # a terminal ends so
        while part := os.read(ours, 65536):
            text += part
    process.wait()
    os.close(ours)
    return text.decode()
