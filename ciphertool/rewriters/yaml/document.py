"""A parsed YAML file: its sites and changes, and the proof of a rewrite. Independent of how a value is spelled."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ciphertool import references
from ciphertool.errors import ConfigSyntaxError, NoMatchError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Document, Edit, Outline, Site, Source
from ciphertool.rewriters.jsonpath import (
    ByNames,
    dotted,
    is_by_name,
    leaves,
    locate_in_documents,
    normalized,
    plain_steps,
    split_document,
    steps,
)
from ciphertool.rewriters.tree import A_VALUE_OF_IT
from ciphertool.rewriters.yaml.scalar import Scalar, block_end, line_start
from ciphertool.rewriters.yaml.spelling import STR_TAG, is_null, is_spellable, plain_value
from ciphertool.rewriters.yaml.stream import TEXT_TAG, read
from ciphertool.rewriters.yaml.tree import Borrowed, entries_with_merged, follow, is_borrowed, pruned, with_values

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ciphertool.rewriters.base import Change, Rewriter
    from ciphertool.rewriters.jsonpath import Location

_ANCHORED = "protect the value that has the anchor"


class YamlDocument(Document):
    """A YAML file of one or more documents; `jsonpath` spells the `selector` and `key` of its sites."""

    escapes = re.compile(r"\\")

    def __init__(self, source: Source) -> None:
        self.source = source
        self._stream = read(source.text)
        self._located: dict[str, Scalar] = {}  # by selector, so that none is looked for twice

    def comes_back(self, site: Site, written: str) -> bool:
        """Return whether a value, put back in place of a reference that is `written` there, makes the same text."""
        return self._at(site).comes_back(written, self.source.text)

    def sites(self) -> Iterator[Site]:
        """Yield every scalar with a path of names and indexes: not keys, aliases, or anything below a complex key."""
        return self._sites(self._nameable)

    def strays(self) -> Iterator[SelectorError]:
        """Yield an error for each reference under a key that occurs more than once."""
        return self.shadowed_references()

    def shadowed(self) -> Iterator[Site]:
        """Yield every scalar under a key that its mapping has more than once."""
        if self._stream.repeated:
            named = {leaf for tree in self._nameable for _, _, leaf in leaves(tree) if isinstance(leaf, int)}
            yield from self._sites(self._stream.trees, named)

    def _sites(self, trees: Sequence[object], without: Collection[int] = ()) -> Iterator[Site]:
        for document, tree in enumerate(trees):
            for selector, key, leaf in leaves(tree, self._selector(document, ())):
                if isinstance(leaf, int) and leaf not in without:
                    scalar = self._scalar(leaf)
                    yield _site(selector, key, scalar, self.source.line(scalar.start))

    @cached_property
    def _nameable(self) -> Sequence[object]:
        """The documents without what is under repeated keys."""
        stream = self._stream
        return pruned(stream.trees, stream.repeated) if stream.repeated else stream.trees

    def outline(self) -> Outline:
        """Return the selectors, keys and values of all sites, without examining their spelling."""
        found = [
            (selector, key, leaf)
            for document, tree in enumerate(self._nameable)
            for selector, key, leaf in leaves(tree, self._selector(document, ()))
            if isinstance(leaf, int)
        ]
        texts = self._stream.texts()
        values = [text if not is_null(text := texts[leaf]) else self._scalar(leaf).value for _, _, leaf in found]
        return Outline([path for path, _, _ in found], [key for _, key, _ in found], values, references.within(values))

    def pick(self, selectors: Collection[str]) -> list[Site]:
        """Return the sites that have these selectors."""
        picked = []
        for selector in selectors:
            document, path = split_document(selector)
            location = steps(path)
            scalar = self._scalar(follow(self._stream.trees[document or 0], location))
            self._located[selector] = scalar
            picked.append(_site(selector, dotted(location), scalar, self.source.line(scalar.start)))
        return picked

    def locate(self, selectors: Sequence[str]) -> list[tuple[Site, ...] | SelectorError]:
        """Return each selector's sites; a selector is refused as a whole if anything it names cannot be protected."""
        trees = self._stream.trees
        if any("?" in selector or is_by_name(selector) for selector in selectors):  # values are compared
            trees = with_values(trees, self._filtered)
        located: list[tuple[Site, ...] | SelectorError] = []
        for selector, found in zip(selectors, locate_in_documents(trees, selectors), strict=True):
            try:
                if isinstance(found, SelectorError):
                    raise self._borrowed(selector) if isinstance(found, NoMatchError) else found
                located.append(tuple(self._protectable(selector, *place) for place in found))
            except SelectorError as error:
                located.append(error)
        return located

    def by_names(self, sites: Sequence[Site]) -> list[tuple[str, ...]]:
        """Return, for each site that an index leads to, a selector by names, if possible for all documents."""
        trees = [ByNames(tree) for tree in with_values(self._stream.trees, self._filtered)]
        found: list[tuple[str, ...]] = []
        for site in sites:
            document, path = split_document(site.selector)
            named = trees[document or 0].path(steps(path))
            candidates = (named, path if document is None else f"doc[{document}]{named}")
            found.append(candidates if is_by_name(named) else () if document is None else (named,))
        return found

    def number(self, site: Site) -> int:
        """Return the number of the document that holds a site."""
        return split_document(site.selector)[0] or 0

    def edits(self, changes: Sequence[Change]) -> list[Edit]:
        """Return the edits; raise `UnrepresentableValueError` for lone surrogates or if there is no value at all."""
        return [edit for change in changes for edit in self._edits(change)]

    def spelling(self, site: Site) -> str:
        """Return the text of a site's value; that of a block that begins its line includes the indentation."""
        start = line_start(self.source.text, site.start)
        text = self.source.text[site.start : site.end]
        return text if start is None or not text.startswith(("|", ">")) else self.source.text[start : site.end]

    def respelling(self, edit: Edit, spelled: str) -> Edit:
        """Return the edit that puts a value back as it was spelled, a block with its indentation and comment."""
        text = self.source.text
        end = block_end(text, edit.end, spelled)
        if end is None:
            return Edit(edit.start, edit.end, spelled)
        start = line_start(text, edit.start)
        return Edit(edit.start if start is None else start, end, spelled)

    def is_proved_by(
        self,
        rewriter: Rewriter,  # noqa: ARG002 - the file is compared while it is read, without building a document
        data: bytes,
        changes: Sequence[Change],
    ) -> bool:
        """Return whether the parser sees the same in a file as in this, except for the texts of the changed sites."""
        planned = {self._at(change.site).number: _text(change) for change in changes}
        try:
            return self._stream.is_kept(Source.decode(data, self.source.codec).text, planned)
        except ConfigSyntaxError:
            return False

    def entries_with_merged(self) -> int:
        """Return how many entries all mappings have in total if merge keys are followed, as `load` follows them."""
        return sum(entries_with_merged(tree) for tree in self._stream.trees)

    def _scalar(self, number: int) -> Scalar:
        return Scalar(self.source.text, self._stream, number)

    def _filtered(self, number: int) -> object:
        """Return what a filter compares: null, a number or a boolean if YAML reads one, else the text."""
        scalar = self._scalar(number)
        return plain_value(scalar.text) if scalar.is_untagged_plain else scalar.text

    def _at(self, site: Site) -> Scalar:
        """Return the value at a site, which may be from another file."""
        scalar = self._located.get(site.selector)
        if scalar is None:
            (found,) = locate_in_documents(self._stream.trees, [site.selector])
            if isinstance(found, SelectorError):
                raise found
            ((document, location),) = found
            scalar = self._located[site.selector] = self._scalar(follow(self._stream.trees[document], location))
        return scalar

    def _selector(self, document: int, location: Location) -> str:
        return normalized(location, document if len(self._stream.trees) > 1 else None)

    def _protectable(self, selector: str, document: int, location: Location) -> Site:
        leaf = follow(self._stream.trees[document], location)
        if isinstance(leaf, Borrowed):
            raise SelectorError(selector, "names an alias", hint=_ANCHORED)
        if not isinstance(leaf, int):
            raise SelectorError(selector, "names a mapping or a list, not a value", hint=A_VALUE_OF_IT)
        scalar = self._scalar(leaf)
        line = self.source.line(scalar.start)
        if key := self._repeated(document, location):
            raise SelectorError(
                selector, f"the key {key!r} occurs more than once", line=line, hint="keep only one of them"
            )
        site = _site(self._selector(document, location), dotted(location), scalar, line)
        self._located[site.selector] = scalar
        if not site.value:
            raise NoMatchError(selector, "names an empty value", line=site.line)
        if not is_spellable(site.value):
            raise SelectorError(selector, "its value holds half of a surrogate pair", line=site.line)
        if scalar.tag not in (None, STR_TAG) and not (scalar.tag == TEXT_TAG and site.reference):
            raise SelectorError(selector, "names a value with a tag that a reference cannot have", line=site.line)
        return site

    def _repeated(self, document: int, location: Location) -> str | None:
        """Return the first key on the way to a location that its mapping has more than once, or None."""
        node: Any = self._stream.trees[document]
        for step in location if self._stream.repeated else ():
            if str(step) in self._stream.repeated.get(id(node), ()) and isinstance(node, dict):
                return str(step)
            node = node[step]
        return None

    def _borrowed(self, selector: str) -> SelectorError:
        """Return the error for a selector without a match; it differs if an alias or a merge key leads to a value."""
        document, path = split_document(selector)
        steps = plain_steps(path)
        trees = self._stream.trees if document is None else self._stream.trees[document : document + 1]
        if steps is None or not any(is_borrowed(tree, steps) for tree in trees):
            return NoMatchError(selector)
        return SelectorError(selector, "names a value behind an alias or a merge key", hint=_ANCHORED)

    def _edits(self, change: Change) -> Iterator[Edit]:
        scalar = self._at(change.site)
        text = _text(change)
        if text == scalar.value:
            return
        if scalar.start == scalar.end:
            raise UnrepresentableValueError(change.site.selector, "there is no value to replace")
        if not is_spellable(text):
            raise UnrepresentableValueError(change.site.selector, "YAML cannot hold a lone surrogate")
        if (kept := scalar.with_pieces(change.within, self.source.text)) is not None:
            yield kept
            return
        edits = tuple(scalar.respelled(text, self.source.text, is_reference=isinstance(change.to, Reference)))
        if edits[-1].text.endswith(("'", '"')) and not scalar.takes_quotes(self.source.text):
            raise UnrepresentableValueError(change.site.selector, "it would need quotes, but a line of tabs follows")
        yield from edits


def _site(selector: str, key: str, scalar: Scalar, line: int) -> Site:
    value, end = scalar.value, max(scalar.end, scalar.body[1])
    return Site(selector, key, value, scalar.start, end, line, references.parse(value))


def _text(change: Change) -> str:
    return str(Reference(change.to.alias, Syntax.SEC)) if isinstance(change.to, Reference) else change.to
