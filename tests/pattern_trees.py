"""Regular expressions as trees: what Python before 3.11.5 makes of a possessive group, and the same without one.

There a possessive repeat of a group goes on where its last, failed attempt stopped reading, not where it began
(gh-106052, gh-100061). Debian 12 has 3.11.2.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

# There is no public way to a pattern's tree.
_compiler: Any = import_module("re._compiler")
_parser: Any = import_module("re._parser")
op: Any = import_module("re._constants")

_CHARACTERS = {op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY, op.CATEGORY, op.AT}
_REPEATS = {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}


def parse(pattern: str | bytes, flags: int = 0) -> Any:
    """Return the tree of a pattern."""
    return _parser.parse(pattern, flags)


def nodes(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Return every node of a tree, each before what it holds."""
    for code, argument in tree:
        yield code, argument
        for inner in _trees(argument):
            yield from nodes(inner)


def possessive_groups(tree: Any) -> list[Any]:
    """Return what each possessive repeat of more than one character repeats."""
    repeats = (argument for code, argument in nodes(tree) if code is op.POSSESSIVE_REPEAT)
    return [body for _, _, body in repeats if not _compiler._simple(body)]


def harmed_groups(tree: Any) -> list[Any]:
    """Return the possessive groups of which a failed attempt can leave the matcher elsewhere than where it began."""
    repeats = [argument for code, argument in nodes(tree) if code is op.POSSESSIVE_REPEAT]
    return [body for low, high, body in repeats if low != high and not _compiler._simple(body) and not _returns(body)]


def without_possession(pattern: str | bytes, flags: int = 0) -> re.Pattern[Any]:
    """Compile a pattern with `(?>(?:…)*)` for each `(?:…)*+`: they mean the same, and every Python knows the former."""
    return _compiler.compile(_rewritten(_parser.parse(pattern, flags)), flags)  # type: ignore[no-any-return]


def _rewritten(tree: Any) -> Any:
    for place, (code, argument) in enumerate(tree.data):
        for inner in _trees(argument):
            _rewritten(inner)
        if code is op.POSSESSIVE_REPEAT and not _compiler._simple(argument[2]):
            tree.data[place] = (op.ATOMIC_GROUP, _parser.SubPattern(tree.state, [(op.MAX_REPEAT, argument)]))
    return tree


def _trees(argument: Any) -> Iterator[Any]:
    if isinstance(argument, _parser.SubPattern):
        yield argument
    elif isinstance(argument, (list, tuple)):
        for item in argument:
            yield from _trees(item)


def _returns(tree: Any) -> bool:
    """Whether the matcher is back at the beginning after every failed attempt at a tree.

    A lone character that does not match moves nothing; an alternative begins with a move to the beginning, unless its
    first character rules it out. All else notes how far it read, and only what cannot fail may follow it.
    """
    while len(tree) == 1 and tree[0][0] is op.SUBPATTERN:
        tree = tree[0][1][3]
    if len(tree) == 1 and tree[0][0] is op.BRANCH:
        alternatives = tree[0][1][1]
        return _never_matches(alternatives[-1]) or all(map(_returns, alternatives))
    read = moved = False
    for code, argument in _without_groups(tree):
        if code in _REPEATS:
            low, _, body = argument
            characters = _compiler._simple(body)
            if low > 0 and (read or not characters):
                return False
            moved |= read or not characters or code is not op.POSSESSIVE_REPEAT  # which alone gives nothing back
        elif moved or code not in _CHARACTERS:
            return False
        read = True
    return True


def _never_matches(tree: Any) -> bool:
    """Whether a tree is `(?!)`, which has an operation of its own since 3.13."""
    return len(tree) == 1 and (tree[0][0] is op.FAILURE or (tree[0][0] is op.ASSERT_NOT and not tree[0][1][1]))


def _without_groups(tree: Any) -> Iterator[tuple[Any, Any]]:
    for code, argument in tree:
        if code is op.SUBPATTERN:
            yield from _without_groups(argument[3])
        else:
            yield code, argument
