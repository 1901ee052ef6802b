"""What TOML and JSON share: documents whose reference parser gives plain data, and a scanner the places in the text.

Data is dicts, lists and scalars; a place is the span of a scalar's spelling. How it is spelled is not known here.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import reduce
from operator import getitem, itemgetter
from typing import TYPE_CHECKING, Any, TypeAlias

from ciphertool import references
from ciphertool.errors import ConfigSyntaxError, NoMatchError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters import jsonpath
from ciphertool.rewriters.base import Document, Edit, Site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ciphertool.rewriters.base import Change, Source
    from ciphertool.rewriters.jsonpath import Location

Span: TypeAlias = tuple[int, int]

_MAX_DEPTH = 500
_KINDS: dict[type, str] = {bool: "a boolean", int: "a number", float: "a number", dict: "a table", list: "a list"}


def check_depth(data: object) -> None:
    """Raise `ConfigSyntaxError` where data is nested more than 500 deep."""
    level = [data]
    for _ in range(_MAX_DEPTH + 1):
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise ConfigSyntaxError("nested too deeply")


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


def differences(old: object, new: object) -> dict[Location, object]:
    """Return what `new` has at each location where it is not as `old` is; a scalar's type counts."""
    found: dict[Location, object] = {}
    stack: list[tuple[Location, Any, Any]] = [((), old, new)]
    while stack:
        location, a, b = stack.pop()
        if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
            pairs = [(key, child, b[key]) for key, child in a.items()]
        elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
            pairs = [(index, child, b[index]) for index, child in enumerate(a)]
        elif type(a) is not type(b) or repr(a) != repr(b):  # by repr: 1 == True == 1.0, and nan != nan
            found[location] = b
            continue
        else:
            continue
        stack += [((*location, key), x, y) for key, x, y in pairs if x is not y and (type(x) is not str or x != y)]
    return found


def resolve(data: object, reveal: Callable[[Reference], str]) -> object:
    """Replace every reference in the data's string values by what `reveal` gives for it, in place; return the data."""
    root = [data]
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        for key, child in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(child, str):
                node[key] = references.substitute(child, reveal)
            elif isinstance(child, dict | list):
                stack.append(child)
    return root[0]


class TreeDocument(Document):
    """A document of nested tables and lists whose selectors are JSONPaths and whose targets are its strings.

    `data` is what the reference parser gives. A scalar of another type is a site whose value is its spelling, but no
    target: a reference is a string, and an application would silently be given another type than it expects.
    """

    def __init__(self, source: Source, data: object) -> None:
        self.source = source
        self.data = data

    @abstractmethod
    def place(self, location: Location) -> Span:
        """Return the span of the scalar at a location of `data`, quotes included."""

    @abstractmethod
    def spell(self, value: str, spelled: str) -> str:
        """Spell a value as like what it replaces as can be; ValueError says why the format cannot hold it."""

    def refusal(self, location: Location, value: object) -> str | None:  # noqa: ARG002 - some formats need it
        """Return why what is at a location is no target, or None."""
        if isinstance(value, str):
            return None
        kind = _KINDS.get(type(value), "a date or time")
        return f"is {kind}" if isinstance(value, dict | list) else f"is {kind}; write it as a string first"

    def sites(self) -> Iterator[Site]:
        """Yield every scalar in document order."""
        placed = [(self.place(location), location, value) for location, value in leaves(self.data)]
        for span, location, value in sorted(placed, key=itemgetter(0)):
            yield self._site(location, span, value)

    def locate(self, selectors: Sequence[str]) -> list[tuple[Site, ...] | SelectorError]:
        """Return the strings that each JSONPath names, or why it is refused: one that is no string refuses them all."""
        found: list[tuple[Site, ...] | SelectorError] = []
        for selector, locations in zip(selectors, jsonpath.locate(self.data, selectors), strict=True):
            try:
                if isinstance(locations, SelectorError):
                    raise locations
                found.append(tuple(self._target(selector, location) for location in locations))
            except SelectorError as error:
                found.append(error)
        return found

    def _target(self, selector: str, location: Location) -> Site:
        value: Any = reduce(getitem, location, self.data)  # type: ignore[call-overload]  # data is of any shape
        name = jsonpath.dotted(location) or "the document"
        if reason := self.refusal(location, value):
            raise SelectorError(selector, f"{name} {reason}", line=self._line(location, value))
        if value is None or value == "":
            raise NoMatchError(selector, f"{name} is empty", line=self._line(location, value))
        return self._site(location, self.place(location), value)

    def _line(self, location: Location, value: object) -> int | None:
        if isinstance(value, dict | list):
            return None
        return self.source.position(self.place(location)[0])[0]

    def _site(self, location: Location, span: Span, value: object) -> Site:
        text = value if isinstance(value, str) else self.source.text[slice(*span)]
        return Site(
            selector=jsonpath.normalized(location),
            key=jsonpath.dotted(location),
            value=text,
            start=span[0],
            end=span[1],
            line=self.source.position(span[0])[0],
            reference=references.parse(text),
        )

    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        """Return one edit a change, in the quotes that are there wherever they can hold the new value."""
        edits = []
        for change in changes:
            start, end = change.site.start, change.site.end
            spelled = self.source.text[start:end]
            try:
                if spelled[:1] not in ('"', "'"):
                    raise ValueError("it is not a string")
                edits.append(Edit(start, end, self.spell(_text(change.to), spelled)))
            except ValueError as error:
                raise UnrepresentableValueError(change.site.selector, str(error)) from None
        return edits

    def proves(self, before: Document, changes: Sequence[Change]) -> bool:
        """Tell whether the reference parser sees the changes and nothing else changed."""
        if not isinstance(before, TreeDocument):
            return False
        planned = {change.site.start: _text(change.to) for change in changes}
        for location, value in differences(before.data, self.data).items():
            try:
                expected = planned.pop(before.place(location)[0], None)
            except KeyError:  # not a scalar, or there was none
                return False
            if expected is None or value != expected:
                return False
        return all(
            _reads_as(change) and planned.get(change.site.start, change.site.value) == change.site.value
            for change in changes
        )


def _text(to: Reference | str) -> str:
    return to if isinstance(to, str) else str(Reference(to.alias, Syntax.SECRET))


def _reads_as(change: Change) -> bool:
    if isinstance(change.to, str):
        return True
    read = references.parse(_text(change.to))
    return read is not None and read.alias == change.to.alias
