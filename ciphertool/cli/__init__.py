"""The command line: parses arguments, prompts, prints, exits. Nothing else in ciphertool does."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the program and exit with its status. A crash shows no value: not even the message of its exception."""
    from ciphertool.cli import console
    from ciphertool.cli.app import app
    from ciphertool.errors import CipherToolError

    try:
        app()
    except CipherToolError as error:
        console.show_error(error)
        sys.exit(console.status(error))
    except (KeyboardInterrupt, EOFError):
        sys.exit(console.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last line of defence: its message may hold a secret
        console.show_bug(error)
        sys.exit(console.BUG)
