"""Finds the tags of a well-formed XML text. Does not validate or decode: lxml has already done so."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

WHITE = " \t\r\n"

_S = r"[ \t\r\n]"
_COMMENT = r"<!--(?:[^-]++|-(?!->)|(?!))*+-->"
_PI = r"<\?(?:[^?]++|\?(?!>)|(?!))*+\?>"
_CDATA = r"<!\[CDATA\[(?:[^\]]++|\](?!\]>)|(?!))*+\]\]>"
_QUOTED = r"""(?:"[^"]*+"|'[^']*+')"""
_SUBSET = rf"""\[(?:[^\]"'<]++|{_QUOTED}|{_COMMENT}|{_PI}|<(?!!--|\?)|(?!))*+\]{_S}*+"""
_PROLOG = re.compile(rf"""(?:{_S}++|{_COMMENT}|{_PI}|<!DOCTYPE(?:[^"'\[>]++|{_QUOTED}|(?!))*+(?:{_SUBSET})?>|(?!))*+""")
# What may hold a "<" that is no tag's, its first character taken out: the engine then leaps from "<" to "<".
_OPAQUE = "|".join(kind.removeprefix("<") for kind in (_COMMENT, _CDATA, _PI))
_ANY_NAME = r"[^ \t\r\n/>!?][^ \t\r\n/>]*+"
# After the tag, nothing but text up to an end tag: all that most elements hold.
_TAG = rf"((?:{_S}++[^ \t\r\n=/>]++{_S}*+={_S}*+{_QUOTED}|(?!))*+){_S}*+(/?)>(?:[^<]*+(</))?"
_ATTRIBUTE = re.compile(rf"{_S}++([^ \t\r\n=/>]++){_S}*+={_S}*+({_QUOTED})")
_PIECE = re.compile(rf"(?P<text>[^<&]++)|(?P<reference>&[^;]*+;)|(?P<cdata>{_CDATA})|{_COMMENT}|{_PI}")
# Declarations, and the comments and instructions that may seem to hold some.
_DECLARATION = re.compile(
    rf"{_COMMENT}|{_PI}"
    rf"|<!ATTLIST{_S}++(?P<element>[^ \t\r\n>]++)(?P<attributes>(?:[^\"'>]++|{_QUOTED}|(?!))*+)>"
    rf"|<!(?:ENTITY|ELEMENT|NOTATION)(?:[^\"'>]++|{_QUOTED}|(?!))*+>"
)
_DEFINITION = re.compile(
    rf"{_S}++(?P<name>[^ \t\r\n>]++){_S}++(?P<type>(?:NOTATION{_S}++|(?!))?+\([^)]*+\)|[^ \t\r\n(>]++)"
    rf"{_S}*+(?:#REQUIRED|#IMPLIED|(?:\#FIXED{_S}++|(?!))?+{_QUOTED})"
)
_FOREIGN = re.compile(r"&(?!#|(?:lt|gt|amp|quot|apos);)")

FEW_NAMES = 8  # up to this many names, the pattern is faster than Python


class Attribute(NamedTuple):
    """An attribute in a start tag: `before` is where the white space before it starts, `start` its value's quote."""

    name: str
    before: int
    start: int
    end: int


class Tag(NamedTuple):
    """A start tag or empty-element tag: `attributes_end` is the end of its last attribute, or of its name.

    `text_end` is where the element's end tag starts if only text precedes it, else -1.
    """

    start: int
    name: str
    attributes: tuple[Attribute, ...]
    attributes_end: int
    empty: bool
    end: int
    text_end: int


class Chunk(NamedTuple):
    """A part of an element's value: a run of text and references, or a CDATA section with its delimiters."""

    start: int
    end: int
    cdata: bool = False


class Content(NamedTuple):
    """What is in an element without child elements.

    Its value is spelled from `start`, where its first character is or would be, to `end`. `lead` and `trail` count the
    characters, as a parser sees them, of the literal white space around the value, which is not part of it.
    """

    start: int
    end: int
    lead: int = 0
    trail: int = 0
    foreign: bool = False
    """Whether the value includes a reference to an entity that a DTD defines."""
    chunks: tuple[Chunk, ...] = ()
    """The parts of the value, if it is not a single run of text and references."""


def is_foreign(spelling: str) -> bool:
    """Return whether a spelling holds a reference to an entity that XML itself does not define."""
    return "&" in spelling and _FOREIGN.search(spelling) is not None


def comments(spelling: str) -> str:
    """Return the comments and processing instructions within the spelling of a value, one after the other."""
    return "".join(piece[0] for piece in _PIECE.finditer(spelling) if piece.lastgroup is None)


class Scan:
    """The tags of one text."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def root(self) -> int:
        """Where the root's start tag starts."""
        prolog = _PROLOG.match(self.text)
        return prolog.end() if prolog else 0

    def tags(self, names: Collection[str] | None = None) -> Iterator[Tag]:
        """Yield every start tag, or those of some qualified names, in document order."""
        pattern = _ANY_NAME
        if names is not None and len(names) <= FEW_NAMES:
            pattern, names = "|".join(map(re.escape, names)), None
        for match in re.compile(rf"<(?:({pattern})(?=[ \t\r\n/>]){_TAG}|{_OPAQUE})").finditer(self.text, self.root):
            name, attributes, empty = match.group(1, 2, 3)
            if name and (names is None or name in names):
                yield Tag(
                    match.start(),
                    name,
                    self._attributes(*match.span(2)) if attributes else (),
                    match.end(2),
                    bool(empty),
                    match.end(3) + 1,
                    -1 if empty else match.start(4),
                )

    def _attributes(self, start: int, end: int) -> tuple[Attribute, ...]:
        found = _ATTRIBUTE.finditer(self.text, start, end)
        return tuple(Attribute(a[1], a.start(), a.start(2), a.end()) for a in found)

    @cached_property
    def declares_attributes(self) -> bool:
        """Whether a DTD in the text declares attributes."""
        return "<!ATTLIST" in self.text[: self.root]

    def drops_blanks(self, element: str, attribute: str) -> bool:
        """Return whether a DTD in the text declares an attribute with a type in which blanks collapse."""
        return self.declares_attributes and self._types.get((element, attribute), "CDATA") != "CDATA"

    @cached_property
    def _types(self) -> Mapping[tuple[str, str], str]:
        """The types of declared attributes; of several declarations of one, the first counts."""
        types: dict[tuple[str, str], str] = {}
        for declared in _DECLARATION.finditer(self.text, 0, self.root):
            for attribute in _DEFINITION.finditer(declared["attributes"] or ""):
                types.setdefault((declared["element"], attribute["name"]), attribute["type"])
        return types

    def plain(self, tag: Tag) -> str | None:
        """Return the value of an element without attributes whose text is spelled literally, as most are; else None."""
        if tag.attributes or tag.text_end < 0:
            return None
        inner = self.text[tag.end : tag.text_end]
        return None if "&" in inner or "\r" in inner or inner != inner.strip(WHITE) else inner

    def content(self, tag: Tag) -> Content:
        """Return the content of an element that has no child elements."""
        if tag.empty:
            return Content(tag.end, tag.end)
        start = tag.end
        if tag.text_end < 0:
            return self._pieces(start)
        inner = self.text[start : tag.text_end]
        value = inner.strip(WHITE)
        if not value:
            return Content(start, start, trail=_characters(inner))
        lead = inner.index(value[0])
        trail = len(inner) - lead - len(value)
        first, last = start + lead, tag.text_end - trail
        if "\r" in inner:
            lead, trail = _characters(inner[:lead]), _characters(inner[len(inner) - trail :])
        return Content(first, last, lead, trail, is_foreign(value))

    def _pieces(self, start: int) -> Content:
        """Split content that holds comments, processing instructions or CDATA sections."""
        text, position = self.text, start
        chunks: list[Chunk] = []
        lead = trail = 0
        foreign = False
        while match := _PIECE.match(text, position):
            kind, position = match.lastgroup, match.end()
            first, last = match.span()
            if kind is None:
                continue
            if kind == "text":
                blank = _characters(match[0]) if not match[0].strip(WHITE) else 0
                if blank and not chunks:
                    lead += blank
                    continue
                if not chunks:
                    first += len(match[0]) - len(match[0].lstrip(WHITE))
                    lead += _characters(text[match.start() : first])
                after = len(match[0]) - len(match[0].rstrip(WHITE))
                trail = trail + blank if blank else _characters(match[0][len(match[0]) - after :])
            else:
                trail = 0
                foreign |= kind == "reference" and is_foreign(match[0])
            if chunks and chunks[-1].end == first and not chunks[-1].cdata and kind != "cdata":
                first = chunks.pop().start
            chunks.append(Chunk(first, last, kind == "cdata"))
        if not chunks:  # what is written goes to the start, before all the white space
            return Content(start, start, trail=lead)
        parts = self._without_trailing_white(chunks)
        return Content(parts[0].start, parts[-1].end, lead, trail, foreign, parts)

    def _without_trailing_white(self, chunks: list[Chunk]) -> tuple[Chunk, ...]:
        while not chunks[-1].cdata:
            last = chunks.pop()
            end = last.start + len(self.text[last.start : last.end].rstrip(WHITE))
            if end > last.start:
                chunks.append(Chunk(last.start, end))
                break
        return tuple(chunks)


def _characters(text: str) -> int:
    """Count characters as a parser does: CRLF is one."""
    return len(text) - text.count("\r\n")
