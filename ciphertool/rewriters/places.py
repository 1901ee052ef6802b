"""Where in a text is what parsers refuse without a place, those of JSON and TOML above all."""

from __future__ import annotations

import re

_STRINGS = r'"(?:[^"\\]++|\\.|(?!))*+"' + r"|'[^'\r\n]*+'"
_BRACKET = re.compile(rf"{_STRINGS}|([\[{{])|([\]}}])", re.DOTALL)
_CONSTANT = re.compile(rf"{_STRINGS}|(-?+Infinity|NaN)", re.DOTALL)
_LONG_NUMBER = re.compile(rf"{_STRINGS}|([0-9](?:_?+[0-9]|(?!)){{4300}})", re.DOTALL)
_LONG_KEY = re.compile(r"(?:[^.\r\n]*+\.){50}")
_MOST = 500


def at(text: str, offset: int) -> tuple[int, int]:
    """Return the line and column of an offset."""
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def of_depth(text: str) -> tuple[int, int]:
    """Return the line and column of the bracket that opens one level too many."""
    depth = 0
    for match in _BRACKET.finditer(text):
        depth += bool(match[1]) - bool(match[2])
        if depth > _MOST:
            return at(text, match.start())
    long = _LONG_KEY.search(text)
    return at(text, long.start() if long else 0)


def of_constant(text: str) -> tuple[int, int]:
    """Return the line and column of the first NaN or Infinity."""
    return _first(_CONSTANT, text)


def of_long_number(text: str) -> tuple[int, int]:
    """Return the line and column of the first number with too many digits for Python."""
    return _first(_LONG_NUMBER, text)


def _first(pattern: re.Pattern[str], text: str) -> tuple[int, int]:
    return at(text, next((match.start(1) for match in pattern.finditer(text) if match[1]), 0))
