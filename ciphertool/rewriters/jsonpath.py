"""Selectors of the formats that hold trees of data: JSONPath (RFC 9535). Nothing here knows how a format is spelled.

A tree is dicts with string keys (the keys as the source spells them), lists and scalars. A selector is a JSONPath,
`$.datasource.password`; where a file holds several documents it asks every one of them, and
`doc[1]$.datasource.password` asks only the second. A location is the tuple of keys and indexes that leads from the
root to a node.
"""

from __future__ import annotations

import json
import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ciphertool.errors import NoMatchError, SelectorError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jsonpath_rfc9535 import JSONPathEnvironment

Location: TypeAlias = tuple[str | int, ...]

# Names and indexes only, without escapes: such a path is walked directly, since settings may hold thousands of them.
_STEP = re.compile(
    r"""\.([A-Za-z_\x80-\ud7ff\ue000-\U0010ffff][0-9A-Za-z_\x80-\ud7ff\ue000-\U0010ffff]*+)"""
    r"""|\['([^'\\\x00-\x1f]*+)'\]"""
    r"""|\["([^"\\\x00-\x1f]*+)"\]"""
    r"""|\[(0|-?[1-9][0-9]{0,14}+)\]"""
)
_PLAIN = re.compile(rf"\$(?:{_STEP.pattern})*+")
_NORMALIZED = re.compile(r"\['((?:[^'\\]++|\\.)*+)'\]|\[(\d++)\]")
_DOCUMENT = re.compile(r"doc\[(0|[1-9][0-9]{0,5})\](?=\$)")
_MAX_DEPTH = 1000


def normalized(location: Location, document: int | None = None) -> str:
    """Return the normalized path of a location, `$['a'][0]`; with a document's index, `doc[1]$['a'][0]`."""
    path = "$" + "".join([f"[{step}]" if isinstance(step, int) else _name(step) for step in location])
    return path if document is None else f"doc[{document}]{path}"


def steps(path: str) -> Location:
    """Return the location of which this is the normalized path."""
    return tuple([int(index) if index else _unescaped(name) for name, index in _NORMALIZED.findall(path)])


def dotted(location: Location) -> str:
    """Return a location for people: `a.0.b`."""
    return ".".join(map(str, location))


def children(node: object) -> Iterator[tuple[str | int, object]] | None:
    """Return what yields a node's steps and what they lead to, in order; None for a leaf."""
    return iter(node.items()) if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None


def leaves(tree: object, root: str = "$") -> Iterator[tuple[str, str, object]]:
    """Yield every leaf of a tree in its order, with its normalized path after `root` and its dotted key."""
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


@lru_cache(maxsize=4096)  # most keys of a file stand in it often
def spelled(step: str | int) -> str:
    """Return a step as normalized paths have it: `['a']`, `[0]`."""
    return normalized((step,)).removeprefix("$")


def locate(tree: object, selectors: Sequence[str]) -> list[tuple[Location, ...] | SelectorError]:
    """Return, for each selector, the locations it names in one tree, or the error that says why there are none.

    There is at least one location, and none twice. `NoMatchError` says that nothing is there, any other
    `SelectorError` that the selector cannot be understood.
    """
    return [
        found if isinstance(found, SelectorError) else tuple([location for _, location in found])
        for found in locate_in_documents((tree,), selectors)
    ]


def locate_in_documents(
    trees: Sequence[object], selectors: Sequence[str]
) -> list[tuple[tuple[int, Location], ...] | SelectorError]:
    """Return the same as `locate` for the documents of one file, each location with its document's index."""
    found: list[tuple[tuple[int, Location], ...] | SelectorError] = []
    for selector in selectors:
        try:
            found.append(_search(trees, selector))
        except SelectorError as error:
            found.append(error)
    return found


def split_document(selector: str) -> tuple[int | None, str]:
    """Return the index of the document that a selector asks, None for all, and the path it asks there."""
    prefix = _DOCUMENT.match(selector) if selector.startswith("doc") else None
    return (int(prefix[1]), selector[prefix.end() :]) if prefix else (None, selector)


def plain_steps(path: str) -> Location | None:
    """Return the names and indexes of a path that has nothing else and no escapes, None for any other."""
    if not _PLAIN.fullmatch(path):
        return None
    return tuple([int(index) if index else a or b or c for a, b, c, index in _STEP.findall(path)])


def _search(trees: Sequence[Any], selector: str) -> tuple[tuple[int, Location], ...]:
    document, path = split_document(selector)
    indexes = range(len(trees)) if document is None else range(document, min(document + 1, len(trees)))
    if not path.startswith("$"):
        raise SelectorError(selector, "is not a JSONPath", hint="a JSONPath begins with `$`: `$.datasource.password`")
    try:
        steps = plain_steps(path)
        if steps is None:
            query = _environment().compile(path)
            found = [(index, node.location) for index in indexes for node in query.find(trees[index])]
        else:
            found = [(index, location) for index in indexes if (location := _walk(trees[index], steps)) is not None]
    except _library_error() as error:
        raise SelectorError(selector, f"is not a JSONPath that can be answered: {error}") from None
    except RecursionError:
        raise SelectorError(selector, "is nested too deeply") from None
    except (ArithmeticError, ValueError):  # numbers beyond Python's limits
        raise SelectorError(selector, "holds what no JSONPath may hold") from None
    if not found:
        raise NoMatchError(selector)
    # `$..*..*` names a node as often as there are ways to it.
    return tuple(found if len(found) == 1 else dict.fromkeys(found))


def _walk(tree: object, steps: Location) -> Location | None:
    """Return the location to which plain steps lead in a tree, None if nothing is there."""
    node: Any = tree
    location = steps
    for depth, step in enumerate(steps):
        if isinstance(step, str):
            if not isinstance(node, dict) or step not in node:
                return None
        elif not isinstance(node, list) or not -len(node) <= step < len(node):
            return None
        elif step < 0:
            location = (*location[:depth], step + len(node), *location[depth + 1 :])
        node = node[step]
    return location


@lru_cache(maxsize=4096)  # the same few names again and again
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
    # The library's own 100 is less than what the formats accept. 1.x has it on the class, 2.x on the instance.
    environment.max_recursion_depth = _MAX_DEPTH
    return environment


@cache
def _library_error() -> type[Exception]:
    from jsonpath_rfc9535 import JSONPathError

    return JSONPathError
