"""A parsed YAML file: its sites, and the edits that put a reference or a value there. Nothing here reads events."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.errors import NoMatchError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Document, Edit, Site
from ciphertool.rewriters.jsonpath import dotted, locate_in_documents, normalized, plain_steps, split_document
from ciphertool.rewriters.yaml import spelling
from ciphertool.rewriters.yaml.spelling import STR_TAG, Style
from ciphertool.rewriters.yaml.stream import FLOW, KEY, read
from ciphertool.rewriters.yaml.tree import Borrowed, follow, grow, is_borrowed, leaves

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ciphertool.rewriters.base import Change, Source
    from ciphertool.rewriters.jsonpath import Location

# A tag that says "text" to every reader. Before a reference that we write it says: plain once, and plain again.
_AS_PLAIN = "! "
_TEXT_TAG = "!"
_PROPERTIES = re.compile(r"(?:(?:&[^\s,\[\]{}]++|!<[^>]*+>|![^\s,\[\]{}]*+)(?:[ \t\r\n]|(?<=[ \t\r\n])#[^\r\n]*+)*+)++")
_BLOCK_HEADER = re.compile(r"[|>][0-9+-]*+")
_LINE_END = re.compile(r"[\r\n]|\Z")


class YamlDocument(Document):
    """A YAML file of one document or several; `selector` and `key` of a site are as `jsonpath` spells them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._stream = read(source.text)

    def sites(self) -> Iterator[Site]:
        """Yield every scalar that has a path of names and indexes: no key, no alias, nothing below a complex key."""
        for number, tree in enumerate(self._trees):
            for location, leaf in leaves(tree):
                if isinstance(leaf, int):
                    yield self._site(number, location, leaf)

    def locate(self, selectors: Sequence[str]) -> list[tuple[Site, ...] | SelectorError]:
        """Return each selector's sites; a selector is refused as a whole if anything it names cannot be protected."""
        # A filter compares values; all else needs only the shape.
        trees = grow(self._stream, self._plain_value) if any("?" in selector for selector in selectors) else self._trees
        located: list[tuple[Site, ...] | SelectorError] = []
        for selector, found in zip(selectors, locate_in_documents(trees, selectors), strict=True):
            try:
                if isinstance(found, SelectorError):
                    raise self._borrowed(selector) if isinstance(found, NoMatchError) else found
                located.append(tuple(self._protectable(selector, *place) for place in found))
            except SelectorError as error:
                located.append(error)
        return located

    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        """Return the edits; `UnrepresentableValueError` for lone surrogates, and where no value stands at all."""
        return [edit for change in changes for edit in self._edits(change)]

    def proves(self, before: Document, changes: Sequence[Change]) -> bool:
        """Tell whether the parser sees in both the same but for the texts of the changed sites."""
        if not isinstance(before, YamlDocument) or len(self._stream.entries) != len(before._stream.entries):
            return False
        entries, forms = before._stream.entries.copy(), bytearray(before._stream.forms)
        properties, new = dict(before._stream.properties), dict(self._stream.properties)
        for change in changes:
            index = before._index(change.site)
            entries[index] = _text(change)
            if self._value(index) != entries[index]:
                return False
            forms[index] = forms[index] & (KEY | FLOW) | self._style(index)
            for side in properties, new:
                anchor, tag = side.pop(index, (None, None))
                if anchor or tag not in (None, _TEXT_TAG):
                    side[index] = anchor, tag if tag != _TEXT_TAG else None
        return entries == self._stream.entries and forms == self._stream.forms and properties == new

    @cached_property
    def _trees(self) -> list[object]:
        return grow(self._stream, int)

    def _index(self, site: Site) -> int:
        (found,) = locate_in_documents(self._trees, [site.selector])
        if isinstance(found, SelectorError):
            raise found
        ((number, location),) = found
        index: int = follow(self._trees[number], location)
        return index

    def _style(self, index: int) -> Style:
        return Style(self._stream.forms[index] & ~(KEY | FLOW))

    def _tag(self, index: int) -> str | None:
        return self._stream.properties.get(index, (None, None))[1]

    def _is_plain(self, index: int) -> bool:
        return self._style(index) is Style.PLAIN and self._tag(index) is None

    def _value(self, index: int) -> str:
        """Return a scalar's text, "" for null."""
        text = str(self._stream.entries[index])
        return "" if self._is_plain(index) and spelling.is_null(text) else text

    def _plain_value(self, index: int) -> object:
        text = self._stream.entries[index]
        return spelling.plain_value(str(text)) if self._is_plain(index) else text

    def _start(self, index: int) -> tuple[int, bool]:
        """Return where a scalar's spelling begins after its properties, our own mark not among them but told."""
        start = self._stream.starts[index]
        if index not in self._stream.properties:
            return start, False
        match = _PROPERTIES.match(self.source.text, start, self._stream.ends[index])
        start = match.end() if match else start
        marked = self._tag(index) == _TEXT_TAG and self.source.text.endswith(_AS_PLAIN, 0, start)
        return start - len(_AS_PLAIN) if marked else start, marked

    def _block(self, index: int, start: int) -> tuple[int, int, int]:
        """Return where a block scalar's header ends, where that line does, and where its last line of content does."""
        text = self.source.text
        header = _BLOCK_HEADER.match(text, start)
        header_end = header.end() if header else start
        line_end = _end_of_line(text, header_end)
        content = text[line_end : self._stream.ends[index]].rstrip(" \t\r\n")
        return header_end, line_end, _end_of_line(text, line_end + len(content)) if content else line_end

    def _site(self, number: int, location: Location, index: int) -> Site:
        start, _ = self._start(index)
        end = self._stream.ends[index]
        if self._style(index) >= Style.LITERAL:
            header_end, line_end, content_end = self._block(index, start)
            end = content_end if content_end > line_end else header_end
        value = self._value(index)
        return Site(
            selector=normalized(location, number if len(self._trees) > 1 else None),
            key=dotted(location),
            value=value,
            start=start,
            end=end,
            line=self.source.position(start)[0],
            reference=references.parse(value),
        )

    def _protectable(self, selector: str, number: int, location: Location) -> Site:
        index = follow(self._trees[number], location)
        if isinstance(index, Borrowed):
            raise SelectorError(selector, "names an alias", hint="protect the value that has the anchor")
        if not isinstance(index, int):
            raise SelectorError(selector, "names a mapping or a list, not a value")
        site = self._site(number, location, index)
        if not site.value:
            raise NoMatchError(selector, "names an empty value", line=site.line)
        tag = self._tag(index)
        if tag not in (None, STR_TAG) and not (tag == _TEXT_TAG and site.reference):
            raise SelectorError(selector, "names a value with a tag, which a reference cannot have", line=site.line)
        return site

    def _borrowed(self, selector: str) -> SelectorError:
        """Return the error for a selector that matches nothing: other if an alias or a merge key leads to a value."""
        number, path = split_document(selector)
        steps = plain_steps(path)
        trees = self._trees if number is None else self._trees[number : number + 1]
        if steps is None or not any(is_borrowed(tree, steps) for tree in trees):
            return NoMatchError(selector)
        return SelectorError(
            selector, "names a value behind an alias or a merge key", hint="protect the value that has the anchor"
        )

    def _edits(self, change: Change) -> Iterator[Edit]:
        index = self._index(change.site)
        text = _text(change)
        old = self._value(index)
        if text == old:
            return
        start, marked = self._start(index)
        end = self._stream.ends[index]
        if start == end:
            raise UnrepresentableValueError(change.site.selector, "there is no value to replace")
        if not spelling.is_spellable(text):
            raise UnrepresentableValueError(change.site.selector, "YAML cannot hold a lone surrogate")
        spelled = self._spelled(index, text, marked=marked, mark=isinstance(change.to, Reference))
        if self._style(index) >= Style.LITERAL:
            end, line_end, content_end = self._block(index, start)
            if content_end > line_end:
                yield Edit(line_end, content_end, "")
            spelled += " " if self.source.text.startswith("#", end) else ""
        yield Edit(start, end, spelled)

    def _spelled(self, index: int, text: str, *, marked: bool, mark: bool) -> str:
        """Spell what is to stand at a site; with `mark` a reference that remembers, if need be, to be plain again."""
        style, tag, flow = self._style(index), self._tag(index), bool(self._stream.forms[index] & FLOW)
        prefix = ""
        if mark and (marked or (self._is_plain(index) and (flow or not spelling.reads_as_text(self._value(index))))):
            prefix = _AS_PLAIN
        if style in (Style.SINGLE, Style.DOUBLE) and (mark or not marked):
            return prefix + spelling.quoted(text, style)
        as_it_looks = spelling.reads_as_text(text) or tag == STR_TAG or (marked and not spelling.is_null(text))
        if as_it_looks and spelling.can_be_plain(text, flow=flow):
            return prefix + text
        return prefix + spelling.quoted(text, Style.DOUBLE)


def _text(change: Change) -> str:
    return str(Reference(change.to.alias, Syntax.SEC)) if isinstance(change.to, Reference) else change.to


def _end_of_line(text: str, start: int) -> int:
    match = _LINE_END.search(text, start)
    return match.start() if match else len(text)
