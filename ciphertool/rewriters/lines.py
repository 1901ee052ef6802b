"""A document that is a list of entries, each a key with one value: `.properties`, `.env`, INI.

This module has what the three formats share: naming, finding, editing and proving entries by their spans. Scanners and
the spelling of values are in the formats' own modules.
"""

from __future__ import annotations

from abc import abstractmethod
from array import array
from bisect import bisect_left
from collections import defaultdict
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.deferred import pattern
from ciphertool.errors import ConfigSyntaxError, NoMatchError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters import encodings
from ciphertool.rewriters.base import Change, Document, Edit, Outline, Site, Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

ABSENT = -1
"""The end of a missing value (a key alone on its line), as of an unmatched group."""

HALF_PAIR = pattern("[\ud800-\udfff]")
"""Half of a surrogate pair: not a character, so no UTF-8 text contains it, but `\\uXXXX` can spell it."""

_OTHER_ENCODING = "if it has another encoding, state it with `encoding` in its target or --encoding"


def decode(data: bytes, said: str | None, assumed: str = "utf-8") -> Source:
    """Decode a file in the stated encoding; else by its byte order mark; else as assumed. No standard defines one."""
    try:
        return Source.decode(data, assumed, said=said)
    except ConfigSyntaxError as error:
        if not error.hint.startswith("state"):
            error.hint = _OTHER_ENCODING
        raise


class Entries:
    """The entries of a document in order, as columns: a file of 10 MB has some 200,000 of them.

    `heads` are the offsets of the keys; `starts` and `ends` span the values as spelled, including quotes. If an entry
    has no value, its end is `ABSENT`.
    """

    def __init__(self) -> None:
        self.selectors: list[str] = []
        self.heads = array("q")
        self.starts = array("q")
        self.ends = array("q")


class EntryDocument(Document):
    """A document made of entries. A format defines how a value is read and spelled."""

    whole = False
    """Whether `secretAlias:a` as a whole value is a reference in this format."""

    def __init__(self, source: Source, entries: Entries) -> None:
        self.source = source
        self.entries = entries

    @abstractmethod
    def read(self, spelled: str) -> str:
        """Return the value that a spelling stands for."""

    @abstractmethod
    def spell(self, site: Site, value: str) -> str:
        """Spell a value for a site; raise `UnrepresentableValueError` if that is impossible."""

    def ordinals(self, selector: str) -> Sequence[int]:
        """Return which entries a selector names, first to last."""
        return self.repeated.get(selector) or ([self.index[selector]] if selector in self.index else [])

    def key(self, selector: str) -> str:
        """Return the dotted path of a selector's entry."""
        return selector

    def way_out(self, selector: str) -> str:  # noqa: ARG002 - for formats that can name one of them
        """Return what to do about a selector that names several entries."""
        return "keep only one of them"

    def refusal(self, spelled: str) -> str | None:
        """Return why an existing value cannot be protected, or None."""
        return "its value holds half of a surrogate pair" if HALF_PAIR.search(self.read(spelled)) else None

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Selector → its entry; if there are several, the last, which takes effect."""
        return dict(zip(self.entries.selectors, count()))

    @cached_property
    def repeated(self) -> Mapping[str, list[int]]:
        """Selector → its entries, for selectors with several entries."""
        if len(self.index) == len(self.entries.selectors):
            return {}
        found: defaultdict[str, list[int]] = defaultdict(list)
        for ordinal, selector in enumerate(self.entries.selectors):
            if self.index[selector] != ordinal or selector in found:
                found[selector].append(ordinal)
        return found

    def spelled(self, ordinal: int) -> str | None:
        """Return an entry's value as spelled, or None if it has none."""
        end = self.entries.ends[ordinal]
        return None if end == ABSENT else self.source.text[self.entries.starts[ordinal] : end]

    def spellings(self) -> Iterator[str | None]:
        """Yield every entry's value as spelled, or None if it has none."""
        text, entries = self.source.text, self.entries
        return (
            None if end == ABSENT else text[start:end] for start, end in zip(entries.starts, entries.ends, strict=True)
        )

    def head(self, site: Site) -> int:
        """Return the offset at which the key of a site's entry begins."""
        return self.entries.heads[bisect_left(self.entries.starts, site.start)]

    def site(self, ordinal: int) -> Site:
        """Return the site of an entry that has a value."""
        entries = self.entries
        selector, start, end = entries.selectors[ordinal], entries.starts[ordinal], entries.ends[ordinal]
        value, line = self.read(self.source.text[start:end]), self.source.line(start)
        return Site(selector, self.key(selector), value, start, end, line, references.parse(value, whole=self.whole))

    def sites(self) -> Iterator[Site]:
        """Yield the site of every entry that has a value and that no later entry of the same key replaces."""
        ends, index = self.entries.ends, self.index
        for ordinal, selector in enumerate(self.entries.selectors):
            if ends[ordinal] != ABSENT and index[selector] == ordinal:
                yield self.site(ordinal)

    def shadowed(self) -> Iterator[Site]:
        """Yield the site of every entry that a later entry of the same key replaces."""
        for selector, ordinals in self.repeated.items():
            for ordinal in ordinals:
                if ordinal != self.index[selector] and self.entries.ends[ordinal] != ABSENT:
                    yield self.site(ordinal)

    def outline(self) -> Outline:
        """Return the selectors, keys and values of all sites."""
        text, entries, index = self.source.text, self.entries, self.index
        columns = zip(count(), entries.selectors, entries.starts, entries.ends, strict=False)
        found = [(s, text[start:end]) for n, s, start, end in columns if end != ABSENT and index[s] == n]
        selectors, values = [selector for selector, _ in found], [self.read(spelled) for _, spelled in found]
        return Outline(selectors, [*map(self.key, selectors)], values, references.within(values, whole=self.whole))

    def pick(self, selectors: Collection[str]) -> list[Site]:
        """Return the sites that have these selectors."""
        return [self.site(self.index[selector]) for selector in selectors]

    def locate(self, selectors: Sequence[str]) -> list[tuple[Site, ...] | SelectorError]:
        """Return, for each selector, its one site, or the error that refuses it."""
        return [self._locate(selector) for selector in selectors]

    def _locate(self, selector: str) -> tuple[Site, ...] | SelectorError:
        try:
            ordinal = self.only(selector)
        except SelectorError as error:
            return error
        if ordinal is None:
            return NoMatchError(selector)
        spelled = self.spelled(ordinal)
        if spelled is None:
            return NoMatchError(selector, "has no value", line=self._line(ordinal))
        if reason := self.refusal(spelled):
            return SelectorError(selector, reason, line=self._line(ordinal))
        site = self.site(ordinal)
        return (site,) if site.value else NoMatchError(selector, "its value is empty", line=self._line(ordinal))

    def _line(self, ordinal: int) -> int:
        """Return the line of an entry's key."""
        return self.source.line(self.entries.heads[ordinal])

    def only(self, selector: str) -> int | None:
        """Return the one entry that a selector names, or None; raise `SelectorError` if there are several."""
        ordinals = self.ordinals(selector)
        if len(ordinals) > 1:
            lines = [self._line(ordinal) for ordinal in ordinals]
            raise SelectorError(
                selector,
                f"occurs on lines {', '.join(map(str, lines[:-1]))} and {lines[-1]}",
                line=lines[-1],
                hint=self.way_out(selector),
            )
        return ordinals[0] if ordinals else None

    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        """Return one edit for each change; raise `UnrepresentableValueError` if the file's encoding cannot hold it."""
        return [Edit(change.site.start, change.site.end, self._spelled(change)) for change in changes]

    def _spelled(self, change: Change) -> str:
        return self.encodable(change.site, self.spell(change.site, self.wanted(change)))

    def encodable(self, site: Site, spelled: str) -> str:
        """Return the text to write at a site; raise `UnrepresentableValueError` if the encoding cannot hold it."""
        if not encodings.can_hold(self.source.codec, spelled):
            reason = f"it has a character that {self.source.codec}, the file's encoding, lacks"
            raise UnrepresentableValueError(site.selector, reason)
        return spelled

    def wanted(self, change: Change) -> str:
        """Return the value that a change's site will have."""
        to, selector = change.to, change.site.selector
        if isinstance(to, Reference):
            if not references.is_writable_alias(to.alias):
                raise UnrepresentableValueError(selector, "the alias has characters that cannot be written")
            own = self.whole and to.syntax is Syntax.SECRET_ALIAS
            return str(Reference(to.alias, Syntax.SECRET_ALIAS if own else Syntax.SECRET))
        if HALF_PAIR.search(to):
            raise UnrepresentableValueError(selector, "it holds half of a surrogate pair")
        return to

    def proves(self, before: Document, changes: Sequence[Change]) -> bool:
        """Return whether every entry is the same, character for character, except for the planned values.

        This includes entries that are not sites: replaced ones, and keys without a value.
        """
        if not isinstance(before, EntryDocument):
            return False
        planned = {change.site.start: before.wanted(change) for change in changes}
        if before.entries.selectors != self.entries.selectors:
            return False
        for start, old, new in zip(before.entries.starts, before.spellings(), self.spellings(), strict=True):
            if start in planned:
                if new is None or self.read(new) != planned.pop(start):
                    return False
            elif old != new:
                return False
        return not planned
