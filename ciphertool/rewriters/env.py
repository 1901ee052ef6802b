r"""`.env` files in python-dotenv's dialect: bindings, their three kinds of quotes. Nothing here expands a variable.

    binding = blanks, `export`?, key or 'key', and `=` with a value, or nothing; then a comment or the line's end
    bare    = up to the line's end, or to blanks and `#`; blanks at its end are not part of it
    'value' = may span lines; escapes `\\` and `\'`
    "value" = may span lines; escapes `\\` `\'` `\"` `\a` `\b` `\f` `\n` `\r` `\t` `\v`

Where python-dotenv skips a line that it cannot read, the file is refused here. A reference is always written in single
quotes, so that neither a shell nor a loader expands its `$`. `docker run --env-file` knows no quotes: it hands them on
as part of the value, of a reference as of any other, so a file for it is to be resolved before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.errors import ConfigSyntaxError, UnrepresentableValueError
from ciphertool.references import Syntax
from ciphertool.rewriters.lines import ABSENT, Entries, EntryDocument, decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from ciphertool.references import Reference
    from ciphertool.rewriters.base import Site, Source

_BLANKS = r"[^\S\r\n]"
_BINDING = re.compile(
    r"(?:\s++|\#[^\r\n]*+)*+"
    r"(?:\Z|"
    rf"(?:export{_BLANKS}++)?+"
    r"(?:(?=\#)|'(?P<quoted>[^']++)'|(?!')(?P<key>[^=\#\s]++))"
    rf"{_BLANKS}*+"
    rf"(?:=(?P<empty>)(?:{_BLANKS}*+(?P<value>"
    r"'(?:[^'\\]++|\\.)*+'"
    r'|"(?:[^"\\]++|\\.)*+"'
    rf"|(?!['\"]|(?<={_BLANKS})\#)\S++(?:{_BLANKS}++(?!\#)\S++)*+"
    rf"))?+)?+"
    rf"{_BLANKS}*+(?:\#[^\r\n]*+)?+(?:\r\n?|\n|\Z)"
    r"|(?P<damage>))",
    re.DOTALL,
)
_VALUES = ("value", "empty")
_SINGLE_ESCAPE = re.compile(r"\\([\\'])")
_DOUBLE_ESCAPE = re.compile(r"\\([\\'\"abfnrtv])")
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PLAIN = re.compile(r"[\w.,:/@%+=-]++")
_NOT_SINGLE = re.compile(r"['\r]|\\(?:\\|\Z)")
_TO_ESCAPE = re.compile(r"[\\\"\n\r\t]")
_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def _unix(text: str) -> str:
    """Return the text with the line ends that python-dotenv sees, since it opens files in text mode."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


class EnvDocument(EntryDocument):
    """A parsed `.env` file. Selector and key are the variable's name."""

    def read(self, spelled: str) -> str:
        """Return the value that a spelling stands for, its variables as they are written."""
        if "\\" not in spelled and "\r" not in spelled:
            return spelled[1:-1] if spelled[:1] in ("'", '"') else spelled
        if spelled[:1] == "'":
            return _SINGLE_ESCAPE.sub(r"\1", _unix(spelled[1:-1]))
        if spelled[:1] == '"':
            return _DOUBLE_ESCAPE.sub(lambda match: _LETTERS.get(match[1], match[1]), _unix(spelled[1:-1]))
        return spelled

    def spell(self, site: Site, value: str) -> str:
        """Spell a reference in single quotes, and a value bare if it is plain, else in the quotes that need least.

        Which quotes stood where a reference stands now is not known: bare is what most plain values are.
        """
        if "\0" in value:
            raise UnrepresentableValueError(site.selector, "no environment variable can hold a NUL")
        if _PLAIN.fullmatch(value) and not self._quoted(site) and self._ends_bare(site):
            return value
        if not _NOT_SINGLE.search(value):
            return f"'{value}'"
        return '"' + _TO_ESCAPE.sub(lambda match: _ESCAPES.get(match[0], f"\\{match[0]}"), value) + '"'

    def _quoted(self, site: Site) -> bool:
        """Tell whether a site is quoted by the file's author, not because it is a reference."""
        return site.reference is None and self.source.text.startswith(("'", '"'), site.start)

    def _ends_bare(self, site: Site) -> bool:
        """Tell whether a bare value would end where the site does: after quotes a comment needs no blank before it."""
        return not self.source.text[site.end : site.end + 1].strip()


class EnvRewriter:
    """`.env` files, read as python-dotenv reads them without interpolation."""

    name = "env"
    suffixes = frozenset({".env"})
    syntax = Syntax.SECRET

    def __init__(self, encoding: str | None = None) -> None:
        """Read files in this encoding; without one, UTF-8 is assumed."""
        self._encoding = encoding

    def parse(self, data: bytes) -> EnvDocument:
        """Parse a file's bytes; raise `ConfigSyntaxError` on a line that is no binding and on an open quote."""
        source = decode(data, self._encoding)
        return EnvDocument(source, _scan(source))

    def load(self, data: bytes, reveal: Callable[[Reference], str]) -> dict[str, str | None]:
        """Return name → value (None for a name alone), with every reference replaced by what `reveal` gives."""
        document = self.parse(data)
        return {
            name: None if spelled is None else references.substitute(document.read(spelled), reveal)
            for ordinal, name in enumerate(document.entries.selectors)
            for spelled in (document.spelled(ordinal),)
        }


def _scan(source: Source) -> Entries:
    entries = Entries()
    selectors, heads, starts, ends = entries.selectors, entries.heads, entries.starts, entries.ends
    for match in _BINDING.finditer(source.text):
        last = match.lastgroup  # how far the binding goes
        if last == "damage":
            reason = "neither a binding nor a comment, or a quote that is not closed"
            raise ConfigSyntaxError(reason, *source.position(match.end()))
        if last is None:
            continue
        name, head = match["key"], match.start("key")
        if name is None:
            name, head = _unix(match["quoted"]), match.start("quoted")
        start, end = match.span(last) if last in _VALUES else (head, ABSENT)
        selectors.append(name)
        heads.append(head)
        starts.append(start)
        ends.append(end)
    return entries
