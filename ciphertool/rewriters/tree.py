"""What TOML and JSON share: documents whose reference parser returns plain data, while a scanner finds the places.

Data consists of dicts, lists and scalars; a place is the span of a scalar's spelling. Independent of the spelling.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from ciphertool import references
from ciphertool.errors import ConfigSyntaxError, NoMatchError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters import jsonpath, places
from ciphertool.rewriters.base import Document, Edit, Outline, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from ciphertool.rewriters.base import Change, Source
    from ciphertool.rewriters.jsonpath import Location

Span: TypeAlias = tuple[int, int]
Steps: TypeAlias = dict[str | int, Any]

A_VALUE_OF_IT = "name a value in it, such as `$.datasource.password`; `.*` names all of them"
_MAX_DEPTH = 500
_CONTAINERS = (dict, list)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NO_CHARACTER = "half of a surrogate pair, which is not a character"
_KINDS: dict[type, str] = {bool: "a boolean", int: "a number", float: "a number", dict: "a table", list: "a list"}


class EarlierKey(str):
    """A key that occurs again later in its table. It does not equal any name that a selector can spell."""

    ordinal: int

    def __new__(cls, key: str, ordinal: int) -> Self:
        """Return the key that comes `ordinal` places after the first one."""
        earlier = super().__new__(cls, key)
        earlier.ordinal = ordinal
        return earlier

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EarlierKey) and self.ordinal == other.ordinal and str(self) == str(other)

    def __hash__(self) -> int:
        return hash((str(self), self.ordinal))


def by_steps(leaves: Mapping[Location, object]) -> Steps:
    """Return values by location as a tree of steps."""
    tree: Steps = {}
    for (*steps, last), leaf in leaves.items():
        below = tree
        for step in steps:
            below = below.setdefault(step, {})
        below[last] = leaf
    return tree


def replaced(node: Any, values: Steps) -> Any:
    """Return a copy of a list or table with scalars replaced; only the containers on the way are copied."""
    copy = node.copy()
    for step, value in values.items():
        copy[step] = replaced(copy[step], value) if isinstance(value, dict) else value
    return copy


def traits(data: object) -> list[object]:
    """Return everything that can distinguish equal data; raise `RecursionError` if it is nested over 500 deep.

    That is the scalars that are not strings, since 1 == True == 1.0, and the keys of these scalars and of their
    containers, since the order of keys identifies each.
    """
    found: list[object] = []
    level: list[Any] = [[data]]
    for _ in range(_MAX_DEPTH + 2):
        # Most are strings, and this is the fastest test for them.
        rest = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if type(child) is not str
        ]
        if rest:
            tables = [node for node in level if isinstance(node, dict)]
            found += [key for table in tables for key, child in table.items() if type(child) is not str]
            found += [child for child in rest if not isinstance(child, _CONTAINERS)]
        level = [child for child in rest if isinstance(child, _CONTAINERS)]
        if not level:
            return found
    raise RecursionError


def check_characters(selector: str, value: str) -> None:
    """Raise `UnrepresentableValueError` if no encoding can hold a text."""
    if _SURROGATE.search(value):
        raise UnrepresentableValueError(selector, f"it holds {_NO_CHARACTER}")


def leaves(data: object) -> Iterator[tuple[Location, object]]:
    """Yield every scalar with its location."""
    stack: list[tuple[Location, Any]] = [((), data)]
    while stack:
        location, node = stack.pop()
        if isinstance(node, dict):
            stack += [((*location, key), child) for key, child in node.items()]
        elif isinstance(node, list):
            stack += [((*location, index), child) for index, child in enumerate(node)]
        else:
            yield location, node


def same(old: object, new: object) -> bool:
    """Return whether data is the same and of the same types: 1 is neither True nor 1.0. The order of keys is free."""
    stack: list[tuple[Any, Any]] = [(old, new)]
    while stack:
        a, b = stack.pop()
        if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
            stack += [(value, b[key]) for key, value in a.items()]
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            stack += zip(a, b, strict=True)
        elif type(a) is not type(b) or repr(a) != repr(b):  # by repr: 0.0 == -0.0, and nan != nan
            return False
    return True


def resolve(data: object, reveal: Callable[[Reference], str]) -> object:
    """Replace every reference in the data's string values by what `reveal` returns, in place; return the data."""
    root = [data]
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(child, str):
                node[key] = references.substitute(child, reveal)
            elif isinstance(child, _CONTAINERS):
                stack.append(child)
    return root[0]


class TreeDocument(Document):
    """A document of nested tables and lists whose selectors are JSONPaths and whose targets are its strings.

    `data` is what the reference parser returns. A scalar of another type is a site whose value is its spelling, but not
    a target: a reference is a string, so an application would silently get a different type than it expects.
    """

    def __init__(self, source: Source, data: object) -> None:
        self.source = source
        self.data = data
        try:
            self._traits = traits(data)
            self._locations: dict[str, Location] = {}  # of sites that selectors named, which a rewrite needs again
        except RecursionError:
            raise ConfigSyntaxError("nested too deeply", *places.of_depth(source.text)) from None

    @abstractmethod
    def places(self, locations: Collection[Location]) -> Mapping[Location, Span]:
        """Return the span, including quotes, of each of these scalars of `data`, and possibly of others."""

    @abstractmethod
    def spell(self, value: str, spelled: str) -> str:
        """Spell a value as similarly as possible to the spelling that it replaces."""

    def refusal(self, location: Location, value: object) -> str | None:
        """Return why a location is not a target, or None."""
        if isinstance(value, str) and not _SURROGATE.search(value):
            return None
        name = jsonpath.dotted(location) or "the document"
        if isinstance(value, str):
            return f"{name} holds {_NO_CHARACTER}"
        kind = _KINDS.get(type(value), "a date or time")
        return f"{name} is {kind}" + ("" if isinstance(value, _CONTAINERS) else "; write it as a string first")

    def leaves(self) -> Iterator[tuple[Location, object]]:
        """Yield every scalar that a selector can name, with its location, in any order."""
        return leaves(self.data)

    def sites(self) -> Iterator[Site]:
        """Yield every scalar in document order."""
        values = dict(self.leaves())
        places = self.places(values)
        above: Location | None = None
        path = key = ""
        for location in sorted(values, key=places.__getitem__):
            if location[:-1] != above:
                above = location[:-1]
                path, key = jsonpath.normalized(above), "".join(f"{step}." for step in above)
            selector, name = (path + jsonpath.spelled(location[-1]), f"{key}{location[-1]}") if location else ("$", "")
            yield self.site(selector, name, places[location], values[location])

    def outline(self) -> Outline:
        """Return all sites by their selectors, keys and values, without looking for their places."""
        selectors, keys, nodes = jsonpath.columns(self.data)
        values = [node if isinstance(node, str) else "" for node in nodes]
        return Outline(selectors, keys, values, references.within(values))

    def pick(self, selectors: Collection[str]) -> list[Site]:
        """Return the sites that have these selectors."""
        locations = {selector: jsonpath.steps(selector) for selector in selectors}
        places = self.places(locations.values())
        return [
            self.site(selector, jsonpath.dotted(location), places[location], self._value(location))
            for selector, location in locations.items()
        ]

    def locate(self, selectors: Sequence[str]) -> list[tuple[Site, ...] | SelectorError]:
        """Return, for each JSONPath, the strings it names, or an error: one value that is not a string refuses all."""
        found = jsonpath.locate(self.data, selectors)
        named = {at: self._value(at) for locations in found if isinstance(locations, tuple) for at in locations}
        places = self.places([at for at, value in named.items() if not isinstance(value, _CONTAINERS)])
        result: list[tuple[Site, ...] | SelectorError] = []
        for selector, locations in zip(selectors, found, strict=True):
            try:
                if isinstance(locations, SelectorError):
                    raise locations
                result.append(tuple([self._target(selector, at, named[at], places.get(at)) for at in locations]))
            except SelectorError as error:
                result.append(error)
        return result

    def by_names(self, sites: Sequence[Site]) -> list[tuple[str, ...]]:
        """Return, for each site with an index in its path, a JSONPath by names if there is one."""
        spelled = jsonpath.ByNames(self.data)
        paths = [spelled.path(jsonpath.steps(site.selector)) for site in sites]
        return [(path,) if jsonpath.is_by_name(path) else () for path in paths]

    def _value(self, location: Location) -> object:
        node: Any = self.data
        for step in location:
            node = node[step]
        return node

    def _target(self, selector: str, location: Location, value: object, span: Span | None) -> Site:
        empty = value is None or value == ""
        reason = None if empty else self.refusal(location, value)
        if span and not empty and not reason:
            normalized = jsonpath.normalized(location)
            self._locations[normalized] = location
            return self.site(normalized, jsonpath.dotted(location), span, value)
        line = self.source.line(span[0]) if span else None
        if empty:
            raise NoMatchError(selector, f"{jsonpath.dotted(location) or 'the document'} is empty", line=line)
        hint = A_VALUE_OF_IT if isinstance(value, _CONTAINERS) else ""
        raise SelectorError(selector, reason or "cannot be found in the text", line=line, hint=hint)

    def site(self, selector: str, key: str, span: Span, value: object) -> Site:
        """Return the site of a scalar."""
        text = value if isinstance(value, str) else self.source.text[slice(*span)]
        return Site(selector, key, text, *span, self.source.line(span[0]), references.parse(text))

    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        """Return one edit for each change, in the existing quotes if they can hold the new value."""
        return [Edit(c.site.start, c.site.end, self._spelled(c.site, _text(c.to))) for c in changes]

    def _spelled(self, site: Site, value: str) -> str:
        spelled = self.source.text[site.start : site.end]
        if spelled[0] not in "\"'":
            raise UnrepresentableValueError(site.selector, "the value there is not a string")
        check_characters(site.selector, value)
        return self.spell(value, spelled)

    def proves(self, before: Document, changes: Sequence[Change]) -> bool:
        """Return whether the reference parser sees exactly these changes."""
        if not isinstance(before, TreeDocument):
            return False
        known = before._locations
        locations = [known.get(c.site.selector) or jsonpath.steps(c.site.selector) for c in changes]
        planned = {(0, *location): _text(c.to) for location, c in zip(locations, changes, strict=True)}
        (expected,) = replaced([before.data], by_steps(planned))
        if not all(_is_read_back(c.to) for c in changes if isinstance(c.to, Reference)):
            return False
        is_equal = self.data == expected and [*map(repr, self._traits)] == [*map(repr, before._traits)]
        return is_equal or same(self.data, expected)  # slower, but handles nan


def _text(to: Reference | str) -> str:
    if isinstance(to, str):
        return to
    return str(to if to.syntax is Syntax.SECRET else Reference(to.alias, Syntax.SECRET))


def _is_read_back(reference: Reference) -> bool:
    if references.is_writable_alias(reference.alias):
        return True
    read = references.parse(_text(reference))
    return read is not None and read.alias == reference.alias
