"""What the parser sees in a YAML text, event by event, or why the text is refused. Independent of its meaning.

libyaml produces the events or, if it is absent, ruamel.yaml's own parser, 25 times slower. Besides malformed text,
characters that only some readers skip or read as a line end are refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from ruamel.yaml.error import YAMLError

from ciphertool.errors import ConfigSyntaxError

try:
    from ruamel.yaml import CParser  # type: ignore[attr-defined]  # not in every installation
except ImportError:
    CParser = None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_Taken = TypeVar("_Taken")

_READ_DIFFERENTLY = re.compile("[\x85\u2028\u2029\ufeff]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def parse(text: str, take: Callable[[Iterator[Any]], _Taken], *, pure: bool = False) -> _Taken:
    """Return what `take` returns for a text's events; raise `ConfigSyntaxError`, which never quotes the text.

    With `pure`, libyaml is not used. `take` is called again if libyaml stops at text that the other parser may read.
    """
    odd = None if text.isascii() else _READ_DIFFERENTLY.search(text)
    if odd:
        raise ConfigSyntaxError(f"a character U+{ord(odd[0]):04X}, which readers of YAML differ on", _line(text, odd))
    pure = pure or CParser is None
    try:
        return take(_events(text, pure=pure))
    except YAMLError as error:
        refusal = _refusal(error, text, pure=pure)
        if pure or not _is_plain_in_flow(error, text):
            raise refusal from None
    except (AssertionError, RecursionError, ValueError):  # how ruamel.yaml refuses `%YAML 1.3` and the like
        raise ConfigSyntaxError("not YAML that can be read") from None
    try:
        return parse(text, take, pure=True)
    except ConfigSyntaxError:
        raise refusal from None


def _refusal(error: YAMLError, text: str, *, pure: bool) -> ConfigSyntaxError:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        unprintable = _UNPRINTABLE.search(text)
        return ConfigSyntaxError("a character that YAML does not allow", unprintable and _line(text, unprintable))
    # Only libyaml's messages are constants; the other parser's quote the text.
    reason = "not well-formed YAML" if pure else f"not well-formed YAML: {getattr(error, 'problem', '')}"
    return ConfigSyntaxError(reason, mark.line + 1, mark.column + 1)


def _is_plain_in_flow(error: YAMLError, text: str) -> bool:
    """Return whether libyaml may have stopped at text like `[http://x?y]`, which only its newer versions read."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return False
    return text.startswith("?", mark.index) or getattr(error, "problem", "") == "found unexpected ':'"


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def _events(text: str, *, pure: bool) -> Iterator[Any]:
    if pure:
        from ruamel.yaml import YAML

        return iter(YAML(typ="safe", pure=True).parse(text))
    return iter(CParser(text).get_event, None)
