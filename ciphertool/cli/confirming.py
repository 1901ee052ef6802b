"""Asks a person on the terminal to confirm what cannot be taken back. Asks for no secret."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from ciphertool.errors import ConfigError

_TERMINAL = Path("/dev/tty")


def require_terminal() -> None:
    """Raise `BadParameter` if there is no terminal to ask on."""
    if not _has_terminal():
        raise typer.BadParameter("no terminal to confirm on; use --yes")


def confirm(question: str) -> None:
    """Ask a question that only `y` or `yes` answers; raise `ConfigError` for any other answer."""
    require_terminal()
    with _TERMINAL.open(encoding="utf-8", errors="replace") as terminal:
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        answer = terminal.readline()
    if not answer.endswith("\n"):
        sys.stderr.write("\n")  # the question's line is still open
    if answer.strip().lower() not in ("y", "yes"):
        raise ConfigError("not confirmed; nothing was written")


def _has_terminal() -> bool:
    try:
        with _TERMINAL.open("rb"):
            return sys.stderr.isatty()
    except OSError:
        return False
