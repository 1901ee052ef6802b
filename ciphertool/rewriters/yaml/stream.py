"""A YAML text as the flat stream of what its parser sees, with the spans of the scalars. Nothing here knows of sites.

libyaml gives the events; where it is absent, ruamel.yaml's own parser, 25 times slower. Refused are, besides what is
not well-formed: two equal keys, nesting beyond 500 levels, characters that only some YAML versions take for line ends.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

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
from ciphertool.rewriters.yaml.spelling import Style

try:
    from ruamel.yaml import CParser  # type: ignore[attr-defined]  # not in every installation
except ImportError:
    CParser = None

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DEPTH = 500
FLOW = 8
KEY = 16

_STYLES = {
    None: Style.PLAIN,
    "": Style.PLAIN,
    "'": Style.SINGLE,
    '"': Style.DOUBLE,
    "|": Style.LITERAL,
    ">": Style.FOLDED,
}
_LINE_ENDS_OF_SOME = re.compile("[\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Mark(Enum):
    """An event that is no scalar and no alias."""

    DOCUMENT = "document"
    MAPPING = "mapping"
    SEQUENCE = "sequence"
    END = "end"


@dataclass(frozen=True, slots=True)
class Alias:
    """An event that repeats the node with the anchor `name`."""

    name: str


Entry: TypeAlias = str | Mark | Alias
_MARKS: dict[type, Entry] = {
    DocumentStartEvent: Mark.DOCUMENT,
    MappingStartEvent: Mark.MAPPING,
    MappingEndEvent: Mark.END,
    SequenceStartEvent: Mark.SEQUENCE,
    SequenceEndEvent: Mark.END,
}


@dataclass(frozen=True, slots=True)
class Stream:
    """The events of a text in order, `entries` and three arrays beside it, all of one length.

    The entry of a scalar is its text. `forms` holds its `Style`, with `KEY` where it is a mapping's key and `FLOW`
    where it stands in a flow collection (at the start of such a collection, too). `starts` and `ends` span a scalar's
    spelling, properties included. `properties` holds the anchor and the tag of those entries that have one.
    """

    entries: list[Entry] = field(default_factory=list, repr=False)
    forms: bytearray = field(default_factory=bytearray, repr=False)
    places: array[int] = field(default_factory=lambda: array("I"), repr=False)
    starts: array[int] = field(default_factory=lambda: array("I"), repr=False)
    ends: array[int] = field(default_factory=lambda: array("I"), repr=False)
    properties: dict[int, tuple[str | None, str | None]] = field(default_factory=dict, repr=False)


def read(text: str, *, pure: bool = CParser is None) -> Stream:
    """Read a text; raise `ConfigSyntaxError`, which never quotes it. With `pure`, without libyaml."""
    odd = _LINE_ENDS_OF_SOME.search(text)
    if odd:
        raise ConfigSyntaxError("a NEL, LS or PS character, which YAML 1.1 and 1.2 read differently", _line(text, odd))
    try:
        return _read(_events(text, pure=pure))
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        if mark is not None:
            # Only libyaml's messages are constants; the other parser's quote the text.
            reason = "not well-formed YAML" if pure else f"not well-formed YAML: {getattr(error, 'problem', '')}"
            raise ConfigSyntaxError(reason, mark.line + 1, mark.column + 1) from None
        unprintable = _UNPRINTABLE.search(text)
        line = _line(text, unprintable) if unprintable else None
        raise ConfigSyntaxError("a character that YAML does not allow", line) from None
    except (AssertionError, RecursionError, ValueError):  # how ruamel.yaml answers `%YAML 1.3` and the like
        raise ConfigSyntaxError("not YAML that can be read") from None


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def _events(text: str, *, pure: bool) -> Iterator[Any]:
    if pure:
        from ruamel.yaml import YAML

        return iter(YAML(typ="safe", pure=True).parse(text))
    return iter(CParser(text).get_event, None)


def _read(events: Iterator[Any]) -> Stream:
    # One loop with few calls and few attributes: it runs once for every few characters of a file.
    stream = Stream()
    entries, add_form = stream.entries, stream.forms.append
    add_place, add_start, add_end = stream.places.append, stream.starts.append, stream.ends.append
    outer: list[_Level] = []
    keys, at_key, flow = _Level(None, False, 0)
    shared: dict[str, str] = {}  # equal keys are one string
    for event in events:
        if type(event) is not ScalarEvent:
            keys, at_key, flow = _structure(stream, event, outer, _Level(keys, at_key, flow))
            continue
        entry = event.value
        if event.ctag is not None or event.anchor is not None:
            stream.properties[len(entries)] = event.anchor, event.tag
        if at_key and keys is not None:
            entry = shared.setdefault(entry, entry)
            if entry in keys:
                raise ConfigSyntaxError("two equal keys in one mapping", event.start_mark.line + 1)
            keys.add(entry)
            add_form(flow | KEY | _STYLES[event.style])
            at_key = False
        else:
            add_place(len(entries))
            add_start(event.start_mark.index)
            add_end(event.end_mark.index)
            add_form(flow | _STYLES[event.style])
            at_key = keys is not None
        entries.append(entry)
    return stream


class _Level(NamedTuple):
    """Where the reader is: the keys so far (None outside a mapping), whether the next node is a key, `FLOW` or 0."""

    keys: set[str] | None
    at_key: bool
    flow: int


def _structure(stream: Stream, event: Any, outer: list[_Level], level: _Level) -> _Level:
    """Add an event that is no scalar; return the level that follows, `outer` being those around it."""
    kind = type(event)
    entry = Alias(event.anchor) if kind is AliasEvent else _MARKS.get(kind)
    if entry is None:
        return level
    form = level.flow
    after = level
    if entry is Mark.END:
        after = outer.pop()
    elif entry is not Mark.DOCUMENT:
        form |= KEY if level.at_key else 0
        after = _Level(level.keys, level.keys is not None and not level.at_key, level.flow)
    if entry is Mark.MAPPING or entry is Mark.SEQUENCE:
        outer.append(after)
        if len(outer) > MAX_DEPTH:
            raise ConfigSyntaxError(f"nested deeper than {MAX_DEPTH} levels", event.start_mark.line + 1)
        if event.tag is not None or event.anchor is not None:
            stream.properties[len(stream.entries)] = event.anchor, event.tag
        flow = FLOW if event.flow_style else level.flow
        form |= flow
        after = _Level(set(), True, flow) if entry is Mark.MAPPING else _Level(None, False, flow)
    stream.entries.append(entry)
    stream.forms.append(form)
    return after
