"""TOML: `tomllib` validates and reads the values, a scanner finds their places. Independent of what a table means."""

from __future__ import annotations

import re
import tomllib
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from ciphertool.errors import ConfigSyntaxError
from ciphertool.references import Syntax
from ciphertool.rewriters.base import Source
from ciphertool.rewriters.toml_data import BASIC, KEY, LITERAL, LONG_STRING, PART, read
from ciphertool.rewriters.tree import TreeDocument, by_steps, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from ciphertool.references import Reference
    from ciphertool.rewriters.jsonpath import Location
    from ciphertool.rewriters.tree import Span, Steps

# The text is known to be valid, so the patterns only need to distinguish things. Possessive: no need to backtrack.
_BLANK = r"(?:[ \t\r\n]++|\#[^\n]*+)*+"
_VALUE = (
    rf"(?:{LONG_STRING}|{BASIC}|{LITERAL}"
    r"|[0-9A-Za-z_+:.-]++(?:\ [0-9][0-9:.Zz+-]*+)?+)"  # a date and its time may stand apart
)
_IS = r"[ \t]*+=[ \t]*+"
# The empty group is where what stands before ends.
_STATEMENT = rf"()(?:{_BLANK}(?:({KEY}){_IS}({_VALUE}|(?!))?+|(\[\[?+)[ \t]*+({KEY})[ \t]*+\]\]?+|[}},])|(?!))?+"
_NEXT = re.compile(_STATEMENT)
_NEXT_BUT_SCALARS = re.compile(rf"(?:{_BLANK}(?:{KEY}{_IS}{_VALUE}|,)|(?!))*+{_STATEMENT}")
_ELEMENT = re.compile(rf"{_BLANK}(?:({_VALUE})(?:{_BLANK},|(?!))?+|[\[\]{{,])")
_PARTS = re.compile(PART)
_OPENING = re.compile(r"(?:\"\"\"|\'\'\')(?:\r\n|\n)?+|[\"']")
_NEWLINE = re.compile(r"\r?\n")

_NOT_IN_LITERAL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f']")
_NOT_IN_LONG_LITERAL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]|'''")
_NAMED = {"\b": r"\b", "\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r", '"': r"\"", "\\": r"\\"}
_ESCAPES = str.maketrans({chr(c): f"\\u{c:04X}" for c in (*range(32), 127)} | _NAMED)
_LONG_ESCAPES = {character: escape for character, escape in _ESCAPES.items() if chr(character) not in '\t\n"'}

_WHERE = re.compile(r"\(at line (\d+), column (\d+)\)")
# The words of `tomllib`, and what it quotes of its own; what it quotes of the document comes after.
_REASON = re.compile(r"""(?:[A-Za-z /-]|'(?:=|]]?|\\)'|"'(?:'')?"|(?!))++""")
_DECLARED_AGAIN = {"Cannot declare", "Cannot redefine namespace", "Cannot mutate immutable namespace"}

_NOTHING: Steps = {}


class _Scanner:
    """Finds the places of scalars and the end of each table's own lines, in one pass."""

    def __init__(self, text: str, locations: Iterable[Location]) -> None:
        self.places: dict[Location, Span] = {}
        self.ends: dict[Location, int] = {}
        self.starts: dict[Location, int] = {}
        """Where each wanted value that is not a scalar begins."""
        self._text = text
        self._wanted = by_steps(dict.fromkeys(locations, True))
        self._keys: dict[str, tuple[str, ...]] = {}
        self._last: dict[Location, int] = {}  # the index of the last `[[element]]`
        self._members(0, (), self._wanted)

    def _members(self, position: int, location: Location, wanted: Steps) -> int:
        """Scan a document or the inside of an inline table; return where the scan ended."""
        text, keys, left = self._text, self._keys, len(wanted)
        while match := (_NEXT if left else _NEXT_BUT_SCALARS).match(text, position):
            _, key, scalar, bracket, header = match.groups()
            position = match.end()
            if key:
                steps = keys.get(key) or self._key(key)
                below = _below(wanted, steps)
                if not scalar:
                    if below is True:
                        self.starts.setdefault(location + steps, position)
                        below = _NOTHING
                    position = self._container(position, location + steps, below)
                elif below is True:
                    self.places[location + steps] = match.span(3)
                    left -= len(steps) == 1  # the wanted values of a table may be on any line
            elif bracket:
                self.ends[location] = match.start(1)
                key = self._key(header)
                if _below(self._wanted, key) is True:
                    self.starts.setdefault(key, match.start(5))
                location = self._table(key, is_element=bracket == "[[")
                wanted = _below(self._wanted, location)
                wanted = _NOTHING if isinstance(wanted, bool) else wanted
                left = len(wanted)
            elif position == match.start(1):
                break
            elif text[position - 1] == "}":
                return position
        self.ends[location] = position
        return position

    def _container(self, position: int, location: Location, wanted: Steps) -> int:
        if self._text[position] == "{":
            return self._members(position + 1, location, wanted)
        position += 1
        index = 0
        while match := _ELEMENT.match(self._text, position):
            position = match.end()
            if match[1]:
                if index in wanted:
                    self.places[*location, index] = match.span(1)
                index += 1
            elif self._text[position - 1] == "]":
                break
            elif self._text[position - 1] != ",":
                position = self._container(position - 1, (*location, index), wanted.get(index, {}))
                index += 1
        return position

    def _key(self, spelled: str) -> tuple[str, ...]:
        """Return the parts of a dotted key."""
        parts = tuple(_unquoted(part) for part in _PARTS.findall(spelled))
        return self._keys.setdefault(spelled, parts)

    def _table(self, key: tuple[str, ...], *, is_element: bool) -> Location:
        """Return the location of a header: each `[[array]]` on the way stands for its last element."""
        location: Location = ()
        for depth, part in enumerate(key, 1):
            location = (*location, part)
            if is_element and depth == len(key):
                self._last[location] = self._last.get(location, -1) + 1
            if location in self._last:
                location = (*location, self._last[location])
        return location


def _below(wanted: Steps, steps: Location) -> Any:
    """Return what is wanted at a location below this one: True for a scalar, otherwise what is wanted in it."""
    below: Any = wanted
    for step in steps:
        below = _NOTHING if below is True else below.get(step, _NOTHING)
    return below


def _unquoted(part: str) -> str:
    if part[0] not in "\"'":
        return part
    return part[1:-1] if part[0] == "'" or "\\" not in part else cast("str", tomllib.loads(f"k={part}")["k"])


class TomlDocument(TreeDocument):
    """A parsed TOML file; `data` is what `tomllib` returns."""

    escapes = re.compile(r"\\")
    data: dict[str, Any]

    @cached_property
    def newline(self) -> str:
        """The line end of the first line."""
        match = _NEWLINE.search(self.source.text)
        return match[0] if match else "\n"

    def places(self, locations: Collection[Location]) -> Mapping[Location, Span]:
        """Return the span of each of these scalars."""
        return _Scanner(self.source.text, locations).places

    def starts(self, locations: Collection[Location]) -> Mapping[Location, int]:
        """Return the offset at which each of these values begins, whatever its kind."""
        scanned = _Scanner(self.source.text, locations)
        return {**scanned.starts, **{location: start for location, (start, _) in scanned.places.items()}}

    def end_of_table(self, location: Location) -> int | None:
        """Return the end of the last statement under the header of a table, or None if it has no header."""
        return _Scanner(self.source.text, ()).ends.get(location)

    def spell(self, value: str, spelled: str) -> str:
        """Spell a value in the quotes of `spelled`, or in double quotes if `'` cannot hold it.

        A line end right after the opening quotes is not part of the value and stays, so that a reference in its place
        preserves the value's layout.
        """
        match = _OPENING.match(spelled)
        opening = match[0] if match else '"'
        quotes = opening.rstrip("\r\n")
        newline = opening[len(quotes) :]
        is_long = len(quotes) == 3
        if quotes[0] == '"' or (_NOT_IN_LONG_LITERAL if is_long else _NOT_IN_LITERAL).search(value):
            quotes = '"' * len(quotes)
            value = value.translate(_LONG_ESCAPES if is_long else _ESCAPES).replace('"""', '""\\"')
        if is_long:
            # A leading line end would be read as layout.
            newline = newline or (self.newline if value.startswith("\n") else "")
            value = value.replace("\n", newline or self.newline)
        return f"{quotes}{newline}{value}{quotes}"


class TomlRewriter:
    """TOML 1.0, as `tomllib` reads it."""

    name = "toml"
    suffixes = frozenset({".toml"})
    syntax = Syntax.SECRET

    def __init__(self, encoding: str | None = None) -> None:
        """Read files in this encoding; without one, it is UTF-8."""
        self._encoding = encoding

    def parse(self, data: bytes) -> TomlDocument:
        """Parse a file's bytes; a byte order mark, which TOML does not define, is accepted and kept."""
        source = Source.decode(data, said=self._encoding)
        if source.codec != "utf-8":
            raise ConfigSyntaxError("not UTF-8 text", 1, 1)
        try:
            values = read(source.text)
        except ValueError as error:
            raise _syntax_error(source, error) from None
        return TomlDocument(source, values)

    def load(self, data: bytes, reveal: Callable[[Reference], str]) -> object:
        """Return what `tomllib` returns, with the references in its strings replaced."""
        return resolve(self.parse(data).data, reveal)


def _syntax_error(source: Source, error: ValueError) -> ConfigSyntaxError:
    """Return the error of `tomllib` without what it quotes from the document."""
    message = str(error)
    where = _WHERE.search(message)
    line, column = (int(where[1]), int(where[2])) if where else source.position(len(source.text))
    said = _REASON.match(message)
    reason = said[0].strip() if said else "cannot be read"
    if reason in _DECLARED_AGAIN:
        reason = "a key or table is declared again"
    return ConfigSyntaxError(f"not well-formed TOML: {reason[:1].lower()}{reason[1:]}", line, column)
