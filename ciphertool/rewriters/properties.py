r"""Java `.properties`: the entries of `java.util.Properties.load` (JDK 17), their escapes, and edits of them.

    line     = blanks, then a comment (`#`, `!`), or key, separator, value; ends at CR, LF or CRLF
    fold     = a backslash at the line's end and the next line's leading blanks: read as nothing, even inside `\uXXXX`
    key      = up to the first `=`, `:` or blank without a backslash
    separator = blanks, at most one `=` or `:`, blanks
    value    = all the rest, including trailing blanks
    escape   = `\t` `\n` `\r` `\f` `\uXXXX`; a backslash before anything else is dropped

A file does not state its encoding: `Properties.load(InputStream)` reads ISO-8859-1; resource bundles, Spring and
Quarkus read UTF-8. ISO-8859-1 is assumed; a value beyond ASCII is then doubtful, unless the file cannot be UTF-8.

There is one difference from Java: if the last line of a file is a single backslash, that line has no entry, whereas
Java finds an empty key with an empty value.
"""

from __future__ import annotations

import bisect
import re
from functools import cached_property
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.deferred import pattern
from ciphertool.errors import ConfigSyntaxError, NoMatchError, UnrepresentableValueError
from ciphertool.references import Syntax
from ciphertool.rewriters import encodings
from ciphertool.rewriters.base import Edit, SpliceError, respelled, splice
from ciphertool.rewriters.lines import HALF_PAIR, Entries, EntryDocument, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ciphertool.references import Reference
    from ciphertool.rewriters.base import Change, Site, Source

JAVA_ENCODING = "iso-8859-1"
"""What `Properties.load(InputStream)` reads."""

_FOLD = r"\\(?:\r\n?|\n)[ \t\f]*+"
_BLANKS = rf"(?:[ \t\f]++|{_FOLD}|(?!))*+"
# `\Z` lets a lone backslash at the very end pass as a fold.
_ENTRY = pattern(
    r"(?:[ \t\f\r\n]++|[#!][^\r\n]*+|\\(?:\r\n?|\n|\Z)|(?!))*+"
    r"(?:\Z|"
    rf"([^\\=: \t\f\r\n]*+(?:\\(?:[^\r\n]|(?:\r\n?|\n)[ \t\f]*+)[^\\=: \t\f\r\n]*+|(?!))*+)"
    rf"({_BLANKS}(?:[=:]{_BLANKS}|(?!))?+)"
    r"([^\\\r\n]*+(?:\\(?:[^\r\n]|(?:\r\n?|\n)[ \t\f]*+|\Z)[^\\\r\n]*+|(?!))*+)"
    r")"
)
_FOLDS = pattern(rf"(\\[^\r\n])|{_FOLD}|\\\Z")
_ESCAPE = pattern(r"\\(u(?:[0-9A-Fa-f]{4})?+|[^u])", re.DOTALL)
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
# Each begins with one set of characters, which `re` looks for several times as fast as for alternatives. The rest: of
# blanks only one at the start.
_TO_ESCAPE = pattern(r"[^!-\[\]-~](?<!(?s:.) )")
# UTF-8 read as ISO-8859-1: a lead byte and as many others as it requires.
_UTF8_MISREAD = re.compile("[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_TO_ESCAPE_AS_STORE = pattern(r"[^\"$-9;<>-\[\]-~](?<!(?s:.) )")
_TO_ESCAPE_IN_KEY = pattern(r"[^\"$-9;<>-\[\]-~]")
_AS_IT_IS = pattern(r"[!-\[\]-~]+")
_LINE_END = pattern(r"\r\n|\r|\n")
_LAST_LINE_END = pattern(r"(\r\n|\r|\n)[^\r\n]*+\Z")


def _unescape(spelled: str) -> str:
    """Return what a spelled key or value stands for; raise ValueError on a `\\u` without four hex digits."""
    if "\\" not in spelled:
        return spelled
    if "\n" in spelled or "\r" in spelled or spelled.endswith("\\"):
        spelled = _FOLDS.sub(lambda match: match[1] or "", spelled)
    value = _ESCAPE.sub(_escaped, spelled)
    if HALF_PAIR.search(value):  # `\ud83d\ude00` is one character
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return value


def _escaped(match: re.Match[str]) -> str:
    name = match[1]
    if name[0] != "u":
        return _LETTERS.get(name, name)
    if len(name) == 1:
        raise ValueError
    return chr(int(name[1:], 16))


def _escape(text: str, which: re.Pattern[str]) -> str:
    return which.sub(_escape_one, text)


def _escape_one(match: re.Match[str]) -> str:
    character = match[0]
    for letter, meant in _LETTERS.items():
        if character == meant:
            return f"\\{letter}"
    if " " <= character <= "~":
        return f"\\{character}"
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex().upper()}" for i in range(0, len(units), 2))


class PropertiesDocument(EntryDocument):
    """A parsed `.properties` file. Selector and key are the property's key itself."""

    escapes = re.compile(r"\\")
    whole = True

    def read(self, spelled: str) -> str:
        """Return the value that a spelling stands for."""
        return _unescape(spelled)

    def spell(self, site: Site, value: str) -> str:
        """Escape as little as possible, so that a revealed value is spelled as people would spell it.

        Characters beyond ASCII stay as they are if the encoding is stated. They become `\\uXXXX`, which reads the same
        in any encoding, if it is assumed or the file spells them so elsewhere.
        """
        return self._separated(self.head(site), value, _TO_ESCAPE.sub(self._escape_one, value))

    def _spelled(self, change: Change) -> str:
        """Spell a change; a multi-line value keeps its lines if only a piece of it changes."""
        spelled = self.source.text[change.site.start : change.site.end]
        kept = respelled(change.site.value, spelled, change.within, _AS_IT_IS) if "\n" in spelled else None
        return super()._spelled(change) if kept is None else self.encodable(change.site, kept)

    def _escape_one(self, match: re.Match[str]) -> str:
        character = match[0]
        stays = character > "~" and character.isprintable() and self._keeps_characters
        return character if stays and encodings.can_hold(self.source.codec, character) else _escape_one(match)

    @cached_property
    def _keeps_characters(self) -> bool:
        text = self.source.text
        return self.source.said and not (text.isascii() and "\\u" in text)

    def doubt(self, site: Site) -> str:
        """Return why other readers of the file may read a different value at a site, or ""."""
        if not self._is_doubtful or self.source.text[site.start : site.end].isascii():
            return ""
        return "its bytes beyond ASCII are one value to readers of UTF-8 and another to readers of ISO-8859-1"

    def may_misread(self, value: str) -> bool:
        """Return whether a value looks like UTF-8 that was read from this file as ISO-8859-1."""
        return self._is_doubtful and looks_misread(value)

    @cached_property
    def _is_doubtful(self) -> bool:
        """Whether the encoding is only assumed and the file may just as well be in UTF-8."""
        if self.source.said or self.source.codec != JAVA_ENCODING:
            return False
        try:
            self.source.encode(self.source.text).decode("utf-8")
        except UnicodeDecodeError:
            return False
        return True

    def _separated(self, head: int, value: str, spelled: str) -> str:
        """Guard a spelled value against the separator before it, which may be only blanks or nothing at all."""
        match = _ENTRY.match(self.source.text, head)
        separator = match[2] if match else ""
        if not separator:
            return f"={spelled}"
        bare = "=" not in separator and ":" not in separator
        return f"\\{spelled}" if bare and value.startswith(("=", ":")) and not spelled.startswith("\\") else spelled

    def line_span(self, ordinal: int) -> tuple[int, int]:
        """Return the span of an entry's line or lines, including the line end."""
        head, end = self.entries.heads[ordinal], self.entries.ends[ordinal]
        _, column = self.source.position(head)
        line_end = _LINE_END.match(self.source.text, end)
        return head - column + 1, line_end.end() if line_end else end

    def set_edit(self, ordinal: int, value: str) -> Edit:
        """Return the edit that sets an entry's value, escaped as by `java.util.Properties.store`."""
        spelled = self._separated(self.entries.heads[ordinal], value, _escape(value, _TO_ESCAPE_AS_STORE))
        return Edit(self.entries.starts[ordinal], self.entries.ends[ordinal], spelled)

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield the key and value of every entry, in order; of several with one key, the last takes effect."""
        for ordinal, key in enumerate(self.entries.selectors):
            yield key, self.read(self.spelled(ordinal) or "")


def looks_misread(value: str) -> bool:
    """Return whether a value has characters that UTF-8 turns into when it is read as ISO-8859-1."""
    return not value.isascii() and _UTF8_MISREAD.search(value) is not None


class PropertiesRewriter:
    """Java `.properties`, in the stated encoding or the one that their reader assumes.

    For a file of one product, `assumed` is the encoding that it reads: Carbon 5 reads `secrets.properties` in UTF-8. A
    byte order mark also means UTF-8.
    """

    name = "properties"
    suffixes = frozenset({".properties"})
    syntax = Syntax.SECRET

    def __init__(self, encoding: str | None = None, *, assumed: str = JAVA_ENCODING) -> None:
        """Read files in this encoding; without one, by their byte order mark or in the assumed encoding."""
        self._encoding, self._assumed = encoding, assumed

    def parse(self, data: bytes) -> PropertiesDocument:
        """Parse a file's bytes; raise `ConfigSyntaxError` for text in another encoding or a malformed `\\uXXXX`."""
        source = decode(data, self._encoding, self._assumed)
        return PropertiesDocument(source, _scan(source))

    def load(self, data: bytes, reveal: Callable[[Reference], str]) -> dict[str, str]:
        """Return key → value, with every reference replaced by what `reveal` returns."""
        values = dict(self.parse(data).pairs())
        return {key: references.substitute(value, reveal, whole=True) for key, value in values.items()}


def _scan(source: Source) -> Entries:
    entries = Entries()
    selectors, heads, starts, ends = entries.selectors, entries.heads, entries.starts, entries.ends
    escapes = "\\u" in source.text
    for match in _ENTRY.finditer(source.text):
        key: str | None = match[1]
        if key is None:
            break
        head = match.start(1)
        try:
            if "\\" in key:
                key = _unescape(key)
            if escapes and "\\u" in match[3]:
                _unescape(match[3])
        except ValueError:
            raise ConfigSyntaxError("a \\u is not followed by four hex digits", *source.position(head)) from None
        start, end = match.span(3)
        selectors.append(key)
        heads.append(head)
        starts.append(start)
        ends.append(end)
    return entries


def rewrite_entries(document: PropertiesDocument, changes: Mapping[str, str | None], *, ordered: bool = False) -> bytes:
    """Return the document's bytes with entries set, added and, for None, removed, proved by parsing them again.

    The value of an existing entry is replaced in place; a new entry becomes a line at the end, in the order given, with
    the file's line ends. With `ordered`, new entries go to their places among sorted keys, so that lines added by two
    people merge. Everything else stays the same, byte for byte. Raise `NoMatchError` if there is nothing to remove,
    `SelectorError` for a key that occurs on several lines, `UnrepresentableValueError` for half of a surrogate pair.
    """
    edits: list[Edit] = []
    added: dict[str, str] = {}
    for key, value in changes.items():
        ordinal = document.only(key)
        if value is None:
            if ordinal is None:
                raise NoMatchError(key)
            edits.append(Edit(*document.line_span(ordinal), ""))
            continue
        if not (key.isascii() and value.isascii()) and HALF_PAIR.search(value if ordinal is not None else key + value):
            raise UnrepresentableValueError(key, "it holds half of a surrogate pair")
        if ordinal is None:
            added[key] = value
        else:
            edits.append(document.set_edit(ordinal, value))
    source = document.source
    if ordered:
        edits += _insertions(document, added)
    data = source.encode(_append(splice(source.text, edits), added))
    proved = PropertiesRewriter(assumed=source.codec).parse(data)
    if not _entries_are(proved, document, changes, ordered=ordered):
        raise SpliceError("the rewritten properties document is not what was planned")
    return data


def _insertions(document: PropertiesDocument, added: dict[str, str]) -> list[Edit]:
    """Remove from `added` the new entries that have a place among sorted keys; sort the rest.

    A new line directly follows the entry before it, so that a comment stays above its entry.
    """
    keys = document.entries.selectors
    rest = dict(sorted(added.items()))
    if keys != sorted(keys):
        return []
    found = _LAST_LINE_END.search(document.source.text)
    places: dict[int, str] = {}
    for key in list(rest):
        place = bisect.bisect(keys, key)
        if place < len(keys) and found:
            offset = document.line_span(place - 1)[1] if place else document.line_span(0)[0]
            places[offset] = f"{places.get(offset, '')}{_line(key, rest.pop(key))}{found[1]}"
    added.clear()
    added.update(rest)
    return [Edit(offset, offset, text) for offset, text in places.items()]


def _line(key: str, value: str) -> str:
    return f"{_escape(key, _TO_ESCAPE_IN_KEY)}={_escape(value, _TO_ESCAPE_AS_STORE)}"


def _append(text: str, added: Mapping[str, str]) -> str:
    """Return the text with lines added; the last line has a line end only if it had one before."""
    if not added:
        return text
    found = _LAST_LINE_END.search(text)
    newline = found[1] if found else "\n"
    lines = newline.join(_line(key, value) for key, value in added.items())
    ended = text == "" or text[-1] in "\r\n"
    if not ended:
        text += newline
    last_line = text.removesuffix("\n").removesuffix("\r")
    if (len(last_line) - len(last_line.rstrip("\\"))) % 2:
        text += newline  # otherwise, the last line's fold would absorb the new line
    return f"{text}{lines}{newline if ended else ''}"


def _entries_are(
    proved: PropertiesDocument, before: PropertiesDocument, changes: Mapping[str, str | None], *, ordered: bool
) -> bool:
    """Return whether the entries, including replaced ones, are those of `before` with the changes made."""
    expected = [(key, changes.get(key, value)) for key, value in before.pairs()]
    expected += [(key, value) for key, value in changes.items() if key not in before.index]
    wanted = [(key, value) for key, value in expected if value is not None]
    found = list(proved.pairs())
    return sorted(found) == sorted(wanted) if ordered else found == wanted
