"""The error of a command line that means nothing. What is reported of it is in `usage`."""

from __future__ import annotations

import typer


class Misuse(typer.BadParameter):
    """A command line that means nothing. Its message quotes no argument: one may be a secret."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
