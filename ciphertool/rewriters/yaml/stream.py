"""A YAML text as the stream of what its parser sees, with the spans of the values. Independent of sites.

Aliases of nothing, anchors with a colon and nesting beyond 500 levels are refused, besides what `events` refuses.
"""

from __future__ import annotations

import re
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
)

from ciphertool.errors import ConfigSyntaxError, ReadDifferentlyError
from ciphertool.rewriters.tree import EarlierKey
from ciphertool.rewriters.yaml.events import parse
from ciphertool.rewriters.yaml.spelling import is_null, plain_value
from ciphertool.rewriters.yaml.tree import MERGE, Borrowed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MAX_DEPTH = 500
# The tag that means "text" to every reader of a scalar.
TEXT_TAG = "!"
_ANCHOR = re.compile(r"(?:![^\s]*+\s++|(?!))?+&([^\s,\[\]{}]++)")
_FIRST_OF_TYPED = frozenset("+-.0123456789tTfFnN~")

# The surrounding tree, its key for the next value (None below a key that is not a scalar), and whether the next node is
# a key (None if there are no keys).
_State: TypeAlias = tuple[Any, str | None, bool | None]


class Node(NamedTuple):
    """The part of an event that is compared."""

    kind: type[Event]
    anchor: str | None = None
    tag: str | None = None
    is_flow: bool = False
    text: str = ""

    def __repr__(self) -> str:
        """Return the node without its text."""
        return f"Node({self.kind.__name__}, {self.anchor!r}, {self.tag!r}, {self.is_flow!r})"


# Only the text of a scalar without properties is compared.
Fact: TypeAlias = str | Node


@dataclass(frozen=True, slots=True)
class Stream:
    """What the parser sees in a text, in order.

    `facts` has one for every event. The values, scalars that are not keys, are numbered: `places` are their indexes in
    `facts`, and `starts` and `ends` span their spelling, properties included. `flows` are the numbers at which flow
    collections begin and end by turns, without nested ones. `trees` are the documents as `tree` has them. `repeated`
    has the equal keys of the mappings that have some, by their ids.
    """

    facts: list[Fact] = field(default_factory=list, repr=False)
    places: array[int] = field(default_factory=lambda: array("I"), repr=False)
    starts: array[int] = field(default_factory=lambda: array("I"), repr=False)
    ends: array[int] = field(default_factory=lambda: array("I"), repr=False)
    flows: array[int] = field(default_factory=lambda: array("I"), repr=False)
    trees: list[object] = field(default_factory=list, repr=False, compare=False)
    repeated: dict[int, set[str]] = field(default_factory=dict, repr=False, compare=False)

    def texts(self) -> list[str]:
        """Return what the parser reads for each value."""
        facts = [self.facts[place] for place in self.places]
        return [fact.text if isinstance(fact, Node) else fact for fact in facts]

    def is_kept(self, text: str, planned: Mapping[int, str]) -> bool:
        """Return whether the parser sees the same in a text, except for the planned values, given by their numbers.

        Raise `ConfigSyntaxError` if it refuses the text.
        """
        facts: list[Fact | _Planned] = [*self.facts]
        for number, value in planned.items():
            place = self.places[number]
            facts[place] = _Planned(value, self.facts[place])
        return parse(text, lambda seen: _is_seen(facts, seen))


def read(text: str, *, pure: bool = False) -> Stream:
    """Read a text; raise `ConfigSyntaxError`, which never quotes it. With `pure`, without libyaml."""
    return parse(text, lambda seen: _Reader(text).read(seen), pure=pure)


@dataclass(frozen=True, slots=True)
class _Planned:
    """Another text for a scalar."""

    text: str = field(repr=False)
    before: Fact

    def is_seen(self, event: Any) -> bool:
        """Return whether an event is the scalar with the text: with its properties (except our mark), and not null."""
        if type(event) is not ScalarEvent or event.value != self.text:
            return False
        is_untagged_plain = event.ctag is None and event.implicit[0]
        if is_untagged_plain and is_null(self.text) and self.text:
            return False
        anchor, tag = (self.before.anchor, self.before.tag) if isinstance(self.before, Node) else (None, None)
        return event.anchor == anchor and _unmarked(event.tag) == _unmarked(tag)


def _is_seen(facts: Iterable[Fact | _Planned], seen: Iterable[Any]) -> bool:
    is_same = True
    # As in `_Reader.read`, few calls and few attributes. The end of the stream is last in both, and only there.
    for fact, event in zip(facts, seen, strict=False):
        if type(event) is ScalarEvent and event.ctag is None and event.anchor is None:
            if event.value == fact:
                continue
        elif _node(event) == fact:
            continue
        if not (type(fact) is _Planned and fact.is_seen(event)):
            is_same = False  # but continue: libyaml may yet stop at text that the other parser reads
    return is_same


def _node(event: Any) -> Node:
    if isinstance(event, ScalarEvent):
        return Node(ScalarEvent, event.anchor, event.tag, text=event.value)
    if isinstance(event, CollectionStartEvent):
        return Node(type(event), event.anchor, event.tag, bool(event.flow_style))
    return Node(AliasEvent, event.anchor) if isinstance(event, AliasEvent) else Node(type(event))


def _unmarked(tag: str | None) -> str | None:
    return None if tag == TEXT_TAG else tag


class _Reader:
    """Turns events into a stream. `outer` holds the states around collections; `flow` counts those in flow style."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.stream = Stream()
        self.outer: list[_State] = []
        self.flow = 0
        self.anchors: dict[str, object] = {}
        self.typed: dict[int, dict[object, str]] = {}
        """By mapping, its keys that YAML does not read as text, by what it reads them as."""

    def read(self, seen: Iterator[Any]) -> Stream:
        # Few calls and few attributes: the loop runs once for every few characters of a file.
        stream = self.stream
        places, add = stream.places, stream.facts.append
        add_place, add_start, add_end = places.append, stream.starts.append, stream.ends.append
        state: _State = stream.trees, None, None
        around, key, at_key = state
        shared: dict[str, str] = {}  # equal keys are one string
        for place, event in enumerate(seen):
            if type(event) is not ScalarEvent:
                around, key, at_key = self._structure(event, around, key, at_key)
                continue
            text = event.value
            if at_key:
                if text in around:
                    self._repeat(around, text)
                if text[:1] in _FIRST_OF_TYPED and event.implicit[0]:
                    self._compare(around, text)
                number, text = None, shared.setdefault(text, text)
                key, at_key = text, False
            else:
                number = len(places)
                add_place(place)
                add_start(event.start_mark.index)
                add_end(event.end_mark.index)
                if at_key is None:
                    around.append(number)
                else:
                    if key is not None:
                        around[key] = number
                    at_key = True
            if event.ctag is None and event.anchor is None:
                add(text)
            else:
                self._add(event, number)
        return stream

    def _structure(self, event: Any, around: Any, key: str | None, at_key: bool | None) -> _State:
        """Add an event that is not a scalar; return the state that follows."""
        node: object
        if isinstance(event, CollectionEndEvent):
            return self._end(event)
        if isinstance(event, CollectionStartEvent):
            node = self._begun(event)
        elif isinstance(event, AliasEvent):
            node = self._borrowed(event)
        else:
            if isinstance(event, DocumentStartEvent):
                self.anchors.clear()
            self.stream.facts.append(_node(event))
            return around, key, at_key
        if at_key:
            key = None
        elif at_key is None:
            around.append(node)
        elif key is not None:
            around[key] = node
        after = around, key, None if at_key is None else not at_key
        return after if isinstance(node, Borrowed) else self._inside(event, node, after)

    def _borrowed(self, event: Any) -> Borrowed:
        if event.anchor not in self.anchors:
            raise ConfigSyntaxError("an alias without an anchor", *_position(event))
        self.stream.facts.append(_node(event))
        return Borrowed(self.anchors[event.anchor])

    def _begun(self, event: Any) -> object:
        """Add the beginning of a collection; return the container for its nodes."""
        if event.flow_style and not self.flow:
            self.stream.flows.append(len(self.stream.places))
        self.flow += 1 if event.flow_style else 0
        node: object = {} if isinstance(event, MappingStartEvent) else []
        self._add(event, node)
        return node

    def _inside(self, event: Any, node: object, after: _State) -> _State:
        """Return the state inside a collection."""
        self.outer.append(after)
        if len(self.outer) > MAX_DEPTH:
            raise ConfigSyntaxError(f"nested deeper than {MAX_DEPTH} levels", *_position(event))
        return node, None, True if isinstance(event, MappingStartEvent) else None

    def _end(self, event: Any) -> _State:
        """Add the end of a collection; return the state after it."""
        self.stream.facts.append(_node(event))
        if self.flow:
            self.flow -= 1
            if not self.flow:
                self.stream.flows.append(len(self.stream.places))
        return self.outer.pop()

    def _add(self, event: Any, node: object) -> None:
        """Add an event that may have an anchor, with which aliases repeat the node."""
        self.stream.facts.append(_node(event))
        if event.anchor is not None:
            match = _ANCHOR.match(self.text, event.start_mark.index)
            if match and ":" in match[1]:
                raise ReadDifferentlyError("an anchor with a colon", *_position(event))
            self.anchors[event.anchor] = node

    def _repeat(self, around: Any, key: str) -> None:
        """Keep the node that a mapping has under a key that comes again. Of merge keys, each counts."""
        around[EarlierKey(key, len(around))] = around.pop(key)
        if key != MERGE:
            self.stream.repeated.setdefault(id(around), set()).add(key)

    def _compare(self, around: Any, key: str) -> None:
        """Note that a key equals another one that is spelled otherwise, as `1` and `01`."""
        value = plain_value(key)
        if not isinstance(value, str):
            other = self.typed.setdefault(id(around), {}).setdefault(value, key)
            if other != key:
                self.stream.repeated.setdefault(id(around), set()).update((key, other))


def _position(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1
