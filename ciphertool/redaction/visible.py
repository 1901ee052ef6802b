"""Text as a person may be shown it: what would steer a terminal, or a CI system that reads the log, is made visible."""

from __future__ import annotations

import re

# `##vso[…]` and `##[…]` (Azure, and GitHub's old commands) count anywhere in a line, `##teamcity[…]` at its start; what
# a comparison by culture overlooks may stand between the signs.
_HASHES = re.compile(r"#([^\w\s#\[]*)#(?=[^\s\[#\\]*\[)")
# `::error file=x::…` (GitHub): first in its line, but for blanks. Neither an IPv6 address nor a C++ name looks so.
_COLONS = re.compile(r"^([^\S\n]*):(?=:[ \t]*[A-Za-z_-][^\n]*?::)", re.MULTILINE)


def visible(text: str, *, keep: str = "", commands: bool = False) -> str:
    """Return a text with its control characters and line ends spelled as escapes, but for those in `keep`.

    Names come from files: they may hold terminal codes, lines that a reader takes for others', and commands to a CI
    system. With `commands` the text is made of GitHub's commands, which then stay.
    """
    return inert(
        "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text),
        commands=commands,
    )


def inert(text: str, *, commands: bool = False) -> str:
    """Return a text, of lines, in which no CI system finds a command: one sign of it is spelled as an escape.

    The escape is one of JSON and of TOML, so that a string of theirs keeps its value. With `commands` GitHub's stay.
    """
    text = _HASHES.sub(r"#\1\\u0023", text) if "#" in text else text
    return text if commands or "::" not in text else _COLONS.sub(r"\1\\u003a", text)
