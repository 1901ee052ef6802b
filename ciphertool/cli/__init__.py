"""The command line: parses arguments, prompts, prints, exits. Nothing else in ciphertool does."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

_INTERRUPTED = 130
_MANY_OBJECTS = 100_000


def main() -> None:
    """Run the program and exit with its status. A crash shows no value: not even the message of its exception."""
    gc.set_threshold(_MANY_OBJECTS)  # imports make many objects and no garbage, for which it would look every 700
    try:
        sys.exit(_run())
    except KeyboardInterrupt:  # from the first import on
        with suppress(OSError):
            if os.isatty(2):
                os.write(2, b"\ninterrupted\n")  # on a line of its own: a prompt may be waiting
        sys.exit(_INTERRUPTED)


def _run() -> int:
    from ciphertool.cli.streams import standard_streams

    with standard_streams():
        try:
            try:
                from ciphertool.cli.app import run

                return run(sys.argv[1:])
            finally:
                sys.stdout.flush()
        except Exception as error:  # noqa: BLE001 - the last line of defence: its message may hold a secret
            from ciphertool.cli import console

            return console.report(error)
