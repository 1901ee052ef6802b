"""JSON, also with comments and trailing commas: `json` validates and reads the values, a scanner finds their places.

Independent of what a member means.
"""

from __future__ import annotations

import json
import re
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from ciphertool.errors import ConfigSyntaxError, SelectorError
from ciphertool.references import Syntax
from ciphertool.rewriters import jsonpath, places
from ciphertool.rewriters.base import Document, Source
from ciphertool.rewriters.tree import EarlierKey, TreeDocument, by_steps, leaves, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from ciphertool.references import Reference
    from ciphertool.rewriters.base import Outline, Site
    from ciphertool.rewriters.jsonpath import Location
    from ciphertool.rewriters.tree import Span, Steps

# Possessive or atomic: nothing to go back for, in hostile text least of all. A quote behind no backslash ends any
# string.
_STRING = r'"(?>[^"]*+(?<!\\)"|[^"\\]*+(?:\\.[^"\\]*+)*+")'
# An unterminated string extends to the end of the text: searching inside it would take quadratic time.
_STRING_OR_REST = r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
_COMMENTED = re.compile(rf"//[^\r\n]*+|/\*.*?\*/|({_STRING_OR_REST}|/\*.*)", re.DOTALL)
_TRAILING = re.compile(
    rf"{_STRING_OR_REST}|[\[{{,]\s*+,|,(?=\s*+[\]}}])", re.DOTALL
)  # a comma after nothing is not a trailing comma
_VISIBLE = re.compile(r"[^\r\n]")
_BETWEEN = r"[ \t\n\r,:\[\]{}]*+"
_TOKEN = rf"(?>{_STRING}|[-+.0-9A-Za-z]++)"
# Or the end: otherwise, what follows the last token would be searched again from each of its characters.
_KEY_OR_SCALAR = re.compile(rf"{_BETWEEN}(?:({_TOKEN})([ \t\n\r]*+:)?|\Z)", re.DOTALL)
_STRIDE = 64  # the most tokens that one match skips, and so the most patterns
_ESCAPED_CHARACTER = re.compile(r"\\u(?!00[01])")


class _ConstantError(Exception):
    """NaN or Infinity, which `json` would accept."""


class _Repeating(dict[str, Any]):
    """An object with duplicate keys: the last of each takes effect, but none is lost."""

    repeated: frozenset[str]


_CONTAINERS = frozenset({list, dict, _Repeating})


class _Judge:
    """A `json` decoder that keeps what is under a duplicate key; `repeating` is True if there was one."""

    def __init__(self) -> None:
        self.repeating = False

    def loads(self, text: str) -> Any:
        """Return the data of a text."""
        return json.loads(text, object_pairs_hook=self._object, parse_constant=_no_constant)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) == len(pairs):
            return members
        self.repeating = True
        return _repeating(pairs)


def _repeating(pairs: list[tuple[str, Any]]) -> _Repeating:
    last = {key: ordinal for ordinal, (key, _) in enumerate(pairs)}
    keys = [key if last[key] == ordinal else EarlierKey(key, ordinal) for ordinal, (key, _) in enumerate(pairs)]
    repeating = _Repeating(zip(keys, (value for _, value in pairs), strict=True))
    repeating.repeated = frozenset(str(key) for key in keys if isinstance(key, EarlierKey))
    return repeating


def _no_constant(_: str) -> NoReturn:
    raise _ConstantError


@cache
def _skipping(tokens: int) -> Callable[[str, int], re.Match[str]]:
    """Return a matcher that skips so many tokens and captures the spelling of the next one."""
    pattern = rf"(?:{_BETWEEN}{_TOKEN}){{{tokens}}}+{_BETWEEN}({_TOKEN})"
    return re.compile(pattern, re.DOTALL).match  # type: ignore[return-value]  # called only if there are so many


class _Scanner:
    """Finds the places of scalars. The data determines how many tokens precede each, so the text is skipped unread.

    A token is a key or a scalar: everything in a text except blanks and punctuation.
    """

    def __init__(self, text: str, data: object, locations: Iterable[Location]) -> None:
        self.places: dict[Location, Span] = {}
        self._text = text
        self._position = 0
        self._passed = 0
        self._inside(data, by_steps(dict.fromkeys(locations, True)), (), 0)

    def _inside(self, node: Any, wanted: Steps, location: Location, tokens: int) -> int:
        """Find places in a list or object that follows so many tokens; return how many tokens precede its end."""
        is_object = isinstance(node, dict)
        if _CONTAINERS.isdisjoint(map(type, node.values() if is_object else node)):
            width = 2 if is_object else 1
            for ordinal, step in enumerate(node if is_object else range(len(node))) if wanted else ():
                if step in wanted:
                    self.places[*location, step] = self._place(tokens + (ordinal + 1) * width - 1)
            return tokens + len(node) * width
        for step, child in node.items() if is_object else enumerate(node):
            tokens += is_object
            if type(child) in _CONTAINERS:
                tokens = self._inside(child, wanted.get(step, {}), (*location, step), tokens)
            else:
                if step in wanted:
                    self.places[*location, step] = self._place(tokens)
                tokens += 1
        return tokens

    def _place(self, tokens: int) -> Span:
        """Return the place of the token after so many others; callers must ask in ascending order."""
        position, ahead = self._position, tokens - self._passed
        while ahead >= _STRIDE:
            position = _skipping(_STRIDE - 1)(self._text, position).end()
            ahead -= _STRIDE
        match = _skipping(ahead)(self._text, position)
        self._position, self._passed = match.end(), tokens + 1
        return match.span(1)


class JsonDocument(TreeDocument):
    """A parsed JSON file. A value under a duplicate key is neither a site nor a target."""

    escapes = re.compile(r"\\")

    def __init__(self, source: Source, judged: str, data: object, *, repeating: bool) -> None:
        super().__init__(source, data)
        self.judged = judged
        """The text with comments and trailing commas blanked out."""
        self._repeating = repeating

    def places(self, locations: Collection[Location]) -> Mapping[Location, Span]:
        """Return the span of each of these scalars."""
        if not isinstance(self.data, (dict, list)):
            return {(): _skipping(0)(self.judged, 0).span(1)}
        return _Scanner(self.judged, self.data, locations).places

    def refusal(self, location: Location, value: object) -> str | None:
        """Return why a location is not a target, or None."""
        return self._repeated(location) or super().refusal(location, value)

    def leaves(self) -> Iterator[tuple[Location, object]]:
        """Yield every scalar that a selector can name, with its location, in any order."""
        found = leaves(self.data)
        return (leaf for leaf in found if not self._repeated(leaf[0])) if self._repeating else found

    def sites(self) -> Iterator[Site]:
        """Yield every scalar in document order."""
        if self._repeating:  # values under duplicate keys are left out
            return super().sites()
        scalars = (match.span(1) for match in _KEY_OR_SCALAR.finditer(self.judged) if match.lastindex == 1)
        found = zip(jsonpath.leaves(self.data), scalars, strict=True)
        return (self.site(selector, key, span, value) for (selector, key, value), span in found)

    def strays(self) -> Iterator[SelectorError]:
        """Yield an error for each reference under a key that occurs more than once."""
        return self.shadowed_references()

    def shadowed(self) -> Iterator[Site]:
        """Yield every scalar under a key that its object has more than once."""
        values = {at: value for at, value in leaves(self.data) if self._repeated(at)} if self._repeating else {}
        for location, span in self.places(values).items() if values else ():
            yield self.site(jsonpath.normalized(location), jsonpath.dotted(location), span, values[location])

    def outline(self) -> Outline:
        """Return the selectors, keys and values of all sites."""
        return Document.outline(self) if self._repeating else super().outline()

    def _repeated(self, location: Location) -> str | None:
        node: Any = self.data
        for step in location if self._repeating else ():
            if isinstance(node, _Repeating) and str(step) in node.repeated:
                return f"the key {str(step)!r} occurs more than once"
            node = node[step]
        return None

    @cached_property
    def _encode(self) -> Callable[[str], str]:
        """The function that spells a string with the escapes it needs, and those that the document habitually uses."""
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

    def __init__(self, encoding: str | None = None) -> None:
        """Read files in this encoding; without one, it is UTF-8, or UTF-16 with a byte order mark."""
        self._encoding = encoding

    def parse(self, data: bytes) -> JsonDocument:
        """Parse a file's bytes."""
        source = Source.decode(data, said=self._encoding)
        judged, judge = source.text, _Judge()
        try:
            try:
                tree = judge.loads(judged)
            except json.JSONDecodeError:
                judged, judge = _blanked(judged), _Judge()
                tree = judge.loads(judged)
        except json.JSONDecodeError as error:
            said, empty = error.msg.partition(": ")[0], not source.text.strip()
            reason = "the file is empty" if empty else f"{said[:1].lower()}{said[1:]}"
            hint = "restore the file, or write {} if it holds nothing" if empty else ""
            raise ConfigSyntaxError(f"not well-formed JSON: {reason}", *source.position(error.pos), hint=hint) from None
        except _ConstantError:
            raise ConfigSyntaxError("NaN and Infinity are not JSON", *places.of_constant(judged)) from None
        except RecursionError:
            raise ConfigSyntaxError("nested too deeply", *places.of_depth(judged)) from None
        except ValueError:
            raise ConfigSyntaxError("a number has too many digits", *places.of_long_number(judged)) from None
        return JsonDocument(source, judged, tree, repeating=judge.repeating)

    def load(self, data: bytes, reveal: Callable[[Reference], str]) -> object:
        """Return what `json` returns, with the references in its strings replaced; the last of equal keys counts."""
        return resolve(json.loads(self.parse(data).judged), reveal)


def _blanked(text: str) -> str:
    """Return a text of the same length, with blanks in place of comments and trailing commas."""
    text = _COMMENTED.sub(lambda m: m[1] or _VISIBLE.sub(" ", m[0]), text)
    return _TRAILING.sub(lambda m: " " if m[0] == "," else m[0], text)
