"""Selectors of the formats that hold trees of data: JSONPath (RFC 9535). Independent of a format's spelling.

A tree is dicts with string keys (the keys as the source spells them), lists and scalars. A selector is a JSONPath,
`$.datasource.password`; if a file holds several documents, it applies to all of them, and
`doc[1]$.datasource.password` only to the second. A location is the tuple of keys and indexes that leads from the
root to a node.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from ciphertool.errors import NoMatchError, SelectorError
from ciphertool.rewriters import identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jsonpath_rfc9535 import JSONPathEnvironment

Location: TypeAlias = tuple[str | int, ...]

# Names and indexes only, without escapes: such a path is walked directly, since settings may have thousands of them.
# A name is of letters, digits, `_` and all beyond ASCII. The others are excluded: `re` compiles that ten times faster.
_STEP = re.compile(
    r"""\.([^\x00-@\[-^`{-\x7f\ud800-\udfff][^\x00-/:-@\[-^`{-\x7f\ud800-\udfff]*+)"""
    r"""|\['([^'\\\x00-\x1f]*+)'\]"""
    r"""|\["([^"\\\x00-\x1f]*+)"\]"""
    r"""|\[(0|-?[1-9][0-9]{0,14}+)\]"""
)
_PLAIN = re.compile(rf"\$(?:{_STEP.pattern}|(?!))*+")
# A filter that asks for a name: `[?@.name=='a']`, `[?@.id==1]`. Such a path is walked directly, too.
_MEMBER = r"""(?:\.([A-Za-z_][0-9A-Za-z_]*+)|\['([^'\\\x00-\x1f]*+)'\])"""
_FILTER = re.compile(
    rf"""\[\?\ *+@{_MEMBER}\ *+==\ *+(?:'([^'\\\x00-\x1f]*+)'|"([^"\\\x00-\x1f]*+)"|(0|-?[1-9][0-9]{{0,14}}+))\ *+\]"""
)
_ITEM = re.compile(r"""\[\?\ *+match\(@,\ *+'([A-Za-z_][0-9A-Za-z_]*+=)\.\*'\)\ *+\]""")
_EVERY = re.compile(r"(\.\*|\[\*\])")
_FILTERED = re.compile(rf"{_FILTER.pattern}|{_STEP.pattern}|{_ITEM.pattern}|{_EVERY.pattern}")
_SHORT = re.compile(r"[A-Za-z_][0-9A-Za-z_]*+")
_NORMALIZED = re.compile(r"\['((?:[^'\\]++|\\.)*+)'\]|\[(\d++)\]")
_DOCUMENT = re.compile(r"doc\[(0|[1-9][0-9]{0,5})\](?=\$)")
_MAX_DEPTH = 1000


class Where(NamedTuple):
    """A step to the children that have a member with this value."""

    member: str
    value: str | int

    def holds(self, node: object) -> bool:
        """Return whether a node is such a child: text only equals text, and a number only a number."""
        if not isinstance(node, dict) or self.member not in node:
            return False
        value = node[self.member]
        kinds = str if isinstance(self.value, str) else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool) and value == self.value


class Assigns(NamedTuple):
    """A step to the items of a list that assign to a name: `NAME=` and more, on one line."""

    start: str

    def holds(self, node: object) -> bool:
        """Return whether a node is such an item."""
        return isinstance(node, str) and node.startswith(self.start) and "\n" not in node and "\r" not in node


class Every(NamedTuple):
    """A step to all children."""

    def holds(self, node: object) -> bool:  # noqa: ARG002 - as `Where`
        """Return True."""
        return True


Filter: TypeAlias = Where | Assigns | Every


def normalized(location: Location, document: int | None = None) -> str:
    """Return the normalized path of a location, `$['a'][0]`; with a document's index, `doc[1]$['a'][0]`."""
    path = "$" + "".join([f"[{step}]" if isinstance(step, int) else _name(step) for step in location])
    return path if document is None else f"doc[{document}]{path}"


def steps(path: str) -> Location:
    """Return the location of a normalized path."""
    return tuple([int(index) if index else _unescaped(name) for name, index in _NORMALIZED.findall(path)])


def dotted(location: Location) -> str:
    """Return a location in readable form: `a.0.b`."""
    return ".".join(map(str, location))


def children(node: object) -> Iterator[tuple[str | int, object]] | None:
    """Return an iterator over a node's steps and children, in order; None for a leaf."""
    return iter(node.items()) if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None


def leaves(tree: object, root: str = "$") -> Iterator[tuple[str, str, object]]:
    """Yield the normalized path after `root`, the dotted key and the node of every leaf of a tree, in order."""
    below = children(tree)
    if below is None:
        yield root, "", tree
        return
    pending = [(root, "", below)]
    while pending:
        path, key, below = pending[-1]
        for step, node in below:
            inner = None if type(node) is str else children(node)
            if inner is None:
                yield path + spelled(step), f"{key}{step}", node
            else:
                pending.append((path + spelled(step), f"{key}{step}.", inner))
                break
        else:
            pending.pop()


def columns(tree: object, root: str = "$") -> tuple[Sequence[str], Sequence[str], Sequence[object]]:
    """Return the paths, keys and nodes that `leaves` yields, apart."""
    found = list(zip(*leaves(tree, root), strict=True))
    return (found[0], found[1], found[2]) if found else ((), (), ())


@lru_cache(maxsize=4096)  # most keys of a file occur often
def spelled(step: str | int) -> str:
    """Return a step as spelled in normalized paths: `['a']`, `[0]`."""
    return normalized((step,)).removeprefix("$")


def locate(tree: object, selectors: Sequence[str]) -> list[tuple[Location, ...] | SelectorError]:
    """Return, for each selector, the locations it names in one tree, or the error that says why there are none.

    There is at least one location, and there are no duplicates. `NoMatchError` means that nothing is there; any other
    `SelectorError` means that the selector is not understood.
    """
    return [
        found if isinstance(found, SelectorError) else tuple([location for _, location in found])
        for found in locate_in_documents((tree,), selectors)
    ]


def locate_in_documents(
    trees: Sequence[object], selectors: Sequence[str]
) -> list[tuple[tuple[int, Location], ...] | SelectorError]:
    """Return what `locate` does, for all documents of one file, each location with its document's index."""
    found: list[tuple[tuple[int, Location], ...] | SelectorError] = []
    for selector in selectors:
        try:
            found.append(_search(trees, selector))
        except SelectorError as error:
            found.append(error)
    return found


def split_document(selector: str) -> tuple[int | None, str]:
    """Return the index of the document to which a selector applies (None for all), and its path there."""
    prefix = _DOCUMENT.match(selector) if selector.startswith("doc") else None
    return (int(prefix[1]), selector[prefix.end() :]) if prefix else (None, selector)


def plain_steps(path: str) -> Location | None:
    """Return the steps of a path that has only names and indexes, without escapes; None for any other path."""
    if not _PLAIN.fullmatch(path):
        return None
    return tuple([int(index) if index else a or b or c for a, b, c, index in _STEP.findall(path)])


def filtered_steps(path: str) -> tuple[str | int | Filter, ...] | None:
    """Return the steps of a path of names, indexes, wildcards and filters by the value of a member or item.

    None for any other path.
    """
    found: list[str | int | Filter] = []
    position = 1
    while position < len(path):
        match = _FILTERED.match(path, position)
        if match is None:
            return None
        short, name, single, double, number, *step, start, every = match.groups()
        if every is not None:
            found.append(Every())
        elif start is not None:
            found.append(Assigns(start))
        elif short is not None or name is not None:
            value = int(number) if number else double if single is None else single
            found.append(Where(name if short is None else short, value))
        else:
            *names, index = step
            found.append(int(index) if index else names[0] or names[1] or names[2] or "")
        position = match.end()
    return tuple(found) if path.startswith("$") else None


def is_by_name(path: str) -> bool:
    """Return whether a path names an element of a list by its name."""
    return "[?" in path or "['-" in path or '["-' in path


class ByNames:
    """Spells locations of one tree by names: an element of a list by the name that is unique in the list.

    Create one for each batch of locations.
    """

    def __init__(self, tree: object) -> None:
        self._tree = tree
        self._counted: dict[tuple[int, str], Counter[object]] = {}

    def path(self, location: Location) -> str:
        """Return a path to a location, with an index only for an element that has no unique name or id."""
        parts = ["$"]
        node: Any = self._tree
        for depth, step in enumerate(location):
            own = self._own(node, step, location[depth + 1 :]) if isinstance(step, int) else None
            short = isinstance(step, str) and _SHORT.fullmatch(step)
            parts.append(own or (f".{step}" if short else spelled(step)))
            node = node[step]
        return "".join(parts)

    def _own(self, elements: list[Any], index: int, below: Location) -> str | None:
        element = elements[index]
        if isinstance(element, str):
            return _own_item(elements, index)
        for member in identity.identifying(element, below[-1] if below else "") if isinstance(element, dict) else ():
            value = element[member]
            if not identity.is_name(member, value) or below == (member,):
                continue
            counted = self._counted.get((id(elements), member))
            if counted is None:
                values = [
                    e[member] for e in elements if isinstance(e, dict) and identity.is_name(member, e.get(member))
                ]
                counted = self._counted[id(elements), member] = Counter(values)
            if counted[value] == 1:
                at = f".{member}" if _SHORT.fullmatch(member) else spelled(member)
                return f"[?@{at}==" + (f"'{value}'" if isinstance(value, str) else str(value)) + "]"
        return None


def _own_item(elements: list[Any], index: int) -> str | None:
    """Return the step to a text in a list by the name that it assigns to, or by the option that precedes it."""
    name = identity.assigned(elements[index])
    if name and sum(isinstance(each, str) and each.startswith(f"{name}=") for each in elements) == 1:
        return f"[?match(@, '{name}=.*')]"
    option = elements[index - 1] if index else None
    if name is None and identity.is_option(option) and elements.count(option) == 1:
        return spelled(str(option))
    return None


def _search(trees: Sequence[Any], selector: str) -> tuple[tuple[int, Location], ...]:
    document, path = split_document(selector)
    indexes = range(len(trees)) if document is None else range(document, min(document + 1, len(trees)))
    if not path.startswith("$"):
        raise SelectorError(selector, "is not a JSONPath", hint="a JSONPath begins with `$`: `$.datasource.password`")
    try:
        steps = plain_steps(path)
        if steps is None and (filtered := filtered_steps(path)) is not None:
            found = [(index, location) for index in indexes for location in _filter(trees[index], filtered)]
        elif steps is None:
            query = _environment().compile(path)
            found = [(index, node.location) for index in indexes for node in query.find(trees[index])]
        else:
            found = [(index, location) for index in indexes if (location := _walk(trees[index], steps)) is not None]
    except _library_error() as error:
        raise SelectorError(selector, f"is not a JSONPath that can be evaluated: {error}") from None
    except RecursionError:
        raise SelectorError(selector, "is nested too deeply") from None
    except (ArithmeticError, ValueError):  # numbers beyond Python's limits
        raise SelectorError(selector, "has a number that no JSONPath may have") from None
    if not found:
        raise NoMatchError(selector)
    # `$..*..*` names a node once for each way to it.
    return tuple(found if len(found) == 1 else dict.fromkeys(found))


def _walk(tree: object, steps: Location) -> Location | None:
    """Return the location to which plain steps lead in a tree; None if nothing is there.

    In a list the name of an option, `['--password']`, leads to the item that follows it; RFC 9535 finds nothing there.
    """
    node: Any = tree
    location = steps
    for depth, step in enumerate(steps):
        own: str | int | None = step
        if isinstance(node, list):
            own = _index(node, step)
            if own != step and own is not None:
                location = (*location[:depth], own, *location[depth + 1 :])
        elif not isinstance(step, str) or not isinstance(node, dict) or step not in node:
            own = None
        if own is None:
            return None
        node = node[own]
    return location


def _index(elements: list[Any], step: str | int) -> int | None:
    """Return the index of the element to which a step leads in a list; None if nothing is there."""
    if isinstance(step, str):
        is_there = step.startswith("-") and elements.count(step) == 1 and elements[-1] != step
        return elements.index(step) + 1 if is_there else None
    if not -len(elements) <= step < len(elements):
        return None
    return step + len(elements) if step < 0 else step


def _filter(tree: object, steps: Sequence[str | int | Filter]) -> list[Location]:
    """Return the locations to which steps, including filters and wildcards, lead."""
    reached: list[tuple[Location, Any]] = [((), tree)]
    for step in steps:
        if isinstance(step, Filter):
            reached = [
                ((*location, own), child)
                for location, node in reached
                for own, child in children(node) or ()
                if step.holds(child)
            ]
        else:
            reached = [
                ((*location, *own), node[own[0]])
                for location, node in reached
                if (own := _walk(node, (step,))) is not None
            ]
    return [location for location, _ in reached]


@lru_cache(maxsize=4096)  # the same few names recur
def _name(name: str) -> str:
    """Return the step of a normalized path that is a name."""
    return "['" + json.dumps(name, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'") + "']"


def _unescaped(name: str) -> str:
    if "\\" not in name:
        return name
    return cast("str", json.loads('"' + name.replace("\\'", "'").replace('"', '\\"') + '"'))


@cache
def _environment() -> JSONPathEnvironment:
    from jsonpath_rfc9535 import JSONPathEnvironment

    environment = JSONPathEnvironment()
    # The library's own 100 is less than the formats accept. 1.x has it on the class, 2.x on the instance.
    environment.max_recursion_depth = _MAX_DEPTH
    return environment


@cache
def _library_error() -> type[Exception]:
    from jsonpath_rfc9535 import JSONPathError

    return JSONPathError
