"""A person at a terminal: waits for what is shown, and types."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import select
import struct
import termios
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PATIENCE = 60
_CURSOR = b"\x1b[6n"


def type_at(
    command: Sequence[str], steps: Sequence[tuple[bytes, bytes]], environment: Mapping[str, str], directory: Path
) -> tuple[int, str]:
    """Run a command on a terminal of its own; after each text is shown, type what follows. Return status and output."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(directory)
        os.execvpe(command[0], [*command], dict(environment))  # noqa: S606 - the test's own command
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    shown, seen, left, end = b"", 0, list(steps), time.monotonic() + _PATIENCE
    with contextlib.suppress(OSError):  # the program has ended, and the terminal with it
        while time.monotonic() < end:
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            part = os.read(terminal, 65536)
            if not part:
                break
            shown += part
            if _CURSOR in part:
                os.write(terminal, b"\x1b[1;1R")
            if left and left[0][0] in shown[seen:]:
                seen = len(shown)
                time.sleep(0.3)  # an editor may throw away what comes while it starts
                os.write(terminal, left.pop(0)[1])
    if time.monotonic() >= end:
        os.kill(process, 9)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    os.close(terminal)
    return status, shown.decode("utf-8", "replace").replace("\r\n", "\n")
