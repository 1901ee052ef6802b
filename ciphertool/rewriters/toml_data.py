"""TOML as plain data: what `tomllib` returns, within bounds. Finds no places; every start uses it for settings."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from ciphertool.errors import ConfigSyntaxError
from ciphertool.rewriters import places

# Possessive: backtracking never helps.
BASIC = r'"(?:[^"\\\n]++|\\.)*+"'
LITERAL = r"'[^'\n]*+'"
PART = rf"(?:[A-Za-z0-9_-]++|{BASIC}|{LITERAL})"
KEY = rf"{PART}(?:[ \t]*+\.[ \t]*+{PART}|(?!))*+"
LONG_STRING = (
    r'(?:"""(?:[^"\\]++|\\[\s\S]|"(?!"")|(?!))*+"{3,5}+'  # at most two quotes more belong to the value
    r"|'''(?:[^']++|'(?!'')|(?!))*+'{3,5}+)"
)
# Everything that can hold a dot, each matched whole: long strings, comments, and keys (short strings look like them).
_DOTTED = rf"{LONG_STRING}|\#[^\n]*+|({KEY})"
_MOST_PARTS = 50


def read(text: str) -> dict[str, Any]:
    """Return what `tomllib` returns; raise `TOMLDecodeError`, or `ConfigSyntaxError` for what it cannot handle.

    Its time for a dotted key grows with the square of the number of parts, and Python limits the digits of a number.
    """
    if any(line.count(".") >= _MOST_PARTS for line in text.split("\n")):
        for key in re.finditer(_DOTTED, text):
            if key[1] and key[1].count(".") >= _MOST_PARTS and len(re.findall(PART, key[1])) > _MOST_PARTS:
                raise ConfigSyntaxError("nested too deeply", *places.at(text, key.start()))
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigSyntaxError("nested too deeply", *places.of_depth(text)) from None
    except tomllib.TOMLDecodeError:
        raise
    except ValueError:
        raise ConfigSyntaxError("a number has too many digits", *places.of_long_number(text)) from None
