"""Text that is safe to show: what would control a terminal, or a CI system that reads the log, is made visible."""

from __future__ import annotations

import re

# `##vso[…]` and `##[…]` (Azure, and GitHub's old commands) count anywhere in a line, `##teamcity[…]` at its start; the
# signs may be separated by characters that a culture-sensitive comparison ignores.
_HASHES = re.compile(r"#([^\w\s#\[]*)#(?=[^\s\[#\\]*\[)")
# `::error file=x::…` (GitHub): first in its line, except for blanks. No IPv6 address or C++ name looks like this.
_COLONS = re.compile(r"^([^\S\n]*):(?=:[ \t]*[A-Za-z_-][^\n]*?::)", re.MULTILINE)


def visible(text: str, *, keep: str = "", commands: bool = False) -> str:
    """Return a text with its control characters and line ends spelled as escapes, except those in `keep`.

    Names come from files: they may contain terminal codes, lines that imitate other output, and commands to a CI
    system. With `commands`, the text consists of GitHub's commands, which are kept.
    """
    return inert(
        "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text),
        commands=commands,
    )


def inert(text: str, *, commands: bool = False) -> str:
    """Return a text of lines in which no CI system finds a command: one sign of each is spelled as an escape.

    The escape is valid in JSON and TOML, so that their strings keep their values. With `commands`, GitHub's are kept.
    """
    text = _HASHES.sub(r"#\1\\u0023", text) if "#" in text else text
    return text if commands or "::" not in text else _COLONS.sub(r"\1\\u003a", text)
