"""A parsed YAML file: its sites, its changes, the proof of a rewrite. Nothing here knows how a value is spelled."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.errors import NoMatchError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Document, Edit, Site
from ciphertool.rewriters.jsonpath import dotted, locate_in_documents, normalized, plain_steps, split_document
from ciphertool.rewriters.yaml.scalar import Scalar
from ciphertool.rewriters.yaml.spelling import STR_TAG, is_spellable, plain_value
from ciphertool.rewriters.yaml.stream import TEXT_TAG, read
from ciphertool.rewriters.yaml.tree import Borrowed, entries_with_merged, follow, grow, is_borrowed, leaves

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ciphertool.rewriters.base import Change, Source
    from ciphertool.rewriters.jsonpath import Location

_ANCHORED = "protect the value that has the anchor"


class YamlDocument(Document):
    """A YAML file of one document or several; `selector` and `key` of a site are as `jsonpath` spells them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._stream = read(source.text)

    def sites(self) -> Iterator[Site]:
        """Yield every scalar that has a path of names and indexes: no key, no alias, nothing below a complex key."""
        for document, tree in enumerate(self._trees):
            for location, leaf in leaves(tree):
                if isinstance(leaf, int):
                    yield self._site(document, location, self._scalar(leaf))

    def locate(self, selectors: Sequence[str]) -> list[tuple[Site, ...] | SelectorError]:
        """Return each selector's sites; a selector is refused as a whole if anything it names cannot be protected."""
        trees = self._trees
        if any("?" in selector for selector in selectors):  # a filter compares values
            trees = grow(self._stream, (_filtered(self._scalar(n)) for n in range(len(self._stream.values))))
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
        if not isinstance(before, YamlDocument) or len(before._stream.values) != len(self._stream.values):
            return False
        old, new = before._stream, self._stream
        values = old.values.copy()
        for change in changes:
            number = before._number(change.site)
            values[number] = _text(change)
            if self._scalar(number).value != values[number]:  # it would be null
                return False
        return (old.shape, values, old.flows) == (new.shape, new.values, new.flows)

    def entries_with_merged(self) -> int:
        """Return how many entries the mappings have together once merge keys are followed, as `load` follows them."""
        return sum(entries_with_merged(tree) for tree in self._trees)

    @cached_property
    def _trees(self) -> list[object]:
        return grow(self._stream, range(len(self._stream.values)))

    def _scalar(self, number: int) -> Scalar:
        return Scalar.at(self.source.text, self._stream, number)

    def _number(self, site: Site) -> int:
        (found,) = locate_in_documents(self._trees, [site.selector])
        if isinstance(found, SelectorError):
            raise found
        ((document, location),) = found
        number: int = follow(self._trees[document], location)
        return number

    def _site(self, document: int, location: Location, scalar: Scalar) -> Site:
        return Site(
            selector=normalized(location, document if len(self._trees) > 1 else None),
            key=dotted(location),
            value=scalar.value,
            start=scalar.start,
            end=max(scalar.end, scalar.body[1]),
            line=self.source.position(scalar.start)[0],
            reference=references.parse(scalar.value),
        )

    def _protectable(self, selector: str, document: int, location: Location) -> Site:
        leaf = follow(self._trees[document], location)
        if isinstance(leaf, Borrowed):
            raise SelectorError(selector, "names an alias", hint=_ANCHORED)
        if not isinstance(leaf, int):
            raise SelectorError(selector, "names a mapping or a list, not a value")
        scalar = self._scalar(leaf)
        site = self._site(document, location, scalar)
        if not site.value:
            raise NoMatchError(selector, "names an empty value", line=site.line)
        if scalar.tag not in (None, STR_TAG) and not (scalar.tag == TEXT_TAG and site.reference):
            raise SelectorError(selector, "names a value with a tag that a reference cannot have", line=site.line)
        return site

    def _borrowed(self, selector: str) -> SelectorError:
        """Return the error for a selector that matches nothing: another if an alias or a merge key leads to a value."""
        document, path = split_document(selector)
        steps = plain_steps(path)
        trees = self._trees if document is None else self._trees[document : document + 1]
        if steps is None or not any(is_borrowed(tree, steps) for tree in trees):
            return NoMatchError(selector)
        return SelectorError(selector, "names a value behind an alias or a merge key", hint=_ANCHORED)

    def _edits(self, change: Change) -> Iterator[Edit]:
        scalar = self._scalar(self._number(change.site))
        text = _text(change)
        if text == scalar.value:
            return
        if scalar.start == scalar.end:
            raise UnrepresentableValueError(change.site.selector, "there is no value to replace")
        if not is_spellable(text):
            raise UnrepresentableValueError(change.site.selector, "YAML cannot hold a lone surrogate")
        edits = tuple(scalar.respelled(text, self.source.text, is_reference=isinstance(change.to, Reference)))
        if edits[-1].text.endswith(("'", '"')) and not scalar.takes_quotes(self.source.text):
            raise UnrepresentableValueError(change.site.selector, "it would need quotes, but a line of tabs follows")
        yield from edits


def _text(change: Change) -> str:
    return str(Reference(change.to.alias, Syntax.SEC)) if isinstance(change.to, Reference) else change.to


def _filtered(scalar: Scalar) -> object:
    return plain_value(scalar.text) if scalar.is_untagged_plain else scalar.text
