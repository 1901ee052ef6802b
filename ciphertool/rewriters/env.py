r"""`.env` files in python-dotenv's dialect: bindings and their three kinds of quotes. Expands no variables.

    binding = blanks, `export`?, key or 'key', and `=` with a value, or nothing; then a comment or the line's end
    bare    = up to the line's end, or to blanks and `#`; blanks at its end are not part of it
    'value' = may span lines; escapes `\\` and `\'`
    "value" = may span lines; escapes `\\` `\'` `\"` `\a` `\b` `\f` `\n` `\r` `\t` `\v`

If python-dotenv would skip a line that it cannot read, the file is refused.

Other readers understand the same line differently (`quoting`). So everything that the author wrote around a secret
stays as it was: a reference takes the secret's place between the same quotes, in a spelling that no reader
expands and that records how to restore the value:

    {ciphertool:a}            as it is, if every reader finds exactly that value between these quotes; otherwise refused
    {ciphertool-verbatim:a}   as it is: the value stood there like this, though readers may differ on its meaning
    {ciphertool-escaped:a}    with the escapes that python-dotenv reads, as it stood there

A value that could not be restored byte for byte is refused in advance. `'$secret{a}'`, which ciphertool formerly wrote,
does not record the original quotes; its value is put back bare or in the quotes that need the fewest escapes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.errors import ConfigSyntaxError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters import quoting
from ciphertool.rewriters.base import Edit, Source, splice
from ciphertool.rewriters.lines import ABSENT, Entries, EntryDocument, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ciphertool.rewriters.base import Change, Site

_BLANKS = r"[^\S\r\n]"
_VALUE = (
    r"'(?:[^'\\]++|\\.)*+'"
    r'|"(?:[^"\\]++|\\.)*+"'
    rf"|(?!['\"]|(?<={_BLANKS})\#)\S++(?:{_BLANKS}++(?!\#)\S++|(?!))*+"
)
_BINDING = re.compile(
    r"(?:\s++|\#[^\r\n]*+)*+"
    r"(?:\Z|"
    rf"(?:export{_BLANKS}++|(?!))?+"
    r"(?:(?=\#)|'(?P<quoted>[^']++)'|(?!')(?P<key>[^=\#\s]++))"
    rf"{_BLANKS}*+"
    rf"(?:=(?P<empty>)(?:{_BLANKS}*+(?P<value>{_VALUE})|(?!))?+)?+"
    rf"{_BLANKS}*+(?:\#[^\r\n]*+)?+(?:\r\n?|\n|\Z)"
    r"|(?P<damage>))",
    re.DOTALL,
)
_VALUES = ("value", "empty")
_SPELLED = re.compile(f"(?:{_VALUE}|(?!))?+", re.DOTALL)
_LINE_END = re.compile(r"\r\n?|\n")
_PLAIN = re.compile(r"[\w.,:/@%+=-]++")
_NOT_SINGLE = re.compile(r"['\r]|\\(?:\\|\Z)")
_HINT = "put the value into single quotes, or write -verbatim or -escaped into its reference (configuration.md)"
_HINT_OF_ESCAPES = "put what stands there into single quotes"
_HINT_OF_PART = "protect the whole value"


class EnvDocument(EntryDocument):
    """A parsed `.env` file. Selector and key are the variable's name."""

    escapes = re.compile(r"\\")
    holds_marks = False

    def read(self, spelled: str) -> str:
        """Return the value that a spelling stands for, with its variables as written."""
        return quoting.read(spelled)

    def ambiguity(self, site: Site, start: int, end: int) -> str | None:
        """Return why a part of a value is not the secret itself for every reader of the file, or None."""
        quote, inner = self._opened(site)
        at = quoting.offsets(quote, inner)
        return quoting.ambiguity(quote, inner, at[start], at[end])

    def wanted(self, change: Change) -> str:
        """Return the value that a change's site will have, with a reference in the spelling that is written there."""
        return self._value(change, self._pieces(change))

    def _value(self, change: Change, pieces: list[tuple[Edit, Edit]] | None) -> str:
        value = super().wanted(change)
        if "\0" in value:
            raise UnrepresentableValueError(change.site.selector, "an environment variable cannot hold a NUL")
        return value if pieces is None else splice(change.site.value, [piece for piece, _ in pieces])

    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        """Return edits that leave everything around a secret as it is."""
        return [edit for change in changes for edit in self._edits(change)]

    def _edits(self, change: Change) -> list[Edit]:
        site, text, pieces = change.site, self.source.text, self._pieces(change)
        wanted = self._value(change, pieces)
        if pieces is None:
            return [Edit(site.start, site.end, self.encodable(site, self.spell(site, wanted)))]
        edits = [edit for _, edit in pieces]
        shifted = [Edit(start - site.start, end - site.start, new) for start, end, new in edits]
        before, after = text[max(site.start - 1, 0) : site.start], splice(text[site.start : site.end], shifted)
        if not _SPELLED.fullmatch(before + after, len(before)) or self.read(after) != wanted:
            raise UnrepresentableValueError(site.selector, "as written there, it would be read as another value", _HINT)
        self.encodable(site, after)
        return edits

    def _pieces(self, change: Change) -> list[tuple[Edit, Edit]] | None:
        """Return the edits of the value, each with that of the text; None if the value's former spelling is unknown."""
        site, to = change.site, change.to
        within = change.within
        if isinstance(to, Reference) or site.reference is not None:
            within = (Edit(0, len(site.value), str(to)),)
        quote, inner = self._opened(site)
        at, shift = quoting.offsets(quote, inner), site.start + len(quote)
        pieces = []
        for start, end, text in within:
            old = references.parse(site.value[start:end])
            if old is not None and old.syntax not in quoting.SYNTAXES:
                return None
            new = to if isinstance(to, Reference) else references.parse(text) if old is None else None
            if new is not None:
                spelled = text = str(Reference(new.alias, old.syntax if old else self._syntax(site, start, end)))
            elif old is not None:
                spelled = self._put_back(site, old, text)
            else:
                return None
            pieces.append((Edit(start, end, text), Edit(shift + at[start], shift + at[end], spelled)))
        return pieces or None

    def _syntax(self, site: Site, start: int, end: int) -> Syntax:
        """Return the syntax of the reference that restores a piece of a value in its present spelling."""
        quote, inner = self._opened(site)
        at, value = quoting.offsets(quote, inner), site.value[start:end]
        is_part = (start, end) != (0, len(site.value))
        before = self.source.text[max(site.start - 1, 0) : site.start + len(quote) + at[start]]
        reason = quoting.obstacle(quote, before)
        if reason is None and self._is_exported(site):
            reason = quoting.obstacle_of_export(quote, site.value[:start] + site.value[end:])
        if is_part and reason:
            raise UnrepresentableValueError(site.selector, f"the part {reason}", _HINT_OF_PART)
        syntax = quoting.syntax_for(quote, inner[at[start] : at[end]], value, self._line_end(site))
        if syntax is not None and is_part and references.is_in_url(site.value, start, end):
            syntax = quoting.syntax_in_url(syntax, value)
        if syntax is None:
            raise UnrepresentableValueError(
                site.selector, "its escapes could not be restored as they are", _HINT_OF_ESCAPES
            )
        return syntax

    def _put_back(self, site: Site, reference: Reference, value: str) -> str:
        quote, _ = self._opened(site)
        spelled = quoting.written(quote, reference.syntax, value, self._line_end(site))
        if spelled is None:
            where = f"between {quote}" if quote else "without quotes"
            raise UnrepresentableValueError(site.selector, f"{where} not every reader would find it", _HINT)
        return spelled

    def _opened(self, site: Site) -> tuple[str, str]:
        return quoting.opened(self.source.text[site.start : site.end])

    def _is_exported(self, site: Site) -> bool:
        head, text = self.head(site), self.source.text
        line = max(text.rfind("\n", 0, head), text.rfind("\r", 0, head)) + 1
        return text[line:head].split(maxsplit=1)[:1] == ["export"]

    def _line_end(self, site: Site) -> str:
        """Return the line end after a site; no edit changes it."""
        found = _LINE_END.search(self.source.text, site.end)
        return found[0] if found else "\n"

    def spell(self, site: Site, value: str) -> str:
        """Spell a value of unknown original spelling: bare if plain, else in the quotes with the fewest escapes."""
        if _PLAIN.fullmatch(value) and not self._quoted(site) and self._ends_bare(site):
            return value
        return f"'{value}'" if not _NOT_SINGLE.search(value) else '"' + quoting.escape('"', value) + '"'

    def _quoted(self, site: Site) -> bool:
        """Return whether the file's author quoted a site, rather than ciphertool because it is a reference."""
        return site.reference is None and self.source.text.startswith(("'", '"'), site.start)

    def _ends_bare(self, site: Site) -> bool:
        """Return whether a bare value would end with the site: a comment after quotes needs no blank before it."""
        return not self.source.text[site.end : site.end + 1].strip()


class EnvRewriter:
    """`.env` files, read as python-dotenv reads them without interpolation."""

    name = "env"
    suffixes = frozenset({".env"})
    syntax = Syntax.INERT

    def __init__(self, encoding: str | None = None) -> None:
        """Read files in this encoding; without one, UTF-8 is assumed."""
        self._encoding = encoding

    def parse(self, data: bytes) -> EnvDocument:
        """Parse a file's bytes; raise `ConfigSyntaxError` for a line that is not a binding, or for an open quote."""
        source = decode(data, self._encoding)
        return EnvDocument(source, _scan(source))

    def load(self, data: bytes, reveal: Callable[[Reference], str]) -> dict[str, str | None]:
        """Return name → value (None for a name alone), with every reference replaced by what `reveal` returns."""
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
            name, head = quoting.unix(match["quoted"]), match.start("quoted")
        start, end = match.span(last) if last in _VALUES else (head, ABSENT)
        selectors.append(name)
        heads.append(head)
        starts.append(start)
        ends.append(end)
    return entries
