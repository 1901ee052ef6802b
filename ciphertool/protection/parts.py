"""A secret inside a value: the password of a URL or a connection string, or a named group of a regular expression.

`part = "password"` finds `scheme://user:SECRET@host` and `;password=SECRET`, `&password=SECRET`, also as `pwd` and
`passwd`. Any other part is a regular expression with a group named `secret`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ciphertool.errors import ConfigError

PASSWORD = "password"  # noqa: S105 - the name of a part
_GROUP = "secret"
_OF_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+://[^/?#@:\s]*+:(?P<secret>[^/?#\s]+)@")
_OF_PAIRS = re.compile(r"(?:^|[;?&\s,])(?:password|passwd|pwd)\s*+=\s*+(?P<secret>[^;&\s,]++)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """Where in a value a secret stands, and how it is spelled there."""

    start: int
    end: int
    text: str = field(repr=False)


def pattern(part: str) -> re.Pattern[str] | None:
    """Return the regular expression of a part, None for the password of a URL or connection string.

    Raises `ConfigError` for an expression that is not one or has no group named `secret`.
    """
    if part == PASSWORD:
        return None
    try:
        compiled = re.compile(part)
    except re.error as error:
        raise ConfigError(f"part: not a regular expression: {error.msg}") from None
    if _GROUP not in compiled.groupindex:
        raise ConfigError("part: must be password, or a regular expression with a group (?P<secret>…)")
    return compiled


def find(value: str, part: str) -> Part | None:
    """Return the part of a value, or None where the value has none or an empty one."""
    own = pattern(part)
    for expression in (_OF_URL, _OF_PAIRS) if own is None else (own,):
        match = expression.search(value)
        if match is not None and match[_GROUP]:
            return Part(match.start(_GROUP), match.end(_GROUP), match[_GROUP])
    return None
