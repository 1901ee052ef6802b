"""A terminal for a child, between it and our own: raw on our side, of the same size, restored at the end."""

from __future__ import annotations

import fcntl
import os
import pty
import termios
import tty
from typing import Any, Self


class Terminal:
    """A pseudo-terminal. `own` is our end, `child` the child's."""

    def __init__(self) -> None:
        self.own, self.child = pty.openpty()
        self._ours = next((stream for stream in (0, 1, 2) if os.isatty(stream)), None)
        self._before: list[Any] | None = None

    def __enter__(self) -> Self:
        """Take over our terminal's settings and size, and make ours raw if it is typed on."""
        if self._ours is not None:
            termios.tcsetattr(self.child, termios.TCSANOW, termios.tcgetattr(self._ours))
            self.resize()
        if os.isatty(0):
            self._before = termios.tcgetattr(0)
            tty.setraw(0)
        return self

    def __exit__(self, *_: object) -> None:
        """Restore our terminal."""
        if self._before is not None:
            termios.tcsetattr(0, termios.TCSADRAIN, self._before)
        self.hand_over()
        os.close(self.own)

    def adopt(self) -> None:
        """Make the pseudo-terminal the controlling one; runs in the child, which leads a session of its own."""
        fcntl.ioctl(self.child, termios.TIOCSCTTY, 0)

    def hand_over(self) -> None:
        """Close the child's end, which the child has by now."""
        if self.child >= 0:
            os.close(self.child)
            self.child = -1

    def resize(self) -> None:
        """Give the child's terminal the size of ours."""
        if self._ours is not None:
            size = fcntl.ioctl(self._ours, termios.TIOCGWINSZ, b"\0" * 8)
            fcntl.ioctl(self.own, termios.TIOCSWINSZ, size)

    def type(self, data: bytes) -> None:
        """Pass on what was typed."""
        while data:
            data = data[os.write(self.own, data) :]
