"""How elements of a list are named: which of their members are names, which values can be. Format-independent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAMES = ("name", "id")
_OF_PAIRS = ("name", "key", "id")
_VALUES = frozenset({"value", "val", "content", ""})
# What selectors and messages can show literally: neither a reference nor a placeholder. A key that does not consist of
# words may be a secret key.
_KEY = re.compile(r"[A-Za-z]{1,40}[0-9]{0,3}(?:[._ :/-][A-Za-z]{1,40}[0-9]{0,3}){0,9}")
_WORDS = r"[A-Za-z]{1,40}[0-9]{0,3}(?:_[A-Za-z]{1,40}[0-9]{0,3}){0,9}"
_ASSIGNED = re.compile(rf"({_WORDS})=[^=\r\n][^\r\n]*")
_OPTION = re.compile(rf"-{{1,2}}{_WORDS.replace('_', '[._-]')}")
_NAME = re.compile(r"[^'\"\\`${}\x00-\x1f\x7f\ud800-\udfff]{1,80}")


def identifying(members: Iterable[str], value: str | int) -> list[str]:
    """Return which of an element's members name it, the likeliest first.

    `value` is the member to be found: a `key` is a name only beside a `value`; otherwise it may be a secret.
    """
    order = _OF_PAIRS if str(value).lower() in _VALUES else _NAMES
    found = [(order.index(member.lower()), member) for member in members if member.lower() in order]
    return [member for _, member in sorted(found)]


def is_name(member: str, value: object) -> bool:
    """Return whether the value of an identifying member can name an element in a selector."""
    if not isinstance(value, str):
        return type(value) is int
    return (_KEY if member.lstrip("@").lower() == "key" else _NAME).fullmatch(value) is not None


def assigned(item: str) -> str | None:
    """Return the name in an item `NAME=value`; None for any other text."""
    found = _ASSIGNED.fullmatch(item)
    return found and found[1]


def is_option(item: object) -> bool:
    """Return whether an item of a list of arguments is the name of an option, such as `--password`."""
    return isinstance(item, str) and _OPTION.fullmatch(item) is not None
