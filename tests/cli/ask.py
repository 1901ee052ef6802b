"""Runs a program on a terminal of its own and answers its first prompt: `ask.py ANSWER PROGRAM…`.

An answer that is a number is that control character: 3 interrupts, 4 ends the input. Prints what the terminal shows.
"""

from __future__ import annotations

import os
import pty
import sys


def main() -> int:
    """Run the program; return its status."""
    answer, *command = sys.argv[1:]
    typed = bytes([int(answer)]) if answer.isdigit() else answer.encode() + b"\n"
    process, terminal = pty.fork()
    if process == 0:
        os.execvp(command[0], command)  # noqa: S606 - the test's own command
    shown = b""
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # the program has ended, and the terminal with it
            break
        if not more:
            break
        shown += more
        if (b"assword" in shown or b"[y/N]" in shown) and typed:
            os.write(terminal, typed)
            typed = b""
    sys.stdout.write(shown.decode().replace("\r\n", "\n"))
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


if __name__ == "__main__":
    sys.exit(main())
