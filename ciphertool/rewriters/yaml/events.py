"""What the parser sees in a YAML text, event by event, or why the text is refused. Independent of its meaning.

libyaml produces the events; ruamel.yaml's own parser, 25 times slower, does if libyaml is absent, or refuses what YAML
1.2 allows: `[::1]`, tabs in literal blocks, reserved directives. Besides malformed text, what readers differ on is
refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import CollectionEndEvent, CollectionStartEvent, ScalarEvent

from ciphertool.errors import ConfigSyntaxError, ReadDifferentlyError
from ciphertool.rewriters import places

try:
    from ruamel.yaml import CParser  # type: ignore[attr-defined]  # not in every installation
except ImportError:
    CParser = None

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_Taken = TypeVar("_Taken")

_READ_DIFFERENTLY = re.compile("[\x85\u2028\u2029\ufeff]")
_MOST_PURE = 1_000_000
"""The maximum length of a text that ruamel.yaml's parser reads after libyaml: it takes seconds for them."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def parse(text: str, take: Callable[[Iterator[Any]], _Taken], *, pure: bool = False) -> _Taken:
    """Return what `take` returns for a text's events; raise `ConfigSyntaxError`, which never quotes the text.

    With `pure`, libyaml is not used. `take` is called again if libyaml stops where the other parser goes on.
    """
    odd = None if text.isascii() else _READ_DIFFERENTLY.search(text)
    if odd:
        raise ReadDifferentlyError(f"a character U+{ord(odd[0]):04X}", *places.at(text, odd.start()))
    pure = pure or CParser is None
    try:
        return take(_events(text, pure=pure))
    except YAMLError as error:
        refusal = _refusal(error, text, pure=pure)
        if pure or refusal.line is None or len(text) > _MOST_PURE:
            raise refusal from None
    except (AssertionError, RecursionError, ValueError):  # how ruamel.yaml refuses `%YAML 1.3` and the like
        raise ConfigSyntaxError("not YAML that can be read", 1, 1) from None
    try:
        return parse(text, take, pure=True)
    except ReadDifferentlyError:
        raise
    except ConfigSyntaxError:
        raise refusal from None


def _refusal(error: YAMLError, text: str, *, pure: bool) -> ConfigSyntaxError:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        unprintable = _UNPRINTABLE.search(text)
        at = places.at(text, unprintable.start() if unprintable else 0)
        return ConfigSyntaxError("a character that YAML does not allow", *at)
    # Only libyaml's messages are constants; the other parser's quote the text.
    reason = "not well-formed YAML" if pure else f"not well-formed YAML: {getattr(error, 'problem', '')}"
    return ConfigSyntaxError(reason, mark.line + 1, mark.column + 1)


def _events(text: str, *, pure: bool) -> Iterator[Any]:
    if pure:
        from ruamel.yaml import YAML

        return _agreed(YAML(typ="safe", pure=True).parse(text), text)
    return iter(CParser(text).get_event, None)


def _agreed(events: Iterator[Any], text: str) -> Iterator[Any]:
    """Yield events; raise `ReadDifferentlyError` for those that this parser and others read differently.

    They are `[a:, b]`, of which others make a mapping, `{?a: b}`, whose key this one takes for `a`, "\\ud83d\\ude00".
    """
    flow = 0
    for event in events:
        if isinstance(event, CollectionStartEvent):
            flow += bool(flow or event.flow_style)
        elif isinstance(event, CollectionEndEvent):
            flow -= bool(flow)
        elif isinstance(event, ScalarEvent) and _SURROGATE.search(event.value):
            mark = event.start_mark
            raise ReadDifferentlyError("an escape of half a surrogate pair", mark.line + 1, mark.column + 1)
        elif flow and isinstance(event, ScalarEvent) and event.implicit[0]:
            mark = event.start_mark
            if event.value.endswith(":") or text.startswith("?", mark.index - 1):
                raise ReadDifferentlyError("a plain value with a : or ?", mark.line + 1, mark.column + 1)
        yield event
