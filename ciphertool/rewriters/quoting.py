r"""How a value is spelled between the quotes of a `.env` file, and where a reference there stays literal text.

python-dotenv defines the value. Other readers understand the same line differently: a shell and compose expand `$` in
double quotes and in bare values, dotenv-expand in all of them; Node's dotenv knows no escape but `\n`; in a
shell, a bare blank ends a value. Independent of documents. A quote is `'`, `"`, or "" around a bare value.
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING

from ciphertool.references import Syntax

if TYPE_CHECKING:
    from collections.abc import Sequence

SYNTAXES = (Syntax.INERT, Syntax.INERT_VERBATIM, Syntax.INERT_ESCAPED)
"""The references that record how their value is restored; the first suitable one is written."""

_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPE = {"'": re.compile(r"\\([\\'])"), '"': re.compile(r"\\([\\'\"abfnrtv])")}
_UNIT = {"'": re.compile(r"\\[\\']|\r\n|.", re.DOTALL), '"': re.compile(r"\\[\\'\"abfnrtv]|\r\n|.", re.DOTALL)}
_TO_ESCAPE = {"'": re.compile(r"[\\']"), '"': re.compile(r"[\\\"\n\r\t]")}
_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}

# What every reader takes literally, bare and between each kind of quotes.
_PLAIN = {
    "": re.compile(r"[\w.,:/@%+=-]*+"),
    "'": re.compile(r"(?:[^'\\$\r]++|\$(?![A-Za-z_{])|\\(?![\\'$]|\Z)|(?!))*+"),
    '"': re.compile(r'[^"\\$`\r]*+'),
}
_WHOLE_EXPANSION = re.compile(r"\$\{[^{}]*+\}")
_AFTER_DOLLAR = re.compile(r"\$\w*\Z")
_COMMAND = re.compile(r"[\s;&|()](?![A-Za-z_]\w*\+?=)[^\s;&|()<>]*+\Z|[<>][^\s;&|()<>]*+\Z")
_EXPANDED = re.compile(r"\\.|\$\$|(?P<dollar>\$[A-Za-z_{(\[])|(?P<tick>`)", re.DOTALL)
_IN_BACKTICKS = re.compile(r"`[^`]*+`")


def opened(spelled: str) -> tuple[str, str]:
    """Return the quote of a spelling, and what is between it and the closing one."""
    return (spelled[0], spelled[1:-1]) if spelled[:1] in _ESCAPE else ("", spelled)


def unix(text: str) -> str:
    """Return the text with the line ends that python-dotenv sees, since it opens files in text mode."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def read(spelled: str) -> str:
    """Return the value that a spelling stands for, with its variables as written."""
    quote, inner = opened(spelled)
    if not quote:
        return inner
    inner = unix(inner)
    return _ESCAPE[quote].sub(lambda match: _LETTERS.get(match[1], match[1]), inner) if "\\" in inner else inner


def offsets(quote: str, inner: str) -> Sequence[int]:
    """Return the offset of each character of a value in its spelling, and that of the spelling's end."""
    if not quote or not ("\\" in inner or "\r" in inner):
        return range(len(inner) + 1)
    return [0, *accumulate(len(unit) for unit in _UNIT[quote].findall(inner))]


def escape(quote: str, value: str) -> str:
    """Return a value with the escapes that python-dotenv needs and understands."""
    return _TO_ESCAPE[quote].sub(lambda match: _ESCAPES.get(match[0], f"\\{match[0]}"), value)


def written(quote: str, syntax: Syntax, value: str, line_end: str) -> str | None:
    """Return the replacement of a reference, None if the value cannot be spelled there as the reference requires."""
    if syntax is Syntax.INERT_ESCAPED:
        return escape(quote, value) if quote else None
    if syntax is Syntax.INERT and not _PLAIN[quote].fullmatch(value):
        return None
    return value.replace("\n", line_end)


def syntax_for(quote: str, spelled: str, value: str, line_end: str) -> Syntax | None:
    """Return the syntax of the reference that restores a value's present spelling; None if there is none."""
    return next((syntax for syntax in SYNTAXES if written(quote, syntax, value, line_end) == spelled), None)


def syntax_in_url(syntax: Syntax, value: str) -> Syntax | None:
    """Return the reference for the password of a URL; unless it is verbatim, the value is percent-encoded there."""
    from urllib.parse import quote, unquote

    if quote(unquote(value), safe="") == value:
        return syntax
    return Syntax.INERT_VERBATIM if syntax is not Syntax.INERT_ESCAPED and unquote(value) == value else None


def obstacle(quote: str, before: str) -> str | None:
    """Return why a reference after this text would not read as the same text for every reader, or None."""
    if before.endswith("\\"):
        return "stands after a backslash"
    if _AFTER_DOLLAR.search(before):
        return "stands after a $"
    if "${" in _WHOLE_EXPANSION.sub("", before) or (quote != "'" and ("$(" in before or "$[" in before)):
        return "stands within something that is expanded, or after a command"
    if quote != "'" and "`" in before:
        return "stands after a backtick"
    if not quote and _COMMAND.search(before):
        return "stands where a shell takes a bare value for a command"
    return None


def obstacle_of_export(quote: str, around: str) -> str | None:
    """Return why a reference with this around it would not stay literal text in an exported value, or None.

    A shell expands the braces in what it exports, and those of a reference may close others around it.
    """
    braces = ("{" in around or "}" in around) and ("," in around or ".." in around)
    return "stands among braces that a shell expands" if braces and not quote else None


def ambiguity(quote: str, inner: str, start: int, end: int) -> str | None:
    """Return why a piece of a value is not the secret itself for every reader, or None."""
    if quote == "'":
        return None
    ticks = 1
    if not quote and inner.startswith("`"):
        if not _IN_BACKTICKS.fullmatch(inner):
            return "begins with a ` that some readers take for a quote, and ends elsewhere for them"
        ticks = 2
    found = [match.lastgroup for match in _EXPANDED.finditer(inner, start, end)]
    if "dollar" in found or found.count("tick") > ticks:
        return "holds a $ or ` that a shell or compose expands"
    return None
