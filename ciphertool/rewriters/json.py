"""JSON, also with comments and trailing commas: `json` judges and gives the values, a scanner the places.

What a member means is not known here.
"""

from __future__ import annotations

import json
import re
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NoReturn, Self

from ciphertool.errors import ConfigSyntaxError
from ciphertool.references import Syntax
from ciphertool.rewriters.base import Source
from ciphertool.rewriters.tree import TreeDocument, check_depth, leaves, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from ciphertool.references import Reference
    from ciphertool.rewriters.jsonpath import Location
    from ciphertool.rewriters.tree import Span

# Possessive or atomic: nothing to go back for, in hostile text least of all. No optional group is possessive, as in
# `(?:…)?+`: Python before 3.11.5 goes on wrongly after one that fails. A quote behind no backslash ends any string.
_STRING = r'"(?>[^"]*+(?<!\\)"|[^"\\]*+(?:\\.[^"\\]*+)*+")'
# What has no end goes to the end of the text: to search on in it would take its length squared.
_STRING_OR_REST = r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
_COMMENTED = re.compile(rf"//[^\r\n]*+|/\*.*?\*/|({_STRING_OR_REST}|/\*.*)", re.DOTALL)
_TRAILING = re.compile(
    rf"{_STRING_OR_REST}|[\[{{,]\s*+,|,(?=\s*+[\]}}])", re.DOTALL
)  # a comma after nothing is no trailing one
_VISIBLE = re.compile(r"[^\r\n]")
_BEFORE = rf"[\s,]*+(?>{_STRING}\s*+:\s*+|)"
_SCALAR = rf"(?>{_STRING}|[-+.0-9A-Za-z]++)"
_STRIDE = 8  # scalars that are passed by at once, by as many patterns at most
_ESCAPED_CHARACTER = re.compile(r"\\u(?!00[01])")

_skip = json.JSONDecoder().raw_decode


class _EarlierKey(str):
    """A key that stands in its object again later. It equals no name that a selector can spell."""

    ordinal: int

    def __new__(cls, key: str, ordinal: int) -> Self:
        earlier = super().__new__(cls, key)
        earlier.ordinal = ordinal
        return earlier

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _EarlierKey) and self.ordinal == other.ordinal and str(self) == str(other)

    def __hash__(self) -> int:
        return hash((str(self), self.ordinal))


class _Repeating(dict[str, Any]):
    """An object in which keys stand more than once: the last of each counts, but none is lost."""

    repeated: frozenset[str]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    last = {key: ordinal for ordinal, (key, _) in enumerate(pairs)}
    keys = [key if last[key] == ordinal else _EarlierKey(key, ordinal) for ordinal, (key, _) in enumerate(pairs)]
    repeating = _Repeating(zip(keys, (value for _, value in pairs), strict=True))
    repeating.repeated = frozenset(str(key) for key in keys if isinstance(key, _EarlierKey))
    return repeating


def _no_constant(_: str) -> NoReturn:
    raise ConfigSyntaxError("NaN and Infinity are not JSON")


@cache
def _skipping(scalars: int) -> Callable[[str, int], re.Match[str]]:
    """Return what matches so many scalar members and, up to a bracket or with its spelling as the group, one more."""
    pattern = rf"(?:{_BEFORE}{_SCALAR}){{{scalars}}}+{_BEFORE}({_SCALAR}|)"
    return re.compile(pattern, re.DOTALL).match  # type: ignore[return-value]  # asked only where so many are


class _Scanner:
    """Finds the places of scalars. The data says what is where, so that the text between them is passed by unread."""

    def __init__(self, text: str, data: object, locations: Collection[Location]) -> None:
        self.places: dict[Location, Span] = {}
        self._text = text
        self._missing = len(locations)
        wanted: dict[str | int, Any] = {}  # a tree of the locations' steps; a scalar is an empty tree
        for location in locations:
            steps = wanted
            for step in location:
                steps = steps.setdefault(step, {})
        self._inside(self._member(0, 0).end(), data, wanted, ())

    def _inside(self, position: int, node: Any, wanted: Mapping[str | int, Any], location: Location) -> int:
        """Scan a list or object; return its end, or where the last place of all was found."""
        position += 1
        scalars = 0
        for step, child in node.items() if isinstance(node, dict) else enumerate(node):
            below = wanted.get(step)
            if below is None and (type(child) is str or not isinstance(child, (dict, list))):
                scalars += 1
                continue
            match = self._member(position, scalars)
            position = match.end()
            scalars = 0
            if below is None:
                position = _skip(self._text, position)[1]
            elif below:
                position = self._inside(position, child, below, (*location, step))
            else:
                self.places[*location, step] = match.span(1)
                self._missing -= 1
            if not self._missing:
                return position
        return self._member(position, scalars).end() + 1

    def _member(self, position: int, scalars: int) -> re.Match[str]:
        """Return the match of the member, or of the end, that follows so many scalars."""
        while scalars >= _STRIDE:
            position = _skipping(_STRIDE - 1)(self._text, position).end()
            scalars -= _STRIDE
        return _skipping(scalars)(self._text, position)


class JsonDocument(TreeDocument):
    """A parsed JSON file. What stands under a key that its object has twice is neither a site nor a target."""

    def __init__(self, source: Source, judged: str, data: object) -> None:
        super().__init__(source, data)
        self.judged = judged
        """The text with comments and trailing commas blanked out."""

    def places(self, locations: Collection[Location]) -> Mapping[Location, Span]:
        """Return the span of each of these scalars."""
        if not isinstance(self.data, (dict, list)):
            return {(): _skipping(0)(self.judged, 0).span(1)}
        return _Scanner(self.judged, self.data, locations).places if locations else {}

    def refusal(self, location: Location, value: object) -> str | None:
        """Return why what is at a location is no target, or None."""
        return self._repeated(location) or super().refusal(location, value)

    def leaves(self) -> Iterator[tuple[Location, object]]:
        """Yield every scalar that a selector can name, with its location, in any order."""
        return ((location, value) for location, value in leaves(self.data) if not self._repeated(location))

    def _repeated(self, location: Location) -> str | None:
        node: Any = self.data
        for step in location:
            if isinstance(node, _Repeating) and str(step) in node.repeated:
                return f"the key {str(step)!r} is there more than once"
            node = node[step]
        return None

    @cached_property
    def _encode(self) -> Callable[[str], str]:
        """What spells a string with the escapes it needs, and with those that the document has the habit of."""
        text = self.source.text
        to_ascii = text.isascii() and _ESCAPED_CHARACTER.search(text) is not None
        encode = json.JSONEncoder(ensure_ascii=to_ascii).encode
        return (lambda value: encode(value).replace("/", r"\/")) if r"\/" in text else encode

    def spell(self, value: str, spelled: str) -> str:  # noqa: ARG002 - the habit is the document's, not the string's
        """Spell a value as the document spells its strings."""
        return self._encode(value)


class JsonRewriter:
    """JSON, as `json` reads it; comments and trailing commas are accepted in every file."""

    name = "json"
    suffixes = frozenset({".json", ".jsonc"})
    syntax = Syntax.SECRET

    def parse(self, data: bytes) -> JsonDocument:
        """Parse a file's bytes."""
        source = Source.decode(data)
        judged = source.text
        try:
            try:
                tree = _judge(judged)
            except json.JSONDecodeError:
                judged = _blanked(judged)
                tree = _judge(judged)
        except json.JSONDecodeError as error:
            reason = error.msg.partition(": ")[0]
            raise ConfigSyntaxError(reason[:1].lower() + reason[1:], *source.position(error.pos)) from None
        except RecursionError:
            raise ConfigSyntaxError("nested too deeply") from None
        except ValueError:
            raise ConfigSyntaxError("a number has too many digits") from None
        check_depth(tree)
        return JsonDocument(source, judged, tree)

    def load(self, data: bytes, reveal: Callable[[Reference], str]) -> object:
        """Return what `json` gives, with the references in its strings replaced; of a repeated key the last counts."""
        return resolve(json.loads(self.parse(data).judged), reveal)


def _judge(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)


def _blanked(text: str) -> str:
    """Return a text of the same length with blanks for comments and trailing commas."""
    text = _COMMENTED.sub(lambda m: m[1] or _VISIBLE.sub(" ", m[0]), text)
    return _TRAILING.sub(lambda m: " " if m[0] == "," else m[0], text)
