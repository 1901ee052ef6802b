"""A YAML text as the flat stream of what its parser sees, with the spans of the scalars. Nothing here knows of sites.

libyaml gives the events; where it is absent, ruamel.yaml's own parser, 25 times slower. Refused are, besides what is
not well-formed: two equal keys, aliases of nothing, nesting beyond 500 levels, and characters that only some readers
take for the end of a line or skip.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from ciphertool.errors import ConfigSyntaxError

try:
    from ruamel.yaml import CParser  # type: ignore[attr-defined]  # not in every installation
except ImportError:
    CParser = None

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 500
# The tag that says "text" to every reader of a scalar.
TEXT_TAG = "!"

# The keys so far of the mapping around, None outside a mapping, and whether the next node is a key.
_State: TypeAlias = tuple[set[str] | None, bool]
_OUTSIDE: _State = (None, False)

_READ_DIFFERENTLY = re.compile("[\x85\u2028\u2029\ufeff]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Mark(Enum):
    """What a stream is made of besides keys, properties and aliases."""

    DOCUMENT = "document"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    END = "end of a mapping or sequence"
    KEY = "the next node is a key that is no scalar"
    VALUE = "a scalar that is no key"


# To look a member up in its enumeration takes ten times as long.
_MAPPING, _SEQUENCE, _END, _VALUE = Mark.MAPPING, Mark.SEQUENCE, Mark.END, Mark.VALUE


@dataclass(frozen=True, slots=True)
class Alias:
    """A repetition of the node with the anchor `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Properties:
    """The anchor and the tag that a node has."""

    anchor: str | None
    tag: str | None


@dataclass(frozen=True, slots=True)
class Stream:
    """What the parser sees in a text, in order.

    `shape` has all but the values' texts: a string is a key, and `Properties` come before the node that has them (but
    for a value's `TEXT_TAG`, which is no more than a way to spell it). The values, scalars that are no keys, are
    numbered: `values` are their texts, `starts` and `ends` span their spelling, properties included, and `tags` has an
    entry for each that has properties. `flows` are the numbers at which flow collections begin and end by turns, those
    inside others not counted.
    """

    shape: list[str | Mark | Alias | Properties] = field(default_factory=list, repr=False)
    values: list[str] = field(default_factory=list, repr=False)
    starts: array[int] = field(default_factory=lambda: array("I"), repr=False)
    ends: array[int] = field(default_factory=lambda: array("I"), repr=False)
    tags: dict[int, str | None] = field(default_factory=dict, repr=False)
    flows: array[int] = field(default_factory=lambda: array("I"), repr=False)


def read(text: str, *, pure: bool = CParser is None) -> Stream:
    """Read a text; raise `ConfigSyntaxError`, which never quotes it. With `pure`, without libyaml."""
    odd = None if text.isascii() else _READ_DIFFERENTLY.search(text)
    if odd:
        raise ConfigSyntaxError(f"a character U+{ord(odd[0]):04X}, which readers of YAML differ on", _line(text, odd))
    try:
        return _Reader().read(_events(text, pure=pure))
    except YAMLError as error:
        refusal = _refusal(error, text, pure=pure)
        if pure or not _is_plain_in_flow(error, text):
            raise refusal from None
    except (AssertionError, RecursionError, ValueError):  # how ruamel.yaml answers `%YAML 1.3` and the like
        raise ConfigSyntaxError("not YAML that can be read") from None
    try:
        return read(text, pure=True)
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
    """Tell whether libyaml may have stopped at `[http://x?y]`, which only its newer versions read."""
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


class _Reader:
    """Turns events into a stream. `outer` holds the states around collections; `flow` counts those in flow style."""

    def __init__(self) -> None:
        self.stream = Stream()
        self.outer: list[_State] = []
        self.flow = 0
        self.anchors: set[str] = set()

    def read(self, events: Iterator[Any]) -> Stream:
        # Few calls and few attributes: the loop runs once for every few characters of a file.
        stream = self.stream
        values, shape = stream.values, stream.shape
        add_value, add_start, add_end, add = values.append, stream.starts.append, stream.ends.append, shape.append
        keys, at_key = _OUTSIDE
        shared: dict[str, str] = {}  # equal keys are one string
        for event in events:
            kind = type(event)
            if kind is not ScalarEvent:
                if kind is MappingEndEvent or kind is SequenceEndEvent:
                    keys, at_key = self._end()
                else:
                    keys, at_key = self._structure(event, keys, at_key)
                continue
            value = event.value
            properties = None
            if event.ctag is not None or event.anchor is not None:
                properties = self._properties(event)
            if keys is not None and at_key:
                if value in keys:
                    raise ConfigSyntaxError("two equal keys in one mapping", event.start_mark.line + 1)
                if properties:
                    add(properties)
                value = shared.setdefault(value, value)
                keys.add(value)
                add(value)
                at_key = False
            else:
                if properties:
                    stream.tags[len(values)] = properties.tag
                    if properties.tag != TEXT_TAG or properties.anchor:
                        add(Properties(properties.anchor, None) if properties.tag == TEXT_TAG else properties)
                add(_VALUE)
                add_value(value)
                add_start(event.start_mark.index)
                add_end(event.end_mark.index)
                at_key = keys is not None
        return stream

    def _end(self) -> _State:
        """Add the end of a collection; return the state after it."""
        self.stream.shape.append(_END)
        if self.flow:
            self.flow -= 1
            if not self.flow:
                self.stream.flows.append(len(self.stream.values))
        return self.outer.pop()

    def _structure(self, event: Any, keys: set[str] | None, at_key: bool) -> _State:
        """Add an event that is no scalar and no end; return the state that follows."""
        shape, kind = self.stream.shape, type(event)
        if kind is DocumentStartEvent:
            shape.append(Mark.DOCUMENT)
            self.anchors.clear()
            return _OUTSIDE
        if kind is not AliasEvent and kind is not MappingStartEvent and kind is not SequenceStartEvent:
            return keys, at_key
        if at_key:
            shape.append(Mark.KEY)
        after = keys, keys is not None and not at_key
        if kind is AliasEvent:
            if event.anchor not in self.anchors:
                raise ConfigSyntaxError("an alias without its anchor", event.start_mark.line + 1)
            shape.append(Alias(event.anchor))
            return after
        self.outer.append(after)
        return self._begin(event)

    def _begin(self, event: Any) -> _State:
        """Add the beginning of a collection; return the state inside."""
        stream, is_mapping = self.stream, type(event) is MappingStartEvent
        if len(self.outer) > MAX_DEPTH:
            raise ConfigSyntaxError(f"nested deeper than {MAX_DEPTH} levels", event.start_mark.line + 1)
        if event.flow_style and not self.flow:
            stream.flows.append(len(stream.values))
        self.flow += 1 if event.flow_style else 0
        if event.ctag is not None or event.anchor is not None:
            stream.shape.append(self._properties(event))
        stream.shape.append(_MAPPING if is_mapping else _SEQUENCE)
        return (set(), True) if is_mapping else _OUTSIDE

    def _properties(self, event: Any) -> Properties:
        self.anchors.add(event.anchor)
        return Properties(event.anchor, event.tag)
