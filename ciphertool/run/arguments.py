"""Where the arguments of a command name a file, however they spell its path."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# What stands around paths in an argument: `--config=F`, Spring's `--spring.config.location=optional:file:F,file:G`.
_SEPARATORS = re.compile(r"([=,;])")
_PREFIX = re.compile(r"(?:optional:)?(?:file:(?=[^/]|/(?!/))|file://(?=/))?")


def replaced(command: list[str], path: Path, place: Path) -> list[str]:
    """Return the arguments of a command with `place` instead of each spelling of `path`.

    A path is a whole argument, or stands after `=` or between the separators of a list, also after `file:`. Spellings
    may differ in `.` and `..`, links and in being absolute. A directory that contains the file does not name it.
    """
    wanted = os.path.realpath(path)

    def new(argument: str) -> str:
        option, equals, rest = argument.partition("=")
        if _is(argument, wanted):
            return str(place)
        if _is(rest, wanted):
            return f"{option}{equals}{place}"
        return "".join(_replaced(part, wanted, place) for part in _SEPARATORS.split(argument))

    return [command[0], *(new(argument) for argument in command[1:])] if command else []


def _replaced(part: str, wanted: str, place: Path) -> str:
    start = _PREFIX.match(part).end()  # type: ignore[union-attr]  # it matches the empty text too
    return f"{part[:start]}{place}" if _is(part[start:], wanted) else part


def _is(text: str, wanted: str) -> bool:
    return bool(text) and os.path.realpath(text) == wanted
