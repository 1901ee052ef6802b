"""The command line: parses arguments, prompts, prints, exits. Nothing else in ciphertool does."""

from __future__ import annotations

import sys

from ciphertool import core_dumps

_INTERRUPTED = 130


def main() -> None:
    """Run the program and exit with its status. A crash shows no value: not even the message of its exception."""
    try:
        core_dumps.forbid()
        _run()
    except KeyboardInterrupt:  # from the first import on
        sys.exit(_INTERRUPTED)


def _run() -> None:
    from ciphertool.cli import console
    from ciphertool.cli.app import app
    from ciphertool.cli.streams import standard_streams
    from ciphertool.errors import CipherToolError

    with standard_streams():
        try:
            try:
                app()
            finally:
                sys.stdout.flush()
        except CipherToolError as error:
            console.show_error(error)
            sys.exit(console.status(error))
        except EOFError:  # at a prompt
            sys.exit(_INTERRUPTED)
        except Exception as error:  # noqa: BLE001 - the last line of defence: its message may hold a secret
            console.show_bug(error)
            sys.exit(console.BUG)
